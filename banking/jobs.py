"""What the workers do again and again, each by one of them at a time."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from banking.selectors.days import first_day, today
from banking.services.days import days_fill
from ledger.checkpoints import checkpoint_append
from ledger.inspection import inspection_leave, inspection_step
from ledger.signing import PrivateKey

# Of a bank so large that a checkpoint takes long, at most a tenth of a core is spent on them.
_REST = 9
_NO_KEY_SECONDS = 60.0
# Of a bank that has been running for years, no more days are counted than the overview shows.
_DAYS_BACK = timedelta(days=400)
_DAYS_AT_ONCE, _DAYS_SECONDS, _DAYS_LOOK_SECONDS = 10, 60.0, 300.0


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Periodic:
    """A job that comes round.

    Args:
        name: of the job, for the log.
        lease: what keeps two workers from doing it at once (`ledger.leases`).
        function: does it once, and returns how many seconds to wait until it is done again. It must bear being done
            twice, and being cut off at any moment.
    """

    name: str
    lease: str
    function: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Paced:
    """A job that goes on in small steps at its own pace.

    Args:
        name: of the job, for the log.
        step: does a little and returns how many seconds to wait before the next. It sees to it by itself that two
            workers do not hinder each other.
        leave: gives back what the steps hold, when the worker stops.
    """

    name: str
    step: Callable[[], float]
    leave: Callable[[], None] = _nothing


def checkpoint_make() -> float:
    """Sign the heads of all accounts, if there is a key to sign with and anything new to sign."""
    if not settings.CHECKPOINT_KEY:
        return _NO_KEY_SECONDS
    pace: float = settings.CHECKPOINT_SECONDS
    began = time.monotonic()
    checkpoint_append(PrivateKey(settings.CHECKPOINT_KEY))
    return max(pace, _REST * (time.monotonic() - began))


def days_keep() -> float:
    """Keep some of the days that are over and not kept, for the overview of administrators."""
    began = time.monotonic()
    is_done = days_fill(first=max(first_day(), today() - _DAYS_BACK), most=_DAYS_AT_ONCE, seconds=_DAYS_SECONDS)
    return _DAYS_LOOK_SECONDS if is_done else _REST * (time.monotonic() - began)


PERIODIC: tuple[Periodic, ...] = (
    Periodic("checkpoints", "checkpoints", checkpoint_make),
    Periodic("days", "days", days_keep),
)
PACED: tuple[Paced, ...] = (Paced("verification", inspection_step, inspection_leave),)
