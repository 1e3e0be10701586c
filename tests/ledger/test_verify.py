"""`verify_ledger` finds every kind of damage, and nothing in books that are right."""

from io import StringIO
from typing import Any

import pytest
from bson.int64 import Int64
from bson.objectid import ObjectId
from django.core.management import CommandError, call_command
from pymongo.database import Database

from ledger.findings import CHAIN, I5, MAX_VIOLATIONS
from ledger.store import books
from ledger.verify import verify
from tests.ledger.damages import DAMAGES, damaged, entry_at, linked, rechained, rewritten

Books = Database[dict[str, Any]]


def invariants() -> set[str]:
    return {violation.code for violation in verify().violations}


@pytest.mark.usefixtures("busy")
def test_right_books_have_no_violation() -> None:
    steps: list[str] = []
    report = verify(lambda step, done: steps.append(step))
    assert report.violations == []
    assert (report.accounts, report.transactions, report.entries) == (6, 13, 24)
    assert steps == ["entries", "transactions"]


def test_empty_books_are_right(bank_db: Books) -> None:
    assert verify().violations == []


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_damage_is_found(busy: tuple[ObjectId, ObjectId], damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    do, broken = DAMAGES[damage]
    do(busy[0])
    whole = verify()
    assert {violation.code for violation in whole.violations} == broken
    # In parts of one entry each it finds the very same.
    monkeypatch.setattr("ledger.verify._PART", 1)
    assert verify() == whole


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


class Notary:
    """A witness who knows the hash of one entry and how many entries there were."""

    def __init__(self, entry: dict[str, Any]) -> None:
        self.account, self.seq, self.hash = entry["account"], entry["seq"], entry["hash"]
        self.seen: list[tuple[ObjectId, int]] = []
        self.ended: list[tuple[ObjectId, int]] = []

    def entry(self, account: ObjectId, seq: int, hash: bytes) -> str | None:
        self.seen.append((account, seq))
        is_other = (account, seq) == (self.account, self.seq) and hash != self.hash
        return "is not what was signed" if is_other else None

    def end(self, account: ObjectId, seq: int) -> str | None:
        self.ended.append((account, seq))
        return "is the last, and more were signed" if account == self.account and seq < self.seq else None


@pytest.mark.parametrize("part", [1, 50_000])
def test_a_witness_sees_every_entry_and_every_end_once(
    busy: tuple[ObjectId, ObjectId], part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.verify._PART", part)
    notary = Notary(entry_at(busy[0], 11))
    assert verify(witness=notary).violations == []
    assert [seq for account, seq in notary.seen if account == busy[0]] == list(range(1, 12))
    assert len(notary.seen) == 24
    assert sorted(seq for _, seq in notary.ended) == [0, 0, 0, 2, 11, 11]


def test_an_account_that_is_chained_anew_is_known_by_a_witness_alone(busy: tuple[ObjectId, ObjectId]) -> None:
    notary = Notary(entry_at(busy[0], 11))
    rechained(busy[0])
    assert verify().violations == []
    (violation,) = verify(witness=notary).violations
    assert str(violation) == f"checkpoint account {busy[0]} entry 11 is not what was signed"


def test_entries_that_were_signed_and_are_gone_are_known_by_a_witness(busy: tuple[ObjectId, ObjectId]) -> None:
    notary = Notary(entry_at(busy[0], 11))
    notary.seq += 1
    (violation,) = verify(witness=notary).violations
    assert str(violation) == f"checkpoint account {busy[0]} entry 11 is the last, and more were signed"


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


def test_a_lost_index_of_the_entries_is_found_and_no_accident(busy: tuple[ObjectId, ObjectId], bank_db: Books) -> None:
    from ledger.schema import schema_apply

    books().entries.drop_index("gapless_per_account")
    try:
        assert invariants() == {I5}
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
