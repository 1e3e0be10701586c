"""The stretch of days that a statement covers, as people ask for it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

THIS_MONTH, LAST_MONTH, THIS_YEAR, LAST_YEAR, OWN = "this-month", "last-month", "this-year", "last-year", "own"
# The first and the last day that can be asked for: beyond them some zone's midnight lies outside the calendar.
EARLIEST, LATEST = date(1900, 1, 1), date(2999, 12, 31)


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days; `first` and `last` are both in it."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if not EARLIEST <= self.first <= self.last <= LATEST:
            raise ValueError(f"no period: {self.first} to {self.last}")

    def bounds(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """Return when it begins (included) and ends (excluded) for somebody whose midnights are this zone's."""
        return _midnight(self.first, zone), _midnight(self.last + timedelta(days=1), zone)


def period_named(name: str, *, today: date) -> Period | None:
    """Return the period of one of the names above; None for `OWN` and for what is no name."""
    month, year = today.replace(day=1), today.replace(month=1, day=1)
    last_month, last_year = month - timedelta(days=1), year - timedelta(days=1)
    return {
        THIS_MONTH: Period(month, today),
        LAST_MONTH: Period(last_month.replace(day=1), last_month),
        THIS_YEAR: Period(year, today),
        LAST_YEAR: Period(last_year.replace(month=1, day=1), last_year),
    }.get(name)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)
