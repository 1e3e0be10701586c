"""The queue of streams: which of them have deliveries to make, and who is at work on which.

`due_at` says when a stream may be taken. Who takes it puts that off by a lease, so that the stream of a worker that
died is due again by itself; one index finds what is due, and nothing has to be passed over. All of it goes by the
clock of the database.

Who leaves a stream removes it if no delivery was pushed to it meanwhile, and else lets it be due at once. What is read
here is the newest there is on the primary: the relay commits a stream and its deliveries together, so who sees the one
sees the others.
"""

from dataclasses import dataclass

from bson.int64 import Int64
from bson.objectid import ObjectId
from pymongo import ReturnDocument

from banking.outbox.records import PENDING, Delivery, Document, deliveries, hastily, streams

# Longer than a turn and the delivery that is begun at its end (`dispatch.TURN_SECONDS`, `consumers.LONGEST_SECONDS`).
LEASE_SECONDS = 30
# After a failure the other streams to the same target wait too: a hundred accounts are not a hundred attempts.
TARGET_PAUSE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Held:
    """A stream that somebody is at work on.

    Args:
        id: the name of the stream.
        target: where its deliveries go, if the consumer knows several places.
        holder: who is at work on it.
        pushed: how many deliveries had been pushed to it when it was taken.
    """

    id: str
    target: ObjectId | None
    holder: ObjectId
    pushed: int


def stream_push(stream: str, consumer: str, target: ObjectId | None, count: int) -> Document:
    """Return the update that tells a stream of new deliveries; one that waits after a failure goes on waiting."""
    pushed: Document = {
        "consumer": consumer,
        "target": target,
        "holder": {"$ifNull": ["$holder", None]},
        "due_at": {"$ifNull": ["$due_at", "$$NOW"]},
        "pushed": {"$add": [{"$ifNull": ["$pushed", Int64(0)]}, Int64(count)]},
    }
    return {"q": {"_id": stream}, "u": [{"$set": pushed}], "upsert": True}


def stream_take(consumer: str) -> Held | None:
    """Take the stream of a consumer that has been due the longest; None when none is due."""
    holder = ObjectId()
    found = hastily(streams()).find_one_and_update(
        {"consumer": consumer, "$expr": {"$lte": ["$due_at", "$$NOW"]}},
        [{"$set": {"holder": holder, "due_at": _in(LEASE_SECONDS)}}],
        sort=[("due_at", 1)],
        return_document=ReturnDocument.AFTER,
    )
    return None if found is None else Held(found["_id"], found["target"], holder, int(found["pushed"]))


def stream_pending(held: Held, at_most: int) -> list[Delivery]:
    """Return the next deliveries of the stream, in order."""
    pending = {"stream": held.id, "state": PENDING}
    found = hastily(deliveries()).find(pending).sort("position", 1).limit(at_most).hint("pending_of_stream")
    return [Delivery.of(document) for document in found]


def stream_leave(held: Held, *, is_empty: bool) -> None:
    """Give the stream back: out of the queue when all of its deliveries are made, due at once when there are more."""
    mine = {"_id": held.id, "holder": held.holder}
    if is_empty and hastily(streams()).delete_one({**mine, "pushed": Int64(held.pushed)}).deleted_count:
        return
    hastily(streams()).update_one(mine, [{"$set": {"holder": None, "due_at": "$$NOW"}}])


def stream_put_off(held: Held, seconds: float) -> None:
    """Give the stream back until its next attempt, and have the others to its target wait a little."""
    hastily(streams()).update_one(
        {"_id": held.id, "holder": held.holder}, [{"$set": {"holder": None, "due_at": _in(seconds)}}]
    )
    if held.target is not None:
        _pause_target(held.target)


def stream_wake(stream: str, consumer: str, target: ObjectId | None) -> list[Document]:
    """Return the updates that put a stream into the queue again, due at once unless somebody is at work on it."""
    due = {"q": {"_id": stream, "holder": None}, "u": [{"$set": {"due_at": "$$NOW"}}]}
    return [stream_push(stream, consumer, target, 1), due]


def _pause_target(target: ObjectId) -> None:
    soon = {"target": target, "holder": None, "$expr": {"$lt": ["$due_at", _in(TARGET_PAUSE_SECONDS)]}}
    hastily(streams()).update_many(soon, [{"$set": {"due_at": _in(TARGET_PAUSE_SECONDS)}}])


def _in(seconds: float) -> Document:
    return {"$add": ["$$NOW", int(seconds * 1000)]}
