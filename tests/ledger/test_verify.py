"""`verify_ledger` finds every kind of damage, and nothing in books that are right."""

from typing import Any

import pytest
from bson.objectid import ObjectId
from pymongo.database import Database
from pytest_django.fixtures import Settings

from ledger.findings import CHAIN, I5, MAX_VIOLATIONS
from ledger.verify import verify
from tests.ledger.conftest import inspected
from tests.ledger.damages import DAMAGES, damaged, entry_at, linked, rewritten

Books = Database[dict[str, Any]]


def invariants() -> set[str]:
    return {violation.code for violation in verify().violations}


@pytest.mark.usefixtures("busy")
def test_right_books_have_no_violation() -> None:
    steps: list[str] = []
    report = verify(lambda phase, _: steps.append(phase))
    assert report.violations == []
    assert (report.accounts, report.transactions, report.entries) == (6, 13, 24)
    assert steps == ["accounts", "transactions", "heads", "statements", "sums"]


def test_empty_books_are_right(bank_db: Books) -> None:
    assert verify().violations == []


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_damage_is_found(
    busy: tuple[ObjectId, ObjectId], damage: str, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    do, broken = DAMAGES[damage]
    do(busy[0])
    whole = verify()
    assert {violation.code for violation in whole.violations} == broken
    # In parts of one entry each it finds the very same.
    monkeypatch.setattr("ledger.verify._PART", 1)
    assert verify() == whole
    # And so does a round.
    settings.VERIFICATION_STEP_ENTRIES = 5
    assert inspected().report == whole


def test_what_is_found_can_be_looked_up(busy: tuple[ObjectId, ObjectId]) -> None:
    changed = rewritten(busy[0], 3)
    linked(busy[0], changed)
    victim = entry_at(busy[0], 4)
    (violation,) = verify().violations
    assert violation.code == CHAIN
    assert violation.text == (
        f"account {busy[0]} entry 4 (transaction {victim['transaction']}) "
        "was changed: its hash is not that of its content"
    )


def test_a_key_used_twice_is_found_even_when_the_index_is_gone(
    busy: tuple[ObjectId, ObjectId], owner_db: Books
) -> None:
    from ledger.schema import schema_apply

    owner_db["ledger_transactions"].drop_index("one_per_sender_and_key")
    try:
        damaged("ledger_transactions", {"key": "a1"}, {"$set": {"key": "a2"}})
        assert invariants() == {"I6"}
        damaged("ledger_transactions", {"key": "a2"}, {"$set": {"key": "a1"}})
    finally:
        schema_apply(owner_db)
    assert invariants() == set()


def test_a_lost_index_of_the_entries_is_found_and_no_accident(
    busy: tuple[ObjectId, ObjectId], owner_db: Books
) -> None:
    from ledger.schema import schema_apply

    owner_db["ledger_entries"].drop_index("gapless_per_account")
    try:
        assert invariants() == {I5}
    finally:
        schema_apply(owner_db)
    assert invariants() == set()


def test_the_list_is_bounded_and_the_rest_is_counted(busy: tuple[ObjectId, ObjectId]) -> None:
    report = verify()
    for number in range(MAX_VIOLATIONS + 5):
        report.add("I1", str(number))
    assert (len(report.violations), report.omitted) == (MAX_VIOLATIONS, 5)
