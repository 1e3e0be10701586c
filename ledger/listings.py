"""Transactions of all of the bank, or of one account, newest first, for operators."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from heapq import merge

from bson.objectid import ObjectId

from ledger.cursors import cursor_read, cursor_write, number_read
from ledger.history import transactions_by_ids
from ledger.newest import Question, limit_bounded, newest, rows_skipped
from ledger.records import COMPLETED, FAILED, PENDING, PROCESSING, Transaction
from ledger.schema import PER_ACCOUNT
from ledger.store import books

_NOT_POSTED = [FAILED, PENDING, PROCESSING]
_CURSOR = re.compile(r"entry:([0-9]{1,19}) id:([0-9a-f]{24})", re.ASCII)


@dataclass(frozen=True, slots=True)
class TransactionPage:
    """Some transactions, newest first; where the next ones are, if only few or none were found in this part."""

    transactions: list[Transaction]
    next_cursor: str | None


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
    number: int | None = None


def transactions_page(
    *, status: str | None = None, page: int | None = None, cursor: str | None = None, limit: int = 20
) -> TransactionPage:
    """Return transactions of all accounts, newest first.

    Args:
        status: only those in this state. COMPLETED ones, which nearly all are, have no index of their own: they are
            looked for among `ledger.newest.MOST_EXAMINED` transactions in each request.
        page: from 1, as far as row `ledger.newest.NUMBERED_ROWS`.
        cursor: `next_cursor` of an earlier page, instead of `page`.
        limit: transactions a page, 1 to 50.

    Raises:
        CursorInvalid: the cursor was not made here.
        RequestInvalid: the page lies too deep for a number.
    """
    question = _question(status)
    found, after = newest(books().transactions, question, page=page, cursor=cursor, limit=limit_bounded(limit))
    return TransactionPage([Transaction.of(document) for document in found], after)


def _question(status: str | None) -> Question:
    if status is None:
        return Question()
    if status == COMPLETED:
        return Question(looked_for={"status": status})
    return Question(hint="not_completed", indexed={"status": status})


def transactions_page_of_account(
    *,
    account_id: ObjectId,
    status: str | None = None,
    page: int | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> TransactionPage:
    """Return the transactions that moved money on an account, and the account's own that did not, newest first.

    The first ones are the account's entries, the others have a partial index: two lists in the order of time, which
    are merged. So no index of transactions by receiver is paid for by each transfer.

    Args:
        account_id: any account.
        status: only those in this state; of REVERSED ones only those that the account sent.
        page, cursor, limit: as in `transactions_page`.

    Raises:
        CursorInvalid, RequestInvalid: as `transactions_page`.
    """
    limit = limit_bounded(limit)
    skipped = 0 if cursor else rows_skipped(page=page, limit=limit)
    place = _place_of(cursor) if cursor else _BEGINNING
    wanted = skipped + limit + 1
    rows = list(merge(*_lists(account_id, status, place, wanted), key=lambda row: row.at, reverse=True))
    passed = rows[: skipped + limit]
    known = transactions_by_ids([row.transaction for row in passed[skipped:]])
    found = [known[row.transaction] for row in passed[skipped:] if row.transaction in known]
    after = _cursor_after(passed, place) if len(rows) > len(passed) else None
    return TransactionPage([one for one in found if status in (None, one.status)], after)


def _lists(account_id: ObjectId, status: str | None, place: _Place, wanted: int) -> list[list[_Row]]:
    """Return the next rows of the lists in which transactions of this state are."""
    if status is None:
        return [_posted(account_id, place, wanted), _others(account_id, _NOT_POSTED, place, wanted)]
    if status == COMPLETED:
        return [_posted(account_id, place, wanted)]
    return [_others(account_id, [status], place, wanted)]


def _posted(account_id: ObjectId, place: _Place, wanted: int) -> list[_Row]:
    query = {"account": account_id, "seq": {"$lt": place.number}}
    fields = {"transaction": 1, "seq": 1, "created_at": 1}
    found = books().entries.find(query, fields, hint=PER_ACCOUNT).sort("seq", -1).limit(wanted)
    return [_Row(entry["created_at"], entry["transaction"], int(entry["seq"])) for entry in found]


def _others(account_id: ObjectId, states: list[str], place: _Place, wanted: int) -> list[_Row]:
    query = {"sender": account_id, "_id": {"$lt": place.id}, "status": {"$in": states}}
    found = books().transactions.find(query, {"created_at": 1}, hint="not_completed_by_sender")
    return [_Row(document["created_at"], document["_id"]) for document in found.sort("_id", -1).limit(wanted)]


def _place_of(cursor: str) -> _Place:
    number, text = cursor_read(cursor, _CURSOR)
    return _Place(number_read(number), ObjectId(text))


def _cursor_after(passed: Iterable[_Row], place: _Place) -> str:
    number, last = place.number, place.id
    for row in passed:
        number, last = (number, row.transaction) if row.number is None else (row.number, last)
    return cursor_write(f"entry:{number} id:{last}")
