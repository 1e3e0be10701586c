"""What verifications found, kept for those who look at it, and how far the present round is.

One document for each, numbered from 1. A round is written down after every part, with the cursor of the next one; each
write goes from the very part that it was made on, so that work done twice counts once.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bson.int64 import Int64
from pymongo.errors import DuplicateKeyError

from ledger.findings import FULL, ROUND, Report, Violation
from ledger.phases import PHASES, proved_by
from ledger.records import Document, now
from ledger.stats import ledger_stats
from ledger.store import verifications

# Numbers are taken by insertion; somebody else's may come first now and then.
_TRIES = 5


@dataclass
class Verification:
    """A verification, as it stands.

    Args:
        number: from 1, in the order of their beginning; a full one is numbered at its end.
        kind: FULL, made at one moment, or ROUND, made in parts.
        phase: the name of the one a round is in; None when it is over.
        cursor: where the next part of the phase begins.
        part: how many parts have been made.
        expected: entries and transactions when it began.
        report: what was checked and found.
        proved: the invariants that have been decided, and when.
        started_at, finished_at: None as long as it runs.
    """

    number: int
    kind: str
    started_at: datetime
    expected: int
    phase: str | None = None
    cursor: Document | None = None
    part: int = 0
    report: Report = field(default_factory=Report)
    proved: dict[str, datetime] = field(default_factory=dict)
    finished_at: datetime | None = None

    @classmethod
    def of(cls, document: Document) -> Verification:
        report = Report(
            **{name: int(document[name]) for name in ("accounts", "transactions", "entries")},
            violations=[Violation(**violation) for violation in document["violations"]],
            counts=Counter(document["counts"]),
        )
        return cls(
            number=int(document["_id"]),
            kind=document["kind"],
            started_at=document["started_at"],
            expected=int(document["expected"]),
            phase=document["phase"],
            cursor=document["cursor"],
            part=int(document["part"]),
            report=report,
            proved=document["proved"],
            finished_at=document["finished_at"],
        )

    @property
    def document(self) -> Document:
        """What is kept of it."""
        report = self.report
        return {
            "_id": Int64(self.number),
            "kind": self.kind,
            "phase": self.phase,
            "cursor": self.cursor,
            "part": Int64(self.part),
            "expected": Int64(self.expected),
            "accounts": Int64(report.accounts),
            "transactions": Int64(report.transactions),
            "entries": Int64(report.entries),
            "violations": [violation._asdict() for violation in report.violations],
            "counts": {code: Int64(count) for code, count in report.counts.items()},
            "proved": self.proved,
            "started_at": self.started_at,
            "finished_at": self.finished_at,
        }

    @property
    def is_right(self) -> bool:
        """Whether nothing has been found wrong so far."""
        return not self.report.counts

    @property
    def percent(self) -> int:
        """How much of a round is done, as far as can be said: the ledger grows meanwhile."""
        done = self.report.entries + self.report.transactions
        return 100 if self.finished_at else min(100 * done // max(self.expected, 1), 99)


def round_running() -> Verification | None:
    """Return the round that is going on, if there is one."""
    return _one({"kind": ROUND, "finished_at": None})


def round_latest() -> Verification | None:
    """Return the last round that is over, if there is one."""
    return _one({"kind": ROUND, "finished_at": {"$ne": None}})


def full_latest() -> Verification | None:
    """Return the last verification that was made as a whole, if there is one."""
    return _one({"kind": FULL})


def _one(query: Document) -> Verification | None:
    found = verifications().find(query).sort("_id", -1).limit(1)
    return next((Verification.of(document) for document in found), None)


def round_begin() -> Verification | None:
    """Begin a round; None when somebody else has begun one at the same time."""
    stats = ledger_stats()
    expected = 3 * stats.transactions - 2 * stats.failed
    begun = Verification(_next_number(), ROUND, now(), expected, phase=PHASES[0].name)
    try:
        verifications().insert_one(begun.document)
    except DuplicateKeyError:
        return None
    return begun


def round_update(verification: Verification) -> bool:
    """Keep a round after one more part.

    Returns:
        Whether it was kept: not when somebody else has made this part meanwhile.
    """
    made_on = {"_id": Int64(verification.number), "part": Int64(verification.part)}
    verification.part += 1
    return verifications().replace_one(made_on, verification.document).matched_count == 1


def full_record(report: Report, *, started_at: datetime) -> int:
    """Keep the result of a verification that was made as a whole.

    Returns:
        Its number.
    """
    finished_at = now()
    proved = {code: finished_at for phase in PHASES for code in proved_by(phase)}
    known: dict[str, Any] = {"report": report, "proved": proved, "finished_at": finished_at}
    for _ in range(_TRIES):
        made = Verification(_next_number(), FULL, started_at, report.entries + report.transactions, **known)
        try:
            verifications().insert_one(made.document)
        except DuplicateKeyError:
            continue
        return made.number
    raise RuntimeError("others took every number that this verification could have had")


def _next_number() -> int:
    last = verifications().find_one({}, {"_id": 1}, sort=[("_id", -1)])
    return 1 if last is None else int(last["_id"]) + 1
