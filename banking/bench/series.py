"""What was measured of one load or one loop, over all of its turns."""

import statistics
from dataclasses import dataclass, field

PERCENTS = (50, 95, 99)


@dataclass
class Turn:
    """One turn of a load.

    Args:
        seconds: how long it was counted.
        done: what was done in these seconds: requests answered, or passes of a loop.
        times: microseconds of each.
        acknowledged: how many were answered 2xx in all, the warm-up's included.
        failed: how many were answered otherwise, or not at all.
        lost: how many of these were not answered at all.
        refusals: some of the answers that were not 2xx.
        again: database transactions that were aborted meanwhile, each of which was run again.
        cpu: CPU seconds meanwhile of `web`, `database` and `generator`, each None where it is not known.
    """

    seconds: float
    done: int
    times: list[int]
    acknowledged: int
    failed: int = 0
    lost: int = 0
    refusals: list[str] = field(default_factory=list)
    again: int | None = None
    cpu: dict[str, float | None] = field(default_factory=dict)


@dataclass
class Series:
    """All turns of one load.

    Args:
        name: of the load.
        turns: at least one, when it is asked for figures.
        each: how many transfers a request makes.
        is_reference: whether others are compared with it, and it is no measure of the bank itself.
    """

    name: str
    turns: list[Turn] = field(default_factory=list)
    each: int = 1
    is_reference: bool = False

    @property
    def rate(self) -> float:
        """Transfers, or other requests, a second."""
        return self.each * sum(turn.done for turn in self.turns) / sum(turn.seconds for turn in self.turns)

    @property
    def failed(self) -> int:
        return sum(turn.failed for turn in self.turns)

    @property
    def again(self) -> int | None:
        found = [turn.again for turn in self.turns if turn.again is not None]
        return sum(found) if found else None

    def milliseconds(self, percent: int) -> float:
        """Return a percentile of the times, in milliseconds."""
        return percentile([time for turn in self.turns for time in turn.times], percent) / 1_000

    def cpu(self, whose: str) -> float | None:
        """Return the CPU seconds of `web`, `database` or `generator` for 1,000 requests."""
        found = [seconds for turn in self.turns if (seconds := turn.cpu.get(whose)) is not None]
        requests = sum(turn.acknowledged + turn.failed for turn in self.turns)
        return 1_000 * sum(found) / requests if found and requests else None


def percentile(times: list[int], percent: int) -> float:
    """Return the percentile, between its neighbours where it falls between two.

    Args:
        times: at least one, in any order.
        percent: 1 to 99.
    """
    if len(times) == 1:
        return times[0]
    return statistics.quantiles(times, n=100, method="inclusive")[percent - 1]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A measure beside its reference, and whether it reaches the target.

    Args:
        measure: what is compared, such as `64 clients, random pairs: rate`.
        beside: what it is compared with, as a series is named.
        ratio: the measure by its reference.
        target: what the ratio has to be at least or, with `is_limit`, at most.
    """

    measure: str
    beside: str
    ratio: float
    target: float
    is_limit: bool = False

    @property
    def is_met(self) -> bool:
        return self.ratio <= self.target if self.is_limit else self.ratio >= self.target

    @property
    def wanted(self) -> str:
        return f"{'≤' if self.is_limit else '≥'} {self.target:g}"


@dataclass
class Measure:
    """Series that were measured in turns and can be compared.

    Args:
        title: what is measured.
        series: in the order of the table.
        verdicts: how they compare.
        notes: what is missing, and why.
        subject: what the measure's series have in common, where they stand beside those of another measure.
    """

    title: str
    series: list[Series] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    subject: str = ""
