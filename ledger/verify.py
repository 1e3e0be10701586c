"""The ledger proves itself: every invariant checked against what is stored, over the whole database at one moment.

All reads see one snapshot, so the books can be checked while money moves. The server keeps a snapshot for five minutes
by default (`minSnapshotHistoryWindowInSeconds`); a ledger that takes longer needs a larger one. `ledger.inspection`
makes the same checks in small parts, all the time.
"""

from collections.abc import Callable

from pymongo.client_session import ClientSession

from ledger.findings import Report
from ledger.invariants import Place
from ledger.records import Document
from ledger.stats import shard_add, shard_document, stats_sum
from ledger.store import client
from ledger.sums import balances_check, indexes_check, keys_check, totals_check
from ledger.walk import ACCOUNTS_BEGIN, NOBODY, TRANSACTIONS_BEGIN, Witness, accounts_walk, transactions_walk

_PART = 50_000

Progress = Callable[[str, int], None]


def _silent(step: str, done: int) -> None:
    pass


def verify(progress: Progress = _silent, witness: Witness = NOBODY) -> Report:
    """Check I1 to I6, the chains and the counters over the whole database.

    Args:
        progress: told the step's name and how much of it is done, now and then.
        witness: told of every entry (`ledger.walk`).

    Returns:
        The report; the books are right when it has no violations.
    """
    report = Report()
    with client().start_session(snapshot=True) as session:
        balances_check(session, report)
        _accounts_check(session, report, progress, witness)
        _transactions_check(session, report, progress)
        keys_check(session, report)
    indexes_check(report)
    return report


def _accounts_check(session: ClientSession, report: Report, progress: Progress, witness: Witness) -> None:
    place: Place | None = ACCOUNTS_BEGIN
    while place is not None:
        place = accounts_walk(session, begin=place, budget=_PART, report=report, witness=witness)
        progress("entries", report.entries)


def _transactions_check(session: ClientSession, report: Report, progress: Progress) -> None:
    shard = shard_document(0)

    def count(transaction: Document) -> None:
        shard_add(shard, transaction)

    after = TRANSACTIONS_BEGIN
    while (last := transactions_walk(session, after=after, budget=_PART, report=report, count=count)) is not None:
        after = last
        progress("transactions", report.transactions)
    progress("transactions", report.transactions)
    totals_check(session, stats_sum([shard]), report)
