// Show or hide a password while it is typed.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-reveal]");
  if (!button) return;
  const input = document.getElementById(button.dataset.reveal);
  const icon = button.querySelector("use");
  const shown = input.type === "text";
  input.type = shown ? "password" : "text";
  button.setAttribute("aria-pressed", String(!shown));
  icon.setAttribute("href", `${icon.getAttribute("href").split("#")[0]}#${shown ? "eye" : "eye-off"}`);
});
