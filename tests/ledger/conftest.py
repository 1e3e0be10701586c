"""A small bank for the ledger's tests: accounts by what is on them, without people."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bson.objectid import ObjectId
from pymongo.database import Database
from pytest_django import Settings

from ledger import sessions
from ledger.accounts import account_get, account_open
from ledger.audit import Origin
from ledger.checkpoints import checkpoint_append
from ledger.errors import LedgerError
from ledger.inspection import inspection_step
from ledger.records import Account
from ledger.rules import Outcome
from ledger.signing import PrivateKey, key_make
from ledger.store import PROCESSES
from ledger.transfers import funding_execute, transfer_execute
from ledger.verifications import Verification, round_latest, round_running
from ledger.verify import verify
from tests.database import owner_database
from tests.servers import all_paused

ORIGIN = Origin(actor=ObjectId(), address="127.0.0.1", surface="api")
# More than any round of a test has.
_MOST_PARTS = 500
Opener = Callable[..., Account]


@pytest.fixture
def ledger_db(bank_db: Database[dict[str, Any]]) -> Iterator[Database[dict[str, Any]]]:
    """The bank's database; afterwards this process's sessions are forgotten."""
    yield bank_db
    sessions.pool_reset()


@pytest.fixture
def alone(bank_db: Database[dict[str, Any]]) -> Iterator[None]:
    """No web server of another test says meanwhile that it lives, or ends the sessions of the dead."""
    with all_paused():
        owner_database(bank_db.name)[PROCESSES].delete_many({})
        yield


@pytest.fixture
def open_account(ledger_db: Database[dict[str, Any]]) -> Opener:
    """Open an account with an amount in major units on it, by a posted funding."""

    def opener(amount: object = 0, currency: str = "INR") -> Account:
        account = account_open(owner=ObjectId(), currency=currency, origin=ORIGIN)
        if amount:
            funding_execute(receiver=account.id, amount=amount, key=f"fund:{account.id}", origin=ORIGIN)
        return account_get(account.id)

    return opener


@pytest.fixture
def signing_key(settings: Settings) -> PrivateKey:
    """The bank's key for checkpoints; those who check know its public half."""
    private = PrivateKey(key_make())
    settings.CHECKPOINT_KEY, settings.CHECKPOINT_PUBLIC_KEYS = "", [private.public_text]
    return private


def send(sender: Account, receiver: Account | ObjectId, amount: object, key: str, **more: Any) -> Outcome:
    """Send as the sender's owner."""
    assert sender.owner is not None
    to = receiver.id if isinstance(receiver, Account) else receiver
    return transfer_execute(
        sender=sender, receiver=to, amount=amount, key=key, owner=sender.owner, origin=ORIGIN, **more
    )


def attempt(sender: Account, receiver: Account | ObjectId, amount: object, key: str, **more: Any) -> Any:
    """Send and return the outcome or the ledger's refusal; anything else is a failure of the test."""
    try:
        return send(sender, receiver, amount, key, **more)
    except LedgerError as refusal:
        return refusal


def balance(account: Account) -> int:
    return account_get(account.id).balance_minor


def books_are_right() -> None:
    """Assert every invariant over the whole database."""
    assert verify().violations == []


@pytest.fixture
def busy(open_account: Opener) -> tuple[ObjectId, ObjectId]:
    """Two accounts with some payments and a failure between them: eleven entries each."""
    one, two = open_account(100), open_account(50)
    for number in range(5):
        send(one, two, 3, f"a{number}")
        send(two, one, 1, f"b{number}")
    attempt(one, two, 1_000, "failed")
    return one.id, two.id


def inspected() -> Verification:
    """Make the present round's parts, or those of a new one, until it is over."""
    last = round_latest()
    for _ in range(_MOST_PARTS):
        inspection_step()
        latest = round_latest()
        if latest is not None and (last is None or latest.number != last.number):
            return latest
    raise AssertionError(f"the round is not over after {_MOST_PARTS} parts: {round_running()}")


@pytest.fixture
def signed_bank(open_account: Opener, signing_key: PrivateKey) -> Account:
    """An account with four entries, the last two of them in the second checkpoint."""
    one, two = open_account(100), open_account(50)
    send(one, two, 1, "a")
    checkpoint_append(signing_key)
    send(one, two, 2, "b")
    send(one, two, 3, "c")
    checkpoint_append(signing_key)
    return one
