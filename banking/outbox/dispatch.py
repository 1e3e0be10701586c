"""The dispatch: deliveries reach their consumer at least once, and in order within each stream.

A worker takes the stream that has been due the longest and makes a bounded number of its deliveries, one after the
other; then the stream goes to the end of the queue, so that none starves the others. Each consumer has threads of its
own: a mail server that does not answer holds up nobody's notifications.

Whoever is slow pays for it with a rest: a customer whose server takes nine seconds for each call gets a fair share of
the threads, and not all of them.

A failure puts the whole stream off, because what follows must not overtake. The pauses double up to an hour; after
about a day the delivery is dead, and the stream goes on with the next one.
"""

import random
import time
from collections.abc import Sequence
from threading import Event as Flag

import structlog
from bson.int64 import Int64
from pymongo.errors import ConnectionFailure, PyMongoError

from banking.outbox.consumers import Consumer, DeliveryFailed, NoLongerWanted, TellsMany, Undeliverable
from banking.outbox.queue import Held, stream_put_off, streams_leave, streams_pending, streams_take
from banking.outbox.records import DEAD, DELIVERED, LONGEST_ERROR, PENDING, Delivery, Document, deliveries, hastily
from config.request_ids import request_id_bound

# What one turn of a stream may take before others get theirs.
MOST_AT_ONCE = 50
TURN_SECONDS = 10
# After a delivery that took longer than this its stream rests for so many times as long.
SLOW_SECONDS = 1.0
_REST = 3
# What a consumer that tells many at once is given.
MOST_STREAMS, MOST_TOLD = 100, 200
# Half an hour of growing pauses and then an attempt an hour: about a day in all.
FIRST_PAUSE_SECONDS = 5
LONGEST_PAUSE_SECONDS = 60 * 60
MOST_ATTEMPTS = 34
_SHORTEST_NAP_SECONDS, _LONGEST_NAP_SECONDS = 0.02, 0.5

_log = structlog.get_logger(__name__)


def dispatch(consumer: Consumer, stop: Flag) -> None:
    """Make the deliveries of a consumer as they become due, until `stop` is set."""
    nap = _SHORTEST_NAP_SECONDS
    while not stop.is_set():
        nap = _SHORTEST_NAP_SECONDS if dispatch_one(consumer, stop) else min(nap * 2, _LONGEST_NAP_SECONDS)
        if nap > _SHORTEST_NAP_SECONDS:
            stop.wait(nap)


def dispatch_one(consumer: Consumer, stop: Flag) -> bool:
    """Give a stream of the consumer its turn, or several if it can tell many at once; False when none is due."""
    held = streams_take(consumer.name, MOST_STREAMS if isinstance(consumer, TellsMany) else 1)
    if held and isinstance(consumer, TellsMany) and _tell_many(consumer, held):
        return True
    ends = time.monotonic() + TURN_SECONDS
    for one in held:
        with request_id_bound():
            _turn(consumer, one, ends, stop)
    return bool(held)


def _tell_many(consumer: TellsMany, held: Sequence[Held]) -> bool:
    """Make the next deliveries of several streams at once; False when they have to be made one by one.

    Raises:
        PyMongoError: the database is away, which is nobody's failure; the leases of the streams run out.
    """
    pending = streams_pending(held, MOST_TOLD)
    try:
        if pending:
            consumer.deliver_many(pending)
    except Exception as error:
        if _is_database_away(error):
            raise
        _log.warning("deliveries_made_one_by_one", consumer=consumer.name, exc_info=error)
        return False
    done = {"state": DELIVERED, "attempts": {"$add": ["$attempts", Int64(1)]}, "finished_at": "$$NOW"}
    mine = {"_id": {"$in": [one.id for one in pending]}, "state": PENDING}
    hastily(deliveries()).update_many(mine, [{"$set": done}])
    streams_leave(held, are_empty=len(pending) < MOST_TOLD)
    return True


def _turn(consumer: Consumer, held: Held, ends: float, stop: Flag) -> None:
    pending = streams_pending([held], MOST_AT_ONCE)
    for delivery in pending:
        if stop.is_set() or time.monotonic() > ends:
            streams_leave([held], are_empty=False)
            return
        began = time.monotonic()
        pause = _attempt(consumer, delivery)
        took = time.monotonic() - began
        if pause is None and took > SLOW_SECONDS:
            pause = _REST * took
        if pause is not None:
            stream_put_off(held, pause)
            return
    streams_leave([held], are_empty=len(pending) < MOST_AT_ONCE)


def pause_after(attempts: int) -> float:
    """Return how many seconds a stream waits after so many failures of its first delivery.

    The pauses of streams that failed together drift apart, or they would all come back together.
    """
    pause: float = min(FIRST_PAUSE_SECONDS * 2 ** (attempts - 1), LONGEST_PAUSE_SECONDS)
    return pause * random.uniform(0.9, 1.1)  # noqa: S311 - no secret


def _attempt(consumer: Consumer, delivery: Delivery) -> float | None:
    """Make a delivery and note what became of it; return the pause before it is tried again, None when it is decided.

    Raises:
        PyMongoError: the database is away, which is nobody's failure; the lease of the stream runs out.
    """
    try:
        consumer.deliver(delivery)
    except NoLongerWanted as note:
        _decided(delivery, DELIVERED, str(note))
    except Undeliverable as reason:
        _decided(delivery, DEAD, str(reason))
    except Exception as error:
        if _is_database_away(error):
            raise
        return _failed(delivery, error)
    else:
        _decided(delivery, DELIVERED, "")
    return None


def _failed(delivery: Delivery, error: Exception) -> float | None:
    # What an unknown exception says may hold a secret or an address; it is for the log alone.
    reason = str(error) if isinstance(error, DeliveryFailed) else type(error).__name__
    is_expected = isinstance(error, DeliveryFailed)
    _log.warning("delivery_failed", delivery=delivery.id, reason=reason, exc_info=None if is_expected else error)
    attempts = delivery.attempts + 1
    if attempts >= MOST_ATTEMPTS:
        _decided(delivery, DEAD, reason)
        return None
    pause = pause_after(attempts)
    due_at = {"$add": ["$$NOW", int(pause * 1000)]}
    _note(
        delivery, {"attempts": Int64(attempts), "last_error": {"$literal": reason[:LONGEST_ERROR]}, "due_at": due_at}
    )
    return pause


def _decided(delivery: Delivery, state: str, reason: str) -> None:
    if state == DEAD:
        _log.error("delivery_dead", delivery=delivery.id, reason=reason)
    _note(
        delivery,
        {
            "state": state,
            "attempts": Int64(delivery.attempts + 1),
            "last_error": {"$literal": reason[:LONGEST_ERROR]},
            "finished_at": "$$NOW",
        },
    )


def _note(delivery: Delivery, change: Document) -> None:
    """Write down what became of a delivery, unless somebody who took the stream over has done so."""
    hastily(deliveries()).update_one({"_id": delivery.id, "state": PENDING}, [{"$set": change}])


def _is_database_away(error: Exception) -> bool:
    return isinstance(error, ConnectionFailure) or (isinstance(error, PyMongoError) and error.timeout)
