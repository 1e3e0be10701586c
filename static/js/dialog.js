// A part loaded into the dialog opens it; its "cancel" link closes it instead of leaving the page.
const dialog = document.getElementById("dialog");

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target === dialog && !dialog.open) dialog.showModal();
});

dialog?.addEventListener("click", (event) => {
  const outside = event.target === dialog && pressedOutside(event);
  if (!outside && !event.target.closest("[data-dialog-close]")) return;
  event.preventDefault();
  dialog.close();
});

// Emptied on closing, so that its headings and fields do not stay in the page twice.
dialog?.addEventListener("close", () => dialog.replaceChildren());

function pressedOutside(event) {
  const box = dialog.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
}
