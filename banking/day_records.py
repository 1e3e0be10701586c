"""Days as they are kept: what happened in the bank on one, counted once when it was over.

Counting a day costs as much as happened on it, so a page that shows a month would cost more with every customer. A
day that is over is written down as it stood then: a transaction that failed on it and succeeds later is counted there
as failed for good. Days are those of UTC, for there is one of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from bson.int64 import Int64
from pymongo.collection import Collection

from ledger.store import database

DAYS = "banking_days"
# A transaction whose id is of one day may be written on the next one: clocks differ, and commits take time.
_SETTLES = timedelta(minutes=10)

Document = dict[str, Any]


def days() -> Collection[Document]:
    return database()[DAYS]


@dataclass(frozen=True, slots=True)
class Day:
    """What happened on a day.

    Args:
        transactions, failed: that were asked for on it.
        volume_minor: what customers moved, per currency in minor units.
        people: who joined.
    """

    day: date
    transactions: int
    failed: int
    volume_minor: dict[str, int]
    people: int

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Day:
        return cls(
            day=date.fromisoformat(document["_id"]),
            transactions=int(document["transactions"]),
            failed=int(document["failed"]),
            volume_minor={currency: int(amount) for currency, amount in document["volume_minor"].items()},
            people=int(document["people"]),
        )

    @property
    def name(self) -> str:
        """The id of its document."""
        return self.day.isoformat()

    @property
    def figures(self) -> Document:
        """What its document says besides."""
        return {
            "transactions": Int64(self.transactions),
            "failed": Int64(self.failed),
            "volume_minor": {currency: Int64(amount) for currency, amount in self.volume_minor.items()},
            "people": Int64(self.people),
        }


def begin_of(day: date) -> datetime:
    """Return the first moment of a day."""
    return datetime.combine(day, time(), UTC)


def end_of(day: date) -> datetime:
    """Return the first moment after a day."""
    return begin_of(day + timedelta(days=1))


def over_at(day: date) -> datetime:
    """Return from when on nothing is added to a day."""
    return end_of(day) + _SETTLES
