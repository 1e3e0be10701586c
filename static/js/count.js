// How many characters are left in a field, said while one types in it.
document.querySelectorAll("[data-left-of]").forEach((counter) => {
  const input = document.getElementById(counter.dataset.leftOf);
  const tell = () => {
    counter.hidden = !input.value;
    counter.textContent = counter.dataset.says.replace("{number}", input.maxLength - [...input.value].length);
  };
  input.addEventListener("input", tell);
  tell();
});
