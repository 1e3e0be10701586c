"""Figures over all of the ledger, for operators."""

from dataclasses import dataclass

from ledger.records import COMPLETED, FAILED, FUNDING
from ledger.store import books


@dataclass(frozen=True, slots=True)
class Stats:
    """How many transactions there are, how many failed, and what customers moved, per currency in minor units."""

    transactions: int
    failed: int
    volume_minor: dict[str, int]


def ledger_stats() -> Stats:
    """Count transactions and add up the money that customers moved; fundings count, but are no volume."""
    moved = {"$and": [{"$eq": ["$_id.status", COMPLETED]}, {"$ne": ["$_id.type", FUNDING]}]}
    rows = list(
        books().transactions.aggregate(
            [
                {
                    "$group": {
                        "_id": {"status": "$status", "type": "$type", "currency": "$currency"},
                        "count": {"$sum": 1},
                        "sum": {"$sum": "$amount_minor"},
                    }
                },
                {"$addFields": {"volume": {"$cond": [moved, "$sum", 0]}}},
            ]
        )
    )
    volume: dict[str, int] = {}
    for row in rows:
        currency = row["_id"]["currency"]
        volume[currency] = volume.get(currency, 0) + int(row["volume"])
    return Stats(
        transactions=sum(row["count"] for row in rows),
        failed=sum(row["count"] for row in rows if row["_id"]["status"] == FAILED),
        volume_minor=volume,
    )
