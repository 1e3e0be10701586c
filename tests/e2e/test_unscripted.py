"""Without JavaScript: signing in, sending, reading on, freezing. (All pages can be read so: see `test_places`.)"""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import User
from ledger.accounts import account_get
from ledger.audit import COMMAND
from ledger.records import FROZEN
from ledger.transfers import transfer_execute
from tests.cast import PASSWORD
from tests.e2e.conftest import Watch
from tests.e2e.story import account_with, balance


@pytest.fixture
def plain_page(new_context: Callable[..., BrowserContext], watch: Watch) -> Page:
    """A page of a browser that runs no scripts."""
    context = new_context(java_script_enabled=False)
    watch.attach(context)
    return context.new_page()


def sign_in_by_form(page: Page, user: User) -> None:
    page.goto("/login")
    page.get_by_label("E-mail").fill(user.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()


def test_a_customer_signs_in_sends_and_reads_on(plain_page: Page, owner: User, second: User) -> None:
    page = plain_page
    account, receiver = account_with(owner, 1_000), account_with(second)
    for number in range(24):
        key, note = f"k{number}", f"Number {number}"
        transfer_execute(
            sender=account, receiver=receiver.id, amount=1, key=key, owner=owner.pk, origin=COMMAND, note=note
        )
    sign_in_by_form(page, owner)
    page.get_by_role("main").get_by_role("link", name="Send money").first.click()
    page.get_by_label("To: name or e-mail").fill("sam")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("radio", name="Samir Second").check()
    page.get_by_label("Amount").fill("250.75")
    page.get_by_role("button", name="Review transfer").click()
    page.get_by_role("button", name="Send ₹").click()
    expect(page.get_by_role("heading", name="Money sent")).to_be_visible()
    assert balance(receiver) == 2_400 + 25_075

    page.goto("/transactions")
    expect(page.get_by_role("main")).to_contain_text("Number 23")
    page.get_by_role("link", name="Load more").click()
    expect(page.get_by_role("main")).to_contain_text("Number 0")
    page.locator(".menu > summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status").first).to_contain_text("signed out")


def test_an_admin_freezes(plain_page: Page, owner: User, admin: User) -> None:
    page = plain_page
    account = account_with(owner, 10)
    sign_in_by_form(page, admin)
    page.goto("/admin/users?words=olivia")
    page.get_by_role("link", name="Freeze the INR account of Olivia Owner").click()
    page.get_by_label("Reason").fill("Lost card")
    page.get_by_role("button", name="Freeze account").click()
    expect(page.get_by_role("status").first).to_contain_text("is frozen")
    assert account_get(account.id).status == FROZEN
