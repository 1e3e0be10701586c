"""How far the relay has come: a place in the change stream, moved only by who has read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bson.int64 import Int64
from bson.timestamp import Timestamp
from pymongo.client_session import ClientSession

from banking.outbox.records import outbox
from ledger import commands
from ledger.event_stream import Token
from ledger.events import Event
from ledger.records import now

# An event that commits late may be this much older than the place; it is only the age that is told that suffers.
_UNSETTLED_MILLISECONDS = 10_000


class OutboxMissing(Exception):
    """Nobody has written down where the relay begins; the migrations do."""

    def __init__(self) -> None:
        super().__init__("The outbox does not know where to begin; run migrate.")


class PlaceMoved(Exception):
    """Another relay has moved on from the place that this one had read."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far the relay has come.

    Args:
        token: of the change stream; None before the first event.
        begin: the cluster time to begin at without a token; without either the place is lost.
        at: the time up to which everything has been relayed, but for what commits late.
        version: how often the place was moved.
        position: of the last delivery that was written.
    """

    token: Token | None
    begin: Timestamp | None
    at: datetime
    version: int
    position: int

    @classmethod
    def read(cls) -> Place:
        """Return the place as it stands.

        Raises:
            OutboxMissing: there is none.
        """
        found = outbox().find_one({"_id": "relay"})
        if found is None:
            raise OutboxMissing
        return cls(found["token"], found["begin"], found["at"], int(found["version"]), int(found["position"]))

    def after(self, events: Sequence[Event], token: Token | None, deliveries: int) -> Place:
        """Return the place behind some events and the deliveries that were made of them."""
        # A clock that is, or was, far ahead must not hide what a search from here on is to find.
        at = max(min(known, now()) for known in (self.at, *(event.at for event in events)))
        return replace(self, token=token, at=at, version=self.version + 1, position=self.position + deliveries)


def place_move(place: Place, after: Place, session: ClientSession) -> None:
    """Move the place as part of the transaction that writes the deliveries before it.

    Raises:
        PlaceMoved: another relay has moved on meanwhile.
    """
    moved = {"token": after.token, "at": after.at, "version": Int64(after.version), "position": Int64(after.position)}
    step = {"q": {"_id": "relay", "version": Int64(place.version)}, "u": {"$set": moved}}
    if commands.update(outbox(), [step], session) != 1:
        raise PlaceMoved


def place_move_idle(place: Place, token: Token | None) -> Place:
    """Move the place where there are no events.

    Raises:
        PlaceMoved: another relay has moved on meanwhile.
    """
    settled = {"$max": [{"$min": ["$at", "$$NOW"]}, {"$subtract": ["$$NOW", _UNSETTLED_MILLISECONDS]}]}
    version = Int64(place.version + 1)
    moved = outbox().update_one(
        {"_id": "relay", "version": Int64(place.version)},
        [{"$set": {"token": {"$literal": token}, "at": settled, "version": version}}],
    )
    if moved.matched_count != 1:
        raise PlaceMoved
    return Place.read()
