// Toasts can be put away.
document.querySelectorAll("[data-toast-close]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => button.closest(".toast").remove());
});
