"""Where things stand on the page, measured in the browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect

from accounts.models import User
from tests.e2e.story import account_with

SignIn = Callable[[Page, User], None]


def box(element: Locator) -> FloatRect:
    found = element.bounding_box()
    assert found is not None
    return found


@pytest.mark.parametrize("window", [768, 1024, 1440])
def test_the_filter_buttons_stand_beside_the_fields(page: Page, owner: User, sign_in: SignIn, window: int) -> None:
    account_with(owner, 10)
    sign_in(page, owner)
    page.set_viewport_size({"width": window, "height": 900})
    page.goto("/transactions?words=x&since=2026-05-02&until=2026-05-01")
    expect(page.get_by_text("This day is before the first one.")).to_be_visible()
    control = box(page.locator(".field-control").first)
    for name in ("Filter", "Clear"):
        button = box(page.get_by_text(name, exact=True))
        assert (round(button["y"]), round(button["height"])) == (round(control["y"]), round(control["height"]))
    assert control["width"] > 250
    since, until = (box(page.get_by_label(label, exact=True)) for label in ("From", "To"))
    assert round(since["y"]) == round(until["y"])


def test_an_empty_reason_keeps_the_dialog_and_the_place(page: Page, owner: User, admin: User, sign_in: SignIn) -> None:
    account_with(owner)
    sign_in(page, admin)
    page.goto("/admin/users?words=olivia")
    page.get_by_role("link", name="Freeze the INR account of Olivia Owner").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Freeze account").click()
    expect(dialog.get_by_label("Reason")).to_be_focused()
    dialog.get_by_label("Reason").fill("Lost card")
    dialog.get_by_role("button", name="Freeze account").click()
    expect(page.get_by_role("status").first).to_contain_text("is frozen")
    page.wait_for_url("**/admin/users?words=olivia")
