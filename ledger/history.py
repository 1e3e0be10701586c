"""What happened on an account: history by page and by cursor, balance now and then, and what became of a key.

An account's entries are numbered 1..n without gaps, so a count is the last number, a page is a range of numbers and a
cursor is a number: each costs the same at any depth. Entries of one account never go back in time, so a time is a
number too.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from bson.objectid import ObjectId

from ledger.errors import CursorInvalid, TransactionNotFound
from ledger.records import CREDIT, DEBIT, FAILED, Account, Entry, Transaction, entry_id, now
from ledger.store import books

MAX_LIMIT = 50
MAX_PAGE = 1_000_000
MAX_WORDS = 100
_RECENT = 200
_CURSOR = re.compile(r"seq:([0-9]{1,19})", re.ASCII)


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries are wanted; None leaves a question open.

    Args:
        since, until: from this time (included) to that (excluded).
        direction: DEBIT or CREDIT.
        min_minor, max_minor: bounds of the amount, included, in minor units.
        words: text that stands in the note, in any case of letters.
        counterparties: accounts that match the words by their owner's name; an entry matches by note or by these.
    """

    since: datetime | None = None
    until: datetime | None = None
    direction: str | None = None
    min_minor: int | None = None
    max_minor: int | None = None
    words: str | None = None
    counterparties: list[ObjectId] | None = None

    def conditions(self) -> dict[str, Any]:
        """The part of the filter that looks into the entries; times become numbers elsewhere."""
        found: dict[str, Any] = {}
        if self.direction is not None:
            found["direction"] = self.direction
        bounds = {"$gte": self.min_minor, "$lte": self.max_minor}
        amount = {operator: bound for operator, bound in bounds.items() if bound is not None}
        if amount:
            found["amount_minor"] = amount
        words = "" if self.words is None else self.words[:MAX_WORDS].replace("\0", "")
        if words:
            # Escaped, so that the words are only ever words.
            in_note = {"note": {"$regex": re.escape(words), "$options": "i"}}
            found["$or"] = [in_note, {"counterparty": {"$in": self.counterparties or []}}]
        return found


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Some entries, newest first, how many there are in all, and where the next ones are."""

    entries: list[Entry]
    total: int
    has_next: bool
    next_cursor: str | None


def entries_page(
    *,
    account: Account,
    page: int | None = None,
    cursor: str | None = None,
    limit: int = 20,
    filters: EntryFilter | None = None,
) -> EntryPage:
    """Return an account's entries, newest first.

    Args:
        account: fetched for its owner.
        page: from 1; it drifts when money moves meanwhile.
        cursor: `next_cursor` of an earlier page, instead of `page`; it does not drift.
        limit: entries a page, 1 to 50.
        filters: which entries; all by default.

    Raises:
        CursorInvalid: the cursor was not made here.
    """
    wanted = filters or EntryFilter()
    limit = min(max(limit, 1), MAX_LIMIT)
    skipped = 0 if cursor else (min(max(page or 1, 1), MAX_PAGE) - 1) * limit
    low, high = _numbers_between(account, wanted)
    conditions = wanted.conditions()
    total = _count(account, low, high, conditions)
    top = min(high, _cursor_read(cursor) - 1) if cursor else high
    if not conditions:
        # Without gaps, skipping is arithmetic.
        top, skipped = top - skipped, 0
    found = _entries_between(account, low, top, conditions, skipped, limit + 1)
    entries, more = found[:limit], len(found) > limit
    return EntryPage(entries, total, more, _cursor_write(entries[-1].seq) if more else None)


def _entries_between(
    account: Account, low: int, high: int, conditions: dict[str, Any], skipped: int, limit: int
) -> list[Entry]:
    query = {"account": account.id, "seq": {"$gt": low, "$lte": high}, **conditions}
    found = books().entries.find(query).sort("seq", -1).skip(skipped).limit(limit)
    return [Entry.of(document) for document in found]


def _numbers_between(account: Account, wanted: EntryFilter) -> tuple[int, int]:
    """Return the numbers (low excluded, high included) of the entries between the filter's times."""
    low = 0 if wanted.since is None else _number_before(account, wanted.since)
    high = account.seq if wanted.until is None else _number_before(account, wanted.until)
    return low, min(high, account.seq)


def _number_before(account: Account, moment: datetime) -> int:
    query = {"account": account.id, "created_at": {"$lt": moment}}
    newest = books().entries.find(query, {"seq": 1}).sort([("created_at", -1), ("seq", -1)]).limit(1)
    return next((int(document["seq"]) for document in newest), 0)


def _count(account: Account, low: int, high: int, conditions: dict[str, Any]) -> int:
    if not conditions:
        return max(0, high - low)
    return books().entries.count_documents({"account": account.id, "seq": {"$gt": low, "$lte": high}, **conditions})


def _cursor_write(seq: int) -> str:
    return base64.urlsafe_b64encode(f"seq:{seq}".encode()).decode().rstrip("=")


def _cursor_read(cursor: str) -> int:
    try:
        text = base64.urlsafe_b64decode(cursor[:64] + "=" * (-len(cursor[:64]) % 4)).decode("ascii")
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise CursorInvalid from error
    match = _CURSOR.fullmatch(text)
    if match is None or int(match.group(1)) >= 2**63:
        raise CursorInvalid
    return int(match.group(1))


def balance_at(*, account: Account, at: datetime) -> int:
    """Return the balance that the account had at a moment, that moment's own entries included, in minor units."""
    query = {"account": account.id, "created_at": {"$lte": at}}
    newest = books().entries.find(query, {"balance_after_minor": 1}).sort([("created_at", -1), ("seq", -1)]).limit(1)
    return next((int(document["balance_after_minor"]) for document in newest), 0)


def balance_series(*, account: Account, days: int, zone: tzinfo = UTC) -> list[tuple[date, int]]:
    """Return the balance at the end of each of the last `days` days, today last, in minor units.

    Args:
        account: fetched for its owner.
        days: how many days, at least 1.
        zone: whose midnights divide the days.
    """
    today = now().astimezone(zone).date()
    first = today - timedelta(days=days - 1)
    since = datetime.combine(first, datetime.min.time(), tzinfo=zone)
    ends = {row["_id"]: int(row["balance"]) for row in _day_ends(account, since, zone)}
    balance = balance_at(account=account, at=since - timedelta(milliseconds=1))
    series = []
    for day in (first + timedelta(days=offset) for offset in range(days)):
        balance = ends.get(day.isoformat(), balance)
        series.append((day, balance))
    return series


def _day_ends(account: Account, since: datetime, zone: tzinfo) -> Iterator[dict[str, Any]]:
    day = {"$dateToString": {"date": "$created_at", "format": "%Y-%m-%d", "timezone": _zone_name(zone)}}
    yield from books().entries.aggregate(
        [
            {"$match": {"account": account.id, "created_at": {"$gte": since}}},
            {"$sort": {"created_at": -1, "seq": -1}},
            {"$group": {"_id": day, "balance": {"$first": "$balance_after_minor"}}},
        ]
    )


def _zone_name(zone: tzinfo) -> str:
    return getattr(zone, "key", "UTC")


def month_totals(*, account: Account, zone: tzinfo = UTC) -> tuple[int, int]:
    """Return the money that came in and went out since the first of the month, in minor units."""
    first = now().astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    rows = books().entries.aggregate(
        [
            {"$match": {"account": account.id, "created_at": {"$gte": first}}},
            {"$group": {"_id": "$direction", "sum": {"$sum": "$amount_minor"}}},
        ]
    )
    sums = {row["_id"]: int(row["sum"]) for row in rows}
    return sums.get(CREDIT, 0), sums.get(DEBIT, 0)


def recent_counterparties(*, account: Account, limit: int) -> list[ObjectId]:
    """Return the accounts that this one last paid, each once, latest first."""
    query = {"account": account.id, "direction": DEBIT}
    paid = books().entries.find(query, {"counterparty": 1}).sort("seq", -1).limit(_RECENT)
    return list(dict.fromkeys(document["counterparty"] for document in paid))[:limit]


def transaction_by_key(*, account: Account, key: str) -> Transaction:
    """Return what became of a key of this account.

    Raises:
        TransactionNotFound: the account never used it.
    """
    document = books().transactions.find_one({"sender": account.id, "key": key})
    if document is None:
        raise TransactionNotFound
    return Transaction.of(document)


def transaction_get_for_account(*, account: Account, transaction_id: ObjectId) -> Transaction:
    """Return a transaction in which this account took part.

    Raises:
        TransactionNotFound: there is none, or it is between others; a receiver never sees a failed one.
    """
    document = books().transactions.find_one({"_id": transaction_id})
    if document is None or account.id not in (document["sender"], document["receiver"]):
        raise TransactionNotFound
    if document["sender"] != account.id and document["completed_at"] is None:
        raise TransactionNotFound
    return Transaction.of(document)


def entry_of(*, account: Account, transaction_id: ObjectId) -> Entry | None:
    """Return the account's own entry of a transaction, None when it has none."""
    own = {"$in": [entry_id(transaction_id, direction) for direction in (DEBIT, CREDIT)]}
    document = books().entries.find_one({"_id": own, "account": account.id})
    return None if document is None else Entry.of(document)


def transactions_by_ids(ids: list[ObjectId]) -> dict[ObjectId, Transaction]:
    """Return these transactions by id, in one query."""
    found = books().transactions.find({"_id": {"$in": ids}})
    return {document["_id"]: Transaction.of(document) for document in found}


def failed_transactions(*, account: Account, limit: int = MAX_LIMIT) -> list[Transaction]:
    """Return the account's own transfers that failed, newest first."""
    query = {"sender": account.id, "status": FAILED}
    found = books().transactions.find(query).sort("created_at", -1).limit(min(limit, MAX_LIMIT))
    return [Transaction.of(document) for document in found]
