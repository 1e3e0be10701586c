"""What administrators see of the whole bank: transactions with both accounts, the audit log with names, figures."""

from collections.abc import Sequence
from dataclasses import dataclass

from bson.objectid import ObjectId

from accounts.models import User
from accounts.selectors import users_by_ids, users_count
from ledger.accounts import account_get, accounts_by_ids
from ledger.listings import Bounds, transactions_page, transactions_page_of_account
from ledger.records import Account, Document, Transaction
from ledger.stats import Stats, ledger_stats
from ledger.trail import AuditFilter, AuditRecord, audit_page


@dataclass(frozen=True, slots=True)
class Movement:
    """A transaction with its accounts as they are now; the receiver is None when it never existed."""

    transaction: Transaction
    sender: Account | None
    receiver: Account | None


@dataclass(frozen=True, slots=True)
class MovementPage:
    """Some transactions, newest first; where the next ones are, if only few or none were found in this part."""

    movements: list[Movement]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class TrailPage:
    """Some audit records, newest first, and who did it by id; where the next ones are."""

    records: list[AuditRecord]
    actors: dict[ObjectId, User]
    next_cursor: str | None


def movements_page(
    *,
    account_id: ObjectId | None,
    status: str | None,
    page: int | None,
    cursor: str | None,
    limit: int,
    bounds: Bounds | None = None,
) -> MovementPage:
    """Return transactions of the whole bank, or of one account, newest first.

    Args:
        account_id: only those of this account; see `ledger.listings.transactions_page_of_account`.
        status, page, cursor, limit, bounds: as in `ledger.listings.transactions_page`.

    Raises:
        AccountNotFound: there is no such account.
        CursorInvalid, RequestInvalid: as `ledger.listings.transactions_page`.
    """
    wanted: Document = {"status": status, "bounds": bounds or Bounds(), "page": page, "cursor": cursor, "limit": limit}
    if account_id is None:
        found = transactions_page(**wanted)
    else:
        found = transactions_page_of_account(account=account_get(account_id), **wanted)
    return MovementPage(_movements(found.transactions), found.next_cursor)


def _movements(transactions: Sequence[Transaction]) -> list[Movement]:
    accounts = accounts_by_ids({side for one in transactions for side in (one.sender, one.receiver)})
    return [Movement(one, accounts.get(one.sender), accounts.get(one.receiver)) for one in transactions]


def trail_page(*, wanted: AuditFilter, cursor: str | None, limit: int) -> TrailPage:
    """Return audit records, newest first, with who did it.

    Raises:
        CursorInvalid: the cursor was not made here.
    """
    found = audit_page(wanted=wanted, cursor=cursor, limit=limit)
    actors = users_by_ids(record.actor for record in found.records if record.actor is not None)
    return TrailPage(found.records, actors, found.next_cursor)


def figures() -> tuple[int, Stats]:
    """Return how many people there are, and the ledger's figures."""
    return users_count(), ledger_stats()
