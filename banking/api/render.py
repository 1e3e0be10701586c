"""How things look in JSON: camelCase, money as decimal strings in major units, times in UTC."""

from datetime import UTC, datetime
from typing import Any

from accounts.models import User
from banking.errors import Failure
from ledger.history import EntryPage
from ledger.money import format_plain
from ledger.records import DEBIT, Account, Entry, Transaction


def time_text(moment: datetime | None) -> str | None:
    """Return ISO 8601 in UTC with milliseconds: `2026-01-31T09:30:00.000Z`."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def user_body(user: User) -> dict[str, Any]:
    """A person, as that person sees it."""
    return {
        "_id": str(user.pk),
        "email": user.email,
        "name": user.name,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "document": user.document,
        "role": user.role,
        "createdAt": time_text(user.created_at),
    }


def account_body(account: Account) -> dict[str, Any]:
    """An account, as its owner or an operator sees it."""
    return {
        "_id": str(account.id),
        "status": account.status,
        "currency": account.currency,
        "balance": format_plain(account.balance_minor, account.currency),
        "available": format_plain(account.available_minor, account.currency),
        "createdAt": time_text(account.created_at),
    }


def transaction_body(transaction: Transaction) -> dict[str, Any]:
    """A transaction, as its sender sees it."""
    balance = transaction.sender_balance_minor
    return {
        "_id": str(transaction.id),
        "fromAccount": str(transaction.sender),
        "toAccount": str(transaction.receiver),
        "status": transaction.status,
        "amount": format_plain(transaction.amount_minor, transaction.currency),
        "currency": transaction.currency,
        "type": transaction.type,
        "note": transaction.note,
        "idempotencyKey": transaction.key,
        "retryCount": transaction.retry_count,
        "failureReason": transaction.failure_reason,
        "newBalance": None if balance is None else format_plain(balance, transaction.currency),
        "createdAt": time_text(transaction.created_at),
        "completedAt": time_text(transaction.completed_at),
    }


def history_body(
    *, page: EntryPage, number: int | None, limit: int, transactions: dict[Any, Transaction], names: dict[Any, str]
) -> dict[str, Any]:
    """A page of history; `names` are the counterparties' by account id."""
    return {
        "success": True,
        "page": number,
        "limit": limit,
        "total": page.total,
        "hasNextPage": page.has_next,
        "nextCursor": page.next_cursor,
        "transactions": [_entry_body(entry, transactions[entry.transaction], names) for entry in page.entries],
    }


def _entry_body(entry: Entry, transaction: Transaction, names: dict[Any, str]) -> dict[str, Any]:
    return {
        "_id": str(entry.id),
        "type": entry.direction,
        "direction": "OUT" if entry.direction == DEBIT else "IN",
        "amount": format_plain(entry.amount_minor, entry.currency),
        "currency": entry.currency,
        "balanceAfter": format_plain(entry.balance_after_minor, entry.currency),
        "createdAt": time_text(entry.created_at),
        "counterparty": {"_id": str(entry.counterparty), "name": names.get(entry.counterparty)},
        "transaction": {
            "_id": str(transaction.id),
            "note": transaction.note,
            "amount": format_plain(transaction.amount_minor, transaction.currency),
            "status": transaction.status,
            "createdAt": time_text(transaction.created_at),
        },
    }


def failure_body(failure: Failure) -> dict[str, Any]:
    """The one form of every error."""
    body: dict[str, Any] = {"success": False, "code": failure.code, "message": failure.message}
    if failure.errors:
        body["errors"] = failure.errors
    if failure.transaction is not None:
        body["transaction"] = transaction_body(failure.transaction)
    return body
