"""Dead letters, the log of a target, the lag, and giving the dead another chance."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson.int64 import Int64
from bson.objectid import ObjectId
from pymongo.database import Database

from accounts.models import User
from banking.errors import DeliveryNotFound, NotAllowed
from banking.outbox.consumers import Undeliverable
from banking.outbox.records import DEAD, DELIVERED, PENDING, deliveries, outbox
from banking.selectors.deliveries import (
    deliveries_dead,
    deliveries_of_target,
    delivery_get,
    outbox_lag,
)
from banking.services.deliveries import deliveries_requeue_all, delivery_requeue
from ledger.audit import Origin, audit_record
from ledger.errors import CursorInvalid
from ledger.records import Account
from ledger.store import books
from tests.banking.outbox.conftest import dispatch_all, kept_streams, relay_all
from tests.banking.outbox.test_dispatch import Endpoints, Recorder, raising
from tests.ledger.conftest import send
from tests.profiler import explained, stages_of, watched

NOBODY = Origin(actor=None, address="192.0.2.1", surface="browser")
GONE = Undeliverable("The address is gone.")


@pytest.fixture
def dead(payer: Account, payee: Account) -> Recorder:
    """Seven dead deliveries, and the recorder who would take them now."""
    recorder = Recorder()
    for number in range(3):
        send(payer, payee, 1, f"k{number}")
    relay_all(recorder)
    dispatch_all(Recorder(raising(GONE)))
    return recorder


def settle() -> None:
    """Wait until what was noted in haste can be read with a majority: a write that does waits for all before it."""
    deliveries().update_one({"_id": "nothing"}, {"$set": {"state": PENDING}})


def test_the_dead_are_listed_newest_first(dead: Recorder) -> None:
    settle()
    pages, cursor = [], None
    while True:
        page = deliveries_dead(cursor=cursor, limit=3)
        pages.append(page.deliveries)
        cursor = page.next_cursor
        if cursor is None:
            break
    found = [one for page in pages for one in page]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [one.position for one in found] == sorted((one.position for one in found), reverse=True)
    assert {one.state for one in found} == {DEAD}
    with pytest.raises(CursorInvalid):
        deliveries_dead(cursor="rubbish")


def test_a_target_has_its_own_log(payer: Account, payee: Account) -> None:
    hook = Endpoints()
    send(payer, payee, 1, "k")
    relay_all(hook, Recorder())
    page = deliveries_of_target(target=hook.target, limit=2)
    assert [one.consumer for one in page.deliveries] == ["endpoints"] * 2
    assert page.next_cursor is not None
    rest = deliveries_of_target(target=hook.target, cursor=page.next_cursor)
    assert len(rest.deliveries) == 1
    assert rest.next_cursor is None
    assert deliveries_of_target(target=ObjectId()).deliveries == []


def test_one_gets_another_chance(dead: Recorder, admin: User) -> None:
    settle()
    chosen = deliveries_dead().deliveries[0]
    origin = Origin(actor=admin.pk, address="192.0.2.1", surface="browser")
    assert delivery_requeue(admin=admin, delivery_id=chosen.id, origin=origin)
    again = delivery_get(chosen.id)
    assert (again.state, again.attempts, again.finished_at) == (PENDING, 0, None)
    dispatch_all(dead)
    assert [one.id for one in dead.seen] == [chosen.id]
    settle()
    assert delivery_get(chosen.id).state == DELIVERED
    assert kept_streams().count_documents({}) == 0
    (record,) = books().audit.find({"action": "delivery.requeued"})
    assert (record["actor"], record["subject"], record["event"]) == (admin.pk, chosen.event_id, None)
    # It is not dead any more: there is nothing to do, and nothing is written down.
    assert not delivery_requeue(admin=admin, delivery_id=chosen.id, origin=origin)
    assert books().audit.count_documents({"action": "delivery.requeued"}) == 1


def test_two_who_ask_at_once_requeue_once(dead: Recorder, admin: User) -> None:
    settle()
    chosen, done = deliveries_dead().deliveries[0], []
    barrier = threading.Barrier(4)

    def ask() -> None:
        barrier.wait()
        done.append(delivery_requeue(admin=admin, delivery_id=chosen.id, origin=NOBODY))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [False, False, False, True]
    assert books().audit.count_documents({"action": "delivery.requeued"}) == 1


def test_all_get_another_chance_in_order(
    dead: Recorder, admin: User, payee: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle()
    monkeypatch.setattr("banking.services.deliveries.MOST_AT_ONCE", 5)
    monkeypatch.setattr("banking.services.deliveries._IN_ONE_TRANSACTION", 2)
    assert deliveries_requeue_all(admin=admin, origin=NOBODY) == 5
    assert deliveries_requeue_all(admin=admin, origin=NOBODY) == 2
    assert deliveries_requeue_all(admin=admin, origin=NOBODY) == 0
    dispatch_all(dead)
    assert len(dead.seen) == 7
    positions = [one.position for one in dead.seen if one.account == payee.id]
    assert positions == sorted(positions)


def test_only_an_administrator_may(dead: Recorder, stranger: User) -> None:
    settle()
    chosen = deliveries_dead().deliveries[0]
    with pytest.raises(NotAllowed):
        delivery_requeue(admin=stranger, delivery_id=chosen.id, origin=NOBODY)
    with pytest.raises(NotAllowed):
        deliveries_requeue_all(admin=stranger, origin=NOBODY)
    assert delivery_get(chosen.id).state == DEAD


def test_what_does_not_exist_is_not_found(admin: User) -> None:
    for wrong in ("nonsense", {"$ne": ""}, None):
        with pytest.raises(DeliveryNotFound):
            delivery_requeue(admin=admin, delivery_id=wrong, origin=NOBODY)


def test_the_lag_is_the_age_of_what_is_not_delivered(payer: Account, payee: Account) -> None:
    recorder = Recorder()
    relay_all(recorder)
    dispatch_all(recorder)
    settle()
    assert (outbox_lag().seconds, outbox_lag().pending, outbox_lag().dead) == (0, 0, 0)
    # Not even relayed:
    outbox().update_one({}, {"$set": {"at": datetime.now(UTC)}})
    send(payer, payee, 1, "k")
    audit_record(action="login", status="SUCCESS", origin=NOBODY, subject=None)
    assert 0 < outbox_lag().relay_seconds <= outbox_lag().seconds < 10
    # Relayed and not delivered, for an hour:
    relay_all(recorder)
    deliveries().update_many({"state": PENDING}, {"$set": {"event_at": datetime.now(UTC) - timedelta(hours=1)}})
    lag = outbox_lag()
    assert 3_600 <= lag.seconds < 3_610
    assert lag.relay_seconds == 0
    assert (lag.pending, lag.dead) == (2, 0)
    dispatch_all(Recorder(raising(GONE)))
    settle()
    lag = outbox_lag()
    assert (lag.seconds, lag.pending, lag.dead) == (0, 0, 2)


def test_looking_costs_the_same_however_much_there_is(dead: Recorder, outbox_db: Database[dict[str, Any]]) -> None:
    settle()
    (one, *_) = deliveries().find({"state": DEAD})
    many = [{**one, "_id": f"copy-{number}", "position": Int64(1_000 + number)} for number in range(300)]
    deliveries().insert_many([{**copy, "state": DELIVERED} for copy in many])
    with watched(outbox_db) as operations:
        deliveries_dead(limit=2)
        deliveries_of_target(target=ObjectId())
        outbox_lag()
    reads = [operation for operation in operations if operation.is_read]
    assert len(reads) == 7
    for operation in reads:
        assert operation.documents <= 10, operation
        assert "COLLSCAN" not in set(stages_of(explained(outbox_db, operation))), operation


def test_the_queue_and_the_work_on_it_read_no_more_than_they_take(
    payer: Account, payee: Account, outbox_db: Database[dict[str, Any]]
) -> None:
    for number in range(30):
        send(payer, payee, 1, f"k{number}")
    hook = Endpoints()
    relay_all(hook, Recorder())
    with watched(outbox_db) as operations:
        dispatch_all(Recorder())
        dispatch_all(hook)
    for operation in operations:
        assert operation.documents <= 61, operation
        assert not operation.sorted_in_memory, operation
