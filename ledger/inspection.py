"""The books checked all the time, a small part after the other, by one process for all.

A round goes through the phases of a verification, each part on a snapshot of its own, and is followed by the next one.
What has been found, and where to go on, is kept with every part, so a process may die at any moment: the next one goes
on from the last part that was kept. Parts are small and there is a rest after each, so that customers notice nothing.
"""

import time
from datetime import timedelta

import structlog
from django.conf import settings

from ledger import sessions
from ledger.leases import lease_give_back, lease_take
from ledger.phases import PHASES, proved_by
from ledger.records import is_past, now
from ledger.store import client
from ledger.verifications import Verification, round_begin, round_latest, round_running, round_update

LEASE = "verification"
LEASE_SECONDS = 20.0
# After a part that took a second there are nine of rest, however slow the machine: a tenth of one core at most.
_REST = 9
_NAMES = [phase.name for phase in PHASES]

_log = structlog.get_logger(__name__)


def inspection_step() -> float:
    """Check a small part of the books, if this process is the one that does and a round is due.

    Returns:
        Seconds until it should be called again.
    """
    if not lease_take(LEASE, holder=sessions.pool().id, seconds=LEASE_SECONDS):
        return LEASE_SECONDS / 2
    round_ = round_running()
    if round_ is None:
        wait = _seconds_until_due()
        if wait > 0:
            # Often enough to keep the lease.
            return min(wait, LEASE_SECONDS / 2)
        round_ = round_begin()
    began = time.monotonic()
    if round_ is not None:
        _part(round_)
    pause: float = settings.VERIFICATION_STEP_SECONDS
    return max(pause, _REST * (time.monotonic() - began))


def inspection_leave() -> None:
    """Let another process go on at once: this one makes no more parts."""
    lease_give_back(LEASE, holder=sessions.pool().id)


def _seconds_until_due() -> float:
    last = round_latest()
    # A beginning that has not come yet was written while a clock was wrong.
    if last is None or not is_past(last.started_at):
        return 0
    due = last.started_at + timedelta(seconds=settings.VERIFICATION_ROUND_SECONDS)
    return (due - now()).total_seconds()


def _part(round_: Verification) -> None:
    """Make the next part of a round and keep what it found."""
    if round_.phase not in _NAMES:
        # Begun by another version, which had other phases: those of this one have all to be gone through.
        round_.phase, round_.cursor = _NAMES[0], None
    phase = PHASES[_NAMES.index(str(round_.phase))]
    known = len(round_.report.violations)
    with client().start_session(snapshot=True) as session:
        round_.cursor = phase.part(session, round_.cursor, settings.VERIFICATION_STEP_ENTRIES, round_.report)
    if round_.cursor is None:
        _phase_over(round_)
    for violation in round_.report.violations[known:]:
        _log.error("ledger_violation", invariant=violation.code, violation=violation.text, number=round_.number)
    if round_update(round_) and round_.finished_at is not None:
        _log.info("verification_finished", number=round_.number, entries=round_.report.entries)


def _phase_over(round_: Verification) -> None:
    place, moment = _NAMES.index(str(round_.phase)), now()
    round_.proved |= dict.fromkeys(proved_by(PHASES[place]), moment)
    if place + 1 < len(PHASES):
        round_.phase = PHASES[place + 1].name
    else:
        round_.phase, round_.finished_at = None, moment
