// The bell looks for what is new while its page can be seen, and at once when one comes back to it.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.target.matches("[data-bell]")) event.preventDefault();
});

document.addEventListener("visibilitychange", () => {
  const bell = document.querySelector("[data-bell]");
  if (bell && !document.hidden) htmx.trigger(bell, "look");
});
