"""The measures of reading: the same questions to a small and to a large ledger, in turns.

Half of the entries are one account's, and that account is asked about. What is compared is the median time, because
a read is fast enough for a single pause of the machine to spoil the mean.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

from banking.bench.drive import is_there, load_turn
from banking.bench.filling import HISTORY, fill
from banking.bench.ground import own_database
from banking.bench.people import Customer, admin_token, customers_make
from banking.bench.plans import Request, get
from banking.bench.proof import books_check
from banking.bench.series import Measure, Series, Turn, Verdict
from banking.bench.server import Server, served
from banking.bench.turns import Progress, in_turns
from ledger.accounts import account_get
from ledger.history import entries_page
from ledger.records import now

SMALL_ENTRIES = 10_000
DEPTH = 1_000
PAGE = 20
FIRST_PAGE, STATS = "history, first page", "stats"
_CUSTOMERS = 20
_MOMENTS = 50
_WORSE_AT_MOST = 1.3
_WARMUP_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Ledger:
    """A filled ledger, its server, and what is asked of it, by name."""

    entries: int
    server: Server
    questions: dict[str, list[Request]]

    def ask(self, question: str, seconds: float) -> Turn:
        """Ask one question again and again for some seconds, one after the other."""
        requests = self.questions[question]
        return load_turn(self.server, requests, clients=1, seconds=seconds, warmup=_WARMUP_SECONDS)

    def named(self, question: str) -> str:
        """Return the question's name beside those of another ledger."""
        return f"{question}, {self.entries:,} entries"


def reads(*, entries: int, seconds: float, rounds: int, progress: Progress) -> list[Measure]:
    """Ask a small and a large ledger the same.

    Args:
        entries: in the large one; the small one has `SMALL_ENTRIES`, or a tenth of the large one if that is less.
        seconds: how long each question is asked in all.
        rounds: how many turns that is.
        progress: told in one line what is being done.

    Raises:
        BenchError: a ledger could not be filled, or its books are wrong.
    """
    depth = min(DEPTH, entries // 2 // PAGE - 1)
    with (
        filled(min(SMALL_ENTRIES, entries // 10), progress) as small,
        filled(entries, progress, depth=depth) as large,
    ):
        ways = {
            ledger.named(question): partial(ledger.ask, question, seconds / rounds)
            for question in large.questions
            for ledger in (small, large)
            if question in ledger.questions
        }
        found = in_turns("reads", rounds, ways, progress)
        return [_measure(small, found), _compared(large, small, found)]


def _compared(large: Ledger, small: Ledger, found: dict[str, Series]) -> Measure:
    measure = _measure(large, found)
    for question in large.questions:
        # A page far down is compared with the first one of the same ledger, everything else with the small ledger.
        is_deep = question not in small.questions
        beside = large.named(FIRST_PAGE) if is_deep else small.named(question)
        ratio = found[large.named(question)].milliseconds(50) / found[beside].milliseconds(50)
        name = FIRST_PAGE if is_deep else f"{small.entries:,} entries"
        measure.verdicts.append(Verdict(f"{question}: p50", name, ratio, _WORSE_AT_MOST, is_limit=True))
    return measure


def _measure(ledger: Ledger, found: dict[str, Series]) -> Measure:
    mine = [Series(question, found[ledger.named(question)].turns) for question in ledger.questions]
    subject = f"{ledger.entries:,}"
    measure = Measure(f"Reading, {subject} entries, 1 client", mine, subject=subject)
    if STATS not in ledger.questions:
        measure.notes.append("GET /api/admin/stats is not there: not measured")
    return measure


@contextmanager
def filled(entries: int, progress: Progress, *, depth: int | None = None) -> Iterator[Ledger]:
    """Fill a ledger in a database of its own, prove its books and serve it.

    Args:
        entries: how many it has.
        progress: told in one line what is being done.
        depth: the page that is asked for by cursor, None for no such question.
    """
    since = now() - HISTORY
    with own_database() as database:
        customers = customers_make(_CUSTOMERS, at=since)
        fill(customers, entries=entries, since=since, progress=progress)
        progress(f"verifying the books of {entries:,} entries")
        books_check()
        with served(database) as server:
            yield Ledger(entries, server, _of_account(customers[0], depth) | _of_bank(server))


def _of_account(customer: Customer, depth: int | None) -> dict[str, list[Request]]:
    since = now() - HISTORY
    moments = [since + HISTORY * number / (_MOMENTS + 1) for number in range(1, _MOMENTS + 1)]
    return {
        FIRST_PAGE: [_history(customer)],
        **({} if depth is None else _of_page(customer, depth)),
        "balance": [_ask(customer, "/api/accounts/balance")],
        "balance at a past time": [_ask(customer, "/api/accounts/balance", at=at.isoformat()) for at in moments],
    }


def _of_page(customer: Customer, depth: int) -> dict[str, list[Request]]:
    before = entries_page(account=account_get(customer.account), page=depth - 1, limit=PAGE)
    return {f"history, page {depth:,} by cursor": [_history(customer, cursor=before.next_cursor)]}


def _of_bank(server: Server) -> dict[str, list[Request]]:
    stats = get("/api/admin/stats", admin_token())
    return {STATS: [stats]} if is_there(server, stats) else {}


def _history(customer: Customer, **query: object) -> Request:
    return _ask(customer, "/api/transactions", limit=PAGE, **query)


def _ask(customer: Customer, place: str, **query: object) -> Request:
    return get(f"{place}/{customer.account}" + (f"?{urlencode(query)}" if query else ""), customer.token)
