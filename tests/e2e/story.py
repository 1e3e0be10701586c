"""What people do in the stories: fill in forms and press buttons, as they see them."""

from playwright.sync_api import Page, expect

from accounts.models import User
from banking.services.customers import account_open
from ledger.accounts import account_get
from ledger.audit import COMMAND
from ledger.records import Account
from ledger.store import books
from ledger.transfers import funding_execute


def account_with(user: User, amount: object = 0) -> Account:
    """Open the user's rupee account with money on it."""
    account = account_open(user=user, currency="INR", origin=COMMAND)
    if amount:
        funding_execute(receiver=account.id, amount=amount, key=f"fund:{account.id}", origin=COMMAND)
    return account_get(account.id)


def balance(account: Account) -> int:
    return account_get(account.id).balance_minor


def transfers(account: Account) -> int:
    """Return how many transactions the account has asked for."""
    return books().transactions.count_documents({"sender": account.id})


def find_and_review(page: Page, words: str, name: str, amount: str) -> None:
    """On the send form: find somebody as one types, choose them, and go on to the review."""
    page.get_by_label("To: name or e-mail").press_sequentially(words, delay=20)
    page.get_by_text("People found").wait_for()
    page.get_by_role("radio", name=name).check()
    page.get_by_label("Amount").fill(amount)
    page.get_by_role("button", name="Review transfer").click()
    expect(page.get_by_role("heading", name="Review transfer")).to_be_visible()
