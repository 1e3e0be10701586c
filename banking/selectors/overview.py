"""The bank at a glance, for administrators: figures of now, what happened over time, the state of the ledger."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from accounts.selectors import users_count
from banking.day_records import Day
from banking.selectors.days import days_between, days_kept, days_unfinished, first_day, today
from banking.selectors.integrity import Integrity, integrity
from banking.selectors.transfers import Transfer, transfers_page
from ledger.listings import Bounds
from ledger.records import FAILED
from ledger.stats import Stats, accounts_by_state, ledger_stats

FAILURES = 6
DAYS_SHOWN, MONTHS_SHOWN = 30, 12


@dataclass(frozen=True, slots=True)
class Present:
    """The bank as it stands.

    Args:
        people: who have registered.
        accounts: of customers, by state.
        stats: of all of the ledger.
        known: about the books being right.
        failures: the newest ones.
        unfinished: the days that are not over; None for one that takes too long to count.
    """

    people: int
    accounts: dict[str, int]
    stats: Stats
    known: Integrity
    failures: list[Transfer]
    unfinished: dict[date, Day | None]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A day or a month.

    Args:
        first: its first day.
        stats: what happened in it; None when the bank was not there yet, or not all of it is counted.
        people: who joined; None likewise.
    """

    first: date
    stats: Stats | None
    people: int | None


def present() -> Present:
    """Return the bank as it stands, at a cost that does not grow with the ledger."""
    failures = transfers_page(account=None, status=FAILED, bounds=Bounds(), cursor=None, limit=FAILURES).transfers
    return Present(users_count(), accounts_by_state(), ledger_stats(), integrity(), failures, days_unfinished())


def first_day_shown() -> date:
    """Return the first day of those that are shown one by one, on which the bank was there."""
    return max(first_day(), today() - timedelta(days=DAYS_SHOWN - 1))


def by_day(unfinished: Mapping[date, Day | None]) -> list[Stretch]:
    """Return the last days, today last.

    Args:
        unfinished: as in `Present`.
    """
    first = today() - timedelta(days=DAYS_SHOWN - 1)
    known: dict[date, Day | None] = {**days_kept(first), **unfinished}
    return [_added([known.get(day)], day) for day in days_between(first, today())]


def by_month(unfinished: Mapping[date, Day | None]) -> list[Stretch]:
    """Return the last months, this one last; one that began before the bank did has the days since."""
    firsts = _firsts_of_months()
    begin = first_day()
    known: dict[date, Day | None] = {**days_kept(firsts[0]), **unfinished}
    return [
        _added([known.get(day) for day in days_between(max(first, begin), min(_last_of_month(first), today()))], first)
        for first in firsts
    ]


def _added(found: list[Day | None], first: date) -> Stretch:
    """Add days up; what misses one of them is not known."""
    whole = [day for day in found if day is not None]
    if not whole or len(whole) < len(found):
        return Stretch(first, None, None)
    volume: dict[str, int] = {}
    for day in whole:
        for currency, amount in day.volume_minor.items():
            volume[currency] = volume.get(currency, 0) + amount
    stats = Stats(sum(day.transactions for day in whole), sum(day.failed for day in whole), volume)
    return Stretch(first, stats, sum(day.people for day in whole))


def _firsts_of_months() -> list[date]:
    """Return the first days of the months that are shown, oldest first."""
    this = today().year * 12 + today().month - 1
    return [date(month // 12, month % 12 + 1, 1) for month in range(this - MONTHS_SHOWN + 1, this + 1)]


def _last_of_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
