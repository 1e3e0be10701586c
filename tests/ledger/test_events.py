"""What is told to the world is an audit record with an event; imported history is told to nobody."""

from datetime import timedelta

from bson.objectid import ObjectId

from ledger.accounts import account_freeze, account_open, system_account_id
from ledger.posting import post
from ledger.records import FUNDING, Account, now
from ledger.rules import Instruction, Outcome
from ledger.store import books
from tests.ledger.conftest import ORIGIN, Opener, attempt, send


def events_of(subject: ObjectId) -> list[str | None]:
    """Return the events about a transaction or an account, one for each audit record."""
    return [record["event"] for record in books().audit.find({"subject": subject}).sort("_id", 1)]


def funding(account: Account, *, days_ago: int | None) -> Outcome:
    at = None if days_ago is None else now() - timedelta(days=days_ago)
    instruction = Instruction(
        system_account_id("INR"), account.id, 100, "INR", FUNDING, "", f"k{days_ago}", None, ORIGIN, at=at
    )
    (answer,) = post([instruction])
    assert isinstance(answer, Outcome)
    return answer


def test_what_happens_is_an_event(open_account: Opener) -> None:
    one, two = open_account(100), open_account()
    done = send(one, two, 5, "k")
    refused = attempt(one, two, 9_000, "too-much")
    account_freeze(account_id=two.id, reason="", origin=ORIGIN)
    assert events_of(done.transaction.id) == ["transaction.completed"]
    assert events_of(refused.transaction.id) == ["transaction.failed"]
    assert events_of(two.id) == ["account.opened", "account.frozen"]


def test_imported_history_is_no_event(open_account: Opener) -> None:
    then = now() - timedelta(days=90)
    old = account_open(owner=ObjectId(), currency="INR", origin=ORIGIN, opening_minor=500, at=then)
    assert events_of(old.id) == [None]
    assert events_of(funding(old, days_ago=30).transaction.id) == [None]
    assert events_of(funding(old, days_ago=None).transaction.id) == ["transaction.completed"]
    # It is in the audit log like everything else.
    assert books().audit.count_documents({"accounts": old.id}) == 4
    assert books().audit.count_documents({"accounts": old.id, "event": None}) == 3
