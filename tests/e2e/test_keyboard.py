"""With the keyboard alone: from the sign-in over a transfer to the sign-out."""

from playwright.sync_api import Page, expect

from accounts.models import User
from tests.cast import PASSWORD
from tests.e2e.keyboard import skip_to_content, tab_to
from tests.e2e.story import account_with, balance


def test_signing_in_sending_and_signing_out(page: Page, owner: User, second: User) -> None:
    account_with(owner, 1_000)
    receiver = account_with(second)

    # A wrong password is told where the focus is, and the form can be corrected at once.
    page.goto("/")
    tab_to(page, "header a[href^='/login']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/login")
    tab_to(page, "[name=email]")
    page.keyboard.type(owner.email)
    tab_to(page, "[name=password]")
    page.keyboard.type("not this one")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("wrong")
    tab_to(page, "[name=password]")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/dashboard")

    # The way past the header, to the form, and on.
    skip_to_content(page)
    tab_to(page, "a.button[href^='/send']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/send/*")
    tab_to(page, "[name=words]")
    page.keyboard.type("sam", delay=20)
    page.get_by_text("People found").wait_for()
    expect(page.get_by_role("status").filter(has_text="found")).to_have_count(1)
    tab_to(page, "[name=person]")
    page.keyboard.press("Space")
    tab_to(page, "[name=amount]")
    page.keyboard.type("250.75")
    page.keyboard.press("Enter")
    page.wait_for_url("**/review")
    tab_to(page, "form[action$='/confirm'] button")
    page.keyboard.press("Space")
    expect(page.get_by_role("heading", name="Money sent")).to_be_visible()
    assert balance(receiver) == 25_075

    # The menu opens, closes and leads out.
    tab_to(page, ".menu > summary")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.locator(".menu > summary")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, "form[action='/logout'] button")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("signed out")
    page.goto("/dashboard")
    page.wait_for_url("**/login?next=/dashboard")
