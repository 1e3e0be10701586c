"""What happened in the bank day by day: the days that are kept, and those that are counted when somebody asks.

A day that is not over is counted again each time, but not more often than every few seconds in a process, and so that
at most a tenth of the time goes into it.
"""

import time
from datetime import date, datetime, timedelta
from threading import Lock

from accounts.selectors import first_user_at, users_count_between
from banking.day_records import Day, begin_of, days, end_of, over_at
from ledger.days import first_transaction_at, stats_between
from ledger.records import now
from ledger.store import database

_FRESH_SECONDS, _REST = 15.0, 9
_LONGEST_SECONDS = 2.0
# More days than are ever asked for.
_ONE_BATCH = 500


def today() -> date:
    """Return the present day in UTC."""
    return now().date()


def first_day() -> date:
    """Return the day on which the bank began: of the first person or transaction; today while there is neither."""
    found: list[datetime] = [at for at in (first_user_at(), first_transaction_at()) if at is not None]
    return min([today(), *(at.date() for at in found)])


def days_between(first: date, last: date) -> list[date]:
    """Return all days from the first to the last, both included."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def is_over(day: date) -> bool:
    """Whether a day can be kept, for nothing is added to it any more."""
    return over_at(day) <= now()


def day_count(day: date, *, seconds: float) -> Day | None:
    """Count what happened on a day; None when that takes longer than these seconds."""
    since, until = begin_of(day), end_of(day)
    stats = stats_between(since=since, until=until, seconds=seconds)
    if stats is None:
        return None
    people = users_count_between(since=since, until=until)
    return Day(day, stats.transactions, stats.failed, stats.volume_minor, people)


def days_kept(first: date) -> dict[date, Day]:
    """Return the days that are kept from this one on."""
    found = days().find({"_id": {"$gte": first.isoformat()}}, batch_size=_ONE_BATCH)
    return {one.day: one for one in map(Day.of, found)}


def days_missing(first: date) -> list[date]:
    """Return the days from this one on that are over and not kept, newest first."""
    known = days().find({"_id": {"$gte": first.isoformat()}}, {"_id": 1}, batch_size=_ONE_BATCH)
    kept = {document["_id"] for document in known}
    wanted = (day for day in reversed(days_between(first, today())) if is_over(day))
    return [day for day in wanted if day.isoformat() not in kept]


class _Lately:
    """Days that were counted a moment ago, for this process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: dict[tuple[str, date], tuple[float, Day | None]] = {}

    def day(self, day: date) -> Day | None:
        key = (database().name, day)
        # Whoever asks meanwhile waits for the answer instead of asking the database the same.
        with self._lock:
            until, known = self._known.get(key, (0.0, None))
            began = time.monotonic()
            if began < until:
                return known
            counted = day_count(day, seconds=_LONGEST_SECONDS)
            took = time.monotonic() - began
            recent = {one: found for one, found in self._known.items() if day - one[1] <= timedelta(days=2)}
            self._known = recent | {key: (began + max(_FRESH_SECONDS, _REST * took), counted)}
            return counted

    def forget(self) -> None:
        self._known = {}


_lately = _Lately()


def days_unfinished() -> dict[date, Day | None]:
    """Return the days that are not over, counted a few seconds ago; None for one that takes too long to count."""
    return {day: _lately.day(day) for day in (today() - timedelta(days=1), today()) if not is_over(day)}


def days_forget() -> None:
    """Have the days that are not over counted anew, as another process would."""
    _lately.forget()
