"""`verify_ledger` finds every kind of damage, and nothing in books that are right."""

from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from bson.int64 import Int64
from bson.objectid import ObjectId
from django.core.management import CommandError, call_command
from pymongo.database import Database

from ledger.store import books
from ledger.verify import MAX_VIOLATIONS, verify
from tests.ledger.conftest import Opener, attempt, send

Books = Database[dict[str, Any]]
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)


@pytest.fixture
def busy(open_account: Opener) -> tuple[ObjectId, ObjectId]:
    """Two accounts with some payments and a failure between them."""
    one, two = open_account(100), open_account(50)
    for number in range(5):
        send(one, two, 3, f"a{number}")
        send(two, one, 1, f"b{number}")
    attempt(one, two, 1_000, "failed")
    return one.id, two.id


def damaged(collection: str, query: dict[str, Any], change: dict[str, Any]) -> None:
    """Change a document behind the service's and the validator's back."""
    from ledger.store import database

    database().command(
        "update", collection, updates=[{"q": query, "u": change, "multi": False}], bypassDocumentValidation=True
    )


def invariants() -> set[str]:
    return {line.split()[0] for line in verify().violations}


@pytest.mark.usefixtures("busy")
def test_right_books_have_no_violation() -> None:
    steps: list[str] = []
    report = verify(lambda step, done: steps.append(step))
    assert report.violations == []
    assert (report.accounts, report.transactions, report.entries) == (6, 13, 24)
    assert steps == ["accounts", "entries", "transactions"]


def test_empty_books_are_right(bank_db: Books) -> None:
    assert verify().violations == []


DAMAGES: dict[str, tuple[Callable[[ObjectId], None], set[str]]] = {
    "a balance from nowhere": (
        lambda one: damaged("ledger_accounts", {"_id": one}, {"$inc": {"balance_minor": Int64(5)}}),
        {"I1", "I2"},
    ),
    "a customer below zero": (
        lambda one: damaged("ledger_accounts", {"_id": one}, {"$set": {"balance_minor": Int64(-5)}}),
        {"I1", "I2", "I3"},
    ),
    "money held that is not there": (
        lambda one: damaged("ledger_accounts", {"_id": one}, {"$set": {"held_minor": Int64(10**9)}}),
        {"I3"},
    ),
    "an entry with another amount": (
        lambda one: damaged("ledger_entries", {"account": one, "seq": 3}, {"$inc": {"amount_minor": Int64(1)}}),
        {"I2", "I4", "I5"},
    ),
    "an entry with another balance": (
        lambda one: damaged("ledger_entries", {"account": one, "seq": 3}, {"$inc": {"balance_after_minor": Int64(1)}}),
        {"I5"},
    ),
    "a first entry with another balance": (
        lambda one: damaged("ledger_entries", {"account": one, "seq": 1}, {"$inc": {"balance_after_minor": Int64(1)}}),
        {"I5"},
    ),
    "an entry turned round": (
        lambda one: damaged("ledger_entries", {"account": one, "seq": 1}, {"$set": {"direction": "DEBIT2"}}),
        {"I2", "I4", "I5"},
    ),
    "an entry taken out": (
        lambda one: drop("ledger_entries", {"account": one, "seq": 3}),
        {"I2", "I4", "I5"},
    ),
    "the last entry taken out": (
        lambda one: drop("ledger_entries", {"account": one, "seq": 11}),
        {"I2", "I4", "I5"},
    ),
    "a gap in the numbers": (
        lambda one: damaged("ledger_entries", {"account": one, "seq": 11}, {"$set": {"seq": Int64(12)}}),
        {"I5"},
    ),
    "a count that is not the number of entries": (
        lambda one: damaged("ledger_accounts", {"_id": one}, {"$inc": {"seq": Int64(1)}}),
        {"I5"},
    ),
    "an entry from the past": (
        lambda one: damaged("ledger_entries", {"account": one, "seq": 11}, {"$set": {"created_at": LONG_AGO}}),
        {"I5"},
    ),
    "an entry on another account": (
        lambda one: damaged("ledger_entries", {"account": one, "seq": 11}, {"$set": {"account": ObjectId()}}),
        {"I2", "I4", "I5"},
    ),
    "a first entry with another sum of credits": (
        lambda one: damaged("ledger_entries", {"account": one, "seq": 1}, {"$inc": {"credits_after_minor": Int64(1)}}),
        {"I5"},
    ),
    "an account with another sum of credits": (
        lambda one: damaged("ledger_accounts", {"_id": one}, {"$inc": {"credits_minor": Int64(1)}}),
        {"I2"},
    ),
    "a counter that is wrong": (
        lambda one: damaged("ledger_accounts", {"_id": 3}, {"$inc": {"transactions": Int64(1)}}),
        {"totals"},
    ),
    "a transaction lost": (lambda one: drop("ledger_transactions", {"key": "a1"}), {"I4", "totals"}),
    "the newest transaction lost": (lambda one: drop("ledger_transactions", {"key": "b4"}), {"I4", "totals"}),
    "a failed transaction with entries": (
        lambda one: damaged("ledger_transactions", {"key": "a1"}, {"$set": {"status": "FAILED"}}),
        {"I4", "totals"},
    ),
    "a completed transaction without entries": (
        lambda one: damaged("ledger_transactions", {"key": "failed"}, {"$set": {"status": "COMPLETED"}}),
        {"I4", "totals"},
    ),
    "a transaction with another receiver": (
        lambda one: damaged("ledger_transactions", {"key": "a1"}, {"$set": {"receiver": ObjectId()}}),
        {"I4"},
    ),
}


def drop(collection: str, query: dict[str, Any]) -> None:
    from ledger.store import database

    assert database()[collection].delete_one(query).deleted_count == 1


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_damage_is_found(busy: tuple[ObjectId, ObjectId], damage: str) -> None:
    do, broken = DAMAGES[damage]
    do(busy[0])
    assert invariants() == broken


def test_a_key_used_twice_is_found_even_when_the_index_is_gone(
    busy: tuple[ObjectId, ObjectId], bank_db: Books
) -> None:
    from ledger.schema import schema_apply

    books().transactions.drop_index("one_per_sender_and_key")
    try:
        damaged("ledger_transactions", {"key": "a1"}, {"$set": {"key": "a2"}})
        assert invariants() == {"I6"}
        damaged("ledger_transactions", {"key": "a2"}, {"$set": {"key": "a1"}})
    finally:
        schema_apply(bank_db)
    assert invariants() == set()


def test_the_command_says_so_and_exits_with_one(busy: tuple[ObjectId, ObjectId]) -> None:
    out = StringIO()
    call_command("verify_ledger", stdout=out)
    assert "The books are right" in out.getvalue()
    assert "entries: 24" in out.getvalue()
    damaged("ledger_accounts", {"_id": busy[0]}, {"$inc": {"balance_minor": Int64(5)}})
    with pytest.raises(CommandError) as failure:
        call_command("verify_ledger", stdout=out)
    assert failure.value.returncode == 1
    assert f"I2 account {busy[0]}" in out.getvalue()


def test_the_list_is_bounded_and_the_rest_is_counted(busy: tuple[ObjectId, ObjectId]) -> None:
    report = verify()
    for number in range(MAX_VIOLATIONS + 5):
        report.add("I1", str(number))
    assert (len(report.violations), report.omitted) == (MAX_VIOLATIONS, 5)
