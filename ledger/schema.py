"""Collections, validators, indexes and system accounts, made by the ledger's migrations.

Each rule stands twice: in `ledger.rules` and here, where the database itself refuses what breaks it.
"""

from datetime import datetime
from typing import Any

from bson.int64 import Int64
from bson.objectid import ObjectId
from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne
from pymongo.collection import Collection
from pymongo.database import Database

from ledger import store
from ledger.chain import BEGINNING
from ledger.findings import FULL, MAX_VIOLATIONS, ROUND
from ledger.money import offered_currencies
from ledger.records import (
    ACTIVE,
    CLOSED,
    COMPLETED,
    CREDIT,
    CUSTOMER,
    DEBIT,
    FAILED,
    FROZEN,
    FUNDING,
    INACTIVE,
    PENDING,
    PIX,
    PROCESSING,
    REVERSED,
    SYSTEM,
    TRANSFER,
    now,
)
from ledger.stats import NOT_ACTIVE, NOT_ACTIVE_INDEX, SHARDS, shard_document

# How far below zero the system account of a currency may go, in minor units: it bounds all the money there can be,
# so that no balance comes near the end of 64 bits.
SYSTEM_OVERDRAFT_MINOR = 10**15

_LONG = {"bsonType": "long"}
_MONEY = _LONG
_POSITIVE = {"bsonType": "long", "minimum": 1}
_COUNT = {"bsonType": "long", "minimum": 0}
_ID = {"bsonType": "objectId"}
_ID_OR_NULL = {"bsonType": ["objectId", "null"]}
_DATE = {"bsonType": "date"}
_DATE_OR_NULL = {"bsonType": ["date", "null"]}
_TEXT = {"bsonType": "string"}
# Also for signatures.
_HASH = {"bsonType": "binData"}
_TEXT_OR_NULL = {"bsonType": ["string", "null"]}
_CURRENCY = {"bsonType": "string", "pattern": "^[A-Z]{3}$"}


def _one_of(*values: str) -> dict[str, Any]:
    return {"enum": list(values)}


def _exactly(
    _id: dict[str, Any] = _ID, _may_have: dict[str, Any] | None = None, **properties: dict[str, Any]
) -> dict[str, Any]:
    """A document with these fields, all of them, and no other but those that it may have."""
    fields = {"_id": _id, **properties}
    known = {**fields, **(_may_have or {})}
    return {"$jsonSchema": {"required": list(fields), "properties": known, "additionalProperties": False}}


_WITHIN_LIMIT = {
    "$expr": {"$gte": [{"$subtract": [{"$add": ["$balance_minor", "$overdraft_minor"]}, "$held_minor"]}, 0]}
}
_CLOSED_IS_EMPTY = {
    "$or": [{"status": {"$ne": CLOSED}}, {"balance_minor": {"$eq": Int64(0)}, "held_minor": {"$eq": Int64(0)}}]
}
_OVERDRAFT_IS_THE_SYSTEMS = {
    "$or": [
        {"kind": {"$eq": SYSTEM}, "owner": {"$eq": None}},
        {"kind": {"$eq": CUSTOMER}, "owner": {"$ne": None}, "overdraft_minor": {"$eq": Int64(0)}},
    ]
}
# With the id being unique, a transaction has at most one entry of each direction.
_ID_NAMES_TRANSACTION_AND_DIRECTION = {
    "$expr": {"$eq": ["$_id", {"$concat": [{"$toString": "$transaction"}, ":", "$direction"]}]}
}
# Leaves are found by their ids, so none may hide under that of another checkpoint. Written as in `checkpoints`.
_SIXTEEN_DIGITS = {"$substrCP": [{"$toString": {"$add": [Int64(10**16), "$checkpoint"]}}, 1, 16]}
_ID_NAMES_CHECKPOINT_AND_ACCOUNT = {
    "$expr": {"$eq": ["$_id", {"$concat": [_SIXTEEN_DIGITS, ":", {"$toString": "$account"}]}]}
}

_ACCOUNT = {
    "$and": [
        _exactly(
            kind=_one_of(CUSTOMER, SYSTEM),
            owner=_ID_OR_NULL,
            currency=_CURRENCY,
            status=_one_of(ACTIVE, FROZEN, CLOSED, INACTIVE),
            status_reason=_TEXT,
            balance_minor=_MONEY,
            held_minor=_COUNT,
            overdraft_minor=_COUNT,
            credits_minor=_COUNT,
            seq=_COUNT,
            head_hash=_HASH,
            version=_COUNT,
            posted_at=_DATE_OR_NULL,
            created_at=_DATE,
            updated_at=_DATE,
        ),
        _WITHIN_LIMIT,
        _CLOSED_IS_EMPTY,
        _OVERDRAFT_IS_THE_SYSTEMS,
    ]
}
# Counters among the accounts (`ledger.stats`). With the number as owner, one index keeps both kinds unique.
_SHARD_NUMBER = {"bsonType": "int", "minimum": 0, "maximum": SHARDS - 1}
_SHARD = _exactly(
    _id=_SHARD_NUMBER,
    owner=_SHARD_NUMBER,
    transactions=_COUNT,
    # Below zero where a retry, which takes a failure back, came to another process than the failure: only the sum of
    # all shards counts.
    failed=_LONG,
    volume_minor={"bsonType": "object", "additionalProperties": _COUNT},
)

_VIOLATION = {
    "bsonType": "object",
    "required": ["code", "text"],
    "properties": {"code": _TEXT, "text": _TEXT},
    "additionalProperties": False,
}
_IS_RUNNING = {"finished_at": {"$type": "null"}, "phase": {"$type": "string"}, "kind": {"$eq": ROUND}}
_KEPT_SECONDS = 90 * 24 * 60 * 60

VALIDATORS: dict[str, dict[str, Any]] = {
    store.ACCOUNTS: {"$or": [_ACCOUNT, _SHARD]},
    # One document for each owner, which all openings of that owner write: two at once conflict, and one waits.
    store.OWNERS: _exactly(accounts=_COUNT),
    store.TRANSACTIONS: {
        "$and": [
            _exactly(
                sender=_ID,
                receiver=_ID,
                amount_minor=_POSITIVE,
                currency=_CURRENCY,
                type=_one_of(TRANSFER, PIX, FUNDING),
                note=_TEXT,
                key={"bsonType": "string", "minLength": 1, "maxLength": 128},
                status=_one_of(PENDING, PROCESSING, COMPLETED, FAILED, REVERSED),
                failure_reason=_TEXT_OR_NULL,
                retry_count=_COUNT,
                sender_balance_minor={"bsonType": ["long", "null"]},
                attempt=_ID,
                actor=_ID_OR_NULL,
                created_at=_DATE,
                updated_at=_DATE,
                completed_at=_DATE_OR_NULL,
            ),
            {"$expr": {"$ne": ["$sender", "$receiver"]}},
            {"$or": [{"status": {"$ne": FAILED}}, {"failure_reason": {"$type": "string"}}]},
            {"$or": [{"status": {"$ne": COMPLETED}}, {"completed_at": {"$type": "date"}}]},
        ]
    },
    store.ENTRIES: {
        "$and": [
            _exactly(
                _id=_TEXT,
                account=_ID,
                seq=_POSITIVE,
                direction=_one_of(DEBIT, CREDIT),
                amount_minor=_POSITIVE,
                currency=_CURRENCY,
                balance_after_minor=_MONEY,
                credits_after_minor=_COUNT,
                counterparty=_ID,
                transaction=_ID,
                note=_TEXT,
                created_at=_DATE,
                previous_hash=_HASH,
                hash=_HASH,
            ),
            _ID_NAMES_TRANSACTION_AND_DIRECTION,
        ]
    },
    store.AUDIT: _exactly(
        # Records of the first versions name no request, and have to be accepted when they are restored.
        _may_have={"request_id": {"bsonType": "string", "pattern": "^[A-Za-z0-9-]{0,64}$"}},
        action=_TEXT,
        event=_TEXT_OR_NULL,
        status=_one_of("SUCCESS", "FAILED"),
        actor=_ID_OR_NULL,
        subject=_ID_OR_NULL,
        accounts={"bsonType": "array", "items": _ID},
        at=_DATE,
        address=_TEXT,
        surface=_one_of("browser", "api", "command"),
        details={"bsonType": "object"},
    ),
    store.LEASES: _exactly(_id=_TEXT, holder=_ID, until=_DATE),
    store.CHECKPOINTS: _exactly(
        _id={"bsonType": "long", "minimum": 1},
        at=_DATE,
        accounts=_POSITIVE,
        root=_HASH,
        previous=_HASH,
        key=_TEXT,
        signature=_HASH,
    ),
    store.HEADS: {
        "$and": [
            _exactly(
                _id=_TEXT,
                account=_ID,
                checkpoint=_POSITIVE,
                first_seq=_POSITIVE,
                last_seq=_POSITIVE,
                head=_HASH,
                entries_root=_HASH,
                index=_COUNT,
                path={"bsonType": "array", "items": _HASH},
            ),
            _ID_NAMES_CHECKPOINT_AND_ACCOUNT,
        ]
    },
    store.VERIFICATIONS: {
        "$and": [
            _exactly(
                _id={"bsonType": "long", "minimum": 1},
                kind=_one_of(FULL, ROUND),
                phase=_TEXT_OR_NULL,
                cursor={"bsonType": ["object", "null"]},
                part=_COUNT,
                expected=_COUNT,
                accounts=_COUNT,
                transactions=_COUNT,
                entries=_COUNT,
                violations={"bsonType": "array", "maxItems": MAX_VIOLATIONS, "items": _VIOLATION},
                counts={"bsonType": "object", "additionalProperties": _POSITIVE},
                proved={"bsonType": "object", "additionalProperties": _DATE},
                started_at=_DATE,
                finished_at=_DATE_OR_NULL,
            ),
            {"$or": [{"finished_at": {"$type": "date"}, "phase": {"$eq": None}}, _IS_RUNNING]},
        ]
    },
}

# The index by which the entries of an account are read in their order.
PER_ACCOUNT = "gapless_per_account"

# Every state but COMPLETED, which sorts before the others: the few that an operator or a sender looks for. A transfer
# that completes pays nothing for an index of these.
_NOT_COMPLETED = {"status": {"$gt": COMPLETED}}
# How the actions of every posting and every refused one begin, of which the audit log is full.
MONEY_MOVED = ("funding.", "transfer.")
_NO_MONEY_MOVED = {
    "$or": [
        {"action": {"$lt": "funding."}},
        {"action": {"$gte": "funding/", "$lt": "transfer."}},
        {"action": {"$gte": "transfer/"}},
    ]
}

# Every transfer pays for the full indexes, so there is none that a partial one, or the ids, which go in the order of
# time, can stand in for. `docs/performance.md` says which question each one answers.
INDEXES: dict[str, list[IndexModel]] = {
    store.OWNERS: [],
    store.ACCOUNTS: [
        IndexModel([("owner", ASCENDING), ("currency", ASCENDING)], unique=True, name="one_per_owner_and_currency"),
        # The few that an operator looks for. A transfer changes neither of the two.
        IndexModel([("owner", DESCENDING)], name="frozen_by_owner", partialFilterExpression={"status": FROZEN}),
        IndexModel([("status", ASCENDING)], name=NOT_ACTIVE_INDEX, partialFilterExpression=NOT_ACTIVE),
    ],
    store.TRANSACTIONS: [
        IndexModel([("sender", ASCENDING), ("key", ASCENDING)], unique=True, name="one_per_sender_and_key"),
        IndexModel(
            [("status", ASCENDING), ("_id", DESCENDING)],
            name="not_completed",
            partialFilterExpression=_NOT_COMPLETED,
        ),
        IndexModel(
            [("sender", ASCENDING), ("_id", DESCENDING)],
            name="not_completed_by_sender",
            partialFilterExpression=_NOT_COMPLETED,
        ),
    ],
    store.ENTRIES: [
        IndexModel([("account", ASCENDING), ("seq", DESCENDING)], unique=True, name=PER_ACCOUNT),
        IndexModel([("account", ASCENDING), ("created_at", DESCENDING), ("seq", DESCENDING)], name="as_of"),
    ],
    store.AUDIT: [
        IndexModel([("subject", ASCENDING), ("_id", DESCENDING)], name="by_subject"),
        IndexModel(
            [("action", ASCENDING), ("_id", DESCENDING)],
            name="by_action",
            partialFilterExpression=_NO_MONEY_MOVED,
        ),
    ],
    store.PROCESSES: [],
    store.LEASES: [],
    store.CHECKPOINTS: [],
    store.HEADS: [
        IndexModel([("account", ASCENDING), ("last_seq", DESCENDING)], unique=True, name="newest_per_account"),
    ],
    store.VERIFICATIONS: [
        IndexModel(
            [("kind", ASCENDING)],
            unique=True,
            name="one_running",
            partialFilterExpression={"finished_at": {"$type": "null"}},
        ),
        IndexModel([("kind", ASCENDING), ("_id", DESCENDING)], name="newest_of_kind"),
        # Rounds follow one another for ever; what a person asked for is kept.
        IndexModel(
            [("finished_at", ASCENDING)],
            name="rounds_expire",
            expireAfterSeconds=_KEPT_SECONDS,
            partialFilterExpression={"kind": {"$eq": ROUND}},
        ),
    ],
}

# What the application's role in the database may do to each collection (`config.roles`), and no more.
PRIVILEGES: dict[str, tuple[str, ...]] = {
    store.ACCOUNTS: ("find", "insert", "update"),
    store.OWNERS: ("find", "insert", "update"),
    # Whoever checks the books looks whether the unique indexes are there.
    store.TRANSACTIONS: ("find", "insert", "update", "listIndexes"),
    store.ENTRIES: ("find", "insert", "listIndexes"),
    store.AUDIT: ("find", "insert", "changeStream"),
    store.PROCESSES: ("find", "insert", "update", "remove"),
    store.LEASES: ("find", "insert", "update", "remove"),
    store.CHECKPOINTS: ("find", "insert"),
    # What a checkpoint that was never finished left is removed; the finished ones are signed as a whole.
    store.HEADS: ("find", "insert", "remove"),
    store.VERIFICATIONS: ("find", "insert", "update"),
}
# What is never changed once it is written (I7).
WRITTEN_ONCE = (store.ENTRIES, store.AUDIT, store.CHECKPOINTS)


def schema_apply(database: Database[dict[str, Any]]) -> None:
    """Make the collections with their validators and indexes, or bring existing ones up to date."""
    existing = set(database.list_collection_names())
    for name, indexes in INDEXES.items():
        validator = VALIDATORS.get(name, {})
        if name in existing:
            database.command("collMod", name, validator=validator)
            _drop_outdated(database[name], indexes)
        else:
            database.create_collection(name, validator=validator)
        if indexes:
            database[name].create_indexes(indexes)


def _drop_outdated(collection: Collection[dict[str, Any]], indexes: list[IndexModel]) -> None:
    """Drop the indexes that are no longer made like this: every write would go on paying for them."""
    wanted = [dict(index.document) for index in indexes]
    for found in collection.list_indexes():
        made = {name: value for name, value in found.items() if name != "v"}
        if made["name"] != "_id_" and made not in wanted:
            collection.drop_index(made["name"])


def books_open(database: Database[dict[str, Any]]) -> None:
    """Write what every ledger begins with, as far as it is not there: counters, and a system account per currency.

    A system account belongs to no customer.
    """
    shards = [shard_document(number) for number in range(SHARDS)]
    writes = [UpdateOne({"_id": shard["_id"]}, {"$setOnInsert": shard}, upsert=True) for shard in shards]
    database[store.ACCOUNTS].bulk_write(writes, ordered=False)
    for currency in offered_currencies():
        database[store.ACCOUNTS].update_one(
            {"owner": None, "currency": currency},
            {"$setOnInsert": account_document(kind=SYSTEM, owner=None, currency=currency)},
            upsert=True,
        )


def account_document(
    *, kind: str, owner: ObjectId | None, currency: str, status: str = ACTIVE, at: datetime | None = None
) -> dict[str, Any]:
    """Return a new account's document, with nothing on it."""
    moment = at or now()
    return {
        "_id": ObjectId(),
        "kind": kind,
        "owner": owner,
        "currency": currency,
        "status": status,
        "status_reason": "",
        "balance_minor": Int64(0),
        "held_minor": Int64(0),
        "overdraft_minor": Int64(SYSTEM_OVERDRAFT_MINOR if kind == SYSTEM else 0),
        "credits_minor": Int64(0),
        "seq": Int64(0),
        "head_hash": BEGINNING,
        "version": Int64(0),
        "posted_at": None,
        "created_at": moment,
        "updated_at": moment,
    }
