"""Looking at a page as a careful person would: axe-core's rules, and what sticks out of its place.

Everything here reads the page that is open, at the width and in the theme that it has.
"""

from pathlib import Path
from typing import Any

import axe_core_python
from playwright.sync_api import Page

AXE = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What a theme can get wrong.
COLOURS = ["color-contrast", "link-in-text-block"]
_AXE_RUN = """
rules => axe.run(document, {...rules, resultTypes: ["violations"], preload: false})
  .then(result => result.violations.map(one => `${one.id}: ${one.nodes.map(node => node.html.slice(0, 160))}`))
"""
# WCAG 2.5.8: 24 by 24 pixels, except for links within a sentence.
_SIZES = """
() => {
  const problems = [];
  const tell = (problem, element) => problems.push(`${problem}: ${element.outerHTML.slice(0, 160)}`);
  const seen = element => element.checkVisibility({visibilityProperty: true, opacityProperty: true});
  const isForReaders = element => element && (getComputedStyle(element).clipPath !== "none"
    || isForReaders(element.parentElement));
  const sheets = [...document.styleSheets];
  if (!sheets.length || sheets.some(sheet => !sheet.cssRules.length)) problems.push("a stylesheet is missing");
  if (document.documentElement.scrollWidth > innerWidth) problems.push("the page scrolls sideways");
  for (const element of document.querySelectorAll("a, button, input, select, textarea, summary")) {
    const size = (element.closest(".field-control") || element).getBoundingClientRect();
    const isHidden = !seen(element) || element.getBoundingClientRect().width <= 1;
    const isInText = getComputedStyle(element).display === "inline";
    if (!isHidden && !isInText && (size.width < 24 || size.height < 24)) tell("a small target", element);
  }
  for (const element of document.querySelectorAll("body *")) {
    const hasText = [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (!hasText || element.clientWidth <= 1 || !seen(element) || isForReaders(element)) continue;
    const style = getComputedStyle(element);
    // What scrolls by itself can be read, and dots say that there is more, which is on the thing's own page.
    if (["auto", "scroll"].includes(style.overflowX) || style.textOverflow === "ellipsis") continue;
    const isTooWide = element.scrollWidth > element.clientWidth + 1;
    const hasDots = style.webkitLineClamp !== "none";
    const isTooHigh = style.overflowY === "hidden" && element.scrollHeight > element.clientHeight + 1 && !hasDots;
    if (style.display !== "inline" && (isTooWide || isTooHigh)) tell("text is cut off", element);
  }
  // What stands in the flow of the page stands side by side; what is laid over it on purpose is another matter.
  const isLaidOver = element => {
    if (!element) return false;
    const {position, transform, rotate} = getComputedStyle(element);
    const isFree = ["absolute", "fixed", "sticky"].includes(position) || transform !== "none" || rotate !== "none";
    return isFree || isLaidOver(element.parentElement);
  };
  const shown = (box, element) => {
    if (!element) return box;
    const holder = element.getBoundingClientRect();
    const isCut = getComputedStyle(element).overflowX !== "visible";
    const edges = name => isCut ? [box[name], holder[name]] : [box[name]];
    const [left, top] = [Math.max(...edges("left")), Math.max(...edges("top"))];
    const [right, bottom] = [Math.min(...edges("right")), Math.min(...edges("bottom"))];
    return shown({left, top, right, bottom}, element.parentElement);
  };
  const texts = [];
  for (const element of document.querySelectorAll("body *")) {
    const nodes = [...element.childNodes].filter(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (!nodes.length || element.namespaceURI.endsWith("svg") || !seen(element) || isLaidOver(element)) continue;
    const button = element.closest(".button, .badge");
    const range = document.createRange();
    range.setStart(nodes[0], 0);
    range.setEnd(nodes.at(-1), nodes.at(-1).length);
    const own = button ? [button.getBoundingClientRect()] : [...range.getClientRects()];
    own.forEach(box => texts.push({element: button || element, box: shown(box, element)}));
  }
  texts.sort((one, other) => one.box.top - other.box.top);
  const cut = (one, other) => Math.min(one.right, other.right) - Math.max(one.left, other.left);
  texts.forEach((one, place) => {
    for (const other of texts.slice(place + 1)) {
      if (other.box.top > one.box.bottom - 4) break;
      const isWithin = one.element.contains(other.element) || other.element.contains(one.element);
      const inBoth = Math.min(one.box.bottom, other.box.bottom) - other.box.top;
      if (!isWithin && cut(one.box, other.box) > 4 && inBoth > 4) tell("one lies over another", other.element);
    }
  });
  return problems;
}
"""


def misplaced(page: Page) -> list[str]:
    """Return what scrolls sideways, is cut off, is too small to hit or has no style, one line each."""
    # Letters of another width would be measured while the font is still on its way.
    page.evaluate("document.fonts.ready.then(() => null)")
    found: list[str] = page.evaluate(_SIZES)
    return found


def violations(page: Page, *, colours: bool = True, rest: bool = True) -> list[str]:
    """Return what axe-core finds, one line each.

    Args:
        page: as it is now.
        colours: whether contrasts are measured, which is most of the work.
        rest: whether everything else is looked at.
    """
    page.evaluate(f"window.axe || (() => {{ {AXE} }})()")
    found: list[str] = page.evaluate(_AXE_RUN, _rules(colours=colours, rest=rest))
    return found


def _rules(*, colours: bool, rest: bool) -> dict[str, Any]:
    if not rest:
        return {"runOnly": {"type": "rule", "values": COLOURS}}
    without = {} if colours else {name: {"enabled": False} for name in COLOURS}
    return {"runOnly": {"type": "tag", "values": RULES}, "rules": without}
