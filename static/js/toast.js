// Toasts can be put away, also those that come in later.
function showCloseButtons(root) {
  root.querySelectorAll("[data-toast-close]").forEach((button) => { button.hidden = false; });
}

document.addEventListener("click", (event) => event.target.closest("[data-toast-close]")?.closest(".toast").remove());

showCloseButtons(document);
document.addEventListener("htmx:load", (event) => showCloseButtons(event.detail.elt));
