"""Deliveries as they are kept: one document for each event, consumer, account and target, and a queue of streams.

A *delivery* is one event that one consumer is to tell about one account. A *stream* is what has to stay in order:
the deliveries of one consumer about one account, to one target. The streams are the queue: one of them has a document
as long as it has a delivery to make, and whoever holds it is the only one who works on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson.objectid import ObjectId
from pymongo import WriteConcern
from pymongo.collection import Collection
from pymongo.read_concern import ReadConcern

from ledger.store import database

OUTBOX = "banking_outbox"
DELIVERIES = "banking_deliveries"
STREAMS = "banking_streams"
NOTIFICATIONS = "banking_notifications"
# The name of the index that has only what is new.
NEWEST_UNREAD = "newest_unread"

# States of a delivery. A DELIVERED one is forgotten after a while, a DEAD one waits for somebody to look at it.
PENDING, DELIVERED, DEAD = "PENDING", "DELIVERED", "DEAD"
REMEMBERED_SECONDS = 30 * 24 * 60 * 60
LONGEST_ERROR = 300

Document = dict[str, Any]


def outbox() -> Collection[Document]:
    """Return how far the relay has come: one document."""
    return database()[OUTBOX]


def deliveries() -> Collection[Document]:
    return database()[DELIVERIES]


def streams() -> Collection[Document]:
    return database()[STREAMS]


def notifications() -> Collection[Document]:
    return database()[NOTIFICATIONS]


def hastily(collection: Collection[Document]) -> Collection[Document]:
    """Return a collection for the bookkeeping of a worker: the newest state there is, and no wait for the disk.

    A fail-over may lose the note that something was delivered. It is then delivered again, which may happen anyway.
    """
    return collection.with_options(read_concern=ReadConcern("local"), write_concern=WriteConcern(w=1))


def stream_name(consumer: str, target: ObjectId | None, account: ObjectId) -> str:
    """Return the name of what has to stay in order."""
    return f"{consumer}:{target or ''}:{account}"


def delivery_id(event: ObjectId, consumer: str, target: ObjectId | None, account: ObjectId) -> str:
    """Return the id of a delivery, always the same one: being unique, it keeps an event from being relayed twice."""
    return f"{event}:{stream_name(consumer, target, account)}"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as it stood when it was read.

    Args:
        id: the same for ever, whatever is lost and done again: receivers may tell a repetition by it.
        event_id, event: of the event, and its name, such as `transaction.completed`.
        event_at: when it happened.
        consumer: whose work it is: `notification`, `email` or `webhook`.
        target: where to, if the consumer knows several places: a webhook's endpoint.
        account: which account it is about.
        owner: the customer to whom the account belongs.
        stream: what has to stay in order.
        position: grows in the order of the commits; unique.
        state: PENDING, DELIVERED or DEAD.
        attempts: how often it was tried.
        last_error: why the last attempt failed, or why nothing had to be sent; no secrets.
        request_id: of the request that caused the event, or empty.
        due_at: when it is tried again, as far as the stream is free.
        payload: what the consumer noted for itself when the event was relayed.
    """

    id: str
    event_id: ObjectId
    event: str
    event_at: datetime
    consumer: str
    target: ObjectId | None
    account: ObjectId
    owner: ObjectId
    stream: str
    position: int
    state: str
    attempts: int
    last_error: str
    request_id: str
    created_at: datetime
    due_at: datetime
    finished_at: datetime | None
    payload: Document

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Delivery:
        values = {name: document[name] for name in cls.__slots__ if name != "id"}
        for name in ("position", "attempts"):
            values[name] = int(values[name])
        return cls(id=document["_id"], **values)
