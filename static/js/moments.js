// Times in the reader's own zone and the page's language. The zone is remembered in a cookie, so that the next page comes with it.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
// The bank's English writes the day before the month.
const locale = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang;

if (zone && document.documentElement.dataset.zone !== zone) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `timezone=${encodeURIComponent(zone)}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  localiseMoments(document);
  document.addEventListener("htmx:load", (event) => localiseMoments(event.detail.elt));
}

function localiseMoments(root) {
  root.querySelectorAll("time[data-moment]").forEach((element) => {
    const moment = new Date(element.dateTime);
    const form = element.dataset.moment;
    const day = asDay(moment, form === "long");
    element.textContent = form === "day" ? day : `${day}, ${asHour(moment)}`;
  });
}

function asDay(moment, withYear) {
  const isThisYear = moment.getFullYear() === new Date().getFullYear();
  const year = isThisYear && !withYear ? undefined : "numeric";
  return moment.toLocaleDateString(locale, { day: "numeric", month: "short", year });
}

function asHour(moment) {
  return moment.toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" });
}
