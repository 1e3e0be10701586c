// Buttons that need a script are hidden until there is one, in the page and in every part that comes later.
function enable(root) {
  root.querySelectorAll("[hidden]:is([data-reveal], [data-print], [data-toast-close])").forEach((button) => {
    button.hidden = false;
  });
}

enable(document);
document.addEventListener("htmx:load", (event) => enable(event.detail.elt));
