"""The measures of moving money: one client, many, a hot account, a bulk; each in turns with its reference.

The machine's speed drifts, so what is compared takes short turns one after the other, and only ratios count.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from banking.bench.drive import is_there, load_turn, loop_turn
from banking.bench.people import Customer
from banking.bench.plans import Request, bulk, get, one_payee, random_pairs, transfer
from banking.bench.proof import proven
from banking.bench.references import bare_transfer, service_transfer
from banking.bench.series import Measure, Row, Series, Turn, Verdict
from banking.bench.server import Server

Progress = Callable[[str], None]
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

    @property
    def turn_seconds(self) -> float:
        return self.seconds / self.rounds

    def load(self, requests: list[Request], clients: int, *, each: int = 1) -> Turn:
        """Run one turn of a load, and check that its money arrived."""
        with proven(self.customers, each=each) as turns:
            turn = load_turn(self.server, requests, clients=clients, seconds=self.turn_seconds, warmup=_WARMUP_SECONDS)
            turns.append(turn)
        return turn

    def look(self, requests: list[Request], clients: int) -> Turn:
        """Run one turn of a load that moves nothing."""
        return load_turn(self.server, requests, clients=clients, seconds=self.turn_seconds, warmup=_WARMUP_SECONDS)


def in_turns(stage: Stage, title: str, ways: dict[str, Callable[[], Turn]]) -> dict[str, Series]:
    """Give each way its turns, one after the other, and return what was measured by name."""
    found = {name: Series(name) for name in ways}
    for number in range(1, stage.rounds + 1):
        for name, way in ways.items():
            stage.progress(f"{title}, round {number} of {stage.rounds}: {name}")
            found[name].turns.append(way())
    return found


def one_client(stage: Stage) -> Measure:
    """One customer after the other, beside the least that a transfer can be."""
    bare, service = bare_transfer(), service_transfer(*stage.customers[:2])
    pairs = random_pairs(stage.customers)
    bare()
    found = in_turns(
        stage,
        "1 client",
        {
            "bare PyMongo": lambda: loop_turn(bare, seconds=stage.turn_seconds),
            "service": lambda: loop_turn(service, seconds=stage.turn_seconds),
            "1 client": lambda: stage.load(pairs, 1),
        },
    )
    ratio = found["1 client"].rate / found["bare PyMongo"].rate
    verdict = Verdict("of the rate of bare PyMongo", ratio, 0.8)
    rows = [Row(found["bare PyMongo"]), Row(found["service"]), Row(found["1 client"], [verdict, *_none_failed(found)])]
    return Measure("One transfer after the other", rows)


def many_clients(stage: Stage) -> Measure:
    """16 and 64 at once, random pairs and one account, beside an endpoint that only checks the token."""
    pairs, hot = random_pairs(stage.customers), one_payee(stage.customers)
    no_op = [get("/api/auth/me", customer.token) for customer in stage.customers]
    found = in_turns(
        stage,
        "many clients",
        {
            "64 clients, no-op": lambda: stage.look(no_op, 64),
            "16 clients, no-op": lambda: stage.look(no_op, 16),
            "16 clients, random pairs": lambda: stage.load(pairs, 16),
            "64 clients, random pairs": lambda: stage.load(pairs, 64),
            "64 clients, one account": lambda: stage.load(hot, 64),
        },
    )
    rows = {name: Row(series) for name, series in found.items()}
    rate = {name: series.rate for name, series in found.items()}
    rows["64 clients, random pairs"].verdicts = [
        Verdict("of the rate of the no-op", rate["64 clients, random pairs"] / rate["64 clients, no-op"], 0.6)
    ]
    rows["64 clients, one account"].verdicts = [
        Verdict(
            "of the rate of random pairs", rate["64 clients, one account"] / rate["64 clients, random pairs"], 0.9
        ),
        _spread(found["64 clients, one account"]),
    ]
    for name, row in rows.items():
        row.verdicts += _none_failed({name: found[name]})
    return Measure("Many at once", list(rows.values()))


def in_bulk(stage: Stage) -> Measure:
    """A thousand transfers in one request, beside one by one."""
    payer, *payees = stage.customers
    requests = [bulk(payer, payees, BULK)]
    measure = Measure(f"{BULK:,} in one request")
    if not is_there(stage.server, {**requests[0], "body": "{}"}):
        measure.notes.append("POST /api/transactions/bulk is not there: not measured")
        return measure
    singly = [transfer(payer, payee) for payee in payees]
    found = in_turns(
        stage,
        "bulk",
        {
            "one by one": lambda: stage.load(singly, 1),
            "bulk": lambda: stage.load(requests, 1, each=BULK),
        },
    )
    found["bulk"].each = BULK
    ratio = found["bulk"].rate / found["one by one"].rate
    verdicts = [Verdict("times the rate of one by one", ratio, 15), *_none_failed(found)]
    measure.rows = [Row(found["one by one"]), Row(found["bulk"], verdicts)]
    return measure


def _spread(series: Series) -> Verdict:
    return Verdict("times p50 is p99", series.milliseconds(99) / series.milliseconds(50), 5, is_limit=True)


def _none_failed(found: dict[str, Series]) -> list[Verdict]:
    return [Verdict("failed", sum(series.failed for series in found.values()), 0, is_limit=True)]
