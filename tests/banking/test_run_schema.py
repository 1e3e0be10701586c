"""The database refuses payment runs and lines that cannot be."""

from collections.abc import Iterator
from typing import Any

import pytest
from bson.int64 import Int64
from bson.objectid import ObjectId
from pymongo.errors import DuplicateKeyError, WriteError

from banking.run_records import CHECKED, DONE, PAYING, lines, runs
from ledger.records import Account, now
from tests.banking.runs import Person, quiet, upload


@pytest.fixture(autouse=True)
def _quiet_afterwards(bank_db: object) -> Iterator[None]:
    yield
    quiet()


@pytest.mark.parametrize(
    "change",
    [
        {"status": "ELSE"},
        {"status": DONE, "done_at": None},
        {"status": PAYING, "confirmed_at": None},
        {"status": CHECKED, "checked_at": None},
        {"paid_minor": Int64(-1)},
        {"ready_minor": 1.5},
        {"occurrence": Int64(0)},
        {"extra": 1},
    ],
)
def test_the_database_refuses_a_run_that_cannot_be(
    payer: Person, payees: list[Account], change: dict[str, Any]
) -> None:
    run = upload(*payer, "Payee A,10")
    with pytest.raises(WriteError):
        runs().update_one({"_id": run.id}, {"$set": change})


@pytest.mark.parametrize(
    "change",
    [
        {"state": "ELSE"},
        {"state": "PAID"},
        {"state": "PAID", "paid_at": now()},
        {"amount_minor": Int64(0)},
        {"amount_minor": 5.0},
        {"receiver": None},
        {"amount_minor": None},
    ],
)
def test_the_database_refuses_a_line_that_cannot_be(
    payer: Person, payees: list[Account], change: dict[str, Any]
) -> None:
    run = upload(*payer, "Payee A,10")
    with pytest.raises(WriteError):
        lines().update_one({"run": run.id}, {"$set": change})


def test_the_database_refuses_the_same_content_and_the_same_line_twice(payer: Person, payees: list[Account]) -> None:
    run = upload(*payer, "Payee A,10")
    document = runs().find_one({"_id": run.id})
    line = lines().find_one({"run": run.id})
    assert document
    assert line
    with pytest.raises(DuplicateKeyError):
        runs().insert_one({**document, "_id": ObjectId()})
    with pytest.raises(DuplicateKeyError):
        lines().insert_one({**line, "_id": ObjectId()})
