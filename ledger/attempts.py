"""Attempts at a checkpoint: of several at once only the one that began last may finish, or remove what others left.

The lease of the work runs out for a process that stands still, and nothing tells it so when it goes on. It would then
remove the leaves that its successor has signed meanwhile. So both steps that cannot be made twice, removing and
signing, are made in one transaction with a look whether somebody has begun since.
"""

from functools import partial

from bson.objectid import ObjectId
from pymongo.client_session import ClientSession

from ledger import atomic, commands, store
from ledger.records import Document, now

_NAME = "checkpoint attempt"
_REMOVED_AT_ONCE = 500


class AttemptOver(Exception):
    """Somebody else has begun a checkpoint meanwhile."""


def attempt_begin() -> ObjectId:
    """Begin an attempt, which ends all earlier ones, and return its id."""
    attempt = ObjectId()
    begun = {"q": {"_id": _NAME}, "u": {"$set": {"holder": attempt, "until": now()}}, "upsert": True}
    atomic.run(lambda session: commands.update(store.leases(), [begun], session))
    return attempt


def unfinished_remove(attempt: ObjectId, *, first: str) -> None:
    """Remove the leaves that earlier attempts have left.

    Args:
        attempt: one's own.
        first: the id from which on no checkpoint has signed them.

    Raises:
        AttemptOver: somebody else has begun meanwhile, and may have signed them.
    """
    while ids := _ids_from(first):
        atomic.run(partial(_remove, attempt, ids))


def _ids_from(first: str) -> list[str]:
    found = store.heads().find({"_id": {"$gte": first}}, {"_id": 1}).limit(_REMOVED_AT_ONCE)
    return [head["_id"] for head in found]


def _remove(attempt: ObjectId, ids: list[str], session: ClientSession) -> None:
    _see_that_current(attempt, session)
    store.heads().delete_many({"_id": {"$in": ids}}, session=session)


def attempt_finish(attempt: ObjectId, checkpoint: Document) -> None:
    """Write down the signed checkpoint.

    Raises:
        AttemptOver: somebody else has begun meanwhile, and may have removed its leaves.
    """

    def work(session: ClientSession) -> None:
        _see_that_current(attempt, session)
        commands.insert(store.checkpoints(), [checkpoint], session)

    atomic.run(work)


def _see_that_current(attempt: ObjectId, session: ClientSession) -> None:
    """Also written, so that of two transactions at once one is undone."""
    touched = {"q": {"_id": _NAME, "holder": attempt}, "u": {"$set": {"until": now()}}}
    if commands.update(store.leases(), [touched], session) != 1:
        raise AttemptOver
