"""The worker: everything the bank does in the background, as named jobs in threads of one process.

Any number of workers may run: what must be done by one of them at a time is leased, the rest is shared. A job that
fails is tried again after a pause and never ends the others; a database that is away is waited for. Asked to stop, a
worker finishes the delivery it is at, gives its leases back and goes.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from threading import Event as Flag

import structlog
from bson.objectid import ObjectId
from django.conf import settings
from pymongo.errors import PyMongoError

from banking.jobs import PACED, PERIODIC, Paced, Periodic
from banking.outbox.consumers import Consumer
from banking.outbox.dispatch import dispatch, dispatch_one
from banking.outbox.registry import CONSUMERS
from banking.outbox.relay import Relay
from banking.outbox.webhooks import Webhooks
from config.request_ids import request_id_bound
from ledger import sessions
from ledger.errors import TryAgain
from ledger.leases import lease_give_back, lease_take

# How long a stopping worker waits for the work in hand before it goes without.
STOP_SECONDS = 10
_LOOK_SECONDS = 0.1
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.5, 15.0
# The lease of a job that is being done is prolonged for as long as it takes.
_LEASE_SECONDS = 15
# How many times as many threads call customers' servers as deliver to any other consumer.
_THREADS_FOR_CALLS = 4

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """Work that goes on until the flag is set.

    Args:
        name: for the log.
        run: does it; when it fails, it is called again.
    """

    name: str
    run: Callable[[Flag], None]


def jobs() -> list[Job]:
    """Return what a worker does: relaying, delivering, and what comes round again and again."""
    return [
        Job("relay", _relay),
        *(Job(f"{one.name}-{number}", partial(dispatch, one)) for one in CONSUMERS for number in _threads_of(one)),
        *(Job(one.name, partial(_come_round, one)) for one in PERIODIC),
        *(Job(one.name, partial(_go_on, one)) for one in PACED),
    ]


def _threads_of(consumer: Consumer) -> range:
    """Number the threads of a consumer; calls to customers' servers mostly wait, so there are more for them."""
    more = _THREADS_FOR_CALLS if consumer.name == Webhooks.name else 1
    return range(1, settings.DELIVERY_THREADS * more + 1)


def _relay(stop: Flag) -> None:
    Relay(stop).run()


def work(stop: Flag, todo: Sequence[Job] | None = None) -> bool:
    """Do the jobs until the flag is set; whether all of them came to their end in time.

    Args:
        stop: ends everything within `STOP_SECONDS`.
        todo: what to do; by default all of `jobs`.
    """
    threads = [
        threading.Thread(target=_keep_doing, args=(job, stop), name=f"florin-{job.name}", daemon=True)
        for job in (jobs() if todo is None else todo)
    ]
    for thread in threads:
        thread.start()
    # Not `stop.wait()`: a signal that comes while it holds its lock could never set the flag.
    while not stop.is_set():
        time.sleep(_LOOK_SECONDS)
    ends = time.monotonic() + STOP_SECONDS
    for thread in threads:
        thread.join(max(0.0, ends - time.monotonic()))
    late = [thread.name for thread in threads if thread.is_alive()]
    if late:
        _log.warning("worker_left_work", jobs=late)
    sessions.pool_reset()
    return not late


def work_once(stop: Flag) -> int:
    """Do what is due now and return the number of events relayed; what fails waits for its next attempt."""
    count = Relay(stop).catch_up()
    for consumer in CONSUMERS:
        while not stop.is_set() and dispatch_one(consumer, stop):
            pass
    holder = ObjectId()
    for one in PERIODIC:
        _do_if_due(one, holder)
        lease_give_back(one.lease, holder=holder)
    for paced in PACED:
        paced.step()
        paced.leave()
    sessions.pool_reset()
    return count


def _keep_doing(job: Job, stop: Flag) -> None:
    pause = _FIRST_PAUSE_SECONDS
    while not stop.is_set():
        began = time.monotonic()
        try:
            with request_id_bound():
                job.run(stop)
        except (PyMongoError, TryAgain) as error:
            _log.warning("job_waits_for_database", job=job.name, error=type(error).__name__)
        except Exception as error:
            _log.error("job_failed", job=job.name, exc_info=error)
        if time.monotonic() - began > _LONGEST_PAUSE_SECONDS:
            pause = _FIRST_PAUSE_SECONDS
        stop.wait(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def _come_round(one: Periodic, stop: Flag) -> None:
    """Do a periodic job whenever its time has come and no other worker has it."""
    holder = ObjectId()
    try:
        while not stop.is_set():
            stop.wait(_do_if_due(one, holder))
    finally:
        lease_give_back(one.lease, holder=holder)


def _go_on(one: Paced, stop: Flag) -> None:
    """Do one step after the other, with the pauses that it asks for."""
    try:
        while not stop.is_set():
            with request_id_bound():
                pause = one.step()
            stop.wait(pause)
    finally:
        one.leave()


def _do_if_due(one: Periodic, holder: ObjectId) -> float:
    """Do a job unless another worker has it, and return how many seconds to wait before asking again."""
    if not lease_take(one.lease, holder=holder, seconds=_LEASE_SECONDS):
        return _LEASE_SECONDS
    with _lease_kept(one.lease, holder), request_id_bound():
        seconds = one.function()
    # Kept until it is time again, the lease tells the other workers that it has been done.
    lease_take(one.lease, holder=holder, seconds=seconds)
    return seconds


@contextlib.contextmanager
def _lease_kept(lease: str, holder: ObjectId) -> Iterator[None]:
    """Prolong a lease in the background for as long as the work takes."""
    done = Flag()

    def prolong() -> None:
        while not done.wait(_LEASE_SECONDS / 3):
            with contextlib.suppress(PyMongoError):
                lease_take(lease, holder=holder, seconds=_LEASE_SECONDS)

    keeper = threading.Thread(target=prolong, name=f"florin-lease-{lease}", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()
