// A form is sent once: its buttons rest until the answer comes. The server is safe without this, this is only calm.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === "dialog" || form.matches("[hx-get]")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  // After this turn, so that the pressed button's own value is still sent.
  setTimeout(() => buttonsOf(form).forEach((button) => button.setAttribute("aria-disabled", "true")));
});

// Back from the browser's memory: the form may be sent again.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  // What is done once may have been done: the server knows, and answers with what became of it.
  if (document.querySelector("form[data-once]")) {
    location.reload();
    return;
  }
  document.querySelectorAll("form[data-sent]").forEach((form) => {
    delete form.dataset.sent;
    buttonsOf(form).forEach((button) => button.removeAttribute("aria-disabled"));
  });
});

function buttonsOf(form) {
  return form.querySelectorAll("button[type=submit]");
}
