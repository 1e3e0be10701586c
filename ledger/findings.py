"""What a verification of the books finds: which invariants are broken, and where, in one readable line each."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

# The invariants of docs/ledger.md that reading the books can prove or disprove.
I1, I2, I3, I4, I5, I6 = "I1", "I2", "I3", "I4", "I5", "I6"
# The entries of an account continue each other by their hashes, up to the account's head.
CHAIN = "chain"
# The counters of the figures say what the transactions say.
TOTALS = "totals"
# What was signed at some time still stands.
CHECKPOINT = "checkpoint"

# How a verification was made: as a whole at one moment, or as a round in small parts.
FULL, ROUND = "full", "round"

# More than this says nothing new and would hide the first ones.
MAX_VIOLATIONS = 100


class Violation(NamedTuple):
    """A broken invariant, and the line that says where."""

    code: str
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


@dataclass
class Report:
    """What was checked, and every violation found, of which the first `MAX_VIOLATIONS` are kept.

    Args:
        accounts, transactions, entries: how many were checked.
        violations: the first ones found.
        counts: how many were found of each invariant, those not kept included.
    """

    accounts: int = 0
    transactions: int = 0
    entries: int = 0
    violations: list[Violation] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def found(self) -> int:
        """How many violations there are."""
        return self.counts.total()

    @property
    def omitted(self) -> int:
        """How many of them are counted only."""
        return self.found - len(self.violations)

    def add(self, code: str, text: str) -> None:
        """Note a violation."""
        self.counts[code] += 1
        if len(self.violations) < MAX_VIOLATIONS:
            self.violations.append(Violation(code, text))

    def add_all(self, violations: Iterable[tuple[str, str]]) -> None:
        """Note violations, each given as its code and its text."""
        for code, text in violations:
            self.add(code, text)
