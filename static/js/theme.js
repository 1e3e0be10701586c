// The theme switch without a new page. The server remembers the choice in a cookie either way.
document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-theme-form]");
  if (!form) return;
  event.preventDefault();
  const body = new FormData(form, event.submitter);
  document.documentElement.dataset.theme = body.get("theme");
  form.querySelector(`[value=${body.get("theme") === "dark" ? "light" : "dark"}]`).focus();
  fetch(form.action, { method: "POST", body, redirect: "manual" });
});
