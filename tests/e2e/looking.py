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
    const isTooHigh = style.overflowY === "hidden" && element.scrollHeight > element.clientHeight + 1;
    if (style.display !== "inline" && (isTooWide || isTooHigh)) tell("text is cut off", element);
  }
  return problems;
}
"""


def misplaced(page: Page) -> list[str]:
    """Return what scrolls sideways, is cut off, is too small to hit or has no style, one line each."""
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
