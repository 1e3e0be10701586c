"""A person's own page in two browsers at once."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from accounts.models import User
from tests.cast import PASSWORD
from tests.e2e.story import account_with

SignIn = Callable[[Page, User], None]
NEW = "nine loud herons"


def test_a_new_name_shows_everywhere(page: Page, owner: User, sign_in: SignIn) -> None:
    account_with(owner)
    sign_in(page, owner)
    page.goto("/dashboard")
    page.locator(".menu > summary").click()
    page.get_by_role("link", name="Profile").click()
    page.get_by_label("First name").fill("1")
    page.get_by_role("button", name="Save name").click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_label("First name")).to_have_accessible_description("A name needs at least one letter.")
    page.get_by_label("First name").fill("Oona")
    page.get_by_label("First name").press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Your name was changed.")
    expect(page.locator(".menu > summary")).to_contain_text("Oona Owner")


def test_a_new_password_ends_the_other_browser(page: Page, other_page: Page, owner: User, sign_in: SignIn) -> None:
    for browser in (page, other_page):
        sign_in(browser, owner)
        browser.goto("/profile")
    rules = page.get_by_role("listitem").filter(has_text="At least 6 characters")
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_label("New password").press_sequentially(NEW)
    expect(rules).to_have_attribute("data-holds", "")
    reveal = page.locator("[data-reveal=id_password]")
    reveal.click()
    expect(page.get_by_label("New password")).to_have_attribute("type", "text")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("status").first).to_contain_text("Your password was changed.")
    other_page.reload()
    expect(other_page.get_by_role("heading", name="Welcome back")).to_be_visible()
    other_page.get_by_label("E-mail").fill(owner.email)
    other_page.get_by_label("Password", exact=True).fill(NEW)
    other_page.get_by_role("button", name="Sign in").click()
    other_page.wait_for_url("**/profile")


def test_a_session_is_ended_from_the_other_browser(page: Page, other_page: Page, owner: User, sign_in: SignIn) -> None:
    for browser in (page, other_page):
        sign_in(browser, owner)
        browser.goto("/profile")
    page.reload()
    page.get_by_role("main").get_by_role("link", name="Sign out Unknown browser").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="Sign this browser out?")).to_be_visible()
    dialog.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status").first).to_contain_text("is signed out.")
    expect(page.get_by_text("This browser", exact=True)).to_be_visible()
    other_page.get_by_role("button", name="Save name").click()
    expect(other_page.get_by_role("status").first).to_contain_text("You were signed out in the meantime.")


def test_the_theme_stays_after_a_reload(page: Page, owner: User, sign_in: SignIn) -> None:
    sign_in(page, owner)
    page.goto("/profile")
    page.get_by_role("radio", name="Dark").check(force=True)
    page.get_by_role("button", name="Save theme").click()
    expect(page.get_by_role("status").first).to_contain_text("The theme was changed.")
    page.goto("/dashboard")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto("/profile")
    expect(page.get_by_role("radio", name="Dark")).to_be_checked()
