"""Collections, validators and indexes of payment runs and of days, with those of the outbox and of webhooks.

The migrations make them. What the services see to is refused here too: a run in a state that does not exist, a paid
line without a transaction, the same content twice.
"""

from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.database import Database

from banking.day_records import DAYS
from banking.outbox import schema as outbox_schema
from banking.run_records import CHECKED, CHECKING, DONE, FAILED, LEFT_OUT, LINES, PAID, PAYING, READY, RUNS, WRONG
from banking.webhooks import schema as webhook_schema

_ID = {"bsonType": "objectId"}
_ID_OR_NULL = {"bsonType": ["objectId", "null"]}
_DATE = {"bsonType": "date"}
_DATE_OR_NULL = {"bsonType": ["date", "null"]}
_COUNT = {"bsonType": "long", "minimum": 0}
_TEXT = {"bsonType": "string"}
_TEXT_OR_NULL = {"bsonType": ["string", "null"]}
_FLAG = {"bsonType": "bool"}


def _exactly(_id: dict[str, Any] = _ID, **properties: dict[str, Any]) -> dict[str, Any]:
    fields = {"_id": _id, **properties}
    return {"$jsonSchema": {"required": list(fields), "properties": fields, "additionalProperties": False}}


VALIDATORS: dict[str, dict[str, Any]] = {
    RUNS: {
        "$and": [
            _exactly(
                owner=_ID,
                account=_ID,
                currency={"bsonType": "string", "pattern": "^[A-Z]{3}$"},
                name={"bsonType": "string", "maxLength": 120},
                digest={"bsonType": "string", "pattern": "^[0-9a-f]{64}$"},
                occurrence={"bsonType": "long", "minimum": 1},
                status={"enum": [CHECKING, CHECKED, PAYING, DONE]},
                check=_ID,
                line_count=_COUNT,
                ready_count=_COUNT,
                ready_minor=_COUNT,
                paid_count=_COUNT,
                paid_minor=_COUNT,
                leave_out=_FLAG,
                address=_TEXT,
                holder=_ID_OR_NULL,
                lease_until=_DATE_OR_NULL,
                stalled_at=_DATE_OR_NULL,
                created_at=_DATE,
                checked_at=_DATE_OR_NULL,
                confirmed_at=_DATE_OR_NULL,
                done_at=_DATE_OR_NULL,
            ),
            {"$or": [{"status": {"$eq": CHECKING}}, {"checked_at": {"$type": "date"}}]},
            {"$or": [{"status": {"$in": [CHECKING, CHECKED]}}, {"confirmed_at": {"$type": "date"}}]},
            {"$or": [{"status": {"$ne": DONE}}, {"done_at": {"$type": "date"}}]},
        ]
    },
    LINES: {
        "$and": [
            _exactly(
                run=_ID,
                check=_ID,
                account=_ID,
                number={"bsonType": "long", "minimum": 1},
                payee=_TEXT,
                amount=_TEXT,
                note=_TEXT,
                receiver=_ID_OR_NULL,
                name=_TEXT,
                amount_minor={"bsonType": ["long", "null"], "minimum": 1},
                state={"enum": [WRONG, READY, LEFT_OUT, PAID, FAILED]},
                code=_TEXT_OR_NULL,
                problem=_TEXT,
                twin=_FLAG,
                repeats=_FLAG,
                transaction=_ID_OR_NULL,
                paid_at=_DATE_OR_NULL,
            ),
            {"$or": [{"state": {"$ne": PAID}}, {"transaction": {"$type": "objectId"}, "paid_at": {"$type": "date"}}]},
            {
                "$or": [
                    {"state": {"$eq": WRONG}},
                    {"receiver": {"$type": "objectId"}, "amount_minor": {"$type": "long"}},
                ]
            },
        ]
    },
    DAYS: _exactly(
        _id={"bsonType": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        transactions=_COUNT,
        failed=_COUNT,
        volume_minor={"bsonType": "object", "additionalProperties": _COUNT},
        people=_COUNT,
    ),
    **outbox_schema.VALIDATORS,
    **webhook_schema.VALIDATORS,
}

INDEXES: dict[str, list[IndexModel]] = {
    RUNS: [
        IndexModel(
            [("account", ASCENDING), ("digest", ASCENDING), ("occurrence", ASCENDING)],
            unique=True,
            name="one_per_content_and_occurrence",
            # A run that is still being written has not happened yet.
            partialFilterExpression={"checked_at": {"$type": "date"}},
        ),
        IndexModel([("owner", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)], name="newest_of_owner"),
        IndexModel(
            [("created_at", ASCENDING)], name="unfinished", partialFilterExpression={"status": {"$eq": CHECKING}}
        ),
        IndexModel(
            [("confirmed_at", ASCENDING)], name="being_paid", partialFilterExpression={"status": {"$eq": PAYING}}
        ),
    ],
    LINES: [
        IndexModel(
            [("run", ASCENDING), ("check", ASCENDING), ("number", ASCENDING)], unique=True, name="one_per_number"
        ),
        IndexModel(
            [("run", ASCENDING), ("check", ASCENDING), ("state", ASCENDING), ("number", ASCENDING)], name="by_state"
        ),
        IndexModel(
            [("account", ASCENDING), ("paid_at", DESCENDING)],
            name="paid_lately",
            partialFilterExpression={"state": {"$eq": PAID}},
        ),
    ],
    DAYS: [],
    **outbox_schema.INDEXES,
    **webhook_schema.INDEXES,
}

# What the application's role in the database may do to each collection (`config.roles`), and no more.
PRIVILEGES: dict[str, tuple[str, ...]] = {
    RUNS: ("find", "insert", "update", "remove"),
    LINES: ("find", "insert", "update", "remove"),
    DAYS: ("find", "insert", "update"),
    # The mark of the demo's data (`banking.demo`).
    "banking_demo": ("find", "insert", "update"),
    **outbox_schema.PRIVILEGES,
    **webhook_schema.PRIVILEGES,
}


def schema_apply(database: Database[dict[str, Any]]) -> None:
    """Make the collections with their validators and indexes, or bring existing ones up to date."""
    existing = set(database.list_collection_names())
    for name, indexes in INDEXES.items():
        if name in existing:
            database.command("collMod", name, validator=VALIDATORS[name])
        else:
            database.create_collection(name, validator=VALIDATORS[name])
        if indexes:
            database[name].create_indexes(indexes)
