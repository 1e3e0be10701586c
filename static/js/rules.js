// Rules of a password are ticked off while it is typed, those that a page can know. The server decides in any case.
const holds = {
  length: (text, rule) => [...text].length >= Number(rule.dataset.least),
  letters: (text) => /\D/.test(text),
};

document.querySelectorAll(".rules").forEach((list) => {
  const input = list.closest(".field")?.querySelector("input");
  if (!input) return;
  input.addEventListener("input", () => {
    list.querySelectorAll("[data-rule]").forEach((rule) => {
      rule.toggleAttribute("data-holds", holds[rule.dataset.rule](input.value, rule));
    });
  });
});
