"""The cast with accounts: the owner has 1,000, the second customer nothing, the stranger 50."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from accounts.models import User
from banking.services.customers import account_open
from ledger.accounts import account_get
from ledger.audit import COMMAND
from ledger.records import Account
from ledger.store import books
from ledger.transfers import funding_execute, transfer_execute
from tests.banking.runs import quiet
from tests.web.visitor import Visitor


def account_with(user: User, amount: object = 0, currency: str = "INR") -> Account:
    account = account_open(user=user, currency=currency, origin=COMMAND)
    if amount:
        funding_execute(receiver=account.id, amount=amount, key=f"fund:{account.id}", origin=COMMAND)
    return account_get(account.id)


def balance(account: Account) -> int:
    return account_get(account.id).balance_minor


def transfers(account: Account) -> int:
    """Return how many transactions the account has asked for, failed ones included."""
    return books().transactions.count_documents({"sender": account.id})


@dataclass
class Bank:
    """Everybody and their accounts."""

    owner: User
    second: User
    stranger: User
    admin: User
    owners: Account
    seconds: Account
    strangers: Account

    def pay(self, amount: str, note: str = "", key: str | None = None) -> str:
        """Pay from the owner to the second customer and return the transaction's id."""
        outcome = transfer_execute(
            sender=self.owners,
            receiver=self.seconds.id,
            amount=amount,
            key=key or f"pay-{amount}-{note}".replace(" ", "-"),
            owner=self.owner.pk,
            origin=COMMAND,
            note=note,
        )
        return str(outcome.transaction.id)

    def nothing_moved(self) -> bool:
        return (balance(self.owners), balance(self.seconds), balance(self.strangers)) == (100_000, 0, 5_000)


@pytest.fixture
def bank(owner: User, second: User, stranger: User, admin: User) -> Bank:
    return Bank(
        owner,
        second,
        stranger,
        admin,
        account_with(owner, 1_000),
        account_with(second),
        account_with(stranger, 50),
    )


def to_review(bank: Bank, amount: str = "250.75", **more: str) -> Visitor:
    """Fill in the form as the owner, paying the second customer."""
    visitor = Visitor(bank.owner).get(f"/send?to={bank.seconds.id}")
    return visitor.send(visitor.path, step="review", amount=amount, **more)


@pytest.fixture
def quiet_afterwards(bank_db: object) -> Iterator[None]:
    """Let no list of payments go on after its test."""
    yield
    quiet()


@pytest.fixture
def visitor(bank_db: object) -> Visitor:
    """Somebody who is not signed in."""
    return Visitor()
