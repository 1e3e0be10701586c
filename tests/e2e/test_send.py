"""Sending money with the keyboard alone, limits that are told as one types, and a bell that counts by itself."""

from collections.abc import Callable
from threading import Event as Flag

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from banking import worker
from ledger.audit import COMMAND
from ledger.records import Account
from ledger.transfers import transfer_execute
from tests.e2e.conftest import HEIGHTS
from tests.e2e.story import account_with, balance

SignIn = Callable[[Page, User], None]
LONGER_THAN_THE_BELL_RESTS = 26_000


@pytest.fixture
def accounts(owner: User, second: User) -> tuple[Account, Account]:
    """The owner's account with 10,000 and the second customer's with nothing."""
    return account_with(owner, 10_000), account_with(second)


def test_the_keyboard_alone_finds_somebody_and_pays(
    page: Page, owner: User, accounts: tuple[Account, Account], sign_in: SignIn
) -> None:
    sign_in(page, owner)
    page.goto("/send")
    page.get_by_label("To: name or e-mail").focus()
    # Nobody is chosen from what was there before the answer has come.
    page.keyboard.type("sa")
    page.get_by_text("People found").wait_for()
    page.keyboard.type("m")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", checked=True)).to_have_count(0)
    page.locator("[data-words=sam]").wait_for()
    expect(page.locator("#people-count")).to_contain_text("1 person found")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="Samir Second")).to_be_checked()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_label("To: name or e-mail")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Amount")).to_be_focused()
    page.keyboard.type("1250.5")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Amount")).to_have_value("1,250.50")
    page.keyboard.type("Dinner")
    expect(page.get_by_text("Characters left: 134")).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url("**/review")
    send = page.get_by_role("button", name="Send ₹1,250.50")
    for _ in range(20):
        if send.evaluate("button => button === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Money sent")).to_be_visible()
    assert [balance(account) for account in accounts] == [874_950, 125_050]


def test_the_limit_and_the_balance_are_told_while_one_types(
    page: Page, owner: User, accounts: tuple[Account, Account], sign_in: SignIn
) -> None:
    page.set_viewport_size({"width": 360, "height": HEIGHTS[360]})
    sign_in(page, owner)
    transfer_execute(
        sender=accounts[0], receiver=accounts[1].id, amount=9_000, key="first", owner=owner.pk, origin=COMMAND
    )
    page.goto(f"/send?to={accounts[1].id}")
    amount, told = page.get_by_label("Amount"), page.locator("[data-above]:visible")
    expect(page.get_by_text("At most ₹10,000.00 in one transfer.")).to_be_visible()
    amount.press_sequentially("1,000")
    expect(told).to_have_count(0)
    amount.press_sequentially("1")
    expect(told).to_have_count(0)  # 1,0001 is no amount
    amount.fill("1000.01")
    expect(told).to_contain_text("This is more than you have: ₹1,000.00 is available.")
    amount.fill("10,000.01")
    expect(told).to_contain_text("the most for one transfer")
    page.get_by_role("button", name="Review transfer").click()
    expect(page.locator("#id_amount_error")).to_contain_text("One transfer can be at most ₹10,000.00")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_bell_counts_up_without_a_reload_and_says_so_once(
    page: Page, owner: User, second: User, accounts: tuple[Account, Account], sign_in: SignIn
) -> None:
    sign_in(page, second)
    page.clock.install()
    page.goto("/dashboard")
    bell = page.locator("#bell")
    bell.focus()
    expect(bell).to_have_accessible_name("Notifications")
    for count in (1, 2):
        transfer_execute(
            sender=accounts[0], receiver=accounts[1].id, amount=1, key=f"k{count}", owner=owner.pk, origin=COMMAND
        )
        worker.work_once(Flag())
        page.clock.fast_forward(LONGER_THAN_THE_BELL_RESTS)
        expect(bell).to_have_accessible_name(f"Notifications, {count} new")
        expect(bell).to_be_focused()
    expect(page.locator("#announcer")).to_have_text("You have 2 new notifications.")
    page.goto("/notifications")
    page.get_by_role("button", name="Mark as read").first.click()
    expect(bell).to_have_accessible_name("Notifications, 1 new")
    expect(page.get_by_role("link", name="Money from Olivia Owner").first).to_be_focused()

    # Who is signed out is not disturbed any more.
    page.context.clear_cookies()
    with page.expect_response("**/notifications/bell**") as answer:
        page.clock.fast_forward(LONGER_THAN_THE_BELL_RESTS)
    assert answer.value.status == 286
    page.clock.fast_forward(LONGER_THAN_THE_BELL_RESTS)
    expect(page.get_by_role("heading", name="Notifications")).to_be_visible()
    assert page.url.endswith("/notifications")
