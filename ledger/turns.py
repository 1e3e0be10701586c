"""The processes of one machine post one after the other, so that their groups do not conflict in the database.

Two locks of the operating system, as in a shop with one counter and one place to wait before it: whoever has just
posted finds the waiting place taken by somebody else and cannot come first again. Without it a busy process would
take every turn, because it asks again sooner than the others look.

The turn is a courtesy and no safeguard: the kernel ends it with its holder, whoever sees nothing move for too long, or
cannot use the locks (a full disk, a damaged file), goes ahead without, and correctness is the database's business
(`ledger.atomic`).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import structlog
from django.db import connections

# How long a process waits while nobody's turn begins, and in all.
COURTESY_SECONDS = 0.25
PATIENCE_SECONDS = 3.0
_POLL_SECONDS = 0.0003

_log = structlog.get_logger(__name__)


class Turns:
    """One process's place among those that post to one database."""

    def __init__(self, counter: int, waiting_place: int) -> None:
        self._counter, self._waiting_place = counter, waiting_place
        self._name = uuid4().bytes
        self._signature = b""

    @contextlib.contextmanager
    def take(self) -> Iterator[bool]:
        """Hold the turn, or go ahead without it after a while.

        Yields:
            Whether it had the turn before, so that no other process of the machine has posted since.
        """
        held = False
        try:
            mine = False
            with contextlib.suppress(OSError):
                held = self._wait()
                mine = held and self._sign()
            yield mine
        finally:
            if held:
                _unlock(self._counter)

    def _wait(self) -> bool:
        if not self._wait_for(self._waiting_place):
            return False
        try:
            return self._wait_for(self._counter)
        finally:
            _unlock(self._waiting_place)

    def _wait_for(self, lock: int) -> bool:
        """Wait for a lock for as long as turns begin; what each leaves in the file shows that they do."""
        if _locked(lock):
            return True
        ends = time.monotonic() + PATIENCE_SECONDS
        seen, moved = self._last(), time.monotonic()
        while not _locked(lock):
            time.sleep(_POLL_SECONDS)
            if (last := self._last()) != seen:
                seen, moved = last, time.monotonic()
            if time.monotonic() > min(ends, moved + COURTESY_SECONDS):
                return False
        return True

    def _last(self) -> bytes:
        return os.pread(self._counter, 64, 0)

    def _sign(self) -> bool:
        """Leave a signature that no other turn has; return whether the last one was this process's."""
        mine = self._last() == self._signature != b""
        self._signature = b""
        signature = self._name + time.monotonic_ns().to_bytes(8, "big")
        if os.pwrite(self._counter, signature, 0) == len(signature):
            self._signature = signature
        return mine


class NoTurns:
    """Where there is no place for the locks, everybody goes ahead."""

    @contextlib.contextmanager
    def take(self) -> Iterator[bool]:
        """Have the turn at once; others may have posted."""
        yield False


def turns_of_this_machine() -> Turns | NoTurns:
    """Return this process's place among those that post to the bank's database from this machine."""
    wrapper = connections["default"].settings_dict
    database = f"{wrapper['HOST']} {wrapper['NAME']} {os.getuid()}"
    if database not in _turns:
        try:
            _turns[database] = Turns(_lock_file(database, "turn"), _lock_file(database, "wait"))
        except OSError as error:
            _log.warning("no_turns_on_this_machine", error=error.strerror)
            return NoTurns()
    return _turns[database]


_turns: dict[str, Turns] = {}


def _lock_file(database: str, purpose: str) -> int:
    name = hashlib.sha256(database.encode()).hexdigest()[:24]
    path = Path(tempfile.gettempdir()) / f"florin-{name}.{purpose}"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _unlock(lock: int) -> None:
    with contextlib.suppress(OSError):
        fcntl.flock(lock, fcntl.LOCK_UN)


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


# A lock's open file that a child shared with its parent would give both the same turn.
os.register_at_fork(after_in_child=_turns.clear)
