"""The queue of streams: which of them have deliveries to make, and who is at work on which.

`due_at` says when a stream may be taken. Who takes it puts that off by a lease, so that the stream of a worker that
died is due again by itself; one index finds what is due, and nothing has to be passed over. All of it goes by the
clock of the database.

Who leaves a stream removes it if no delivery was pushed to it meanwhile, and else lets it be due at once. What is read
here is the newest there is on the primary: the relay commits a stream and its deliveries together, so who sees the one
sees the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bson.int64 import Int64
from bson.objectid import ObjectId

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


def streams_take(consumer: str, at_most: int) -> list[Held]:
    """Take the streams of a consumer that have been due the longest; none when none is due."""
    queue, holder = hastily(streams()), ObjectId()
    due = {"consumer": consumer, "$expr": {"$lte": ["$due_at", "$$NOW"]}}
    ids = [found["_id"] for found in queue.find(due, {"_id": 1}).sort("due_at", 1).limit(at_most)]
    if not ids:
        return []
    # Somebody else may have taken some of them meanwhile.
    queue.update_many({**due, "_id": {"$in": ids}}, [{"$set": {"holder": holder, "due_at": _in(LEASE_SECONDS)}}])
    taken = queue.find({"_id": {"$in": ids}, "holder": holder})
    return [Held(found["_id"], found["target"], holder, int(found["pushed"])) for found in taken]


def streams_pending(held: Sequence[Held], at_most: int) -> list[Delivery]:
    """Return the next deliveries of these streams, in order."""
    pending = {"stream": {"$in": [one.id for one in held]}, "state": PENDING}
    found = hastily(deliveries()).find(pending).sort("position", 1).limit(at_most).hint("pending_of_stream")
    return [Delivery.of(document) for document in found]


def streams_leave(held: Sequence[Held], *, are_empty: bool) -> None:
    """Give the streams back: out of the queue when all their deliveries are made, due at once when there are more."""
    queue, left = hastily(streams()), len(held)
    if are_empty:
        unmoved = [{"_id": one.id, "holder": one.holder, "pushed": Int64(one.pushed)} for one in held]
        left -= queue.delete_many({"$or": unmoved}).deleted_count
    if left:
        mine = {"_id": {"$in": [one.id for one in held]}, "holder": {"$in": [one.holder for one in held]}}
        queue.update_many(mine, [{"$set": {"holder": None, "due_at": "$$NOW"}}])


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
