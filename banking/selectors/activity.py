"""What happened on an account as a person reads it: entries and failed transfers with names instead of numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bson.objectid import ObjectId

from accounts.models import User
from banking.access import accounts_of_user, transaction_id_read
from banking.names import names_of_accounts
from ledger.errors import TransactionNotFound
from ledger.history import (
    EntryFilter,
    entries_page,
    entry_of,
    failed_transactions,
    transaction_get_for_account,
    transactions_by_ids,
)
from ledger.records import COMPLETED, DEBIT, FUNDING, MAX_FAILURES, TRANSFER, Account, Entry, Transaction

UNKNOWN = "Unknown account"
PAGE_SIZE = 20


@dataclass(frozen=True, slots=True)
class Line:
    """One movement of money on an account, or one that failed.

    Args:
        balance_after_minor: None for a failed one.
    """

    transaction: ObjectId
    direction: str
    amount_minor: int
    currency: str
    balance_after_minor: int | None
    counterparty: str
    note: str
    created_at: datetime
    status: str
    failure_reason: str | None = None
    retry_count: int = 0
    type: str = TRANSFER

    @property
    def may_retry(self) -> bool:
        failed = self.failure_reason is not None and self.retry_count < MAX_FAILURES
        # A funding is the system user's, who repeats it by the API.
        return failed and self.type != FUNDING


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """Some lines, newest first, and where the next ones are; `total` and `is_cut` as in `EntryPage`."""

    lines: list[Line]
    total: int | None
    next_cursor: str | None
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Receipt:
    """A transaction as one of its two sides sees it: never the other side's balance.

    Args:
        account: the viewer's own.
        entry: the viewer's own; None when nothing was posted.
    """

    transaction: Transaction
    account: Account
    entry: Entry | None
    sender: str
    receiver: str

    @property
    def is_sender(self) -> bool:
        return self.transaction.sender == self.account.id

    @property
    def may_retry(self) -> bool:
        failed = self.transaction.failure_reason is not None and self.transaction.retry_count < MAX_FAILURES
        return failed and self.is_sender and self.transaction.type != FUNDING

    @property
    def may_begin_again(self) -> bool:
        """Whether a new transfer can be filled in like this one, which failed."""
        failed = self.transaction.failure_reason is not None
        return failed and self.is_sender and self.transaction.type != FUNDING

    @property
    def amount_failed(self) -> bool:
        """Whether another amount would help."""
        return self.transaction.failure_reason in {"insufficient_funds", "limit_exceeded"}

    @property
    def attempts(self) -> int:
        return self.transaction.retry_count

    @property
    def attempt(self) -> int | None:
        """Which attempt the sender sees the outcome of: told when one has failed, and nobody else's concern."""
        failures, has_failed = self.transaction.retry_count, self.transaction.failure_reason is not None
        if not failures or not self.is_sender:
            return None
        return failures if has_failed else failures + 1

    @property
    def most_attempts(self) -> int:
        return MAX_FAILURES


def activity_page(*, account: Account, cursor: str | None = None, filters: EntryFilter | None = None) -> ActivityPage:
    """Return what was posted on an account, newest first.

    Raises:
        CursorInvalid: the cursor was not made here.
    """
    page = entries_page(account=account, cursor=cursor, limit=PAGE_SIZE, filters=filters)
    names = names_of_accounts(entry.counterparty for entry in page.entries)
    return ActivityPage(_posted_lines(page.entries, names), page.total, page.next_cursor, page.is_cut)


def lines_of(posted: Sequence[Entry], failed: Sequence[Transaction], names: dict[ObjectId, str]) -> list[Line]:
    """Return an account's entries and its failed transfers together, newest first.

    Args:
        names: of the other sides; one that is missing is told as unknown.
    """
    lines = [*_posted_lines(posted, names), *(_failed_line(transaction, names) for transaction in failed)]
    return sorted(lines, key=lambda line: line.created_at, reverse=True)


def failed_lines(*, account: Account, limit: int = 50) -> list[Line]:
    """Return the account's own transfers that failed, newest first."""
    failed = failed_transactions(account=account, limit=limit)
    names = names_of_accounts(transaction.receiver for transaction in failed)
    return [_failed_line(transaction, names) for transaction in failed]


def receipt_for_user(*, user: User, transaction_id: str) -> Receipt:
    """Return a transaction in which one of this person's accounts took part.

    Raises:
        TransactionNotFound: there is none, or it is between others; the two look the same.
    """
    found = _transaction_find(transaction_id)
    own = [account for account in accounts_of_user(user) if account.id in (found.sender, found.receiver)]
    if not own:
        raise TransactionNotFound
    # The system user may hold both sides; the paying one then tells more.
    account = min(own, key=lambda account: account.id != found.sender)
    return receipt_for_account(account=account, transaction_id=found.id)


def receipt_for_account(*, account: Account, transaction_id: ObjectId) -> Receipt:
    """Return a transaction as this account's side of it.

    Raises:
        TransactionNotFound: the account had no part in it.
    """
    transaction = transaction_get_for_account(account=account, transaction_id=transaction_id)
    names = names_of_accounts([transaction.sender, transaction.receiver])
    return Receipt(
        transaction=transaction,
        account=account,
        entry=entry_of(account=account, transaction_id=transaction.id),
        sender=names.get(transaction.sender, UNKNOWN),
        receiver=names.get(transaction.receiver, UNKNOWN),
    )


def _transaction_find(transaction_id: str) -> Transaction:
    wanted = transaction_id_read(transaction_id)
    found = transactions_by_ids([wanted])
    if not found:
        raise TransactionNotFound
    return found[wanted]


def _posted_lines(entries: Sequence[Entry], names: dict[ObjectId, str]) -> list[Line]:
    transactions = transactions_by_ids([entry.transaction for entry in entries])
    return [_posted_line(entry, names, transactions) for entry in entries]


def _posted_line(entry: Entry, names: dict[ObjectId, str], transactions: dict[ObjectId, Transaction]) -> Line:
    transaction = transactions.get(entry.transaction)
    return Line(
        transaction=entry.transaction,
        direction=entry.direction,
        amount_minor=entry.amount_minor,
        currency=entry.currency,
        balance_after_minor=entry.balance_after_minor,
        counterparty=names.get(entry.counterparty, UNKNOWN),
        note=entry.note,
        created_at=entry.created_at,
        status=COMPLETED if transaction is None else transaction.status,
    )


def _failed_line(transaction: Transaction, names: dict[ObjectId, str]) -> Line:
    return Line(
        transaction=transaction.id,
        direction=DEBIT,
        amount_minor=transaction.amount_minor,
        currency=transaction.currency,
        balance_after_minor=None,
        counterparty=names.get(transaction.receiver, UNKNOWN),
        note=transaction.note,
        created_at=transaction.created_at,
        status=transaction.status,
        failure_reason=transaction.failure_reason,
        retry_count=transaction.retry_count,
        type=transaction.type,
    )
