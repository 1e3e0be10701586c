// From the search to who was found and on to the amount, with the keyboard alone: down, arrows, Enter.
document.addEventListener("keydown", (event) => {
  if (event.target.matches("[data-search]")) fromSearch(event);
  else if (event.target.matches("[data-choices] input")) fromChoice(event);
});

function fromSearch(event) {
  const found = event.target.form.querySelector("[data-choices] input, #people a");
  if (!found || (event.key !== "ArrowDown" && event.key !== "Enter")) return;
  event.preventDefault();
  // What shows may still be the answer to other words; nobody is chosen from that.
  if (found.closest("[data-words]").dataset.words !== event.target.value.trim()) {
    htmx.trigger(event.target, "search");
    return;
  }
  found.focus();
  if (found.type === "radio") found.checked = true;
}

function fromChoice(event) {
  const choices = [...event.target.form.querySelectorAll("[data-choices] input")];
  const isFirst = event.target === choices[0];
  if (event.key === "Enter") moveTo(event, event.target.form.querySelector("[data-amount]"));
  if (event.key === "ArrowUp" && isFirst) moveTo(event, event.target.form.querySelector("[data-search]"));
}

function moveTo(event, field) {
  event.preventDefault();
  field.focus({ preventScroll: true });
  field.select();
  field.scrollIntoView({ block: "center" });
}
