"""What the workers do again and again, each by one of them at a time."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Periodic:
    """A job that comes round.

    Args:
        name: of the job, for the log.
        lease: what keeps two workers from doing it at once (`ledger.leases`).
        interval_seconds: from its end to its next beginning.
        function: does it once. It must bear being done twice, and being cut off at any moment.
    """

    name: str
    lease: str
    interval_seconds: float
    function: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Paced:
    """A job that goes on in small steps at its own pace.

    Args:
        name: of the job, for the log.
        step: does a little and returns how many seconds to wait before the next. It sees to it by itself that two
            workers do not hinder each other.
    """

    name: str
    step: Callable[[], float]


PERIODIC: tuple[Periodic, ...] = ()
PACED: tuple[Paced, ...] = ()
