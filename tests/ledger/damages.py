"""Every kind of damage that is done to the books behind the service's back, and the invariants that it breaks."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from bson import encode
from bson.datetime_ms import DatetimeMS
from bson.int64 import Int64
from bson.objectid import ObjectId
from bson.raw_bson import RawBSONDocument

from ledger.chain import BEGINNING, entry_hash
from ledger.findings import CHAIN, I1, I2, I3, I4, I5, TOTALS
from ledger.store import books, database
from tests.database import owner_database

LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)
# Not UTF-8, which the database does not mind.
NO_TEXT = RawBSONDocument(encode({"$set": {"note": "NOT UTF-8"}}).replace(b"NOT UTF-8", b"\xff\xfe\xfd UTF-8"))


def damaged(collection: str, query: dict[str, Any], change: Mapping[str, Any]) -> None:
    """Change a document behind the service's and the validator's back."""
    owner_database(database().name).command(
        "update", collection, updates=[{"q": query, "u": change, "multi": False}], bypassDocumentValidation=True
    )


def drop(collection: str, query: dict[str, Any]) -> None:
    assert owner_database(database().name)[collection].delete_one(query).deleted_count == 1


def entry_at(account: ObjectId, seq: int) -> dict[str, Any]:
    found = books().entries.find_one({"account": account, "seq": seq})
    assert found is not None
    return found


def rewritten(account: ObjectId, seq: int, **change: Any) -> dict[str, Any]:
    """Change an entry's words, or more, and make its hash anew."""
    entry = {**entry_at(account, seq), "note": "rent", **change}
    entry["hash"] = entry_hash(entry)
    damaged("ledger_entries", {"_id": entry["_id"]}, entry)
    return entry


def linked(account: ObjectId, changed: dict[str, Any]) -> None:
    """Let the next entry carry the hash of the changed one, and keep its own."""
    query = {"account": account, "seq": changed["seq"] + 1}
    damaged("ledger_entries", query, {"$set": {"previous_hash": changed["hash"]}})


def rechained(account: ObjectId) -> None:
    """Change an entry's words and make anew every hash behind it, up to the head."""
    previous = BEGINNING
    for seq in range(1, 12):
        words = {} if seq == 3 else {"note": entry_at(account, seq)["note"]}
        previous = rewritten(account, seq, previous_hash=previous, **words)["hash"]
    damaged("ledger_accounts", {"_id": account}, {"$set": {"head_hash": previous}})


Damage = Callable[[ObjectId], object]

# What is done to the first of two accounts with eleven entries each, made by `busy`.
DAMAGES: dict[str, tuple[Damage, set[str]]] = {
    "a balance from nowhere": (
        lambda one: damaged("ledger_accounts", {"_id": one}, {"$inc": {"balance_minor": Int64(5)}}),
        {I1, I2},
    ),
    "a customer below zero": (
        lambda one: damaged("ledger_accounts", {"_id": one}, {"$set": {"balance_minor": Int64(-5)}}),
        {I1, I2, I3},
    ),
    "money held that is not there": (
        lambda one: damaged("ledger_accounts", {"_id": one}, {"$set": {"held_minor": Int64(10**9)}}),
        {I3},
    ),
    "an entry with another amount": (
        lambda one: damaged("ledger_entries", {"account": one, "seq": 3}, {"$inc": {"amount_minor": Int64(1)}}),
        {I2, I4, I5, CHAIN},
    ),
    "an entry with another balance": (
        lambda one: damaged("ledger_entries", {"account": one, "seq": 3}, {"$inc": {"balance_after_minor": Int64(1)}}),
        {I5, CHAIN},
    ),
    "a first entry with another balance": (
        lambda one: damaged("ledger_entries", {"account": one, "seq": 1}, {"$inc": {"balance_after_minor": Int64(1)}}),
        {I5, CHAIN},
    ),
    "an entry turned round": (
        lambda one: damaged("ledger_entries", {"account": one, "seq": 1}, {"$set": {"direction": "DEBIT2"}}),
        {I2, I4, I5, CHAIN},
    ),
    "an entry taken out": (
        lambda one: drop("ledger_entries", {"account": one, "seq": 3}),
        {I2, I4, I5, CHAIN},
    ),
    "the last entry taken out": (
        lambda one: drop("ledger_entries", {"account": one, "seq": 11}),
        {I2, I4, I5, CHAIN},
    ),
    "a gap in the numbers": (
        lambda one: damaged("ledger_entries", {"account": one, "seq": 11}, {"$set": {"seq": Int64(12)}}),
        {I5, CHAIN},
    ),
    "a count that is not the number of entries": (
        lambda one: damaged("ledger_accounts", {"_id": one}, {"$inc": {"seq": Int64(1)}}),
        {I5},
    ),
    "an entry from the past": (
        lambda one: damaged("ledger_entries", {"account": one, "seq": 11}, {"$set": {"created_at": LONG_AGO}}),
        {I5, CHAIN},
    ),
    "an entry on another account": (
        lambda one: damaged("ledger_entries", {"account": one, "seq": 11}, {"$set": {"account": ObjectId()}}),
        {I2, I4, I5, CHAIN},
    ),
    "a first entry with another sum of credits": (
        lambda one: damaged("ledger_entries", {"account": one, "seq": 1}, {"$inc": {"credits_after_minor": Int64(1)}}),
        {I5, CHAIN},
    ),
    "an account with another sum of credits": (
        lambda one: damaged("ledger_accounts", {"_id": one}, {"$inc": {"credits_minor": Int64(1)}}),
        {I2, TOTALS},
    ),
    "a counter that is wrong": (
        lambda one: damaged("ledger_accounts", {"_id": 3}, {"$inc": {"transactions": Int64(1)}}),
        {TOTALS},
    ),
    "a transaction lost": (lambda one: drop("ledger_transactions", {"key": "a1"}), {I4}),
    "the newest transaction lost": (lambda one: drop("ledger_transactions", {"key": "b4"}), {I4}),
    "a refused transaction lost": (lambda one: drop("ledger_transactions", {"key": "failed"}), {TOTALS}),
    "a failed transaction with entries": (
        lambda one: damaged("ledger_transactions", {"key": "a1"}, {"$set": {"status": "FAILED"}}),
        {I4, TOTALS},
    ),
    "a completed transaction without entries": (
        lambda one: damaged("ledger_transactions", {"key": "failed"}, {"$set": {"status": "COMPLETED"}}),
        {I4, TOTALS},
    ),
    "a transaction with another receiver": (
        lambda one: damaged("ledger_transactions", {"key": "a1"}, {"$set": {"receiver": ObjectId()}}),
        {I4},
    ),
    "an entry with other words, and nothing else": (
        lambda one: damaged("ledger_entries", {"account": one, "seq": 3}, {"$set": {"note": "rent"}}),
        {CHAIN},
    ),
    "an entry with other words and a hash that fits": (lambda one: rewritten(one, 3), {CHAIN}),
    "an entry and the link to it": (lambda one: linked(one, rewritten(one, 3)), {CHAIN}),
    "the last entry with a hash that fits": (lambda one: rewritten(one, 11), {CHAIN}),
    "another head": (
        lambda one: damaged("ledger_accounts", {"_id": one}, {"$set": {"head_hash": bytes(32)}}),
        {CHAIN},
    ),
    "an entry without an amount": (
        lambda one: damaged("ledger_entries", {"account": one, "seq": 3}, {"$unset": {"amount_minor": ""}}),
        {I2, I4, I5, CHAIN},
    ),
    "an entry without a hash": (
        lambda one: damaged("ledger_entries", {"account": one, "seq": 3}, {"$unset": {"hash": ""}}),
        {I2, I5, CHAIN},
    ),
    "a number that is a text": (
        lambda one: damaged("ledger_entries", {"account": one, "seq": 3}, {"$set": {"seq": "3"}}),
        {I2, I5, CHAIN},
    ),
    "an entry that names another transaction": (
        lambda one: damaged("ledger_entries", {"account": one, "seq": 3}, {"$set": {"transaction": ObjectId()}}),
        {I4, CHAIN},
    ),
    "a time that there is not": (
        lambda one: damaged("ledger_entries", {"account": one, "seq": 3}, {"$set": {"created_at": DatetimeMS(2**62)}}),
        {I5, CHAIN},
    ),
    "words that are no text": (
        lambda one: damaged("ledger_entries", {"account": one, "seq": 3}, NO_TEXT),
        {CHAIN},
    ),
    "a transaction before the first": (
        lambda one: books().transactions.insert_one(
            {**(books().transactions.find_one({"key": "a1"}) or {}), "_id": ObjectId(bytes(12)), "key": "zero"}
        ),
        {I4},
    ),
    "an account lost": (lambda one: drop("ledger_accounts", {"_id": one}), {I1, I5, TOTALS}),
    "an account with a balance that is a text": (
        lambda one: damaged("ledger_accounts", {"_id": one}, {"$set": {"balance_minor": "all"}}),
        {I1, I2},
    ),
}
