"""The database refuses by itself what the service would never write."""

from datetime import UTC, datetime
from typing import Any

import pytest
from bson.int64 import Int64
from bson.objectid import ObjectId
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, WriteError

from ledger.records import CUSTOMER, SYSTEM
from ledger.schema import account_document, schema_apply
from ledger.store import books
from tests.ledger.conftest import Opener, send


def transaction_document(**changes: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "_id": ObjectId(),
        "sender": ObjectId(),
        "receiver": ObjectId(),
        "amount_minor": Int64(1),
        "currency": "INR",
        "type": "TRANSFER",
        "note": "",
        "key": "k",
        "status": "COMPLETED",
        "failure_reason": None,
        "retry_count": Int64(0),
        "sender_balance_minor": Int64(0),
        "attempt": ObjectId(),
        "actor": None,
        "created_at": now,
        "updated_at": now,
        "completed_at": now,
        **changes,
    }


def entry_document(transaction: ObjectId | None = None, **changes: Any) -> dict[str, Any]:
    transaction = transaction or ObjectId()
    return {
        "_id": f"{transaction}:DEBIT",
        "account": ObjectId(),
        "seq": Int64(1),
        "direction": "DEBIT",
        "amount_minor": Int64(1),
        "currency": "INR",
        "balance_after_minor": Int64(0),
        "credits_after_minor": Int64(0),
        "counterparty": ObjectId(),
        "transaction": transaction,
        "note": "",
        "created_at": datetime.now(UTC),
        "previous_hash": bytes(32),
        "hash": bytes(32),
        **changes,
    }


def test_the_documents_of_these_tests_are_good(bank_db: object) -> None:
    books().transactions.insert_one(transaction_document())
    books().entries.insert_one(entry_document())


SAME = ObjectId()


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_minor": Int64(0)},
        {"amount_minor": Int64(-5)},
        {"amount_minor": 5.0},
        {"amount_minor": 5},
        {"status": "DONE"},
        {"type": "GIFT"},
        {"currency": "rupees"},
        {"key": ""},
        {"key": {"$gt": ""}},
        {"sender": SAME, "receiver": SAME},
        {"status": "FAILED", "failure_reason": None},
        {"completed_at": None},
        {"unknown": 1},
    ],
)
def test_a_bad_transaction_is_refused(bank_db: object, changes: dict[str, Any]) -> None:
    with pytest.raises(WriteError):
        books().transactions.insert_one(transaction_document(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"seq": Int64(0)},
        {"_id": ObjectId()},
        {"_id": f"{ObjectId()}:DEBIT"},
        {"direction": "CREDIT"},
        {"credits_after_minor": Int64(-1)},
        {"direction": "BOTH"},
        {"amount_minor": 1.5},
        {"balance_after_minor": 1},
        {"created_at": "today"},
        {"hash": "00" * 32},
        {"previous_hash": None},
        {"more": 1},
    ],
)
def test_a_bad_entry_is_refused(bank_db: object, changes: dict[str, Any]) -> None:
    with pytest.raises(WriteError):
        books().entries.insert_one(entry_document(**changes))


@pytest.mark.parametrize(
    "change",
    [
        {"$set": {"balance_minor": Int64(-1)}},
        {"$set": {"held_minor": Int64(1)}},
        {"$set": {"balance_minor": 1.5}},
        {"$set": {"overdraft_minor": Int64(100)}},
        {"$set": {"status": "BLOCKED"}},
        {"$set": {"owner": None}},
        {"$set": {"balance_minor": Int64(5), "status": "CLOSED"}},
        {"$unset": {"version": ""}},
    ],
)
def test_a_customers_account_cannot_be_bent_from_outside(bank_db: object, change: dict[str, Any]) -> None:
    account = account_document(kind=CUSTOMER, owner=ObjectId(), currency="INR")
    books().accounts.insert_one(account)
    with pytest.raises(WriteError):
        books().accounts.update_one({"_id": account["_id"]}, change)


def test_one_account_for_owner_and_currency(bank_db: object) -> None:
    owner = ObjectId()
    books().accounts.insert_one(account_document(kind=CUSTOMER, owner=owner, currency="INR"))
    with pytest.raises(DuplicateKeyError):
        books().accounts.insert_one(account_document(kind=CUSTOMER, owner=owner, currency="INR"))
    with pytest.raises(DuplicateKeyError):
        books().accounts.insert_one(account_document(kind=SYSTEM, owner=None, currency="INR"))


def test_one_transaction_for_sender_and_key(bank_db: object) -> None:
    sender = ObjectId()
    books().transactions.insert_one(transaction_document(sender=sender))
    with pytest.raises(DuplicateKeyError):
        books().transactions.insert_one(transaction_document(sender=sender))


def test_one_entry_for_account_and_number_and_for_side(bank_db: object) -> None:
    entry = entry_document()
    books().entries.insert_one(entry)
    with pytest.raises(DuplicateKeyError):
        books().entries.insert_one(entry_document(account=entry["account"]))
    with pytest.raises(DuplicateKeyError):
        books().entries.insert_one(entry_document(transaction=entry["transaction"]))


def test_money_is_stored_as_64_bit_integers(open_account: Opener, bank_db: Database[dict[str, Any]]) -> None:
    one, two = open_account(100), open_account()
    send(one, two, "33.33", "k")
    for collection in ("ledger_accounts", "ledger_transactions", "ledger_entries"):
        for document in bank_db[collection].find():
            money = [value for name, value in document.items() if name.endswith("_minor") and value is not None]
            # A counter has its volume by currency.
            by_currency = [value for found in money if isinstance(found, dict) for value in found.values()]
            assert {type(value) for value in [*money, *by_currency]} <= {Int64, dict}


def test_applying_the_schema_drops_an_index_that_is_no_longer_made(owner_db: Database[dict[str, Any]]) -> None:
    before = owner_db["ledger_audit"].index_information()
    owner_db["ledger_audit"].create_index([("at", -1)], name="of_old")
    owner_db["ledger_audit"].drop_index("by_subject")
    owner_db["ledger_audit"].create_index([("subject", 1), ("at", -1)], name="by_subject")
    schema_apply(owner_db)
    assert owner_db["ledger_audit"].index_information() == before


def test_applying_the_schema_again_changes_nothing(owner_db: Database[dict[str, Any]]) -> None:
    before = {name: owner_db[name].index_information() for name in owner_db.list_collection_names()}
    schema_apply(owner_db)
    assert {name: owner_db[name].index_information() for name in owner_db.list_collection_names()} == before
