"""Keeping days: what happened on one is counted when it is over, and stays."""

import time
from datetime import date

from pymongo import UpdateOne

from banking.day_records import Day, days
from banking.selectors.days import day_count, days_missing


def days_fill(*, first: date, most: int, seconds: float) -> bool:
    """Count and keep days that are over, newest first.

    Several may do so at once: whoever comes first has written what stays, and the others found the same.

    Args:
        first: how far back.
        most: how many days at most.
        seconds: how long it may take in all.

    Returns:
        Whether no day from the first on is missing any more.
    """
    missing = days_missing(first)
    ends = time.monotonic() + seconds
    counted: list[Day] = []
    for day in missing[:most]:
        left = ends - time.monotonic()
        found = day_count(day, seconds=left) if left > 0 else None
        if found is None:
            break
        counted.append(found)
    _keep(counted)
    return len(counted) == len(missing)


def _keep(counted: list[Day]) -> None:
    writes = [UpdateOne({"_id": day.name}, {"$setOnInsert": day.figures}, upsert=True) for day in counted]
    if writes:
        days().bulk_write(writes, ordered=False)
