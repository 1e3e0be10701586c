"""What happened in a stretch of time, counted from the transactions themselves.

Ids go in the order of time (`ledger.records.id_at`), so a day is a range of the index that every collection has, and
costs as much as happened on it. The counters of `ledger.stats` know all of time and nothing of days.
"""

from collections import Counter
from datetime import datetime

from pymongo.errors import ExecutionTimeout

from ledger.newest import ids_between
from ledger.records import COMPLETED, FAILED, FUNDING, Document
from ledger.stats import Stats
from ledger.store import books


def stats_between(*, since: datetime, until: datetime, seconds: float) -> Stats | None:
    """Count the transactions that were asked for in a stretch of time, as they stand now.

    Args:
        since, until: from this time (included) to that (excluded).
        seconds: how long the database may take.

    Returns:
        The figures as in `ledger.stats.ledger_stats`; None when there was not enough time.
    """
    kind = {"currency": "$currency", "status": "$status", "is_funding": {"$eq": ["$type", FUNDING]}}
    pipeline: list[Document] = [
        {"$match": ids_between(since, until)},
        {"$group": {"_id": kind, "count": {"$sum": 1}, "amount_minor": {"$sum": "$amount_minor"}}},
    ]
    milliseconds = max(1, round(seconds * 1_000))
    try:
        return _added_up(list(books().transactions.aggregate(pipeline, hint="_id_", maxTimeMS=milliseconds)))
    except ExecutionTimeout:
        return None


def _added_up(groups: list[Document]) -> Stats:
    volume: Counter[str] = Counter()
    for group in groups:
        if group["_id"]["status"] == COMPLETED and not group["_id"]["is_funding"]:
            volume[group["_id"]["currency"]] += int(group["amount_minor"])
    failed = sum(group["count"] for group in groups if group["_id"]["status"] == FAILED)
    return Stats(sum(group["count"] for group in groups), failed, dict(volume))


def first_transaction_at() -> datetime | None:
    """Return when the oldest transaction was asked for, to the second; None while there is none."""
    found = books().transactions.find_one({}, {"_id": 1}, sort=[("_id", 1)])
    return None if found is None else found["_id"].generation_time
