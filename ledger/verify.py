"""The ledger proves itself: every invariant checked against what is stored, over the whole database at one moment.

All reads see one snapshot, so the books can be checked while money moves. The server keeps a snapshot for five minutes
by default (`minSnapshotHistoryWindowInSeconds`); a ledger that takes longer needs a larger one. `ledger.inspection`
makes the same checks in small parts, all the time.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from pymongo.client_session import ClientSession

from ledger.checkpoint_check import kept_check
from ledger.checkpoints import public_keys
from ledger.findings import Report
from ledger.phases import PHASES, Phase
from ledger.records import Document
from ledger.store import client
from ledger.sums import keys_check

_PART = 50_000


class KeptCheckpoint(NamedTuple):
    """A checkpoint as `export_checkpoint` printed it: what was signed, and the signature."""

    statement: dict[str, str]
    signature: bytes


Progress = Callable[[str, Report], None]


def _silent(phase: str, report: Report) -> None:
    pass


def verify(progress: Progress = _silent, *, kept: KeptCheckpoint | None = None) -> Report:
    """Check I1 to I6, the chains, the checkpoints and the counters over the whole database.

    Args:
        progress: told now and then which phase it is in, and what it has found so far.
        kept: a checkpoint that was kept outside the database, to be compared with it.

    Returns:
        The report; the books are right when it has no violations.
    """
    report = Report()
    with client().start_session(snapshot=True) as session:
        for phase in PHASES:
            for _ in _parts(phase, session, report):
                progress(phase.name, report)
        keys_check(session, report)
        if kept is not None:
            report.add_all(kept_check(session, kept.statement, kept.signature, public_keys()))
    return report


def _parts(phase: Phase, session: ClientSession, report: Report) -> Iterator[None]:
    """Make the parts of a phase one after the other."""
    cursor: Document | None = None
    while True:
        cursor = phase.part(session, cursor, _PART, report)
        yield
        if cursor is None:
            return
