"""Days as a reader means them: from midnight to midnight where the reader is."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo


def midnight(day: date | None, zone: tzinfo, *, days_later: int = 0) -> datetime | None:
    """Return in UTC when a day begins in a zone; None without a day, or for one at the end of the calendar.

    Args:
        day: as the reader gave it.
        zone: the reader's.
        days_later: so many days behind it.
    """
    # The calendar has a last day, and some zones lie beyond it.
    if day is None or not date.min < day < date.max - timedelta(days=1):
        return None
    return datetime.combine(day + timedelta(days=days_later), time.min, tzinfo=zone).astimezone(UTC)
