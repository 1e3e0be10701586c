// What refreshes itself rests while nobody sees it and while somebody works in it.
const isInUse = (part) => part.querySelector("details[open]") || part.querySelector(":focus-visible");

document.addEventListener("htmx:beforeRequest", (event) => {
  const part = event.target;
  if (part.matches("[data-refresh]") && (document.hidden || isInUse(part))) event.preventDefault();
});

document.addEventListener("visibilitychange", () => {
  const part = document.querySelector("[data-refresh]");
  if (part && !document.hidden) htmx.trigger(part, "look");
});
