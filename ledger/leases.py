"""Work that one process at a time does for all of them, such as signing checkpoints.

A lease is a document with a holder and an end, by the database's own clock: those of the machines may differ.
It only keeps two from doing the same work. Whoever relies on it makes the work itself safe to be done twice, because a
process that was stopped for longer than its lease goes on where it was.
"""

from datetime import UTC, datetime

from bson.objectid import ObjectId
from pymongo import ReturnDocument

from ledger import store

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
# Nobody takes a lease for longer. One that ends later was taken while the clock was wrong, and its holder may be dead.
LONGEST_SECONDS = 24 * 60 * 60


def lease_take(name: str, *, holder: ObjectId, seconds: float) -> bool:
    """Take a lease that is free or over, or prolong one's own.

    Args:
        name: of the work.
        holder: the id of the asking process or thread.
        seconds: how long it holds from now on.

    Returns:
        Whether `holder` has it now.
    """
    until = {"$ifNull": ["$until", _LONG_AGO]}
    latest = {"$add": ["$$NOW", LONGEST_SECONDS * 1000]}
    free = {"$or": [{"$eq": ["$holder", holder]}, {"$lte": [until, "$$NOW"]}, {"$gt": [until, latest]}]}
    end = {"$add": ["$$NOW", int(min(seconds, LONGEST_SECONDS) * 1000)]}
    taken = {"holder": {"$cond": [free, holder, "$holder"]}, "until": {"$cond": [free, end, "$until"]}}
    after = store.leases().find_one_and_update(
        {"_id": name}, [{"$set": taken}], upsert=True, return_document=ReturnDocument.AFTER
    )
    return after is not None and bool(after["holder"] == holder)


def lease_give_back(name: str, *, holder: ObjectId) -> None:
    """End one's own lease, so that nobody has to wait for its end."""
    store.leases().delete_one({"_id": name, "holder": holder})
