"""Giving dead deliveries another chance, for operators."""

from collections.abc import Sequence

from bson.int64 import Int64
from pymongo.client_session import ClientSession

from accounts.models import User
from banking.errors import NotAllowed
from banking.outbox.queue import stream_wake
from banking.outbox.records import DEAD, PENDING, Delivery, deliveries, streams
from banking.selectors.deliveries import deliveries_dead_oldest, delivery_get
from ledger import atomic, commands
from ledger.audit import SUCCESS, Origin, audit_record
from ledger.records import now

# Dead deliveries that one request gives another chance.
MOST_AT_ONCE = 500
_IN_ONE_TRANSACTION = 100


def delivery_requeue(*, admin: User, delivery_id: object, origin: Origin) -> bool:
    """Try a dead delivery again, as if it had never been tried. Later ones of its stream may have overtaken it.

    Args:
        admin: who asks; must be an administrator.
        delivery_id: of the delivery.
        origin: who asks, and from where.

    Returns:
        Whether it was dead: of two who ask at once, one has done it.

    Raises:
        NotAllowed: somebody else asks.
        DeliveryNotFound: there is no such delivery.
        TryAgain: the database did not answer in time.
    """
    _must_be_admin(admin)
    return _requeue([delivery_get(delivery_id)], origin) == 1


def deliveries_requeue_all(*, admin: User, origin: Origin) -> int:
    """Try the oldest dead deliveries again, at most `MOST_AT_ONCE`; return how many that were.

    Raises:
        NotAllowed: somebody else than an administrator asks.
        TryAgain: the database did not answer in time; some may have been done.
    """
    _must_be_admin(admin)
    dead = deliveries_dead_oldest(MOST_AT_ONCE)
    parts = [dead[start : start + _IN_ONE_TRANSACTION] for start in range(0, len(dead), _IN_ONE_TRANSACTION)]
    return sum(_requeue(part, origin) for part in parts)


def _requeue(dead: Sequence[Delivery], origin: Origin) -> int:
    """Put deliveries back into their streams, in one transaction with an audit record for each."""

    def work(session: ClientSession) -> int:
        return sum(_requeue_one(delivery, origin, session) for delivery in dead)

    return atomic.run(work)


def _requeue_one(delivery: Delivery, origin: Origin, session: ClientSession) -> bool:
    commands.update(streams(), stream_wake(delivery.stream, delivery.consumer, delivery.target), session)
    fresh = {"state": PENDING, "attempts": Int64(0), "due_at": now(), "finished_at": None}
    guard = {"q": {"_id": delivery.id, "state": DEAD}, "u": {"$set": fresh}}
    if commands.update(deliveries(), [guard], session) != 1:
        return False
    audit_record(
        action="delivery.requeued",
        status=SUCCESS,
        origin=origin,
        subject=delivery.event_id,
        accounts=[delivery.account],
        details={"consumer": delivery.consumer, "delivery": delivery.id},
        session=session,
    )
    return True


def _must_be_admin(user: User) -> None:
    if not user.is_admin:
        raise NotAllowed
