"""Looking at deliveries: the dead ones, those to a target, and how far the outbox is behind."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bson.int64 import Int64
from bson.objectid import ObjectId

from banking.errors import DeliveryNotFound
from banking.outbox.place import Place
from banking.outbox.records import DEAD, PENDING, Delivery, Document, deliveries
from ledger.cursors import cursor_read, cursor_write, number_read
from ledger.event_stream import oldest_event_after
from ledger.newest import limit_bounded
from ledger.records import now

# Counting goes no further than this: more than a person or an alarm has to know.
MOST_COUNTED = 10_000
_CURSOR = re.compile(r"position:([0-9]{1,19})", re.ASCII)


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Some deliveries, newest first, and the cursor that leads on; None after the last one."""

    deliveries: list[Delivery]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class OutboxLag:
    """How far the outbox is behind.

    Args:
        relay_seconds: age of the oldest event that has not become deliveries; 0 when there is none. It grows when no
            worker runs.
        seconds: age of the oldest event that is not delivered to everybody; 0 when there is none. One customer's
            server that is down keeps it up for a day. Dead deliveries, which nobody waits for any more, do not count.
        pending, dead: deliveries, counted up to `MOST_COUNTED`.
    """

    relay_seconds: float
    seconds: float
    pending: int
    dead: int


def deliveries_dead(*, cursor: str | None = None, limit: int = 20) -> DeliveryPage:
    """Return the dead deliveries, newest event first.

    Args:
        cursor: `next_cursor` of an earlier page.
        limit: deliveries a page, 1 to 50.

    Raises:
        CursorInvalid: the cursor was not made here.
    """
    return _page({"state": DEAD}, "dead_newest_first", cursor, limit)


def deliveries_of_target(*, target: ObjectId, cursor: str | None = None, limit: int = 20) -> DeliveryPage:
    """Return the deliveries to a target in any state, newest event first; as `deliveries_dead`."""
    return _page({"target": target}, "newest_of_target", cursor, limit)


def deliveries_dead_oldest(limit: int) -> list[Delivery]:
    """Return the dead deliveries of the oldest events, oldest first."""
    found = deliveries().find({"state": DEAD}).sort("position", 1).limit(limit).hint("dead_newest_first")
    return [Delivery.of(document) for document in found]


def delivery_get(delivery_id: object) -> Delivery:
    """Return a delivery; for operators.

    Raises:
        DeliveryNotFound: there is none (any more).
    """
    found = deliveries().find_one({"_id": str(delivery_id)})
    if found is None:
        raise DeliveryNotFound
    return Delivery.of(found)


def outbox_lag() -> OutboxLag:
    """Return how far the outbox is behind, at a cost that does not grow with the ledger."""
    not_relayed = _age(oldest_event_after(Place.read().at))
    not_delivered = max(not_relayed, _age(_oldest_pending()))
    return OutboxLag(not_relayed, not_delivered, _counted(PENDING, "pending"), _counted(DEAD, "dead_newest_first"))


def _age(moment: datetime | None) -> float:
    return 0.0 if moment is None else max(0.0, (now() - moment).total_seconds())


def _page(where: Document, index: str, cursor: str | None, limit: int) -> DeliveryPage:
    size = limit_bounded(limit)
    before: Sequence[Document] = [] if cursor is None else [{"position": {"$lt": _position_of(cursor)}}]
    query = {"$and": [where, *before]}
    found = list(deliveries().find(query).sort("position", -1).limit(size + 1).hint(index))
    after = cursor_write(f"position:{found[size - 1]['position']}") if len(found) > size else None
    return DeliveryPage([Delivery.of(document) for document in found[:size]], after)


def _position_of(cursor: str) -> Int64:
    (digits,) = cursor_read(cursor, _CURSOR)
    return Int64(number_read(digits))


def _oldest_pending() -> datetime | None:
    # Nearly always the oldest, and for certain among the oldest: events are relayed in the order of their commits.
    found = deliveries().find({"state": PENDING}, {"event_at": 1}).sort("position", 1).limit(1).hint("pending")
    return next((document["event_at"] for document in found), None)


def _counted(state: str, index: str) -> int:
    return deliveries().count_documents({"state": state}, limit=MOST_COUNTED, hint=index)
