// A part loaded into the dialog opens it; its "cancel" link closes it instead of leaving the page.
const dialog = document.getElementById("dialog");

let opener = null;

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target !== dialog || !dialog.hasChildNodes()) return;
  if (dialog.open) {
    // What was pressed is gone with the form that was refused.
    dialog.querySelector("[aria-invalid=true]")?.focus();
    return;
  }
  opener = event.detail.requestConfig.elt;
  dialog.showModal();
});

// What a form in the dialog is answered stays in the dialog, also when it was refused.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target !== dialog || ![409, 422].includes(event.detail.xhr.status)) return;
  event.detail.shouldSwap = true;
  event.detail.isError = false;
});

// The server says that what the dialog was for is done.
document.addEventListener("dialog-done", () => dialog.close());

dialog?.addEventListener("click", (event) => {
  const outside = event.target === dialog && pressedOutside(event);
  if (!outside && !event.target.closest("[data-dialog-close]")) return;
  event.preventDefault();
  dialog.close();
});

// Emptied on closing, so that its headings and fields do not stay in the page twice. What opened it may have been
// replaced meanwhile; the focus goes to what stands in its place.
dialog?.addEventListener("close", () => {
  dialog.replaceChildren();
  const here = document.activeElement;
  if (!opener || (here !== document.body && !dialog.contains(here))) return;
  (opener.isConnected ? opener : document.getElementById(opener.id))?.focus();
});

function pressedOutside(event) {
  const box = dialog.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
}
