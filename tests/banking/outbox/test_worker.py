"""The worker as a process: killed at any moment it loses nothing, asked to stop it goes in order."""

import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from threading import Event as Flag
from typing import Any

import pytest
from bson.objectid import ObjectId
from pymongo.errors import AutoReconnect

from banking import worker
from banking.jobs import Paced, Periodic
from banking.outbox.records import DELIVERED, notifications
from banking.outbox.relay import LEASE as RELAY_LEASE
from banking.outbox.relay import LEASE_SECONDS
from banking.selectors.deliveries import outbox_lag
from banking.worker import Job, work
from ledger.leases import lease_take
from ledger.records import Account
from ledger.store import books, leases
from tests.banking.outbox.conftest import kept_deliveries, kept_streams
from tests.banking.outbox.processes import WorkerProcess, wait_until
from tests.banking.runs import customer
from tests.ledger.conftest import attempt, books_are_right, send

KILLS = 3
Starter = Callable[..., WorkerProcess]


@pytest.fixture
def start_worker(outbox_db: object) -> Iterator[Starter]:
    """Start workers: `start_worker("--once", DELIVERY_THREADS="1")`."""
    started: list[WorkerProcess] = []

    def start(*arguments: str, **environment: str) -> WorkerProcess:
        started.append(WorkerProcess(*arguments, **environment))
        return started[-1]

    yield start
    for one in started:
        one.stop()


def owed() -> dict[str, int]:
    """Return which notifications there have to be, by the audit log alone, and how many events each is for."""
    expected: dict[str, int] = {}
    customers = {account["_id"] for account in books().accounts.find({"kind": "CUSTOMER"})}
    for record in books().audit.find({"event": {"$ne": None}}):
        heard_by = {"transaction.completed": record["accounts"], "transaction.failed": record["accounts"][:1]}
        for account in set(heard_by.get(record["event"], [])) & customers:
            expected[f"{record['_id']}:{account}"] = 1
    return expected


def lapse() -> None:
    """Let the leases of the dead run out, without waiting for it."""
    leases().delete_many({})
    kept_streams().update_many({"holder": {"$ne": None}}, [{"$set": {"due_at": "$$NOW"}}])


def storm(people: list[Account], number: int, seed: str, over: Flag) -> None:
    """Send from anybody to anybody, now and then too much, at a pace that one worker can follow."""
    chance, count = random.Random(f"{seed}-{number}"), 0  # noqa: S311 - no secret
    while not over.wait(chance.uniform(0, 0.03)):
        payer, payee = chance.sample(people, 2)
        attempt(payer, payee, 1 if chance.random() < 0.9 else 9_000, f"{number}-{count}")
        count += 1


@pytest.mark.timeout(180)
def test_killed_at_any_moment_nothing_is_lost_and_nothing_relayed_twice(start_worker: Starter) -> None:
    seed = str(random.randrange(10**6))  # noqa: S311 - no secret
    chance = random.Random(seed)  # noqa: S311 - no secret
    people = [customer(f"Person {letter}", 5_000)[1] for letter in "ABCDEF"]
    over = Flag()
    payers = [threading.Thread(target=storm, args=(people, number, seed, over)) for number in range(3)]
    for payer in payers:
        payer.start()
    try:
        for _ in range(KILLS):
            victim = start_worker(EMAIL_URL="dummymail://")
            victim.wait_for("worker_started")
            time.sleep(chance.uniform(0.05, 0.8))
            victim.kill()
            lapse()
    finally:
        over.set()
        for payer in payers:
            payer.join()
    survivors = [start_worker(EMAIL_URL="dummymail://") for _ in range(2)]
    expected = owed()
    wait_until(lambda: notifications().count_documents({}) >= len(expected), 60)
    wait_until(lambda: not kept_streams().count_documents({}))
    told = list(kept_deliveries().find())
    assert sorted(f"{one['event_id']}:{one['account']}" for one in told) == sorted(expected), seed
    assert {one["state"] for one in told} == {DELIVERED}, seed
    assert len({one["position"] for one in told}) == len(told), seed
    assert {one["_id"] for one in notifications().find({}, {"_id": 1})} == set(expected), seed
    _is_in_the_order_of_the_entries(told, seed)
    assert all("Traceback" not in one.output() for one in survivors), survivors[0].output()
    books_are_right()


def _is_in_the_order_of_the_entries(told: list[dict[str, Any]], seed: str) -> None:
    """On each account the deliveries of postings lie in the order of its entries."""
    numbers = {record["_id"]: record["details"].get("seq", {}) for record in books().audit.find()}
    last: dict[ObjectId, int] = {}
    for one in sorted(told, key=lambda one: one["position"]):
        number = numbers[one["event_id"]].get(str(one["account"]))
        if number is not None:
            assert number > last.get(one["account"], 0), seed
            last[one["account"]] = number


def test_asked_to_stop_it_goes_in_order_and_leaves_its_work_to_others(
    start_worker: Starter, payer: Account, payee: Account
) -> None:
    one = start_worker()
    send(payer, payee, 5, "tea")
    wait_until(lambda: notifications().count_documents({}) == 3)
    began = time.monotonic()
    one.process.send_signal(signal.SIGTERM)
    assert one.process.wait(timeout=15) == 0
    assert time.monotonic() - began < 5
    assert "worker_stopped" in one.output()
    assert "in_order=True" in one.output()
    assert leases().count_documents({}) == 0
    assert kept_streams().count_documents({"holder": {"$ne": None}}) == 0


def test_once_does_what_is_due_and_ends(start_worker: Starter, payer: Account, payee: Account) -> None:
    send(payer, payee, 5, "tea")
    one = start_worker("--once")
    assert one.process.wait(timeout=30) == 0
    assert "4 events relayed" in one.output()
    assert notifications().count_documents({}) == 3
    assert outbox_lag().pending == 0
    assert leases().count_documents({}) == 0


def test_of_two_workers_one_relays_and_the_other_takes_over(
    start_worker: Starter, payer: Account, payee: Account
) -> None:
    one, two = start_worker(), start_worker()
    wait_until(lambda: leases().find_one({"_id": RELAY_LEASE}) is not None)
    for number in range(3):
        send(payer, payee, 1, f"k{number}")
    wait_until(lambda: notifications().count_documents({}) == 7 and not kept_streams().count_documents({}))
    one.kill()
    send(payer, payee, 1, "afterwards")
    # Whichever of them had the lease, the other one goes on when that is over.
    wait_until(lambda: notifications().count_documents({}) == 9, 5 * LEASE_SECONDS)
    assert two.process.poll() is None


def in_background(todo: list[Job]) -> tuple[Flag, threading.Thread]:
    stop = Flag()
    thread = threading.Thread(target=work, args=(stop, todo))
    thread.start()
    return stop, thread


def test_a_job_that_fails_is_tried_again_and_ends_no_other(monkeypatch: pytest.MonkeyPatch, outbox_db: object) -> None:
    monkeypatch.setattr(worker, "_FIRST_PAUSE_SECONDS", 0.01)
    tried: list[Exception | None] = []
    steady = Flag()
    errors = [AutoReconnect("the database is away"), ValueError("a mistake"), None]

    def shaky(stop: Flag) -> None:
        error = errors[min(len(tried), 2)]
        tried.append(error)
        if error is not None:
            raise error
        stop.wait()

    def goes_on(stop: Flag) -> None:
        stop.wait()
        steady.set()

    stop, thread = in_background([Job("shaky", shaky), Job("steady", goes_on)])
    wait_until(lambda: len(tried) == 3)
    assert not steady.is_set()
    stop.set()
    thread.join(10)
    assert steady.is_set()


def test_a_periodic_job_is_done_by_one_worker_once_in_its_interval(outbox_db: object) -> None:
    done: list[int] = []
    rounds = [
        Periodic("count", "count", 0.5, lambda number=number: done.append(number))  # type: ignore[misc]
        for number in range(3)
    ]
    began = time.monotonic()
    running = [in_background([Job(one.name, lambda stop, one=one: worker._come_round(one, stop))]) for one in rounds]  # type: ignore[misc]
    wait_until(lambda: len(done) >= 3)
    took = time.monotonic() - began
    for stop, thread in running:
        stop.set()
        thread.join(10)
    # Three of them would have done it nine times meanwhile.
    assert len(done) <= took / 0.5 + 2
    assert leases().count_documents({}) == 0


def test_the_lease_of_a_long_job_is_kept(outbox_db: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_LEASE_SECONDS", 0.3)
    holder, end = ObjectId(), Flag()
    long = Periodic("long", "long", 60, lambda: end.wait(1.5))
    thread = threading.Thread(target=worker._do_if_due, args=(long, holder))
    thread.start()
    time.sleep(0.9)
    assert not lease_take("long", holder=ObjectId(), seconds=1)
    end.set()
    thread.join()
    # And after its end until it is time again.
    assert not lease_take("long", holder=ObjectId(), seconds=1)


def test_a_paced_job_goes_on_at_its_own_pace(outbox_db: object) -> None:
    steps: list[float] = []

    def step() -> float:
        steps.append(time.monotonic())
        return 0.01 if len(steps) < 3 else 60

    stop, thread = in_background([Job("paced", lambda stop: worker._go_on(Paced("paced", step), stop))])
    wait_until(lambda: len(steps) == 3)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    assert len(steps) == 3
