"""Random operations against a simple model of a bank; the invariants are checked after every step.

The model knows nothing of the code it checks: dictionaries, whole numbers and the table of rules.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest
from bson.objectid import ObjectId
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ledger import accounts as service
from ledger.errors import LedgerError
from ledger.money import format_plain
from ledger.posting import post
from ledger.records import Account
from ledger.rules import Instruction, Outcome
from ledger.store import database
from ledger.transfers import funding_execute
from ledger.verify import verify
from tests.database import clean
from tests.ledger.conftest import ORIGIN, attempt

CURRENCIES = ("INR", "USD")
CAP = 10_000_00
KEYS = [f"k{number}" for number in range(6)]
amounts = st.one_of(st.integers(1, 300), st.sampled_from([CAP, CAP + 1, 10_000]))


@dataclass
class ModelAccount:
    currency: str
    status: str = "ACTIVE"
    balance: int = 0


@dataclass
class ModelBank:
    """What a bank should be, in a page."""

    accounts: dict[ObjectId, ModelAccount] = field(default_factory=dict)
    keys: dict[tuple[ObjectId, str], dict[str, Any]] = field(default_factory=dict)
    funded: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CURRENCIES, 0))

    def send(self, sender: ObjectId, receiver: ObjectId, amount: int, key: str, batch: int = 0) -> str:
        """Return what a transfer deserves, and do it; those of one batch come at once and share a failure."""
        if sender == receiver:
            return "SameAccount"
        known = self.keys.get((sender, key))
        if known is not None:
            if known["asked"] != (receiver, amount):
                return "IdempotencyKeyReused"
            if known["done"]:
                return "replay"
            if batch and known.get("batch") == batch:
                return str(known["reason"])
            if known["failures"] == 3:
                return "RetryLimitExceeded"
        record = known or {"asked": (receiver, amount), "done": False, "failures": 0}
        self.keys[sender, key] = record
        reason = self.refusal(self.accounts[sender], self.accounts[receiver], amount)
        if reason is not None:
            record["failures"] += 1
            record |= {"batch": batch, "reason": reason}
            return reason
        record["done"] = True
        self.accounts[sender].balance -= amount
        self.accounts[receiver].balance += amount
        return "done"

    @staticmethod
    def refusal(sender: ModelAccount, receiver: ModelAccount, amount: int) -> str | None:
        checks = {
            "sender_not_active": sender.status != "ACTIVE",
            "receiver_not_active": receiver.status != "ACTIVE",
            "currency_mismatch": sender.currency != receiver.currency,
            "limit_exceeded": amount > CAP,
            "insufficient_funds": amount > sender.balance,
        }
        return next((reason for reason, broken in checks.items() if broken), None)


def said(answer: Any) -> str:
    """The service's answer in the model's words."""
    if isinstance(answer, Outcome):
        return "replay" if answer.replayed else "done"
    transaction = getattr(answer, "transaction", None)
    if type(answer).__name__ == "TransferRefused" and transaction is not None:
        return str(transaction.failure_reason)
    return type(answer).__name__


class Bank(RuleBasedStateMachine):
    """Drives the real service and the model alike."""

    def __init__(self) -> None:
        super().__init__()
        self.model = ModelBank()
        self.real: list[Account] = []
        self.fundings = 0
        self.batches = 0

    @initialize()
    def begin(self) -> None:
        clean(database())
        for currency in ("INR", "INR", "INR", "USD"):
            self.open(currency)

    @rule(currency=st.sampled_from(CURRENCIES))
    @precondition(lambda self: len(self.real) < 7)
    def open(self, currency: str) -> None:
        account = service.account_open(owner=ObjectId(), currency=currency, origin=ORIGIN)
        self.real.append(account)
        self.model.accounts[account.id] = ModelAccount(currency)

    @rule(data=st.data(), amount=amounts)
    def fund(self, data: st.DataObject, amount: int) -> None:
        account = data.draw(st.sampled_from(self.real))
        self.fundings += 1
        model = self.model.accounts[account.id]
        expected = "done" if model.status == "ACTIVE" else "receiver_not_active"
        assert said(self._fund(account, amount)) == expected
        if expected == "done":
            model.balance += amount
            self.model.funded[account.currency] += amount

    def _fund(self, account: Account, amount: int) -> Any:
        text = format_plain(amount, account.currency)
        try:
            return funding_execute(receiver=account.id, amount=text, key=f"f{self.fundings}", origin=ORIGIN)
        except LedgerError as refusal:
            return refusal

    @rule(data=st.data(), amount=amounts, key=st.sampled_from(KEYS))
    def send(self, data: st.DataObject, amount: int, key: str) -> None:
        sender, receiver = data.draw(st.sampled_from(self.real)), data.draw(st.sampled_from(self.real))
        expected = self.model.send(sender.id, receiver.id, amount, key)
        assert said(attempt(sender, receiver, format_plain(amount, sender.currency), key)) == expected

    @rule(data=st.data(), size=st.integers(1, 12))
    def send_batch(self, data: st.DataObject, size: int) -> None:
        drawn = [
            (
                data.draw(st.sampled_from(self.real)),
                data.draw(st.sampled_from(self.real)),
                data.draw(amounts),
                data.draw(st.sampled_from(KEYS)),
            )
            for _ in range(size)
        ]
        batch = [
            Instruction(one.id, two.id, amount, one.currency, "TRANSFER", "", key, one.owner, ORIGIN)
            for one, two, amount, key in drawn
        ]
        self.batches += 1
        expected = [self.model.send(one.id, two.id, amount, key, self.batches) for one, two, amount, key in drawn]
        assert [said(answer) for answer in post(batch)] == expected

    @rule(data=st.data(), change=st.sampled_from(["freeze", "unfreeze", "close"]))
    def change_state(self, data: st.DataObject, change: str) -> None:
        account = data.draw(st.sampled_from(self.real))
        model = self.model.accounts[account.id]
        must_be, becomes = {
            "freeze": ("ACTIVE", "FROZEN"),
            "unfreeze": ("FROZEN", "ACTIVE"),
            "close": ("ACTIVE", "CLOSED"),
        }[change]
        allowed = model.status == must_be and (change != "close" or model.balance == 0)
        try:
            getattr(service, f"account_{change}")(account_id=account.id, reason="", origin=ORIGIN)
        except LedgerError:
            assert not allowed
            return
        assert allowed
        model.status = becomes

    @invariant()
    def real_and_model_agree_and_the_books_are_right(self) -> None:
        found = service.accounts_by_ids(self.model.accounts)
        assert {key: (account.balance_minor, account.status) for key, account in found.items()} == {
            key: (account.balance, account.status) for key, account in self.model.accounts.items()
        }
        if self.real:
            system = {account.currency: -account.balance_minor for account in service.system_accounts()}
            assert {currency: system[currency] for currency in CURRENCIES} == self.model.funded
            assert verify().violations == []


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("ledger_db")
def test_the_service_does_what_the_model_does() -> None:
    run_state_machine_as_test(
        Bank,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
