"""Domain events: what consumers outside the transfer (notifications, exports) are told.

An event is an audit record that names it in `event`: both say what happened, to which subject and accounts, and when,
and both are committed with it. So it is written once. The record's `details` hold the payload; the place of each entry
on its account (`seq`) lets a consumer keep the order per account.

History that is imported is no news: its audit records name no event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson.objectid import ObjectId

from ledger.errors import LedgerError
from ledger.money import parse_amount

TRANSACTION_COMPLETED, TRANSACTION_FAILED = "transaction.completed", "transaction.failed"
ACCOUNT_OPENED, ACCOUNT_ACTIVATED, ACCOUNT_CLOSED = "account.opened", "account.activated", "account.closed"
ACCOUNT_FROZEN, ACCOUNT_UNFROZEN = "account.frozen", "account.unfrozen"

# All that there are, for those who choose among them.
NAMES = (
    TRANSACTION_COMPLETED,
    TRANSACTION_FAILED,
    ACCOUNT_OPENED,
    ACCOUNT_ACTIVATED,
    ACCOUNT_FROZEN,
    ACCOUNT_UNFROZEN,
    ACCOUNT_CLOSED,
)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, as it was written down with it.

    Args:
        id: of the audit record; unique, and not in the order of the commits.
        name: one of `NAMES`.
        subject: the transaction or the account that it happened to.
        accounts: the sender and the receiver of a transaction, in this order; the account of a change of state.
        at: when.
        actor: the person who did it, None for a command.
        details: of a transaction its type, amount (a decimal string in major units), currency, reason and the place of
            its entries on their accounts; of an account its status, currency and reason.
        request_id: of the request that caused it, or empty.
    """

    id: ObjectId
    name: str
    subject: ObjectId
    accounts: tuple[ObjectId, ...]
    at: datetime
    actor: ObjectId | None
    details: dict[str, Any]
    request_id: str

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Event:
        return cls(
            id=record["_id"],
            name=record["event"],
            subject=record["subject"],
            accounts=tuple(record["accounts"]),
            at=record["at"],
            actor=record["actor"],
            details=record["details"],
            request_id=record.get("request_id") or "",
        )

    @property
    def is_whole(self) -> bool:
        """Whether it has what its name promises; consumers may rely on it.

        The database cannot see to that, and an event that nobody can read would hold up all that come after it.
        """
        if self.name not in NAMES:
            return True
        if not isinstance(self.subject, ObjectId) or not isinstance(self.details, dict):
            return False
        if self.name in (TRANSACTION_COMPLETED, TRANSACTION_FAILED):
            return len(set(self.accounts)) == len(self.accounts) == 2 and _tells_of_money(self.details)
        return _has_texts(self.details, "currency", "status", "reason")


def _tells_of_money(details: Mapping[str, Any]) -> bool:
    if not _has_texts(details, "amount", "currency") or not isinstance(details.get("reason", 0), str | None):
        return False
    try:
        parse_amount(details["amount"], details["currency"])
    except LedgerError:
        return False
    return True


def _has_texts(details: Mapping[str, Any], *names: str) -> bool:
    return all(isinstance(details.get(name), str) for name in names)
