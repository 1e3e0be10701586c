// Times in the reader's own zone. The zone is remembered in a cookie, so that the next page comes with it.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

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
  return moment.toLocaleDateString("en-GB", { day: "numeric", month: "short", year });
}

function asHour(moment) {
  return moment.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}
