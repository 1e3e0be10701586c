"""Transactions of all of the bank, or of one account, newest first, for operators."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from heapq import merge

from bson.objectid import ObjectId

from ledger.cursors import cursor_read, cursor_write, number_read
from ledger.history import numbers_between, transactions_by_ids
from ledger.newest import Question, ids_between, limit_bounded, newest, rows_skipped
from ledger.records import COMPLETED, FAILED, PENDING, PROCESSING, Account, Document, Transaction
from ledger.schema import PER_ACCOUNT
from ledger.store import books

# Among how many transactions of an account a request looks for amounts at most.
MOST_WALKED = 1_000
_NOT_POSTED = [FAILED, PENDING, PROCESSING]
_CURSOR = re.compile(r"entry:([0-9]{1,19}) id:([0-9a-f]{24})", re.ASCII)


@dataclass(frozen=True, slots=True)
class TransactionPage:
    """Some transactions, newest first; where the next ones are, if only few or none were found in this part."""

    transactions: list[Transaction]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Bounds:
    """When a transaction was asked for, and how much money it is about; None leaves a question open.

    Args:
        since, until: from this time (included) to that (excluded).
        currency: of the amount.
        min_minor, max_minor: bounds of the amount, included, in minor units of the currency.
    """

    since: datetime | None = None
    until: datetime | None = None
    currency: str | None = None
    min_minor: int | None = None
    max_minor: int | None = None

    @property
    def amount(self) -> Document:
        """The part that looks into the transactions, as a condition; times are found in an index."""
        found: Document = {} if self.currency is None else {"currency": self.currency}
        bounds = {"$gte": self.min_minor, "$lte": self.max_minor}
        amount = {operator: bound for operator, bound in bounds.items() if bound is not None}
        return {**found, "amount_minor": amount} if amount else found

    def takes(self, currency: str, amount_minor: int) -> bool:
        """Whether an amount lies within them."""
        if self.currency not in (None, currency):
            return False
        return (self.min_minor or 0) <= amount_minor and (self.max_minor is None or amount_minor <= self.max_minor)


_ANY = Bounds()


@dataclass(frozen=True, slots=True)
class _Place:
    """How far the two lists of an account have been read: entries by number, the others by id."""

    number: int
    id: ObjectId


_BEGINNING = _Place(2**63 - 1, ObjectId("f" * 24))


@dataclass(frozen=True, slots=True)
class _Row:
    """A transaction in one of the two lists; `number` is its entry's, None when it has none."""

    at: datetime
    transaction: ObjectId
    amount_minor: int
    currency: str
    number: int | None = None


def transactions_page(
    *,
    status: str | None = None,
    bounds: Bounds = _ANY,
    page: int | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> TransactionPage:
    """Return transactions of all accounts, newest first.

    Args:
        status: only those in this state. COMPLETED ones, which nearly all are, have no index of their own: they are
            looked for among `ledger.newest.MOST_EXAMINED` transactions in each request.
        bounds: only those within; amounts are looked for in the same way.
        page: from 1, as far as row `ledger.newest.NUMBERED_ROWS`.
        cursor: `next_cursor` of an earlier page, instead of `page`.
        limit: transactions a page, 1 to 50.

    Raises:
        CursorInvalid: the cursor was not made here.
        RequestInvalid: the page lies too deep for a number.
    """
    question = _question(status, bounds)
    found, after = newest(books().transactions, question, page=page, cursor=cursor, limit=limit_bounded(limit))
    return TransactionPage([Transaction.of(document) for document in found], after)


def _question(status: str | None, bounds: Bounds) -> Question:
    indexed = ids_between(bounds.since, bounds.until)
    if status is None:
        return Question(indexed=indexed, looked_for=bounds.amount)
    if status == COMPLETED:
        return Question(indexed=indexed, looked_for={"status": status, **bounds.amount})
    return Question(hint="not_completed", indexed={"status": status, **indexed}, looked_for=bounds.amount)


def transactions_page_of_account(
    *,
    account: Account,
    status: str | None = None,
    bounds: Bounds = _ANY,
    page: int | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> TransactionPage:
    """Return the transactions that moved money on an account, and the account's own that did not, newest first.

    The first ones are the account's entries, the others have a partial index: two lists in the order of time, which
    are merged. So no index of transactions by receiver is paid for by each transfer.

    Args:
        account: any account.
        status: only those in this state; of REVERSED ones only those that the account sent.
        bounds: only those within; for amounts `MOST_WALKED` transactions are looked at in each request.
        page, cursor, limit: as in `transactions_page`.

    Raises:
        CursorInvalid, RequestInvalid: as `transactions_page`.
    """
    limit = limit_bounded(limit)
    skipped = 0 if cursor else rows_skipped(page=page, limit=limit)
    place = _place_of(cursor) if cursor else _BEGINNING
    wanted = max(skipped + limit, MOST_WALKED if bounds.amount else 0)
    lists = _lists(account, status, bounds, place, wanted + 1)
    rows = list(merge(*lists, key=lambda row: row.at, reverse=True))
    passed, kept = _walked(rows[:wanted], bounds, skipped + limit)
    known = transactions_by_ids([row.transaction for row in kept[skipped:]])
    found = [known[row.transaction] for row in kept[skipped:] if row.transaction in known]
    after = _cursor_after(passed, place) if len(rows) > len(passed) else None
    return TransactionPage([one for one in found if status in (None, one.status)], after)


def _walked(rows: list[_Row], bounds: Bounds, most: int) -> tuple[list[_Row], list[_Row]]:
    """Return the rows up to the one that fills the page, and which of them are on it."""
    kept: list[_Row] = []
    for number, row in enumerate(rows, start=1):
        if bounds.takes(row.currency, row.amount_minor):
            kept.append(row)
        if len(kept) == most:
            return rows[:number], kept
    return rows, kept


def _lists(account: Account, status: str | None, bounds: Bounds, place: _Place, wanted: int) -> list[list[_Row]]:
    """Return the next rows of the lists in which transactions of this state are."""
    if status is None:
        return [_posted(account, bounds, place, wanted), _others(account, _NOT_POSTED, bounds, place, wanted)]
    if status == COMPLETED:
        return [_posted(account, bounds, place, wanted)]
    return [_others(account, [status], bounds, place, wanted)]


def _posted(account: Account, bounds: Bounds, place: _Place, wanted: int) -> list[_Row]:
    low, high = numbers_between(account=account, since=bounds.since, until=bounds.until)
    query = {"account": account.id, "seq": {"$gt": low, "$lt": min(high + 1, place.number)}}
    fields = {"transaction": 1, "seq": 1, "created_at": 1, "amount_minor": 1, "currency": 1}
    found = books().entries.find(query, fields, hint=PER_ACCOUNT).sort("seq", -1).limit(wanted)
    return [_row(entry, entry["transaction"], int(entry["seq"])) for entry in found]


def _others(account: Account, states: list[str], bounds: Bounds, place: _Place, wanted: int) -> list[_Row]:
    # Both conditions on the id are bounds of the index.
    between = [ids_between(bounds.since, bounds.until), {"_id": {"$lt": place.id}}]
    query = {"sender": account.id, "status": {"$in": states}, "$and": [one for one in between if one]}
    fields = {"created_at": 1, "amount_minor": 1, "currency": 1}
    found = books().transactions.find(query, fields, hint="not_completed_by_sender")
    return [_row(document, document["_id"]) for document in found.sort("_id", -1).limit(wanted)]


def _row(document: Document, transaction: ObjectId, number: int | None = None) -> _Row:
    amount_minor, currency = int(document["amount_minor"]), document["currency"]
    return _Row(document["created_at"], transaction, amount_minor, currency, number)


def _place_of(cursor: str) -> _Place:
    number, text = cursor_read(cursor, _CURSOR)
    return _Place(number_read(number), ObjectId(text))


def _cursor_after(passed: Iterable[_Row], place: _Place) -> str:
    number, last = place.number, place.id
    for row in passed:
        number, last = (number, row.transaction) if row.number is None else (row.number, last)
    return cursor_write(f"entry:{number} id:{last}")
