// Copy buttons: shown only where they work, and they say that they did.
function showCopyButtons(root) {
  if (!navigator.clipboard) return;
  root.querySelectorAll("[data-copy][hidden]").forEach((button) => { button.hidden = false; });
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  const icon = button.querySelector("use");
  const [sprite, before] = icon.getAttribute("href").split("#");
  icon.setAttribute("href", `${sprite}#check`);
  document.getElementById("announcer").textContent = button.dataset.copied;
  setTimeout(() => {
    icon.setAttribute("href", `${sprite}#${before === "check" ? "copy" : before}`);
    document.getElementById("announcer").textContent = "";
  }, 1600);
});

showCopyButtons(document);
document.addEventListener("htmx:load", (event) => showCopyButtons(event.detail.elt));
