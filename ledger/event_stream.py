"""Reading the events as they are committed, from any place on.

The ids of events are not in the order of their commits, so reading by id would pass over what commits late. The
change stream of the audit log is in that order, holds nothing that can be rolled back any more, and can be taken up
again at a token, for as long as the replica set's log reaches back to it.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import structlog
from bson.objectid import ObjectId
from bson.timestamp import Timestamp
from pymongo.change_stream import CollectionChangeStream
from pymongo.errors import OperationFailure

from ledger.events import Event
from ledger.records import Document, first_id_at
from ledger.store import books

# How long a look for events waits for the first one, or for the next; and how long one look gathers at most.
WAIT_MILLISECONDS = 100
_GATHER_SECONDS = 0.2
_SCANNED_AT_ONCE = 200
# How many audit records are looked into for one that is an event.
_LOOKED_INTO = 1_000
_ONLY_EVENTS = [{"$match": {"operationType": "insert", "fullDocument.event": {"$type": "string"}}}]
# The log has gone on too far; the token is of another database; the token is none, in one of many ways.
_PLACE_LOST = {286, 280, 260, 9, 15, 40647, 40649, 50811}

_log = structlog.get_logger(__name__)
Token = Mapping[str, Any]


class PlaceLost(Exception):
    """The log of the replica set does not reach back to the place any more, or has never known it."""


class EventStream:
    """An open change stream."""

    def __init__(self, stream: CollectionChangeStream[Document]) -> None:
        self._stream = stream

    @property
    def token(self) -> Token | None:
        """The place behind all that was read; it moves on also where there are no events."""
        return self._stream.resume_token

    def read(self, at_most: int) -> list[Event]:
        """Return the next events in the order of their commits; none when there was none for a moment.

        Raises:
            PlaceLost: the place was lost while it was read.
        """
        events: list[Event] = []
        ends = time.monotonic() + _GATHER_SECONDS
        with _place_lost():
            while len(events) < at_most and (change := self._stream.try_next()) is not None:
                events += _whole(change["fullDocument"])
                if time.monotonic() > ends:
                    break
        return events


@contextmanager
def event_stream(*, token: Token | None = None, begin: Timestamp | None = None) -> Iterator[EventStream]:
    """Open the stream behind a token, else at a cluster time, else at the present.

    Raises:
        PlaceLost: there is no such place (any more).
    """
    with _place_lost():
        stream = books().audit.watch(
            _ONLY_EVENTS,
            resume_after=token,
            start_at_operation_time=None if token else begin,
            max_await_time_ms=WAIT_MILLISECONDS,
        )
    with stream:
        yield EventStream(stream)


@contextmanager
def _place_lost() -> Iterator[None]:
    try:
        yield
    except OperationFailure as error:
        if error.code in _PLACE_LOST:
            raise PlaceLost(f"error {error.code} of the database") from error
        raise


def _whole(record: Document) -> list[Event]:
    """Return the event of a record, none when nobody could read it: the bank itself writes no such records."""
    event = Event.of(record)
    if event.is_whole:
        return [event]
    _log.error("event_not_whole", record=event.id, name=event.name)
    return []


def events_since(moment: datetime) -> Iterator[Event]:
    """Yield the events from about a moment on, in the order of their ids: nearly, but not quite, that of the commits.

    For when the place is lost. The id of an event is at most as much older than its commit as a transfer may take and
    the clocks of the machines may differ; the caller goes back further than that.
    """
    last: ObjectId | None = None
    while True:
        after = {"$gte": first_id_at(moment)} if last is None else {"$gt": last}
        found = list(books().audit.find({"_id": after, "event": {"$ne": None}}).sort("_id", 1).limit(_SCANNED_AT_ONCE))
        if not found:
            return
        for record in found:
            yield from _whole(record)
        last = found[-1]["_id"]


def oldest_event_after(moment: datetime) -> datetime | None:
    """Return when the first event after a moment happened, None when there is none among the next audit records."""
    next_records: list[Document] = [
        {"$match": {"_id": {"$gte": first_id_at(moment + timedelta(milliseconds=1))}}},
        {"$sort": {"_id": 1}},
        {"$limit": _LOOKED_INTO},
        {"$match": {"event": {"$ne": None}}},
        {"$limit": 1},
        {"$project": {"at": 1}},
    ]
    return next((record["at"] for record in books().audit.aggregate(next_records, hint="_id_")), None)
