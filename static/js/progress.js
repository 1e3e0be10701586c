// How far a payment run is, is asked every second. While no answer comes the page says so; the next answer replaces it.
["htmx:sendError", "htmx:responseError", "htmx:timeout"].forEach((name) => {
  document.addEventListener(name, (event) => {
    const notice = event.target.querySelector?.("[data-no-answer]");
    if (notice) notice.hidden = false;
  });
});
