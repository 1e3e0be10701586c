"""How what is known about the books being right looks in JSON."""

from typing import Any

from banking.api.render import time_text
from banking.selectors.integrity import Integrity, Invariant
from ledger.checkpoints import Checkpoint
from ledger.records import now
from ledger.verifications import Verification


def integrity_body(known: Integrity) -> dict[str, Any]:
    """All of it, for a program that watches."""
    return {
        "state": known.state,
        "invariants": [_invariant_body(invariant) for invariant in known.invariants],
        "violations": [violation._asdict() for violation in known.violations],
        "omittedViolations": known.omitted,
        "lastFull": known.full and _verification_body(known.full),
        "lastRound": known.finished and _verification_body(known.finished),
        "currentRound": known.running and _verification_body(known.running),
        "checkpoint": known.checkpoint and _checkpoint_body(known.checkpoint),
        "outbox": {
            "relayLagSeconds": round(known.outbox.relay_seconds, 1),
            "lagSeconds": round(known.outbox.seconds, 1),
            "pending": known.outbox.pending,
            "dead": known.outbox.dead,
        },
    }


def _invariant_body(invariant: Invariant) -> dict[str, Any]:
    return {
        "code": invariant.code,
        "state": invariant.state,
        "checkedAt": time_text(invariant.at),
        "meaning": invariant.meaning,
        "note": invariant.note,
    }


def _verification_body(one: Verification) -> dict[str, Any]:
    return {
        "number": one.number,
        "startedAt": time_text(one.started_at),
        "finishedAt": time_text(one.finished_at),
        "phase": one.phase,
        "percent": one.percent,
        "accounts": one.report.accounts,
        "transactions": one.report.transactions,
        "entries": one.report.entries,
        "violations": one.report.found,
    }


def _checkpoint_body(checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        "number": checkpoint.number,
        "at": time_text(checkpoint.at),
        "ageSeconds": max(0, round((now() - checkpoint.at).total_seconds())),
        "accounts": checkpoint.accounts,
    }
