// Amounts as one types them: grouped when the field is left, and told when they are above the limit or the balance.
// What is not plainly an amount by the marks of the page is left as it is: the server reads it, or says why not.
document.addEventListener("focusout", (event) => {
  const minor = minorOf(event.target);
  if (minor !== null) event.target.value = written(event.target, minor);
});

document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-amount]")) return;
  forgetRefusal(event.target);
  tellLimits(event.target);
});

// What the server has refused says already why.
document.querySelectorAll("[data-amount]").forEach((input) => {
  if (!refusalOf(input)) tellLimits(input);
});

function refusalOf(input) {
  return document.getElementById(`${input.id}_error`);
}

// The server spoke of an amount that is no longer there.
function forgetRefusal(input) {
  refusalOf(input)?.remove();
  input.removeAttribute("aria-invalid");
  input.closest(".field--invalid")?.classList.remove("field--invalid");
}

// Only the first of the reasons is told: the limit comes before the balance.
function tellLimits(input) {
  const minor = minorOf(input);
  let isTold = false;
  input.form.querySelectorAll("[data-above]").forEach((reason) => {
    reason.hidden = isTold || minor === null || minor <= BigInt(reason.dataset.above);
    isTold ||= !reason.hidden;
  });
}

function minorOf(input) {
  if (!input.matches("[data-amount]")) return null;
  const { point, group } = marksOf(input.dataset.amount);
  const places = Number(input.dataset.decimals);
  const [whole, fraction = "", ...more] = input.value.trim().split(point);
  const digits = isGrouped(whole, group) ? whole.replaceAll(group, "") : whole;
  if (more.length || !/^[0-9]{1,18}$/.test(digits) || !/^[0-9]*$/.test(fraction) || fraction.length > places) return null;
  return BigInt(digits + fraction.padEnd(places, "0"));
}

function isGrouped(whole, group) {
  const groups = whole.split(group);
  const middle = groups.slice(1, -1);
  const isEven = [2, 3].some((size) => middle.every((one) => one.length === size));
  return groups.length > 1 && /^[1-9][0-9]{0,2}$/.test(groups[0]) && groups.at(-1).length === 3 && isEven;
}

function written(input, minor) {
  const places = Number(input.dataset.decimals);
  const digits = String(minor).padStart(places + 1, "0");
  const cut = digits.length - places;
  const whole = new Intl.NumberFormat(input.dataset.amount).format(BigInt(digits.slice(0, cut)));
  return places ? whole + marksOf(input.dataset.amount).point + digits.slice(cut) : whole;
}

function marksOf(locale) {
  const parts = new Intl.NumberFormat(locale).formatToParts(12345678.9);
  const mark = (type) => parts.find((part) => part.type === type).value;
  return { point: mark("decimal"), group: mark("group") };
}
