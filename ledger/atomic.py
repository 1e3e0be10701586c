"""Running something in one database transaction, with a deadline, however much the database resists.

Contention, lost connections and fail-over are never the customer's problem: they are retried here with short
jittered pauses. PyMongo's `with_transaction` does the transaction; its own pauses grow to half a second and its own
limit is two minutes, which is too slow for a hot account and too long for a browser, so transient errors leave it and
come back to the loop below, inside the request's deadline.
"""

import contextlib
import random
import time
from collections.abc import Callable
from typing import TypeVar

import pymongo
import pymongo.errors
import structlog
from django.conf import settings
from pymongo.client_session import ClientSession
from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError
from pymongo.read_preferences import ReadPreference

from ledger import instruments, sessions
from ledger.errors import TryAgain
from ledger.store import DURABLE, SNAPSHOT

T = TypeVar("T")

FIRST_PAUSE_SECONDS = 0.002
LONGEST_PAUSE_SECONDS = 0.05
_DUPLICATE_KEY = 11000
_WRITE_CONFLICT = 112

_log = structlog.get_logger(__name__)


class SomeoneElseWon(Exception):
    """Another transaction changed what this one had read; it has to be decided again."""


def run(work: Callable[[ClientSession], T], *, deadline_seconds: float | None = None) -> T:
    """Run `work` in one transaction until it commits, once.

    Args:
        work: reads and writes with the session it is given; it may be called several times, so it has no other
            effect.
        deadline_seconds: how long it may take in all; the setting TRANSFER_DEADLINE_SECONDS by default.

    Returns:
        What `work` returned in the run that was committed.

    Raises:
        TryAgain: the deadline passed, or it is not known whether the commit happened.
    """
    deadline = settings.TRANSFER_DEADLINE_SECONDS if deadline_seconds is None else deadline_seconds
    with sessions.pool().lease() as session:
        try:
            with pymongo.timeout(deadline):
                return _until_committed(session, work, time.monotonic() + deadline)
        except PyMongoError as error:
            if not _is_passing(error):
                raise
            _end_quietly(session)
            instruments.GIVEN_UP.inc()
            _log.warning("transaction_not_confirmed", error=type(error).__name__, code=getattr(error, "code", None))
            raise TryAgain from error


def _until_committed(session: ClientSession, work: Callable[[ClientSession], T], deadline: float) -> T:
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            return _committed(session, work)
        except SomeoneElseWon as error:
            # Jitter only has to differ between competitors.
            wait = random.uniform(0, pause)  # noqa: S311
            cause = _cause(error)
            if time.monotonic() + wait >= deadline:
                instruments.GIVEN_UP.inc()
                _log.warning("transaction_gave_up", cause=cause)
                raise TryAgain from error
            instruments.RETRIES.labels(cause).inc()
            time.sleep(wait)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


def _committed(session: ClientSession, work: Callable[[ClientSession], T]) -> T:
    ended = time.monotonic()

    def timed(own: ClientSession) -> T:
        nonlocal ended
        done = _leave_when_transient(own, work)
        ended = time.monotonic()
        return done

    done = session.with_transaction(
        timed, read_concern=SNAPSHOT, write_concern=DURABLE, read_preference=ReadPreference.PRIMARY
    )
    instruments.database_called("commitTransaction", "", time.monotonic() - ended)
    return done


def _leave_when_transient(session: ClientSession, work: Callable[[ClientSession], T]) -> T:
    try:
        return work(session)
    except PyMongoError as error:
        if error.has_error_label("TransientTransactionError") or _is_duplicate(error):
            raise SomeoneElseWon from error
        raise


def _cause(won: SomeoneElseWon) -> str:
    """Name why a transaction has to be decided again."""
    error = won.__cause__
    if not isinstance(error, PyMongoError):
        return "guard"
    if _is_duplicate(error):
        return "duplicate_key"
    return "write_conflict" if getattr(error, "code", None) == _WRITE_CONFLICT else "transient"


def _is_duplicate(error: PyMongoError) -> bool:
    """Whether a unique index refused the write: the other one with this key or owner has just been committed."""
    if isinstance(error, BulkWriteError):
        return any(item["code"] == _DUPLICATE_KEY for item in error.details["writeErrors"])
    return isinstance(error, DuplicateKeyError)


def _is_passing(error: PyMongoError) -> bool:
    """Whether the database may answer later: no connection, no primary, no time left, commit unknown."""
    labels = ("TransientTransactionError", "UnknownTransactionCommitResult", "RetryableWriteError")
    if error.timeout or any(error.has_error_label(label) for label in labels):
        return True
    return isinstance(error, pymongo.errors.ConnectionFailure)


def _end_quietly(session: ClientSession) -> None:
    # What may still be open on the server would hold its accounts; if it cannot be ended now, the server's own
    # limit or the next transaction of this session ends it.
    with contextlib.suppress(PyMongoError), pymongo.timeout(1):
        sessions.session_end(session)
