"""The measures of moving money: one client, many, a hot account, a bulk; each beside its reference."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from banking.bench.drive import is_there, load_turn, loop_turn
from banking.bench.people import Customer
from banking.bench.plans import Request, bulk, get, one_payee, random_pairs, transfer
from banking.bench.proof import proven
from banking.bench.references import bare_transfer, service_transfer
from banking.bench.series import Measure, Series, Turn, Verdict
from banking.bench.server import Server
from banking.bench.turns import Progress, in_turns, rates_compared

BULK = 1_000
_WARMUP_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the measures of one database play, and for how long.

    Args:
        server: serves the database that this process works in too.
        customers: some dozens, with money.
        seconds: how long each load runs in all.
        rounds: how many turns that is.
        progress: told in one line what is being done.
    """

    server: Server
    customers: Sequence[Customer]
    seconds: float
    rounds: int
    progress: Progress

    def transfers(self, requests: list[Request], clients: int, *, each: int = 1) -> Turn:
        """Run one turn of a load, and check that its money arrived."""
        with proven(self.customers, each=each) as turns:
            turns.append(self.requests(requests, clients))
        return turns[0]

    def requests(self, requests: list[Request], clients: int) -> Turn:
        """Run one turn of a load that moves nothing."""
        seconds = self.seconds / self.rounds
        return load_turn(self.server, requests, clients=clients, seconds=seconds, warmup=_WARMUP_SECONDS)

    def loop(self, once: Callable[[], object]) -> Turn:
        """Run one turn of a loop in this process."""
        once()
        return loop_turn(once, seconds=self.seconds / self.rounds)

    def in_turns(
        self, title: str, ways: Mapping[str, Callable[[], Turn]], *, references: Collection[str] = ()
    ) -> dict[str, Series]:
        return in_turns(title, self.rounds, ways, self.progress, references=references)


def one_client(stage: Stage) -> Measure:
    """One customer after the other, beside the least that a transfer can be."""
    stage = replace(stage, rounds=2 * stage.rounds)
    bare, service = bare_transfer(), service_transfer(*stage.customers[:2])
    pairs = random_pairs(stage.customers)
    found = stage.in_turns(
        "one client",
        {
            "bare PyMongo": lambda: stage.loop(bare),
            "service": lambda: stage.loop(service),
            "1 client": lambda: stage.transfers(pairs, 1),
        },
        references=["bare PyMongo"],
    )
    verdict = rates_compared(found, "1 client", "bare PyMongo", 0.8)
    return Measure("One transfer after the other", [*found.values()], [verdict])


def many_clients(stage: Stage) -> Measure:
    """16 and 64 at once, random pairs and one account, beside an endpoint that only asks whose the token is."""
    pairs, hot = random_pairs(stage.customers), one_payee(stage.customers)
    no_op = [get("/api/auth/me", customer.token) for customer in stage.customers]
    found = stage.in_turns(
        "many clients",
        {
            "16 clients, no-op": lambda: stage.requests(no_op, 16),
            "16 clients, random pairs": lambda: stage.transfers(pairs, 16),
            "64 clients, no-op": lambda: stage.requests(no_op, 64),
            "64 clients, random pairs": lambda: stage.transfers(pairs, 64),
            "64 clients, one account": lambda: stage.transfers(hot, 64),
        },
        references=["16 clients, no-op", "64 clients, no-op"],
    )
    verdicts = [
        rates_compared(found, "64 clients, random pairs", "64 clients, no-op", 0.6),
        rates_compared(found, "64 clients, one account", "64 clients, random pairs", 0.9),
        _spread(found["64 clients, one account"], 5),
    ]
    return Measure("Many transfers at once", [*found.values()], verdicts)


def in_bulk(stage: Stage) -> Measure:
    """A thousand transfers in one request, beside one by one."""
    payer, *payees = stage.customers
    requests, singly = [bulk(payer, payees, BULK)], [transfer(payer, payee) for payee in payees]
    measure = Measure(f"{BULK:,} transfers in one request")
    if not is_there(stage.server, {**requests[0], "body": "{}"}):
        measure.notes.append("POST /api/transactions/bulk is not there: not measured")
        return measure
    found = stage.in_turns(
        "bulk",
        {
            "one by one": lambda: stage.transfers(singly, 1),
            f"bulk of {BULK:,}": lambda: stage.transfers(requests, 1, each=BULK),
        },
    )
    found[f"bulk of {BULK:,}"].each = BULK
    measure.series = [*found.values()]
    measure.verdicts = [rates_compared(found, f"bulk of {BULK:,}", "one by one", 15)]
    return measure


def _spread(series: Series, target: float) -> Verdict:
    ratio = series.milliseconds(99) / series.milliseconds(50)
    return Verdict(f"{series.name}: p99", "its p50", ratio, target, is_limit=True)
