"""Paying the lines of confirmed runs, by a few threads in the background of each web process.

A run is paid in chunks, one after the other, each of them one group of the ledger: other customers get their turns in
between. Whoever pays holds a *lease* on the run in the database and renews it with every chunk. When its process dies
the lease runs out after a few seconds. The next look at the run, in any process, or the next web process that starts
then takes it over, and goes on with the first line of which nothing is known.

The lease only keeps two from doing the same work. That nobody is paid twice does not rest on it: each line has its own
idempotency key for ever, and a line that was paid but not noted is answered by the ledger with what it did before.
"""

import contextlib
import os
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import structlog
from bson.int64 import Int64
from bson.objectid import ObjectId
from pymongo import ReturnDocument, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError

from banking import instruments
from banking.errors import failure_of
from banking.run_records import (
    DONE,
    FAILED,
    LEFT_OUT,
    PAID,
    PAYING,
    READY,
    Document,
    Run,
    RunLine,
    line_key,
    lines,
    runs,
)
from banking.selectors.runs import run_tally
from config.request_ids import request_id, request_id_bound
from ledger import atomic
from ledger.accounts import Payer
from ledger.audit import SUCCESS, Origin, audit_record
from ledger.committer import MAX_GROUP
from ledger.errors import TransactionInProgress, TryAgain
from ledger.money import to_decimal
from ledger.records import now
from ledger.rules import Answer, Outcome
from ledger.transfers import TransferOrder, transfers_execute

# Longer than a chunk takes, its deadline and the reading back of an unknown end included; when it shares its group
# with others, who have more time, it may outlive the lease, and its keys see to it that nobody is paid twice.
LEASE_SECONDS = 8
CHUNK_SECONDS = 3
# Runs that one process pays at a time, and those that may wait for it.
THREADS = 2
MOST_WAITING = 100
# How often in a row a chunk may get no answer before the run halts, until somebody presses "Go on".
TRIES = 6
_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 2.0
PAID_BEFORE = "It was paid by an earlier list, and you chose not to pay it again."
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

_log = structlog.get_logger(__name__)


class Drivers:
    """The runs that this process pays or is to pay."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[ObjectId, None] = {}
        self._driven: set[ObjectId] = set()
        self._threads = 0

    def wake(self, run: ObjectId) -> None:
        """Have a run paid soon; one that waits already or is being paid here is left alone."""
        with self._lock:
            if run in self._driven or len(self._waiting) >= MOST_WAITING:
                return
            self._waiting[run] = None
            if self._threads < THREADS:
                self._threads += 1
                threading.Thread(target=self._work, name="florin-payment-run", daemon=True).start()

    def _work(self) -> None:
        while (run := self._next()) is not None:
            try:
                run_pay(run)
            except Exception as error:
                # The lease runs out, and the next look at the run takes it up again.
                _log.error("payment_run_broken", run=str(run), exc_info=error)
            finally:
                with self._lock:
                    self._driven.discard(run)

    def _next(self) -> ObjectId | None:
        with self._lock:
            run = next(iter(self._waiting), None)
            if run is None:
                self._threads -= 1
                return None
            del self._waiting[run]
            self._driven.add(run)
            return run


_drivers = Drivers()


def drive_soon(run: Run) -> None:
    """Have a confirmed run paid in the background, unless somebody is at work on it or it has halted."""
    if run.status == PAYING and run.stalled_at is None and not is_leased(run):
        _drivers.wake(run.id)


def is_leased(run: Run) -> bool:
    """Whether somebody is at work on the run, as far as this machine's clock can tell; the database decides."""
    return run.lease_until is not None and run.lease_until > now()


def take_up_abandoned_later() -> None:
    """Soon take up what a process that has ended left half paid; for a web process that starts.

    By then the leases of the dead have run out. Nobody has to look at a run for it to come to its end.
    """
    timer = threading.Timer(LEASE_SECONDS + 1, _take_up_abandoned)
    timer.daemon = True
    timer.start()


def _take_up_abandoned() -> None:
    try:
        found = runs().find({"status": PAYING}).sort("confirmed_at", 1).limit(MOST_WAITING)
        for document in found:
            drive_soon(Run.of(document))
    except PyMongoError as error:
        _log.warning("abandoned_payment_runs_not_looked_for", error=type(error).__name__)


def run_pay(run_id: ObjectId) -> None:
    """Pay the lines of a run until none is left, or somebody else has taken the run over.

    Args:
        run_id: of a run; one that is not PAYING, or that somebody else holds, is left alone.
    """
    holder, tries = ObjectId(), 0
    while tries <= TRIES:
        if tries:
            time.sleep(min(_FIRST_PAUSE_SECONDS * 2 ** (tries - 1), _LONGEST_PAUSE_SECONDS))
        try:
            with request_id_bound():
                decided = _step(run_id, holder)
        except PyMongoError as error:
            _log.warning("payment_run_waits", run=str(run_id), error=type(error).__name__)
            decided = 0
        if decided is None:
            return
        tries = 0 if decided else tries + 1
    _halt(run_id, holder)


def _step(run_id: ObjectId, holder: ObjectId) -> int | None:
    """Pay one chunk and return how many lines were decided; None when there is nothing (more) to do here."""
    run, leaves_out = _lease_take(run_id, holder)
    if run is None:
        return None
    chunk = _next_lines(run)
    if leaves_out and any(line.repeats for line in chunk):
        _leave_out(run)
        chunk = _next_lines(run)
    if not chunk:
        _finish(run, holder)
        return None
    return _note(run, chunk, _pay(run, chunk))


def _lease_take(run_id: ObjectId, holder: ObjectId) -> tuple[Run | None, bool]:
    """Take or renew the lease, by the database's clock alone; no run when somebody else has it."""
    free = {"$lt": [{"$ifNull": ["$lease_until", _LONG_AGO]}, "$$NOW"]}
    mine_or_free = {"_id": run_id, "status": PAYING, "$or": [{"holder": holder}, {"$expr": free}]}
    until = {"$add": ["$$NOW", LEASE_SECONDS * 1_000]}
    found = runs().find_one_and_update(
        mine_or_free,
        [{"$set": {"holder": holder, "lease_until": until}}],
        return_document=ReturnDocument.AFTER,
    )
    return (None, False) if found is None else (Run.of(found), found["leave_out"])


def _leave_out(run: Run) -> None:
    """Take out all that an earlier run has paid and this one has not."""
    repeated = {"run": run.id, "check": run.check, "state": READY, "repeats": True}
    lines().update_many(repeated, {"$set": {"state": LEFT_OUT, "code": "paid_before", "problem": PAID_BEFORE}})


def _next_lines(run: Run) -> list[RunLine]:
    ready = {"run": run.id, "check": run.check, "state": READY}
    # Along the other index the last chunk would walk over all lines that are paid already.
    found = lines().find(ready).sort("number", 1).limit(MAX_GROUP).hint("by_state")
    return [RunLine.of(document) for document in found]


def _pay(run: Run, chunk: Sequence[RunLine]) -> list[Answer]:
    payer = Payer(run.account, run.owner, run.currency)
    orders = [_order(run, payer, line) for line in chunk]
    return transfers_execute(orders=orders, owner=run.owner, origin=_origin(run), deadline_seconds=CHUNK_SECONDS)


def _order(run: Run, payer: Payer, line: RunLine) -> TransferOrder:
    if line.receiver is None or line.amount_minor is None:
        raise ValueError(f"line {line.number} of run {run.id} was never checked")
    amount = to_decimal(line.amount_minor, run.currency)
    return TransferOrder(payer, line.receiver, amount, line_key(run.id, line.number), line.note)


def _origin(run: Run) -> Origin:
    return Origin(actor=run.owner, address=run.address, surface="browser", request_id=request_id())


def _note(run: Run, chunk: Sequence[RunLine], answers: Sequence[Answer]) -> int:
    """Write down what became of the lines, and return how many were decided.

    That a line was paid is a fact, whatever somebody else has noted; that it failed counts only while nothing is.
    """
    writes = list(_line_writes(chunk, answers))
    if writes:
        lines().bulk_write(writes, ordered=False)
    return len(writes)


def _line_writes(chunk: Sequence[RunLine], answers: Sequence[Answer]) -> Iterator[UpdateOne]:
    at = now()
    for line, answer in zip(chunk, answers, strict=True):
        instruments.payment_run_line(answer)
        if isinstance(answer, Outcome):
            paid = {"state": PAID, "transaction": answer.transaction.id, "paid_at": at, "code": None, "problem": ""}
            yield UpdateOne({"_id": line.id, "state": {"$in": [READY, FAILED]}}, {"$set": paid})
        elif not isinstance(answer, TryAgain | TransactionInProgress):
            yield UpdateOne({"_id": line.id, "state": READY}, {"$set": _failed(answer)})


def _failed(answer: Any) -> Document:
    failure = failure_of(answer)
    transaction = None if failure.transaction is None else failure.transaction.id
    return {"state": FAILED, "transaction": transaction, "code": failure.code, "problem": failure.message}


def _finish(run: Run, holder: ObjectId) -> None:
    """Take the one step from PAYING to DONE, with its audit record."""
    tally = run_tally(run)
    change = {
        "status": DONE,
        "done_at": now(),
        "lease_until": None,
        "holder": None,
        "paid_count": Int64(tally.paid_count),
        "paid_minor": Int64(tally.paid_minor),
    }

    def work(session: ClientSession) -> None:
        guard = {"_id": run.id, "status": PAYING, "holder": holder}
        if runs().update_one(guard, {"$set": change}, session=session).matched_count == 1:
            audit_record(
                action="payment_run.done",
                status=SUCCESS,
                origin=_origin(run),
                subject=run.id,
                accounts=[run.account],
                details={state.lower(): count for state, count in tally.counts.items()},
                session=session,
            )

    # Not done in time, it is done with the next look at the run: all of its lines are decided.
    with contextlib.suppress(TryAgain):
        atomic.run(work)


def _halt(run_id: ObjectId, holder: ObjectId) -> None:
    """Give up for now: the database has not answered for too long. Nothing is lost, and nothing is paid twice."""
    _log.warning("payment_run_halted", run=str(run_id))
    change = {"stalled_at": now(), "lease_until": None, "holder": None}
    with contextlib.suppress(PyMongoError):
        runs().update_one({"_id": run_id, "status": PAYING, "holder": holder}, {"$set": change})


def _begin_anew_in_child() -> None:
    """The threads are the parent's, and so are its leases."""
    global _drivers
    _drivers = Drivers()


os.register_at_fork(after_in_child=_begin_anew_in_child)
