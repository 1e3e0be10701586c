"""What the ledger keeps, as typed read-only records, and the words that stand in their fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bson.objectid import ObjectId

Document = dict[str, Any]

# Kinds and states of an account
CUSTOMER, SYSTEM = "CUSTOMER", "SYSTEM"
ACTIVE, FROZEN, CLOSED, INACTIVE = "ACTIVE", "FROZEN", "CLOSED", "INACTIVE"

# States of a transaction
PENDING, PROCESSING, COMPLETED, FAILED, REVERSED = "PENDING", "PROCESSING", "COMPLETED", "FAILED", "REVERSED"
STATES = (PENDING, PROCESSING, COMPLETED, FAILED, REVERSED)

# Types of a transaction: the first two are the customers', FUNDING is the system account's.
TRANSFER, PIX, FUNDING = "TRANSFER", "PIX", "FUNDING"
CUSTOMER_TYPES = (TRANSFER, PIX)

DEBIT, CREDIT = "DEBIT", "CREDIT"

# A FAILED transaction may be executed again under its key until it has failed this often.
MAX_FAILURES = 3

# The clocks of a bank's machines agree at least as well as this.
_CLOCKS_DIFFER = timedelta(minutes=5)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now() -> datetime:
    """Return the present in UTC, at the precision the database keeps (milliseconds)."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def is_past(moment: datetime) -> bool:
    """Whether a moment has come, as far as the clocks of the machines agree."""
    return moment - now() < _CLOCKS_DIFFER


# The last second that four bytes can count, in 2106.
_LAST_SECOND = 2**32 - 1


def id_at(moment: datetime) -> ObjectId:
    """Return a new id for what happens at a moment: ids go in the order of their moments, to the millisecond.

    An ordinary ObjectId knows the second, and within it the ids of several processes lie side by side. These have the
    milliseconds behind the second, then what a process has by chance, then its counter. So the newest are read, and a
    stretch of time is found, by the index of the ids that every collection has, and no index of times is paid for by
    each transfer. Two processes that make the same id (one chance in sixteen million for each pair, in the same
    millisecond and at the same count) are kept apart by the unique `_id`: the second transaction is decided again.
    """
    return ObjectId(_time_bytes(moment) + ObjectId().binary[6:])


def first_id_at(moment: datetime) -> ObjectId:
    """Return what no id of `id_at` from this moment on is less than."""
    return ObjectId(_time_bytes(moment) + bytes(6))


def _time_bytes(moment: datetime) -> bytes:
    """Six bytes that sort as the moments do; before 1970 as its beginning, after 2106 as its end."""
    seconds, milliseconds = divmod((moment - _EPOCH) // timedelta(milliseconds=1), 1_000)
    if seconds < 0:
        return bytes(6)
    if seconds > _LAST_SECOND:
        return b"\xff" * 6
    return seconds.to_bytes(4, "big") + milliseconds.to_bytes(2, "big")


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it stood when it was read; amounts in minor units of `currency`."""

    id: ObjectId
    kind: str
    owner: ObjectId | None
    currency: str
    status: str
    status_reason: str
    balance_minor: int
    held_minor: int
    overdraft_minor: int
    credits_minor: int
    seq: int
    created_at: datetime

    @property
    def available_minor(self) -> int:
        return self.balance_minor - self.held_minor

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Account:
        return cls(
            id=document["_id"],
            kind=document["kind"],
            owner=document["owner"],
            currency=document["currency"],
            status=document["status"],
            status_reason=document["status_reason"],
            balance_minor=int(document["balance_minor"]),
            held_minor=int(document["held_minor"]),
            overdraft_minor=int(document["overdraft_minor"]),
            credits_minor=int(document["credits_minor"]),
            seq=int(document["seq"]),
            created_at=document["created_at"],
        )


@dataclass(frozen=True, slots=True)
class Transaction:
    """One business event that moves money, or the record of why it did not."""

    id: ObjectId
    sender: ObjectId
    receiver: ObjectId
    amount_minor: int
    currency: str
    type: str
    note: str
    key: str
    status: str
    failure_reason: str | None
    retry_count: int
    sender_balance_minor: int | None
    created_at: datetime
    completed_at: datetime | None

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Transaction:
        balance = document["sender_balance_minor"]
        return cls(
            id=document["_id"],
            sender=document["sender"],
            receiver=document["receiver"],
            amount_minor=int(document["amount_minor"]),
            currency=document["currency"],
            type=document["type"],
            note=document["note"],
            key=document["key"],
            status=document["status"],
            failure_reason=document["failure_reason"],
            retry_count=int(document["retry_count"]),
            sender_balance_minor=None if balance is None else int(balance),
            created_at=document["created_at"],
            completed_at=document["completed_at"],
        )


def entry_id(transaction: ObjectId, direction: str) -> str:
    """Return the id of a transaction's entry; being unique, it lets a transaction have one of each direction."""
    return f"{transaction}:{direction}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One DEBIT or CREDIT line of a transaction on one account.

    Args:
        balance_after_minor: the account's balance after it.
        credits_after_minor: all that the account ever received, after it; what came in between two entries is a
            difference of two numbers.
    """

    id: str
    account: ObjectId
    seq: int
    direction: str
    amount_minor: int
    currency: str
    balance_after_minor: int
    credits_after_minor: int
    counterparty: ObjectId
    transaction: ObjectId
    note: str
    created_at: datetime

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Entry:
        return cls(
            id=document["_id"],
            account=document["account"],
            seq=int(document["seq"]),
            direction=document["direction"],
            amount_minor=int(document["amount_minor"]),
            currency=document["currency"],
            balance_after_minor=int(document["balance_after_minor"]),
            credits_after_minor=int(document["credits_after_minor"]),
            counterparty=document["counterparty"],
            transaction=document["transaction"],
            note=document["note"],
            created_at=document["created_at"],
        )
