"""Collections, validators and indexes of the outbox, and what it begins with."""

from typing import Any

from bson.int64 import Int64
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.database import Database

from banking.outbox.records import (
    DEAD,
    DELIVERED,
    DELIVERIES,
    LONGEST_ERROR,
    NEWEST_UNREAD,
    NOTIFICATIONS,
    OUTBOX,
    PENDING,
    REMEMBERED_SECONDS,
    STREAMS,
)

_ID = {"bsonType": "objectId"}
_ID_OR_NULL = {"bsonType": ["objectId", "null"]}
_DATE = {"bsonType": "date"}
_DATE_OR_NULL = {"bsonType": ["date", "null"]}
_COUNT = {"bsonType": "long", "minimum": 0}
_TEXT = {"bsonType": "string"}
_NAME = {"bsonType": "string", "minLength": 1}
_ONLY_PENDING = {"state": {"$eq": PENDING}}


def _exactly(_id: dict[str, Any], **properties: dict[str, Any]) -> dict[str, Any]:
    fields = {"_id": _id, **properties}
    return {"$jsonSchema": {"required": list(fields), "properties": fields, "additionalProperties": False}}


VALIDATORS: dict[str, dict[str, Any]] = {
    # How far the relay has come: `token` is the place in the change stream, `begin` where it is opened without one;
    # neither means that the place is lost.
    OUTBOX: _exactly(
        _id={"enum": ["relay"]},
        token={"bsonType": ["object", "null"]},
        begin={"bsonType": ["timestamp", "null"]},
        at=_DATE,
        version=_COUNT,
        position=_COUNT,
    ),
    DELIVERIES: {
        "$and": [
            _exactly(
                _id=_NAME,
                event_id=_ID,
                event=_NAME,
                event_at=_DATE,
                consumer=_NAME,
                target=_ID_OR_NULL,
                account=_ID,
                owner=_ID,
                stream=_NAME,
                position={"bsonType": "long", "minimum": 1},
                state={"enum": [PENDING, DELIVERED, DEAD]},
                attempts=_COUNT,
                last_error={"bsonType": "string", "maxLength": LONGEST_ERROR},
                request_id=_TEXT,
                created_at=_DATE,
                due_at=_DATE,
                finished_at=_DATE_OR_NULL,
                payload={"bsonType": "object"},
            ),
            {
                "$or": [
                    {"state": {"$eq": PENDING}, "finished_at": {"$eq": None}},
                    {"state": {"$ne": PENDING}, "finished_at": {"$type": "date"}},
                ]
            },
        ]
    },
    STREAMS: _exactly(
        _id=_NAME,
        consumer=_NAME,
        target=_ID_OR_NULL,
        due_at=_DATE,
        holder=_ID_OR_NULL,
        pushed={"bsonType": "long", "minimum": 1},
    ),
    NOTIFICATIONS: _exactly(
        _id=_NAME,
        user=_ID,
        account=_ID,
        kind=_NAME,
        event_id=_ID,
        data={"bsonType": "object"},
        created_at=_DATE,
        read_at=_DATE_OR_NULL,
    ),
}

INDEXES: dict[str, list[IndexModel]] = {
    OUTBOX: [],
    DELIVERIES: [
        IndexModel(
            [("stream", ASCENDING), ("position", ASCENDING)],
            name="pending_of_stream",
            partialFilterExpression=_ONLY_PENDING,
        ),
        IndexModel([("position", ASCENDING)], name="pending", partialFilterExpression=_ONLY_PENDING),
        IndexModel(
            [("position", DESCENDING)], name="dead_newest_first", partialFilterExpression={"state": {"$eq": DEAD}}
        ),
        IndexModel(
            [("target", ASCENDING), ("position", DESCENDING)],
            name="newest_of_target",
            partialFilterExpression={"target": {"$type": "objectId"}},
        ),
        IndexModel(
            [("finished_at", ASCENDING)],
            name="forgotten",
            expireAfterSeconds=REMEMBERED_SECONDS,
            partialFilterExpression={"state": {"$eq": DELIVERED}},
        ),
    ],
    STREAMS: [
        IndexModel([("consumer", ASCENDING), ("due_at", ASCENDING)], name="due"),
        IndexModel(
            [("target", ASCENDING), ("due_at", ASCENDING)],
            name="due_of_target",
            partialFilterExpression={"target": {"$type": "objectId"}},
        ),
    ],
    NOTIFICATIONS: [
        IndexModel([("user", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)], name="newest_of_user"),
        IndexModel(
            [("user", ASCENDING), ("created_at", DESCENDING), ("_id", DESCENDING)],
            name=NEWEST_UNREAD,
            partialFilterExpression={"read_at": {"$eq": None}},
        ),
    ],
}

# What the application may do. The place of the relay is written by the migrations, and then only moved; deliveries are
# forgotten by the database itself, and dead ones by nobody.
PRIVILEGES: dict[str, tuple[str, ...]] = {
    OUTBOX: ("find", "update"),
    DELIVERIES: ("find", "insert", "update"),
    STREAMS: ("find", "insert", "update", "remove"),
    NOTIFICATIONS: ("find", "insert", "update"),
}


def outbox_open(database: Database[dict[str, Any]]) -> None:
    """Write where the relay begins, if that has not been written: at the present, for nobody waits for older news."""
    reply = database.command("ping")
    begin = reply["operationTime"]
    beginning = {
        "token": None,
        "begin": begin,
        "at": begin.as_datetime(),
        "version": Int64(0),
        "position": Int64(0),
    }
    database[OUTBOX].update_one({"_id": "relay"}, {"$setOnInsert": beginning}, upsert=True)


def outbox_restored(database: Database[dict[str, Any]]) -> None:
    """Tell the relay that its place means nothing here: the database was restored from a copy of another one.

    The next relay goes on at the present, after it has relayed what has no deliveries since the copy was made. Without
    this the restored records would look like new ones, and years of events would be delivered again.
    """
    lost = {"$set": {"token": None, "begin": None}, "$inc": {"version": Int64(1)}}
    database[OUTBOX].update_one({"_id": "relay"}, lost)
