"""What is known about the books being right, in one object, for operators.

What nobody has looked at lately is unknown, and never right. What the last whole verification found wrong stays wrong
until the next whole one, whatever rounds say meanwhile: it looks at more than they do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from banking.selectors.deliveries import OutboxLag, outbox_lag
from ledger.checkpoints import Checkpoint, checkpoint_latest, public_keys
from ledger.durability import majority_lag_seconds
from ledger.findings import CHAIN, CHECKPOINT, I1, I2, I3, I4, I5, I6, MAX_VIOLATIONS, TOTALS, Violation
from ledger.privileges import NO_USERS, app_privileges_excess
from ledger.records import is_past, now
from ledger.verifications import Verification, full_latest, round_latest, round_running

OK, VIOLATED, UNKNOWN = "ok", "violated", "unknown"
I7, I8 = "I7", "I8"
# A proof that is older says nothing about the books of today.
LASTS = timedelta(days=1)
# A majority that is further behind than this acknowledges nothing in time.
_MOST_LAG_SECONDS = 30

MEANINGS = {
    I1: "The balances of each currency add up to zero: no money came from nowhere or went there.",
    I2: "Every balance is the sum of its account's entries.",
    I3: "Nobody has spent more than they may.",
    I4: "Every completed transfer has one debit and one credit of the same amount, every other has none.",
    I5: "The entries of every account are numbered without a gap, and each balance follows from the one before.",
    I6: "No request was executed twice: a sender's key names one transaction.",
    I7: "The database refuses the bank's own programs any change of entries and audit records.",
    I8: "What was acknowledged is on disk on a majority of the database's nodes.",
    CHAIN: "Every entry carries the hash of the one before it, and nobody has changed one since.",
    CHECKPOINT: "Everything that was signed still stands as it was signed.",
    TOTALS: "The figures for administrators say what the accounts say.",
}


@dataclass(frozen=True, slots=True)
class Invariant:
    """One thing that must hold, and whether it does.

    Args:
        code: as in docs/ledger.md.
        state: OK, VIOLATED or UNKNOWN.
        at: when that was found; None when it never was.
        note: more about the state, or empty.
    """

    code: str
    state: str
    at: datetime | None
    note: str = ""

    @property
    def meaning(self) -> str:
        """What it says, in plain words."""
        return MEANINGS[self.code]


@dataclass(frozen=True, slots=True)
class Integrity:
    """What is known about the books being right.

    Args:
        invariants: one by one, in the order of the documentation.
        full: the last verification of the whole at one moment.
        finished: the last round that is over.
        running: the present round.
        violations: the first ones, and `omitted` for how many there are besides.
        checkpoint: the last one.
        outbox: how far deliveries are behind; they have no part in the state.
    """

    invariants: list[Invariant]
    full: Verification | None
    finished: Verification | None
    running: Verification | None
    violations: list[Violation]
    omitted: int
    checkpoint: Checkpoint | None
    outbox: OutboxLag

    @property
    def state(self) -> str:
        """VIOLATED when anything is, OK when everything is, else UNKNOWN."""
        states = {invariant.state for invariant in self.invariants}
        return next((state for state in (VIOLATED, UNKNOWN) if state in states), OK)


def integrity() -> Integrity:
    """Return what is known now, at a cost that does not grow with the ledger."""
    full, finished, running = full_latest(), round_latest(), round_running()
    standing = {code: _standing(code, full, [finished, running]) for code in MEANINGS}
    invariants = {code: _proved(code, evidence) for code, evidence in standing.items()}
    invariants |= {I7: _credentials(), I8: _durability()}
    violations, omitted = _violations(standing)
    return Integrity(
        list(invariants.values()), full, finished, running, violations, omitted, checkpoint_latest(), outbox_lag()
    )


def _standing(code: str, full: Verification | None, rounds: Sequence[Verification | None]) -> list[Verification]:
    """Return the verifications whose word about an invariant stands.

    That of the whole one, and of the rounds that of the newest which has come to it.
    """
    decided = [one for one in rounds if one is not None and (code in one.proved or one.report.counts[code])]
    return [one for one in [full, *decided[-1:]] if one is not None]


def _proved(code: str, evidence: Sequence[Verification]) -> Invariant:
    """Conclude from verifications, of which each has found an invariant broken, or holding, or has not decided."""
    broken = [one for one in evidence if one.report.counts[code]]
    if broken:
        return Invariant(code, VIOLATED, max(one.proved.get(code, one.started_at) for one in broken))
    # What was found at a time that has not come yet, by a wrong clock, would count for years.
    found = (one.proved[code] for one in evidence if code in one.proved)
    at = max(filter(is_past, found), default=None)
    if at is None:
        return Invariant(code, UNKNOWN, None, _why_undecided(code))
    if now() - at > LASTS:
        return Invariant(code, UNKNOWN, at, "Nobody has looked since.")
    return Invariant(code, OK, at)


def _why_undecided(code: str) -> str:
    if code == CHECKPOINT and not public_keys():
        return "No public key is set to check signatures with (CHECKPOINT_PUBLIC_KEYS)."
    return "Nobody has looked yet."


def _credentials() -> Invariant:
    """Ask the database what the credentials of this process could do."""
    excess = app_privileges_excess()
    if not excess:
        return Invariant(I7, OK, now())
    if excess == [NO_USERS]:
        return Invariant(I7, UNKNOWN, now(), "The database asks nobody for a password, so it refuses nothing.")
    return Invariant(I7, UNKNOWN, now(), f"The bank's credentials may do more than they should: {excess[0]}, …")


def _durability() -> Invariant:
    lag = majority_lag_seconds()
    if lag is None:
        return Invariant(I8, UNKNOWN, None, "The database does not say how its nodes are doing.")
    if lag > _MOST_LAG_SECONDS:
        return Invariant(I8, UNKNOWN, now(), f"The majority is {lag:.0f} seconds behind and acknowledges nothing.")
    return Invariant(I8, OK, now())


def _violations(standing: Mapping[str, Sequence[Verification]]) -> tuple[list[Violation], int]:
    """Return the first violations that stand, each once, and how many there are besides."""
    found = dict.fromkeys(
        violation
        for code, evidence in standing.items()
        for one in evidence
        for violation in one.report.violations
        if violation.code == code
    )
    count = sum(max((one.report.counts[code] for one in evidence), default=0) for code, evidence in standing.items())
    shown = list(found)[:MAX_VIOLATIONS]
    return shown, max(0, count - len(shown))
