"""What JavaScript makes smoother; every one of these also works without it (tests/web)."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from accounts.models import User
from ledger.audit import COMMAND
from ledger.transfers import transfer_execute
from tests.e2e.story import account_with

SignIn = Callable[[Page, User], None]


def test_the_theme_changes_without_a_new_page_and_stays(page: Page) -> None:
    page.goto("/login")
    page.get_by_label("E-mail").fill("kept@example.com")
    light = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    with page.expect_response("**/theme"):
        page.get_by_role("button", name="Use the dark theme").click()
    dark = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert dark != light
    expect(page.get_by_label("E-mail")).to_have_value("kept@example.com")
    expect(page.get_by_role("button", name="Use the light theme")).to_be_focused()
    page.reload()
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == dark


def test_a_password_is_shown_and_hidden(page: Page) -> None:
    page.goto("/login")
    password = page.locator("#id_password")
    password.fill("seven quiet herons")
    page.get_by_role("button", name="Show password").click()
    expect(password).to_have_attribute("type", "text")
    page.get_by_role("button", name="Show password").click()
    expect(password).to_have_attribute("type", "password")


def test_a_number_is_copied_whole(page: Page, owner: User, sign_in: SignIn) -> None:
    account = account_with(owner)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    sign_in(page, owner)
    page.goto("/dashboard")
    page.get_by_role("button", name="Copy account number").click()
    expect(page.locator("#announcer")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == str(account.id)


def test_times_come_in_the_readers_zone_at_once(page: Page, owner: User, sign_in: SignIn) -> None:
    account_with(owner, 10)
    sign_in(page, owner)
    page.goto("/transactions")
    moment = page.locator("time").first
    expect(moment).not_to_contain_text("UTC")
    localised = moment.inner_text()
    page.reload()
    # The browser may call the zone by its older name.
    assert page.locator("html").get_attribute("data-zone") in {"Asia/Kolkata", "Asia/Calcutta"}
    expect(moment).to_have_text(localised)


def test_the_period_of_the_chart_stays_after_a_reload(page: Page, owner: User, sign_in: SignIn) -> None:
    account_with(owner, 10)
    sign_in(page, owner)
    page.goto("/dashboard")
    chosen = page.locator("#balance [aria-current]")
    expect(chosen).to_have_text("30 days")
    page.get_by_role("link", name="1 year").click()
    expect(chosen).to_have_text("1 year")
    page.reload()
    expect(chosen).to_have_text("1 year")
    # The address alone is remembered; nothing of a page of the bank is kept in the browser.
    kept = page.evaluate("[...Object.keys(sessionStorage), ...Object.keys(localStorage)]")
    assert kept == ["htmx-current-path-for-history"]


def test_more_history_is_loaded_into_the_page(page: Page, owner: User, second: User, sign_in: SignIn) -> None:
    account, receiver = account_with(owner, 100), account_with(second)
    for number in range(24):
        transfer_execute(
            sender=account,
            receiver=receiver.id,
            amount=1,
            key=f"k{number}",
            owner=owner.pk,
            origin=COMMAND,
            note=f"Number {number}",
        )
    sign_in(page, owner)
    page.goto("/transactions")
    rows = page.locator("tbody tr:not(.table-more)")
    expect(rows).to_have_count(20)
    page.get_by_role("link", name="Load more").click()
    expect(rows).to_have_count(25)
    expect(page.get_by_role("link", name="Load more")).to_have_count(0)
    expect(rows.nth(20).get_by_role("link")).to_be_focused()
    page.wait_for_url("**/transactions")


def test_the_dialog_closes_with_escape_and_with_cancel(page: Page, owner: User, admin: User, sign_in: SignIn) -> None:
    account_with(owner)
    sign_in(page, admin)
    page.goto("/admin/users")
    freeze = page.get_by_role("link", name="Freeze the INR account of Olivia Owner")
    for way in ("Escape", "Cancel"):
        freeze.click()
        expect(page.get_by_label("Reason")).to_be_focused()
        if way == "Escape":
            page.keyboard.press("Escape")
        else:
            page.get_by_text("Cancel").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(freeze).to_be_focused()
    page.wait_for_url("**/admin/users")


def test_a_toast_is_put_away_and_the_menu_closes_with_escape(page: Page, owner: User, sign_in: SignIn) -> None:
    sign_in(page, owner)
    page.goto("/dashboard")
    page.get_by_role("button", name="Open account").click()
    toast = page.get_by_text("Your INR account is open.")
    expect(toast).to_be_visible()
    page.get_by_role("button", name="Close").click()
    expect(toast).to_have_count(0)
    page.locator("summary").first.click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()


def test_a_receipt_prints_without_the_house_around_it(page: Page, owner: User, sign_in: SignIn) -> None:
    account_with(owner, 10)
    sign_in(page, owner)
    page.goto("/transactions")
    page.locator("tbody a").first.click()
    expect(page.get_by_role("button", name="Print receipt")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", name="Money received")).to_be_visible()
    expect(page.get_by_role("navigation")).to_have_count(0)
    expect(page.get_by_role("button", name="Print receipt")).to_have_count(0)
