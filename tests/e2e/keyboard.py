"""The keyboard alone: every stop on the way has to show where it is."""

from playwright.sync_api import Page

# A ring or an outline: of the element, of what holds it, or one drawn behind it.
_SHOWS_FOCUS = """
() => {
  const element = document.activeElement;
  const shows = (one, part) => one && (getComputedStyle(one, part).boxShadow !== "none"
    || getComputedStyle(one, part).outlineStyle !== "none");
  return shows(element) || shows(element.parentElement) || shows(element, "::after");
}
"""
_MOST_STOPS = 60


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the element has the focus, which every stop on the way must show and keep in sight."""
    for _ in range(_MOST_STOPS):
        page.keyboard.press("Tab")
        here = page.evaluate("document.activeElement.outerHTML.slice(0, 160)")
        assert page.evaluate(_SHOWS_FOCUS), f"the focus does not show on {here}"
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} cannot be reached with Tab")


def skip_to_content(page: Page) -> None:
    """Take the first stop of a page, which leads past its header."""
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('.skip-link')"), "the first stop is another one"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
