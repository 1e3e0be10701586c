"""The style page as it is seen in development, where both themes stand side by side."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, expect

from tests.e2e.conftest import HEIGHTS, Watch
from tests.e2e.looking import misplaced, violations
from tests.servers import Server


def test_every_component_can_be_used_by_everybody(
    start_server: Callable[..., Server], browser: Browser, browser_context_args: dict[str, Any]
) -> None:
    server = start_server(workers=1, environment={"FLORIN_ENV": "development"})
    context, watch = browser.new_context(**{**browser_context_args, "base_url": server.url}), Watch(server.url)
    watch.attach(context)
    page = context.new_page()
    page.goto("/design")
    for width, height in HEIGHTS.items():
        page.set_viewport_size({"width": width, "height": height})
        assert misplaced(page) == [], width
    # Landmarks with one name are here twice by design, once in each theme.
    assert [line for line in violations(page) if not line.startswith("landmark-unique:")] == []
    opener = page.get_by_role("link", name="Opens a dialog").first
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.locator("#dialog")
    expect(dialog.get_by_role("heading", name="Freeze this account?")).to_be_visible()
    expect(dialog.get_by_role("link", name="Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()
    context.close()
    assert watch.complaints() == []
