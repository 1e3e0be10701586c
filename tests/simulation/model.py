"""What a bank should be, written from its rules (docs/ledger.md) with dictionaries and whole numbers alone.

It imports nothing of the bank. Accounts have names (`Ann/INR`), amounts are minor units. Its parts are never changed
but replaced, so that a copy is cheap and a guess about the order of things that came at once can be taken back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

CAP = 10_000_00
MOST_FAILURES = 3
SYSTEM = "the system"


@dataclass(frozen=True)
class Order:
    """A payment that is asked for.

    Args:
        payer, payee: names of accounts; the payee may be nobody's.
        amount: in minor units, or a text that is no amount.
        key: names the payment for ever, together with the payer.
        asker: who asks.
        at: the time it is posted at, when the past is written down; None for now.
    """

    payer: str
    payee: str
    amount: int | str
    key: str
    asker: str
    note: str = ""
    kind: str = "TRANSFER"
    at: datetime | None = None

    @property
    def asked(self) -> tuple[object, ...]:
        return (self.payee, self.amount, self.note, self.kind)


@dataclass(frozen=True)
class Line:
    """One entry on an account."""

    direction: str
    amount: int
    balance: int
    credits: int
    other: str
    payment: tuple[str, str]
    note: str
    at: datetime | None


@dataclass(frozen=True)
class Account:
    """An account and all that ever happened on it."""

    owner: str
    currency: str
    status: str = "ACTIVE"
    balance: int = 0
    credits: int = 0
    lines: tuple[Line, ...] = ()

    def moved(self, amount: int, other: str, order: Order) -> Account:
        """Return the account after money came (or went, with a minus)."""
        balance, received = self.balance + amount, self.credits + max(amount, 0)
        direction = "CREDIT" if amount > 0 else "DEBIT"
        line = Line(direction, abs(amount), balance, received, other, (order.payer, order.key), order.note, order.at)
        return replace(self, balance=balance, credits=received, lines=(*self.lines, line))


@dataclass(frozen=True)
class Payment:
    """What became of a key."""

    asked: tuple[object, ...]
    currency: str
    status: str = "FAILED"
    reason: str | None = None
    failures: int = 0
    left: int | None = None


CHANGES = {"freeze": ("ACTIVE", "FROZEN"), "unfreeze": ("FROZEN", "ACTIVE"), "close": ("ACTIVE", "CLOSED")}
_PAST = {"freeze": "frozen", "unfreeze": "unfrozen", "close": "closed"}


@dataclass
class Model:
    """All accounts, all payments by payer and key, and how often each kind of thing was put on record."""

    accounts: dict[str, Account] = field(default_factory=dict)
    payments: dict[tuple[str, str], Payment] = field(default_factory=dict)
    record: Counter[str] = field(default_factory=Counter)

    def copy(self) -> Model:
        return Model(dict(self.accounts), dict(self.payments), Counter(self.record))

    def open(self, name: str, owner: str, opening: int, at: datetime | None = None) -> str:
        """Open an account; an owner's first one begins with the opening balance."""
        currency = name.rpartition("/")[2]
        if name in self.accounts:
            return "AccountExists"
        is_first = all(account.owner != owner for account in self.accounts.values())
        self.accounts[name] = Account(owner, currency)
        self.record["account.opened"] += 1
        if opening and is_first:
            self.pay(
                Order(system(currency), name, opening, f"opening:{name}", SYSTEM, "Opening balance", "FUNDING", at)
            )
        return "done"

    def change(self, name: str, what: str) -> str:
        """Freeze, unfreeze or close an account."""
        account = self.accounts[name]
        must_be, becomes = CHANGES[what]
        if account.status != must_be:
            return "AccountStateConflict"
        if what == "close" and account.balance:
            return "AccountNotEmpty"
        self.accounts[name] = replace(account, status=becomes)
        self.record[f"account.{_PAST[what]}"] += 1
        return "done"

    def pay(self, order: Order, *, shares: bool = False) -> str:
        """Do what an order deserves and return the answer.

        Args:
            order: what is asked.
            shares: it came at the same time as the one that failed under its key, and gets that one's answer.
        """
        if not isinstance(order.amount, int):
            return "AmountInvalid"
        if self.accounts[order.payer].owner != order.asker:
            return "AccountNotFound"
        if order.payer == order.payee:
            return "SameAccount"
        known = self.payments.get((order.payer, order.key))
        if known is not None and (answer := self._answer_of_key(order, known, shares)):
            return answer
        return self._execute(order, order.amount, known)

    @staticmethod
    def _answer_of_key(order: Order, known: Payment, shares: bool) -> str | None:
        if known.asked != order.asked:
            return "IdempotencyKeyReused"
        if known.status == "COMPLETED":
            return "replay"
        if shares:
            return known.reason
        return "RetryLimitExceeded" if known.failures == MOST_FAILURES else None

    def _execute(self, order: Order, amount: int, known: Payment | None) -> str:
        reason = self._refusal(order, amount)
        action = "funding" if order.kind == "FUNDING" else "transfer"
        self.record[f"{action}.{'failed' if reason else 'completed'}"] += 1
        payment = known or Payment(order.asked, self.accounts[order.payer].currency)
        if reason:
            payment = replace(payment, reason=reason, failures=payment.failures + 1)
        else:
            self._move(order, amount)
            payment = replace(payment, status="COMPLETED", reason=None, left=self.accounts[order.payer].balance)
        self.payments[order.payer, order.key] = payment
        return reason or "done"

    def _move(self, order: Order, amount: int) -> None:
        for name, other, sign in ((order.payer, order.payee, -1), (order.payee, order.payer, 1)):
            self.accounts[name] = self.accounts[name].moved(sign * amount, other, order)

    def _refusal(self, order: Order, amount: int) -> str | None:
        payer, payee = self.accounts[order.payer], self.accounts.get(order.payee)
        if payer.status != "ACTIVE":
            return "sender_not_active"
        if payee is None:
            return "receiver_not_found"
        if payee.status != "ACTIVE":
            return "receiver_not_active"
        if payer.currency != payee.currency:
            return "currency_mismatch"
        if order.kind == "FUNDING":
            return None
        if amount > CAP:
            return "limit_exceeded"
        return "insufficient_funds" if amount > payer.balance else None

    def view(self, names: Iterable[str] | None = None) -> dict[str, Any]:
        """Return all that can be compared, of some accounts or of the whole bank."""
        wanted = self.accounts.keys() if names is None else set(names) & self.accounts.keys()
        view: dict[str, Any] = {}
        for name in wanted:
            account = self.accounts[name]
            state = (account.status, account.balance, account.credits, len(account.lines))
            view[f"{name}: state, balance, credits, number of entries"] = state
            for number, line in enumerate(account.lines, start=1):
                what = (line.direction, line.amount, line.balance, line.credits, line.other, line.payment, line.note)
                view[f"{name}: entry {number}"] = what
        for (payer, key), one in self.payments.items():
            if payer in wanted:
                view[f"{payer}: key {key}"] = (one.asked, one.currency, one.status, one.reason, one.failures, one.left)
        return view if names is not None else view | self._sums()

    def _sums(self) -> dict[str, Any]:
        volume: Counter[str] = Counter()
        for (payer, _), one in self.payments.items():
            if one.status == "COMPLETED" and not payer.startswith(SYSTEM):
                volume[one.currency] += int(str(one.asked[1]))
        failed = sum(one.status == "FAILED" for one in self.payments.values())
        return {
            "figures: transactions": len(self.payments),
            "figures: failed": failed,
            "figures: volume": dict(volume),
            **{f"audit: {action}": count for action, count in self.record.items() if count},
        }


def system(currency: str) -> str:
    """Return the name of a currency's system account."""
    return f"{SYSTEM}/{currency}"


def differences(wanted: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Return every difference of two views as a line."""
    lines = []
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            lines.append(f"{name}: should be {wanted.get(name, 'absent')}, is {found.get(name, 'absent')}")
    return lines
