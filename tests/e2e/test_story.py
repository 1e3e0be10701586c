"""The whole story in a real browser: sign up, find a friend, send money, be frozen."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from ledger.accounts import accounts_of_owner
from tests.cast import PASSWORD
from tests.e2e.story import account_with, balance, find_and_review
from tests.servers import Server

SignIn = Callable[[Page, User], None]


@pytest.fixture(scope="session")
def base_url(django_db_setup: None) -> Iterator[str]:
    """The address of a bank that gives everybody an opening balance of 1,000."""
    from django.db import connection

    server = Server(database=connection.settings_dict["NAME"], environment={"OPENING_BALANCE": "1000"})
    server.start()
    yield server.url
    server.stop()


def test_two_friends_and_an_admin(
    page: Page, other_page: Page, new_context: Callable[..., object], second: User, admin: User, sign_in: SignIn
) -> None:
    friends = account_with(second)

    # Somebody new signs up and has the opening balance.
    page.goto("/")
    page.get_by_role("link", name="Open an account").click()
    page.get_by_label("First name").fill("Asha")
    page.get_by_label("Last name").fill("Rao")
    page.get_by_label("E-mail").fill("asha@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Open my account").click()
    expect(page.get_by_role("status").first).to_contain_text("Welcome to Florin, Asha")
    card = page.get_by_label("Your INR account")
    expect(card).to_contain_text("₹1,000.00")

    # She finds a friend by first name and sends 250.75.
    page.get_by_role("link", name="Send money").first.click()
    find_and_review(page, "sam", "Samir Second", "250.75")
    expect(page.get_by_role("main")).to_contain_text("₹749.25")
    page.get_by_role("button", name="Send ₹250.75").click()
    expect(page.get_by_role("heading", name="Money sent")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("₹749.25")

    # The entry is there, and the friend sees it arrive.
    page.get_by_role("link", name="Home").click()
    expect(card).to_contain_text("₹749.25")
    expect(page.get_by_role("listitem").filter(has_text="Samir Second").first).to_contain_text("−₹250.75")
    sign_in(other_page, second)
    other_page.goto("/dashboard")
    expect(other_page.get_by_label("Your INR account")).to_contain_text("₹250.75")
    expect(other_page.get_by_role("listitem").filter(has_text="Asha Rao").first).to_contain_text("+₹250.75")
    assert balance(friends) == 25_075

    # An admin freezes her account, and the form says so.
    other_page.context.clear_cookies()
    sign_in(other_page, admin)
    other_page.goto("/admin/users")
    row = other_page.get_by_role("row").filter(has_text="Asha Rao")
    row.get_by_role("link", name="Freeze").click()
    dialog = other_page.get_by_role("dialog")
    expect(dialog).to_contain_text("Freeze this account?")
    dialog.get_by_label("Reason").fill("Lost card")
    dialog.get_by_role("button", name="Freeze account").click()
    expect(row).to_contain_text("Frozen")
    page.goto("/send")
    expect(page.get_by_role("main")).to_contain_text("This account is frozen")
    expect(page.get_by_role("main")).to_contain_text("Lost card")
    expect(page.get_by_role("button", name="Review transfer")).to_be_disabled()
    asha = User.objects.get(email="asha@example.com")
    assert [balance(account) for account in accounts_of_owner(asha.pk)] == [74_925]
