"""The relay: every event becomes deliveries exactly once, in the order of the commits.

Who holds the lease reads the change stream of the audit log. For each handful of events one database transaction
writes the deliveries and moves the place in the stream: killed at any moment, the next relay finds either both or
neither. The lease only keeps two from doing the same work; that the place is moved only by who has read it keeps a
relay that was stopped for longer than its lease from doing it twice.

The replica set's log does not reach back for ever. When the place is lost, a new stream is opened at the present, and
then the events since a good while before the last one relayed are looked through for those that have no deliveries.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain, islice, repeat
from threading import Event as Flag

import structlog
from bson.int64 import Int64
from bson.objectid import ObjectId
from pymongo.client_session import ClientSession

from banking.outbox.consumers import Consumer, News, Recipient
from banking.outbox.place import Place, place_move, place_move_idle
from banking.outbox.queue import stream_push
from banking.outbox.records import PENDING, Document, deliveries, delivery_id, stream_name, streams
from banking.outbox.registry import CONSUMERS
from ledger import atomic, commands
from ledger.event_stream import EventStream, PlaceLost, Token, event_stream, events_since
from ledger.events import Event
from ledger.leases import lease_give_back, lease_take
from ledger.records import now

LEASE = "relay"
LEASE_SECONDS = 6
# Events that become deliveries in one transaction.
MOST_AT_ONCE = 200
# How far before the last relayed event a relay that has lost its place begins to look: longer than any transfer takes,
# and than the clocks of two machines differ.
MARGIN = timedelta(hours=1)
# How often the place is moved where there are no events, so that the log always reaches back to it.
IDLE_SECONDS = 30
_DEADLINE_SECONDS = 30

_log = structlog.get_logger(__name__)


class Relay:
    """One holder of the lease.

    Args:
        stop: ends `run` soon.
        consumers: who is told of events.
    """

    def __init__(self, stop: Flag, consumers: Sequence[Consumer] = CONSUMERS) -> None:
        self._stop = stop
        self._consumers = consumers
        self._holder = ObjectId()
        self._renewed = 0.0

    def run(self) -> None:
        """Relay what is committed until `stop` is set, or until another one has the lease."""
        try:
            while not self._stop.is_set():
                if self._holds_lease():
                    self._follow(until_idle=False)
                else:
                    self._stop.wait(LEASE_SECONDS / 3)
        finally:
            lease_give_back(LEASE, holder=self._holder)

    def catch_up(self) -> int:
        """Relay all that is committed now, if nobody else does, and return how many events that were."""
        try:
            return self._follow(until_idle=True) if self._holds_lease() else 0
        finally:
            lease_give_back(LEASE, holder=self._holder)

    def _holds_lease(self) -> bool:
        """Whether the lease is ours; it is prolonged in good time."""
        if time.monotonic() - self._renewed < LEASE_SECONDS / 3:
            return True
        asked_at = time.monotonic()
        is_ours = lease_take(LEASE, holder=self._holder, seconds=LEASE_SECONDS)
        self._renewed = asked_at if is_ours else 0.0
        return is_ours

    def _follow(self, *, until_idle: bool) -> int:
        place = Place.read()
        try:
            if place.token is None and place.begin is None:
                raise PlaceLost("the database was restored")
            with event_stream(token=place.token, begin=place.begin) as stream:
                return self._read_on(place, stream, until_idle=until_idle)
        except PlaceLost as error:
            _log.error("outbox_place_lost", reason=str(error), relayed_until=place.at.isoformat())
            return self._recover(Place.read())

    def _read_on(self, place: Place, stream: EventStream, *, until_idle: bool) -> int:
        count, moved_at = 0, time.monotonic()
        while not self._stop.is_set() and self._holds_lease():
            events = stream.read(MOST_AT_ONCE)
            if events:
                place, moved_at = self._relay(place, events, stream.token), time.monotonic()
                count += len(events)
            elif time.monotonic() - moved_at > IDLE_SECONDS:
                place, moved_at = place_move_idle(place, stream.token), time.monotonic()
            elif until_idle:
                break
        return count

    def _recover(self, place: Place) -> int:
        """Relay what has no deliveries since some time before the place, and go on at the present."""
        with event_stream() as stream:
            present = stream.token
        count = 0
        for events in _in_parts(events_since(min(place.at, now()) - MARGIN)):
            if self._stop.is_set() or not self._holds_lease():
                return count
            place = self._relay(place, events, place.token, is_sure=False)
            count += len(events)
        place_move_idle(place, present)
        _log.error("outbox_place_found_again", looked_at=count)
        return count

    def _relay(self, place: Place, events: Sequence[Event], token: Token | None, *, is_sure: bool = True) -> Place:
        """Write the deliveries of these events and move the place behind them, both or neither.

        Args:
            place: as it was read.
            events: in the order of their commits.
            token: the place behind them.
            is_sure: whether they are taken for new; what a repetition shows is looked up in any case.

        Raises:
            PlaceMoved: another relay has moved on meanwhile.
            TryAgain: the database did not answer in time; the place tells what became of it.
        """
        documents = self._deliveries(events, place.position)
        after = place.after(events, token, len(documents))
        guesses = chain([is_sure], repeat(False))

        def work(session: ClientSession) -> None:
            known = set() if next(guesses) else _relayed(events)
            _write(session, [one for one in documents if one["event_id"] not in known], place, after)

        atomic.run(work, deadline_seconds=_DEADLINE_SECONDS)
        return after

    def _deliveries(self, events: Sequence[Event], position: int) -> list[Document]:
        """Return the deliveries of these events, numbered in their order."""
        news = News(events)
        order = {event.id: number for number, event in enumerate(events)}
        wanted = [(consumer.name, one) for consumer in self._consumers for one in consumer.targets(news)]
        wanted.sort(key=lambda pair: order[pair[1].event.id])
        at = now()
        return [
            _delivery_document(consumer, recipient, Int64(position + number), at)
            for number, (consumer, recipient) in enumerate(wanted, start=1)
        ]


def _in_parts(events: Iterable[Event]) -> Iterator[list[Event]]:
    rest = iter(events)
    while part := list(islice(rest, MOST_AT_ONCE)):
        yield part


def _relayed(events: Sequence[Event]) -> set[ObjectId]:
    """Return which of the events have deliveries: the id of a delivery begins with that of its event."""
    ranges = [{"_id": {"$gte": f"{event.id}:", "$lt": f"{event.id};"}} for event in events]
    return {found["event_id"] for found in deliveries().find({"$or": ranges}, {"event_id": 1})}


def _write(session: ClientSession, documents: Sequence[Document], place: Place, after: Place) -> None:
    # The streams come first: a worker that touches one of them between the beginning of the transaction and this write
    # undoes it. From here on the workers wait for its end.
    if documents:
        commands.update(streams(), _pushes(documents), session)
    place_move(place, after, session)
    if documents:
        commands.insert(deliveries(), documents, session)


def _pushes(documents: Sequence[Document]) -> list[Document]:
    """Return what puts the streams of these deliveries into the queue, or tells those in it that there is more."""
    first = {document["stream"]: document for document in documents}
    counts = Counter(document["stream"] for document in documents)
    return [
        stream_push(stream, first[stream]["consumer"], first[stream]["target"], count)
        for stream, count in counts.items()
    ]


def _delivery_document(consumer: str, recipient: Recipient, position: Int64, at: datetime) -> Document:
    event, account, target = recipient.event, recipient.account, recipient.target
    return {
        "_id": delivery_id(event.id, consumer, target, account),
        "event_id": event.id,
        "event": event.name,
        "event_at": event.at,
        "consumer": consumer,
        "target": target,
        "account": account,
        "owner": recipient.owner,
        "stream": stream_name(consumer, target, account),
        "position": position,
        "state": PENDING,
        "attempts": Int64(0),
        "last_error": "",
        "request_id": event.request_id,
        "created_at": at,
        "due_at": at,
        "finished_at": None,
        "payload": recipient.payload,
    }
