"""How things look in JSON: camelCase, money as decimal strings in major units, times in UTC."""

from datetime import UTC, datetime
from typing import Any

from bson.objectid import ObjectId
from django.conf import settings

from accounts.models import User
from banking.errors import Failure
from banking.selectors.oversight import Movement
from banking.selectors.people import Found, Person
from config.request_ids import request_id
from ledger.history import EntryPage
from ledger.money import format_plain
from ledger.records import DEBIT, FAILED, Account, Entry, Transaction
from ledger.stats import Stats
from ledger.trail import AuditRecord

# Of every answer: no cache keeps it, and a browser that opens it as a page makes nothing of it.
HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}


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


def found_body(found: Found, currency: str) -> dict[str, Any]:
    """Somebody as others find them: their name and the account to pay, and neither balance nor address."""
    account = None if found.account is None else {"_id": str(found.account), "currency": currency}
    return {
        "_id": str(found.user.pk),
        "firstName": found.user.first_name,
        "lastName": found.user.last_name,
        "name": found.user.name,
        "account": account,
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


def person_body(person: Person) -> dict[str, Any]:
    """A person as administrators see them, with the account in the bank's default currency or else the oldest."""
    user, account = person.user, person.main_account
    return {
        "_id": str(user.pk),
        "id": str(user.pk),
        "email": user.email,
        "name": user.name,
        "role": user.role,
        "createdAt": time_text(user.created_at),
        "account": None if account is None else {"id": str(account.id), "status": account.status},
    }


def movement_body(movement: Movement) -> dict[str, Any]:
    """A transaction as administrators see it: both accounts, but no key and nothing of the inside."""
    transaction = movement.transaction
    return {
        "_id": str(transaction.id),
        "fromAccount": _side_body(transaction.sender, movement.sender),
        "toAccount": _side_body(transaction.receiver, movement.receiver),
        "direction": _success(transaction),
        "status": transaction.status,
        "amount": format_plain(transaction.amount_minor, transaction.currency),
        "currency": transaction.currency,
        "type": transaction.type,
        "note": transaction.note,
        "retryCount": transaction.retry_count,
        "failureReason": transaction.failure_reason,
        "createdAt": time_text(transaction.created_at),
        "completedAt": time_text(transaction.completed_at),
    }


def _success(transaction: Transaction) -> str | None:
    """SUCCESS if money has moved, FAILED if it was refused, None while neither is decided."""
    if transaction.completed_at is not None:
        return "SUCCESS"
    return "FAILED" if transaction.status == FAILED else None


def _side_body(account_id: ObjectId, account: Account | None) -> dict[str, Any]:
    if account is None:
        return {"_id": str(account_id), "balance": None, "status": None}
    balance = format_plain(account.balance_minor, account.currency)
    return {"_id": str(account_id), "balance": balance, "status": account.status}


def stats_body(users: int, stats: Stats) -> dict[str, Any]:
    """The bank's figures; money of several currencies is never added up."""
    ours = settings.DEFAULT_CURRENCY
    volumes = {ours: 0, **stats.volume_minor}
    return {
        "totalUsers": users,
        "totalTransactions": stats.transactions,
        "failedTransactions": stats.failed,
        "totalVolume": format_plain(volumes[ours], ours),
        "currency": ours,
        "volumes": {currency: format_plain(volume, currency) for currency, volume in sorted(volumes.items())},
    }


def audit_body(record: AuditRecord, actors: dict[ObjectId, User]) -> dict[str, Any]:
    """An audit record; the actor is None when nobody was known, and has no name when they are gone."""
    actor = None if record.actor is None else actors.get(record.actor)
    return {
        "_id": str(record.id),
        "action": record.action,
        "status": record.status,
        "actor": None if record.actor is None else {"_id": str(record.actor), "name": actor and actor.name},
        "subject": None if record.subject is None else str(record.subject),
        "at": time_text(record.at),
        "address": record.address,
        "surface": record.surface,
        "requestId": record.request_id or None,
        "details": _plain(record.details),
    }


def _plain(value: Any) -> Any:
    """Return what is stored in the details of a record as JSON knows it."""
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, datetime):
        return time_text(value)
    return str(value) if isinstance(value, ObjectId) else value


def failure_body(failure: Failure) -> dict[str, Any]:
    """The one form of every error."""
    body: dict[str, Any] = {"success": False, "code": failure.code, "message": failure.message}
    if failure.status >= 500:
        # To quote when asking for help; every answer has it as a header too.
        body["requestId"] = request_id()
    if failure.errors:
        body["errors"] = failure.errors
    if failure.transaction is not None:
        body["transaction"] = transaction_body(failure.transaction)
    return body
