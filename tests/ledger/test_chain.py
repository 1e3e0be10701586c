"""Every entry carries the hash of the one before it and of its own content."""

import hashlib
import json
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import pytest
import rfc8785
from bson.int64 import Int64
from bson.objectid import ObjectId
from hypothesis import given
from hypothesis import strategies as st
from pymongo.database import Database

from ledger.accounts import account_freeze, account_unfreeze
from ledger.chain import BEGINNING, canonical, entry_content, entry_hash
from ledger.store import books
from tests.ledger.conftest import ORIGIN, Opener, attempt, books_are_right, send

migration = import_module("ledger.migrations.0003_proof")

ENTRY = {
    "_id": "64b7f0c2a1b2c3d4e5f60718:DEBIT",
    "account": ObjectId("64b7f0c2a1b2c3d4e5f60719"),
    "seq": Int64(2),
    "direction": "DEBIT",
    "amount_minor": Int64(12_50),
    "created_at": datetime(2026, 3, 1, 9, 30, 0, 7000, tzinfo=UTC),
    "note": 'Café "Ü"\n€',
    "previous_hash": bytes(range(32)),
}


def test_the_hash_is_that_of_the_text_that_anybody_can_write_down() -> None:
    text = (
        '{"_id":"64b7f0c2a1b2c3d4e5f60718:DEBIT","account":"64b7f0c2a1b2c3d4e5f60719","amount_minor":"1250",'
        '"created_at":"2026-03-01T09:30:00.007Z","direction":"DEBIT","note":"Café \\"Ü\\"\\n€",'
        f'"previous_hash":"{bytes(range(32)).hex()}","seq":"2"}}'
    )
    assert entry_hash(ENTRY) == hashlib.sha256(text.encode()).digest()


def test_its_own_hash_is_not_a_part_of_it() -> None:
    assert entry_hash({**ENTRY, "hash": b"\1" * 32}) == entry_hash(ENTRY)


@pytest.mark.parametrize("name", ENTRY)
def test_every_field_is_a_part_of_it(name: str) -> None:
    value: Any = ENTRY[name]
    other = value[::-1] if isinstance(value, bytes | str) else ObjectId() if name == "account" else None
    assert entry_hash({**ENTRY, name: other}) != entry_hash(ENTRY)


@given(
    st.dictionaries(st.from_regex(r"[a-z_]{1,12}", fullmatch=True), st.text(st.characters(exclude_categories=["Cs"])))
)
def test_the_form_is_that_of_rfc_8785(content: dict[str, str]) -> None:
    assert canonical(content) == rfc8785.dumps(content)
    assert json.loads(canonical(content)) == content


def chain_of(account: ObjectId) -> list[dict[str, Any]]:
    return list(books().entries.find({"account": account}).sort("seq", 1))


def assert_chained(account: ObjectId) -> None:
    previous = BEGINNING
    for entry in chain_of(account):
        assert entry["previous_hash"] == previous
        assert entry["hash"] == entry_hash(entry) == hashlib.sha256(rfc8785.dumps(entry_content(entry))).digest()
        previous = entry["hash"]
    kept = books().accounts.find_one({"_id": account})
    assert kept is not None
    assert kept["head_hash"] == previous


def test_entries_are_chained_to_the_head_of_their_account(open_account: Opener) -> None:
    one, two = open_account(100), open_account(50)
    for number in range(5):
        send(one, two, 3, f"a{number}")
        send(two, one, 2, f"b{number}")
    attempt(one, two, 9_000, "refused")
    account_freeze(account_id=two.id, reason="test", origin=ORIGIN)
    account_unfreeze(account_id=two.id, reason="test", origin=ORIGIN)
    send(one, two, 1, "after")
    assert len(chain_of(one.id)) == 12
    assert_chained(one.id)
    assert_chained(two.id)
    books_are_right()


def test_an_empty_account_has_the_beginning_for_a_head(open_account: Opener) -> None:
    assert_chained(open_account().id)


def unchained(database: Database[dict[str, Any]]) -> None:
    """Undo by hand what the migration does."""
    for name, fields in (("ledger_entries", ("hash", "previous_hash")), ("ledger_accounts", ("head_hash",))):
        database.command("collMod", name, validator={})
        database[name].update_many({"_id": {"$not": {"$type": "int"}}}, {"$unset": dict.fromkeys(fields, "")})


def test_an_old_ledger_is_chained(open_account: Opener, owner_db: Database[dict[str, Any]]) -> None:
    one, two, empty = open_account(100), open_account(50), open_account()
    for number in range(4):
        send(one, two, 3, f"a{number}")
    before = {account.id: chain_of(account.id) for account in (one, two, empty)}
    unchained(owner_db)
    migration.convert(owner_db)
    assert {account: chain_of(account) for account in before} == before
    for account in before:
        assert_chained(account)
    send(one, two, 1, "after")
    books_are_right()


def test_interrupted_between_entries_and_head_it_goes_on(
    open_account: Opener, owner_db: Database[dict[str, Any]]
) -> None:
    one = open_account(100)
    unchained(owner_db)
    migration._chain(owner_db, one.id)
    migration.convert(owner_db)
    assert_chained(one.id)
