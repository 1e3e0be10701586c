// Show or hide a password while it is typed.
document.querySelectorAll("[data-reveal]").forEach((button) => {
  const input = document.getElementById(button.dataset.reveal);
  const icon = button.querySelector("use");
  const sprite = icon.getAttribute("href").split("#")[0];
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = input.type === "text";
    input.type = shown ? "password" : "text";
    button.setAttribute("aria-pressed", String(!shown));
    icon.setAttribute("href", `${sprite}#${shown ? "eye" : "eye-off"}`);
  });
});
