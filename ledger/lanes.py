"""Lanes: threads of one process that want the same account queue up here instead of conflicting in the database.

A conflict costs the loser its whole transaction; a lock costs it nothing but the wait. Between processes the database
decides, and the loser executes again (`ledger.atomic`).
"""

import contextlib
import os
import threading
import time
from collections.abc import Iterable, Iterator

from bson.objectid import ObjectId
from django.conf import settings

from ledger.errors import TryAgain

_LANES = 256


def _new_lanes() -> list[threading.Lock]:
    return [threading.Lock() for _ in range(_LANES)]


_lanes = _new_lanes()


def _forget_in_child() -> None:
    """A lock that another thread held at the fork would never be released in the child."""
    global _lanes
    _lanes = _new_lanes()


os.register_at_fork(after_in_child=_forget_in_child)


@contextlib.contextmanager
def hold(accounts: Iterable[ObjectId], *, deadline_seconds: float | None = None) -> Iterator[float]:
    """Hold the lanes of these accounts, always taken in the same order so that nobody waits in a circle.

    Args:
        accounts: the accounts that are about to be written.
        deadline_seconds: how long the waiting and the work may take in all; the setting's by default.

    Yields:
        The seconds that are left for the work.

    Raises:
        TryAgain: the lanes were not free before the deadline.
    """
    deadline = settings.TRANSFER_DEADLINE_SECONDS if deadline_seconds is None else deadline_seconds
    ends = time.monotonic() + deadline
    with contextlib.ExitStack() as held:
        for lane in sorted({hash(account) % _LANES for account in accounts}):
            if not _lanes[lane].acquire(timeout=max(0.0, ends - time.monotonic())):
                raise TryAgain
            held.callback(_lanes[lane].release)
        yield max(0.001, ends - time.monotonic())
