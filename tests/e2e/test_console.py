"""What administrators do in the browser, with the keyboard alone, and what the customer sees of it at once."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from accounts.models import User
from ledger.accounts import account_freeze, account_get
from ledger.audit import COMMAND
from ledger.transfers import transfer_execute
from tests.e2e.story import account_with

SignIn = Callable[[Page, User], None]


def settle(page: Page) -> None:
    """Wait for what htmx does some milliseconds after a part has come; a key that is faster goes to a whole page."""
    expect(page.locator(".htmx-swapping, .htmx-settling, .htmx-added")).to_have_count(0)


def test_an_account_is_frozen_by_keyboard_and_the_customer_sees_it(
    page: Page, other_page: Page, owner: User, admin: User, sign_in: SignIn
) -> None:
    account = account_with(owner, 100)
    sign_in(other_page, owner)
    sign_in(page, admin)
    page.goto("/admin/users")
    page.get_by_label("Name or e-mail").focus()
    page.keyboard.type("oliv")
    expect(page.get_by_text("1 person found")).to_be_visible()
    settle(page)
    page.get_by_role("link", name="Freeze the INR account of Olivia Owner").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Reason")).to_be_focused()
    settle(page)
    page.keyboard.press("Enter")
    expect(page.get_by_text("This has to be filled in.")).to_be_visible()
    settle(page)
    page.get_by_label("Reason").focus()
    page.keyboard.type("Lost card")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("status").get_by_text("The INR account of Olivia Owner is frozen.")).to_be_visible()
    expect(page.get_by_role("link", name="Unfreeze the INR account of Olivia Owner")).to_be_focused()
    expect(page.get_by_label("Name or e-mail")).to_have_value("oliv")
    assert account_get(account.id).status_reason == "Lost card"
    other_page.goto("/dashboard")
    expect(other_page.get_by_text("Lost card").first).to_be_visible()


def test_whoever_comes_second_is_told_in_the_dialog(page: Page, owner: User, admin: User, sign_in: SignIn) -> None:
    account = account_with(owner)
    sign_in(page, admin)
    page.goto(f"/admin/users/{owner.pk}")
    page.get_by_role("link", name="Freeze the INR account of Olivia Owner").click()
    page.get_by_label("Reason").fill("Two")
    settle(page)
    account_freeze(account_id=account.id, reason="One", origin=COMMAND)
    page.get_by_role("button", name="Freeze account").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="This account is already frozen")).to_be_visible()
    settle(page)
    dialog.get_by_role("link", name="Close").press("Enter")
    expect(page.get_by_role("link", name="Unfreeze the INR account of Olivia Owner")).to_be_focused()
    assert account_get(account.id).status_reason == "One"


def test_transactions_are_filtered_looked_into_and_loaded(
    page: Page, owner: User, second: User, admin: User, sign_in: SignIn
) -> None:
    payer, payee = account_with(owner, 100), account_with(second)
    for number in range(1, 25):
        transfer_execute(
            sender=payer,
            receiver=payee.id,
            amount=1,
            key=f"k{number}",
            owner=owner.pk,
            origin=COMMAND,
            note=f"Number {number}.",
        )
    sign_in(page, admin)
    page.goto("/admin/transactions")
    page.get_by_label("Account or person").fill("samir")
    page.keyboard.press("Enter")
    rows = page.locator("tbody tr:not(.table-more)")
    expect(rows).to_have_count(20)
    page.get_by_role("link", name="Older transactions").press("Enter")
    expect(rows).to_have_count(24)
    first_new = rows.nth(20).get_by_role("link")
    expect(first_new).to_be_focused()
    settle(page)
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Number 4.")).to_be_visible()
    expect(dialog.get_by_role("link", name="Close")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(first_new).to_be_focused()
