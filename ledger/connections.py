"""Transactions and accounts, read in both directions: of the whole bank, and of some people or accounts.

The transactions of an account are its entries and, from a partial index, those of its own that moved no money: lists
in the order of time, one for each account and one for the rest, which are merged. A line's place is its time, its list
and its number there. It never changes while the transaction stays what it is, and it is a bound in each of the lists'
indexes, so a page from the middle is read as one from the beginning is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import merge

from bson.objectid import ObjectId

from ledger.cursors import cursor_read, cursor_write, number_read
from ledger.history import transactions_by_ids
from ledger.records import CREDIT, FAILED, PENDING, PROCESSING, Account, Document, Transaction, first_id_at
from ledger.schema import PER_ACCOUNT
from ledger.spans import Line, Span, Stretch, documents_span, stretch_of
from ledger.stats import SHARDS, ledger_stats
from ledger.store import books

# How many transactions that moved no money are counted at most.
MOST_COUNTED = 10_000
_NOT_POSTED = [FAILED, PENDING, PROCESSING]
# The list of transactions that moved no money, whichever of the accounts sent them.
_REST = "-"
_CURSOR = re.compile(r"at:([0-9]{1,13}) ([0-9a-f]{24} [0-9]{19}|- [0-9a-f]{24})", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, order=True)
class _Place:
    """Where a transaction stands; places sort as the lines do, oldest first.

    Args:
        at: when it was posted, or asked for if it moved no money; in milliseconds.
        of: the account whose entry it is, or `_REST`.
        number: the entry's number with all its digits, or the transaction's id.
    """

    at: int
    of: str
    number: str


@dataclass(frozen=True, slots=True)
class _Row:
    place: _Place
    transaction: ObjectId


def transactions_span(span: Span) -> Stretch[Transaction]:
    """Return transactions of the whole bank, newest first.

    Raises:
        CursorInvalid: the cursor was not made here.
    """
    found = documents_span(books().transactions, {}, hint="_id_", newest_first=True, span=span)
    return Stretch([Line(line.cursor, Transaction.of(line.record)) for line in found.lines], found.has_more)


def transactions_count() -> int:
    """Return how many transactions there are; exact, and the same cost however many."""
    return ledger_stats().transactions


def accounts_span(*, owners: Sequence[ObjectId | None] | None, span: Span) -> Stretch[Account]:
    """Return accounts in the order they were opened.

    Args:
        owners: whose, None among them for the bank itself; None for all accounts.
        span: which part.

    Raises:
        CursorInvalid: the cursor was not made here.
    """
    where: Document = {} if owners is None else {"owner": {"$in": list(owners)}}
    hint = "_id_" if owners is None else "one_per_owner_and_currency"
    found = documents_span(books().accounts, where, hint=hint, newest_first=False, span=span)
    return Stretch([Line(line.cursor, Account.of(line.record)) for line in found.lines], found.has_more)


def accounts_count() -> int:
    """Return how many accounts there are, as the collection counts itself; after a crash it may be a few off."""
    # The counters of `ledger.stats` stand among them.
    return max(0, books().accounts.estimated_document_count() - SHARDS)


def transactions_span_of_accounts(*, accounts: Sequence[Account], span: Span) -> Stretch[Transaction]:
    """Return the transactions that moved money on some accounts, and their own that did not, newest first.

    It asks the database once for each account and twice more, however many lines there are.

    Args:
        accounts: a person's, or one; each transaction comes once, though two of them pay one another.
        span: which part.

    Raises:
        CursorInvalid: the cursor was not made here.
    """
    place = None if span.place is None else _place_of(span.place)
    lists = [_posted(account, accounts, place, span) for account in accounts] + [_rest(accounts, place, span)]
    rows = list(merge(*lists, key=lambda row: row.place, reverse=not span.backwards))[: span.limit + 1]
    known = transactions_by_ids([row.transaction for row in rows])
    lines = [Line(_cursor_of(row.place), known[row.transaction]) for row in rows if row.transaction in known]
    return stretch_of(lines, span)


def transactions_count_of_accounts(accounts: Sequence[Account]) -> int | None:
    """Return how many there are; None if more than `MOST_COUNTED` moved no money, or the accounts pay one another."""
    if _may_pay_one_another(accounts):
        return None
    query = {"sender": {"$in": [account.id for account in accounts]}, "status": {"$in": _NOT_POSTED}}
    rest = books().transactions.count_documents(query, hint="not_completed_by_sender", limit=MOST_COUNTED + 1)
    # Entries have no gaps, so the last number is their count.
    return None if rest > MOST_COUNTED else rest + sum(account.seq for account in accounts)


def _may_pay_one_another(accounts: Sequence[Account]) -> bool:
    # A person has one account in each currency; the system's stand beside those of the system user.
    return len({account.owner for account in accounts}) > 1


def _posted(account: Account, accounts: Sequence[Account], place: _Place | None, span: Span) -> list[_Row]:
    """Return the next rows of an account's entries."""
    query: Document = {"account": account.id}
    index, order = PER_ACCOUNT, ["seq"]
    if place is not None and place.of == str(account.id):
        query["seq"] = {"$gt" if span.backwards else "$lt": number_read(place.number)}
    elif place is not None:
        index, order = "as_of", ["created_at", "seq"]
        query["created_at"] = _times(place, str(account.id), span)
    if _may_pay_one_another(accounts):
        # The one that pays shows it.
        others = [other.id for other in accounts if other.id != account.id]
        query["$nor"] = [{"direction": CREDIT, "counterparty": {"$in": others}}]
    found = books().entries.find(query, {"transaction": 1, "seq": 1, "created_at": 1}, hint=index)
    rows = found.sort([(name, 1 if span.backwards else -1) for name in order]).limit(span.limit + 1)
    return [_entry_row(account, entry) for entry in rows]


def _entry_row(account: Account, entry: Document) -> _Row:
    return _Row(
        _Place(_milliseconds(entry["created_at"]), str(account.id), f"{entry['seq']:019}"), entry["transaction"]
    )


def _rest(accounts: Sequence[Account], place: _Place | None, span: Span) -> list[_Row]:
    """Return the next rows of what the accounts sent and has moved no money."""
    query: Document = {"sender": {"$in": [account.id for account in accounts]}, "status": {"$in": _NOT_POSTED}}
    if place is not None and place.of == _REST:
        query["_id"] = {"$gt" if span.backwards else "$lt": ObjectId(place.number)}
    elif place is not None:
        # Their ids go in the order of time.
        ((operator, moment),) = _times(place, _REST, span).items()
        reaches = moment + _MILLISECOND if operator in {"$lte", "$gt"} else moment
        query["_id"] = {"$gte" if span.backwards else "$lt": first_id_at(reaches)}
    found = books().transactions.find(query, {"_id": 1}, hint="not_completed_by_sender")
    rows = found.sort("_id", 1 if span.backwards else -1).limit(span.limit + 1)
    return [_rest_row(document["_id"]) for document in rows]


def _rest_row(id: ObjectId) -> _Row:
    # The id has the milliseconds behind the second (`ledger.records.id_at`).
    seconds, milliseconds = int.from_bytes(id.binary[:4], "big"), int.from_bytes(id.binary[4:6], "big")
    return _Row(_Place(seconds * 1_000 + min(milliseconds, 999), _REST, str(id)), id)


def _times(place: _Place, of: str, span: Span) -> dict[str, datetime]:
    """Return the bound that a place in another list sets to the times of this one."""
    moment = _EPOCH + place.at * _MILLISECOND
    if span.backwards:
        return {"$gte" if of > place.of else "$gt": moment}
    return {"$lte" if of < place.of else "$lt": moment}


def _milliseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MILLISECOND


def _cursor_of(place: _Place) -> str:
    return cursor_write(f"at:{place.at} {place.of} {place.number}")


def _place_of(cursor: str) -> _Place:
    at, rest = cursor_read(cursor, _CURSOR)
    of, number = rest.split(" ")
    return _Place(int(at), of, number)
