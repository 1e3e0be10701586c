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


PERIODIC: tuple[Periodic, ...] = ()
