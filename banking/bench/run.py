"""The bench from beginning to end: databases, servers, measures."""

from collections.abc import Callable
from dataclasses import dataclass

from banking.bench import transfers
from banking.bench.ground import own_database
from banking.bench.people import customers_make
from banking.bench.reads import reads
from banking.bench.series import Measure
from banking.bench.server import served
from banking.bench.transfers import Stage
from banking.bench.turns import Progress

CUSTOMERS = 64
TRANSFERS: dict[str, Callable[[Stage], Measure]] = {
    "one": transfers.one_client,
    "many": transfers.many_clients,
    "bulk": transfers.in_bulk,
}
NAMES = [*TRANSFERS, "reads"]
LEAST_SECONDS, MOST_SECONDS = 0.5, 600
# Fewer would have no second page, more than this takes hours.
LEAST_ENTRIES, MOST_ENTRIES = 1_000, 100_000_000


@dataclass(frozen=True, slots=True)
class Options:
    """What is measured, and how thoroughly.

    Args:
        names: which measures, of `NAMES`.
        seconds: how long each load runs in all; each question to a ledger takes a third of that.
        rounds: how many turns that is; of what one client asks twice as many, because they may be shorter.
        entries: in the larger of the two ledgers that are read.
    """

    names: tuple[str, ...] = tuple(NAMES)
    seconds: float = 6.0
    rounds: int = 3
    entries: int = 1_000_000


QUICK = Options(seconds=0.6, rounds=1, entries=10_000)


def measure(options: Options, progress: Progress) -> list[Measure]:
    """Measure what the options name.

    Args:
        options: what and how much.
        progress: told in one line what is being done.

    Raises:
        BenchError: the server did not start, money was lost, or the books are wrong.
    """
    found: list[Measure] = []
    moving = [TRANSFERS[name] for name in TRANSFERS if name in options.names]
    if moving:
        found += _transfers(moving, options, progress)
    if "reads" in options.names:
        seconds, rounds = options.seconds / 3, 2 * options.rounds
        found += reads(entries=options.entries, seconds=seconds, rounds=rounds, progress=progress)
    return found


def _transfers(measures: list[Callable[[Stage], Measure]], options: Options, progress: Progress) -> list[Measure]:
    with own_database() as database, served(database) as server:
        customers = customers_make(CUSTOMERS)
        stage = Stage(server, customers, options.seconds, options.rounds, progress)
        return [measure(stage) for measure in measures]
