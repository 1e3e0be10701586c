"""What becomes of a transfer: the rules of money as pure functions over what was read, without a database.

`Batch.decide` takes the instructions one after the other, each on the balances its predecessors left, so a refused
one never hurts its neighbours. What it decided is then written by `ledger.posting` in one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from bson.int64 import Int64
from bson.objectid import ObjectId

from ledger import audit, events
from ledger.audit import Origin, audit_document
from ledger.chain import entry_hash
from ledger.errors import (
    AccountNotFound,
    IdempotencyKeyReused,
    LedgerError,
    RetryLimitExceeded,
    SameAccount,
    TransactionInProgress,
    TransferRefused,
)
from ledger.money import format_plain, int64, transfer_cap_minor
from ledger.records import (
    ACTIVE,
    COMPLETED,
    CREDIT,
    CUSTOMER,
    DEBIT,
    FAILED,
    FUNDING,
    MAX_FAILURES,
    SYSTEM,
    Document,
    Transaction,
    entry_id,
    id_at,
    now,
)

# Codes of the business rules, as they stand in a FAILED transaction's failure reason.
INSUFFICIENT_FUNDS = "insufficient_funds"
SENDER_NOT_ACTIVE = "sender_not_active"
RECEIVER_NOT_ACTIVE = "receiver_not_active"
RECEIVER_NOT_FOUND = "receiver_not_found"
CURRENCY_MISMATCH = "currency_mismatch"
LIMIT_EXCEEDED = "limit_exceeded"

REFUSALS = {
    INSUFFICIENT_FUNDS: "There is not enough money in the account.",
    SENDER_NOT_ACTIVE: "The account that pays is not active.",
    RECEIVER_NOT_ACTIVE: "The account that would receive the money is not active.",
    RECEIVER_NOT_FOUND: "There is no account to receive the money.",
    CURRENCY_MISMATCH: "The two accounts have different currencies.",
    LIMIT_EXCEEDED: "The amount is above the limit for one transfer.",
}


@dataclass(frozen=True, slots=True)
class Instruction:
    """One transfer that is asked for.

    Args:
        sender, receiver: account ids.
        amount_minor: minor units of `currency`, at least 1.
        currency: what the amount was read in: the sender's currency.
        type: TRANSFER, PIX or FUNDING.
        note: the customer's words, at most 140 characters.
        key: the idempotency key, unique for the sender for ever.
        owner: the customer whose account the sender must be; None only for FUNDING by the system.
        origin: who asks, and from where.
        at: the time to post at when history is imported, else None for now; history is no event.
        attempt: names this very request, so that after an unknown commit it knows its own work.
        asked_at: when the request came; of several at once one is executed and the others get its result.
    """

    sender: ObjectId
    receiver: ObjectId
    amount_minor: int
    currency: str
    type: str
    note: str
    key: str
    owner: ObjectId | None
    origin: Origin
    at: datetime | None = None
    attempt: ObjectId = field(default_factory=ObjectId)
    asked_at: datetime = field(default_factory=now)

    @property
    def identity(self) -> tuple[ObjectId, str]:
        """What names the transaction for ever: sender and key."""
        return (self.sender, self.key)

    @property
    def fingerprint(self) -> tuple[object, ...]:
        """What was asked; a key that comes with another fingerprint is refused."""
        return (self.receiver, self.amount_minor, self.currency, self.type, self.note)


def fingerprint_of(transaction: Document) -> tuple[object, ...]:
    """Return what the recorded transaction was asked to do."""
    return tuple(transaction[name] for name in ("receiver", "amount_minor", "currency", "type", "note"))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an instruction: its transaction, and whether that had been done before."""

    transaction: Transaction
    replayed: bool


Answer = Outcome | LedgerError


def answer_for_known(instruction: Instruction, known: Document) -> Answer | None:
    """Answer from the transaction that is recorded under the key; None means: execute (again)."""
    if known["attempt"] == instruction.attempt:
        return _own_answer(known)
    if fingerprint_of(known) != instruction.fingerprint:
        return IdempotencyKeyReused()
    if known["status"] == FAILED:
        return _answer_for_failed(instruction, known)
    if known["completed_at"] is not None:
        return Outcome(Transaction.of(known), replayed=True)
    return TransactionInProgress(Transaction.of(known))


def _answer_for_failed(instruction: Instruction, known: Document) -> Answer | None:
    # It failed while this request was already under way: the two came at once, and share the result.
    if known["updated_at"] >= instruction.asked_at:
        return _own_answer(known)
    return RetryLimitExceeded(Transaction.of(known)) if known["retry_count"] >= MAX_FAILURES else None


def _own_answer(known: Document) -> Answer:
    transaction = Transaction.of(known)
    if transaction.failure_reason is not None:
        return TransferRefused(transaction, REFUSALS[transaction.failure_reason])
    return Outcome(transaction, replayed=False)


def may_debit(instruction: Instruction, sender: Document | None) -> bool:
    """Whether the asker may take money from the sender: the owner, or the system from its own account."""
    if sender is None:
        return False
    if instruction.type == FUNDING:
        return bool(sender["kind"] == SYSTEM)
    return bool(sender["kind"] == CUSTOMER and instruction.owner is not None and sender["owner"] == instruction.owner)


def refusal_of(instruction: Instruction, sender: Document, receiver: Document | None) -> str | None:
    """Return the code of the first business rule that the transfer breaks, or None."""
    if sender["status"] != ACTIVE:
        return SENDER_NOT_ACTIVE
    if receiver is None:
        return RECEIVER_NOT_FOUND
    if receiver["status"] != ACTIVE:
        return RECEIVER_NOT_ACTIVE
    if not sender["currency"] == receiver["currency"] == instruction.currency:
        return CURRENCY_MISMATCH
    if instruction.type != FUNDING and instruction.amount_minor > transfer_cap_minor(instruction.currency):
        return LIMIT_EXCEEDED
    spendable = sender["balance_minor"] - sender["held_minor"] + sender["overdraft_minor"]
    return INSUFFICIENT_FUNDS if instruction.amount_minor > spendable else None


@dataclass
class Batch:
    """The decisions about a list of instructions, and all that has to be written for them.

    Args:
        accounts: the accounts touched, by id, as read inside the transaction; decided on in place.
        known: the recorded transactions of the instructions' keys, by (sender, key).
        moment: the time of the posting.
    """

    accounts: dict[ObjectId, Document]
    known: dict[tuple[ObjectId, str], Document]
    moment: datetime
    before: dict[ObjectId, Document] = field(default_factory=dict)
    inserted: dict[ObjectId, Document] = field(default_factory=dict)
    replaced: dict[ObjectId, tuple[int, Document]] = field(default_factory=dict)
    entries: list[Document] = field(default_factory=list)
    audit: list[Document] = field(default_factory=list)

    def decide(self, instruction: Instruction) -> Answer:
        """Decide one instruction on what the ones before it left, and note what it writes."""
        sender = self.accounts.get(instruction.sender)
        if not may_debit(instruction, sender):
            return AccountNotFound()
        if instruction.sender == instruction.receiver:
            return SameAccount()
        known = self.known.get(instruction.identity)
        answer = None if known is None else answer_for_known(instruction, known)
        if answer is not None:
            return answer
        return self._execute(instruction, cast(Document, sender), known)

    def accounts_after(self) -> dict[ObjectId, Document]:
        """Return the accounts as they stand once everything is written."""
        written = {
            id_: {**self.accounts[id_], "version": before["version"] + 1} for id_, before in self.before.items()
        }
        return {**self.accounts, **written}

    def _execute(self, instruction: Instruction, sender: Document, known: Document | None) -> Answer:
        receiver = self.accounts.get(instruction.receiver)
        at = instruction.at or self.moment
        reason = refusal_of(instruction, sender, receiver)
        if reason is None:
            at = _posting_time(at, sender, receiver)
        transaction = _transaction_document(instruction, known, at)
        if reason is None:
            self._post(instruction, transaction, sender, cast(Document, receiver))
        else:
            transaction |= {
                "status": FAILED,
                "failure_reason": reason,
                "retry_count": Int64(transaction["retry_count"] + 1),
                "completed_at": None,
            }
        self._note_transaction(transaction, known)
        self._note_story(instruction, transaction)
        return _own_answer(transaction)

    def _post(self, instruction: Instruction, transaction: Document, sender: Document, receiver: Document) -> None:
        at = transaction["updated_at"]
        for account, direction, sign in ((sender, DEBIT, -1), (receiver, CREDIT, 1)):
            self.before.setdefault(account["_id"], dict(account))
            account["balance_minor"] = int64(account["balance_minor"] + sign * instruction.amount_minor)
            account["seq"] = int64(account["seq"] + 1)
            if direction == CREDIT:
                account["credits_minor"] = int64(account["credits_minor"] + instruction.amount_minor)
            account["posted_at"] = at
            counterparty = receiver if account is sender else sender
            entry = _entry_document(transaction, account, counterparty["_id"], direction, at)
            account["head_hash"] = entry["hash"]
            self.entries.append(entry)
        transaction["sender_balance_minor"] = sender["balance_minor"]

    def _note_transaction(self, transaction: Document, known: Document | None) -> None:
        if known is None or known["_id"] in self.inserted:
            self.inserted[transaction["_id"]] = transaction
        else:
            first_seen = self.replaced.get(known["_id"], (known["retry_count"], None))[0]
            self.replaced[known["_id"]] = (first_seen, transaction)
        self.known[transaction["sender"], transaction["key"]] = transaction

    def _note_story(self, instruction: Instruction, transaction: Document) -> None:
        completed = transaction["status"] == COMPLETED
        parties = [transaction["sender"], transaction["receiver"]]
        story = {
            "type": transaction["type"],
            "amount": format_plain(instruction.amount_minor, instruction.currency),
            "currency": instruction.currency,
            "reason": transaction["failure_reason"],
            "retryCount": transaction["retry_count"],
            # The place of each entry on its account, so that who reads events can keep their order.
            "seq": {str(entry["account"]): entry["seq"] for entry in self.entries[-2:]} if completed else {},
        }
        at = transaction["updated_at"]
        action = "funding" if instruction.type == FUNDING else "transfer"
        self.audit.append(
            audit_document(
                action=f"{action}.{'completed' if completed else 'failed'}",
                event=_event(instruction, completed),
                status=audit.SUCCESS if completed else audit.FAILED,
                origin=instruction.origin,
                subject=transaction["_id"],
                accounts=parties,
                details=story,
                at=at,
            )
        )


def _event(instruction: Instruction, completed: bool) -> str | None:
    """Name what is told to the world: nothing when history is imported, which is no news."""
    if instruction.at is not None:
        return None
    return events.TRANSACTION_COMPLETED if completed else events.TRANSACTION_FAILED


def _posting_time(wanted: datetime, *accounts: Document | None) -> datetime:
    """No entry is older than the one before it on its account, whatever the clocks of the machines say."""
    last = [account["posted_at"] for account in accounts if account is not None and account["posted_at"] is not None]
    latest: datetime = max([wanted, *last])
    return latest


def _transaction_document(instruction: Instruction, known: Document | None, at: datetime) -> dict[str, Any]:
    """The transaction as COMPLETED; under a known key it keeps its id, its beginning and its count."""
    return {
        "_id": id_at(at) if known is None else known["_id"],
        "sender": instruction.sender,
        "receiver": instruction.receiver,
        "amount_minor": int64(instruction.amount_minor),
        "currency": instruction.currency,
        "type": instruction.type,
        "note": instruction.note,
        "key": instruction.key,
        "status": COMPLETED,
        "failure_reason": None,
        "retry_count": Int64(0) if known is None else known["retry_count"],
        "sender_balance_minor": None,
        "attempt": instruction.attempt,
        "actor": instruction.origin.actor,
        "created_at": at if known is None else known["created_at"],
        "updated_at": at,
        "completed_at": at,
    }


def _entry_document(
    transaction: Document, account: Document, counterparty: ObjectId, direction: str, at: datetime
) -> Document:
    entry = {
        "_id": entry_id(transaction["_id"], direction),
        "account": account["_id"],
        "seq": account["seq"],
        "direction": direction,
        "amount_minor": transaction["amount_minor"],
        "currency": transaction["currency"],
        "balance_after_minor": account["balance_minor"],
        "credits_after_minor": account["credits_minor"],
        "counterparty": counterparty,
        "transaction": transaction["_id"],
        "note": transaction["note"],
        "created_at": at,
        "previous_hash": account["head_hash"],
    }
    return {**entry, "hash": entry_hash(entry)}
