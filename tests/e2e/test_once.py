"""Impatient people: however often and from wherever they press, the money moves once."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import User
from tests.e2e.story import account_with, balance, find_and_review, transfers

SignIn = Callable[[Page, User], None]
CONFIRM = "form[action$='/confirm'] button[type=submit]"


def test_double_click_back_and_refresh_move_money_once(page: Page, owner: User, second: User, sign_in: SignIn) -> None:
    account = account_with(owner, 1_000)
    account_with(second)
    sign_in(page, owner)
    page.goto("/send")
    find_and_review(page, "sam", "Samir Second", "250.75")
    page.locator(CONFIRM).dblclick()
    expect(page.get_by_role("heading", name="Money sent")).to_be_visible()
    assert (balance(account), transfers(account)) == (74_925, 1)

    page.reload()
    expect(page.get_by_role("heading", name="Money sent")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Money sent")).to_be_visible()
    expect(page.get_by_role("status").first).to_contain_text("had been sent before")
    expect(page.locator(CONFIRM)).to_have_count(0)
    assert (balance(account), transfers(account)) == (74_925, 1)

    page.go_back()
    expect(page.get_by_role("heading", name="Send money")).to_be_visible()
    expect(page.get_by_label("Amount")).to_have_value("250.75")
    page.get_by_role("button", name="Review transfer").click()
    expect(page.get_by_role("status").first).to_contain_text("had been sent before")
    assert (balance(account), transfers(account)) == (74_925, 1)


def test_pressing_many_times_without_any_script_moves_money_once(
    new_context: Callable[..., BrowserContext], owner: User, second: User, sign_in: SignIn
) -> None:
    account = account_with(owner, 1_000)
    receiver = account_with(second)
    page = new_context(java_script_enabled=False).new_page()
    sign_in(page, owner)
    page.goto("/send")
    page.get_by_label("To: name or e-mail").fill("sam")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("radio", name="Samir Second").check()
    page.get_by_label("Amount").fill("250.75")
    page.get_by_role("button", name="Review transfer").click()
    page.locator(CONFIRM).click(click_count=3, no_wait_after=True)
    expect(page.get_by_role("heading", name="Money sent")).to_be_visible()
    assert (balance(account), balance(receiver), transfers(account)) == (74_925, 25_075, 1)


def test_the_same_review_in_two_tabs_moves_money_once(
    context: BrowserContext, owner: User, second: User, sign_in: SignIn
) -> None:
    account = account_with(owner, 1_000)
    account_with(second)
    first, other = context.new_page(), context.new_page()
    sign_in(first, owner)
    first.goto("/send")
    find_and_review(first, "sam", "Samir Second", "250.75")
    other.goto(first.url)
    for tab in (first, other):
        tab.locator(CONFIRM).click()
        expect(tab.get_by_role("heading", name="Money sent")).to_be_visible()
    assert (balance(account), transfers(account)) == (74_925, 1)


@pytest.mark.parametrize("script", [True, False])
def test_a_failed_transfer_is_tried_three_times_and_then_says_what_to_change(
    new_context: Callable[..., BrowserContext], owner: User, second: User, sign_in: SignIn, script: bool
) -> None:
    account = account_with(owner, 10)
    receiver = account_with(second)
    page = new_context(java_script_enabled=script).new_page()
    sign_in(page, owner)
    page.goto(f"/send?to={receiver.id}")
    page.get_by_label("Amount").fill("11")
    page.get_by_role("button", name="Review transfer").click()
    page.locator(CONFIRM).click()
    for attempt in (1, 2):
        expect(page.get_by_role("main")).to_contain_text(f"{attempt} of 3")
        page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("main")).to_contain_text("3 of 3")
    expect(page.get_by_role("main")).to_contain_text("Send less")
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)
    assert (balance(account), transfers(account)) == (1_000, 1)
