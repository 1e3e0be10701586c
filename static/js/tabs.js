// Where there are more tabs than room, the one that is open comes into view.
document.querySelectorAll(".tabs").forEach((tabs) => {
  const open = tabs.querySelector("[aria-current]");
  if (open) tabs.scrollLeft = open.offsetLeft - (tabs.clientWidth - open.offsetWidth) / 2;
});
