"""What happened on an account: history by page and by cursor, balance now and then, and what became of a key.

An account's entries are numbered 1..n without gaps, so a count is the last number, a page is a range of numbers and a
cursor is a number: each costs the same at any depth. Entries of one account never go back in time, so a time is a
number too. Every entry has the balance and all credits so far, so what came in and went out between two moments is the
difference of two entries. Only a filter that looks into the entries has to read them, and it reads a bounded number.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

import pymongo
from bson.objectid import ObjectId
from pymongo.read_concern import ReadConcern

from ledger.cursors import cursor_read, cursor_write, number_read
from ledger.errors import RequestInvalid, TransactionNotFound
from ledger.records import CREDIT, DEBIT, FAILED, Account, Document, Entry, Transaction, entry_id, now
from ledger.schema import PER_ACCOUNT
from ledger.store import ENTRIES, books

MAX_LIMIT = 50
MAX_PAGE = 1_000_000
MAX_WORDS = 100
# How many entries one request of a filtered history reads at most: some ten milliseconds of the database.
MOST_EXAMINED = 10_000
# How long a majority of the nodes may take to confirm that nothing is recorded.
_CERTAINTY_SECONDS = 3
# Among how many of the last entries the accounts are found that were paid last.
_RECENT = 500
_CURSOR = re.compile(r"seq:([0-9]{1,19})", re.ASCII)
_NEWEST_FIRST = [("created_at", -1), ("seq", -1)]


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
    """Some entries, newest first.

    Args:
        total: how many there are in all; None when a filter would have to read more than `MOST_EXAMINED` for it.
        next_cursor: where the next ones are, None after the last one.
        is_cut: the search stopped at its bound before the page was full, perhaps with nothing found; the cursor leads
            on from there.
    """

    entries: list[Entry]
    total: int | None
    next_cursor: str | None
    is_cut: bool = False

    @property
    def has_next(self) -> bool:
        return self.next_cursor is not None


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
        RequestInvalid: the page lies behind the newest `MOST_EXAMINED` entries of a filtered history, where only
            the cursor leads.
    """
    wanted = filters or EntryFilter()
    limit = min(max(limit, 1), MAX_LIMIT)
    low, high = numbers_between(account=account, since=wanted.since, until=wanted.until)
    top = min(high, _cursor_number(cursor) - 1) if cursor else high
    skipped = 0 if cursor else (min(max(page or 1, 1), MAX_PAGE) - 1) * limit
    conditions = wanted.conditions()
    if conditions:
        total = _count(account, low, high, conditions)
        return _matching_page(account, conditions, (low, top), skipped, limit, total)
    # Without gaps, counting and skipping are arithmetic.
    found = _entries_between(account, low, top - skipped, {}, 0, limit + 1)
    return EntryPage(found[:limit], max(0, high - low), _next_cursor(found, limit))


def _matching_page(
    account: Account, conditions: Document, numbers: tuple[int, int], skipped: int, limit: int, total: int | None
) -> EntryPage:
    """Search the newest `MOST_EXAMINED` of the entries with these numbers (low excluded, high included)."""
    low, top = numbers
    floor = max(low, top - MOST_EXAMINED)
    found = _entries_between(account, floor, top, conditions, skipped, limit + 1)
    if len(found) > limit or floor == low:
        return EntryPage(found[:limit], total, _next_cursor(found, limit))
    if skipped and not found:
        raise RequestInvalid(
            "page", f"With these filters pages have numbers within {MOST_EXAMINED:,} entries; go on with the cursor."
        )
    return EntryPage(found, total, _cursor_at(floor + 1), is_cut=True)


def _entries_between(
    account: Account, low: int, high: int, conditions: Document, skipped: int, limit: int
) -> list[Entry]:
    query = {"account": account.id, "seq": {"$gt": low, "$lte": high}, **conditions}
    # Said, because the planner would try the index of times as well, and read all of an account to sort it.
    found = books().entries.find(query, hint=PER_ACCOUNT).sort("seq", -1).skip(skipped).limit(limit)
    return [Entry.of(document) for document in found]


def _next_cursor(found: Sequence[Entry], limit: int) -> str | None:
    return _cursor_at(found[limit - 1].seq) if len(found) > limit else None


def numbers_between(*, account: Account, since: datetime | None, until: datetime | None) -> tuple[int, int]:
    """Return the numbers (low excluded, high included) of an account's entries between two times."""
    low = 0 if since is None else _number_before(account, since)
    high = account.seq if until is None else _number_before(account, until)
    return low, min(high, account.seq)


def _number_before(account: Account, moment: datetime) -> int:
    query = {"account": account.id, "created_at": {"$lt": moment}}
    # The index alone has the answer.
    newest = books().entries.find(query, {"_id": 0, "seq": 1}, hint="as_of").sort(_NEWEST_FIRST).limit(1)
    return next((int(document["seq"]) for document in newest), 0)


def _count(account: Account, low: int, high: int, conditions: Document) -> int | None:
    """Count the entries that match, unless there are too many to look into."""
    if high - low > MOST_EXAMINED:
        return None
    query = {"account": account.id, "seq": {"$gt": low, "$lte": high}, **conditions}
    return books().entries.count_documents(query, hint=PER_ACCOUNT)


def _cursor_at(number: int) -> str:
    """Return the cursor that leads to the entries before this one."""
    return cursor_write(f"seq:{number}")


def _cursor_number(cursor: str) -> int:
    (digits,) = cursor_read(cursor, _CURSOR)
    return number_read(digits)


def balance_at(*, account: Account, at: datetime) -> int:
    """Return the balance that the account had at a moment, that moment's own entries included, in minor units."""
    query = {"account": account.id, "created_at": {"$lte": at}}
    fields = {"_id": 0, "balance_after_minor": 1}
    newest = books().entries.find(query, fields, hint="as_of").sort(_NEWEST_FIRST).limit(1)
    return next((int(document["balance_after_minor"]) for document in newest), 0)


@dataclass(frozen=True, slots=True)
class MonthFlow:
    """What came in and went out in the month that begins on `first`, in minor units."""

    first: date
    in_minor: int
    out_minor: int


def balance_series(*, account: Account, days: int, every: int = 1, zone: tzinfo = UTC) -> list[tuple[date, int]]:
    """Return the balance at the end of days, today last, in minor units; the arguments are those of `account_past`."""
    return account_past(account=account, days=days, every=every, months=0, zone=zone)[0]


def month_flows(*, account: Account, months: int, zone: tzinfo = UTC) -> list[MonthFlow]:
    """Return what came in and went out in the last months; the arguments are those of `account_past`."""
    return account_past(account=account, days=1, every=1, months=months, zone=zone)[1]


def account_past(
    *, account: Account, days: int, every: int, months: int, zone: tzinfo = UTC
) -> tuple[list[tuple[date, int]], list[MonthFlow]]:
    """Return the balance at the end of days and what came in and went out by month, all in one query.

    Args:
        account: fetched for its owner; today's balance is the one that it was fetched with.
        days: how many days there are in the balances, today last, at least 1.
        every: how many days lie between two balances.
        months: how many months there are, the present one last and until now.
        zone: whose midnights divide days and months.
    """
    today = now().astimezone(zone).date()
    wanted = [today - timedelta(days=ago) for ago in range(0, days, every)][::-1]
    firsts = [_month_before(today, ago) for ago in range(months - 1, -1, -1)]
    ends = [day + timedelta(days=1) for day in wanted[:-1]]
    before = _sums_before(account, [_midnight(day, zone) for day in (*ends, *firsts)])
    balances = [*(balance for balance, _ in before[: len(ends)]), account.balance_minor]
    begins = before[len(ends) :]
    flows = zip(firsts, begins, [*begins[1:], (account.balance_minor, account.credits_minor)], strict=False)
    return list(zip(wanted, balances, strict=True)), [_flow(*flow) for flow in flows]


def _flow(first: date, begin: tuple[int, int], end: tuple[int, int]) -> MonthFlow:
    money_in = end[1] - begin[1]
    return MonthFlow(first, money_in, money_in - (end[0] - begin[0]))


def _month_before(day: date, ago: int) -> date:
    """Return the first of the month that was so many months ago."""
    year, month = divmod(day.year * 12 + day.month - 1 - ago, 12)
    return date(year, month + 1, 1)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, datetime.min.time(), tzinfo=zone)


def _sums_before(account: Account, moments: Sequence[datetime]) -> list[tuple[int, int]]:
    """Return the balance and all credits that there were just before each moment: a seek each, one call for all."""
    if not moments:
        return []
    last_entry = [
        {"$match": {"account": account.id, "$expr": {"$lt": ["$created_at", "$$moment"]}}},
        {"$sort": dict(_NEWEST_FIRST)},
        {"$limit": 1},
        {"$project": {"balance": "$balance_after_minor", "credits": "$credits_after_minor"}},
    ]
    looked_up = {"from": ENTRIES, "let": {"moment": "$moment"}, "pipeline": last_entry, "as": "last"}
    # Beginning with the account and not with `$documents`, which asks for the right to read every collection.
    rows = books().accounts.aggregate(
        [
            {"$match": {"_id": account.id}},
            {"$project": {"moment": list(moments)}},
            {"$unwind": "$moment"},
            {"$lookup": looked_up},
            {"$project": {"last": 1}},
        ]
    )
    return [next(((int(last["balance"]), int(last["credits"])) for last in row["last"]), (0, 0)) for row in rows]


def recent_counterparties(*, account: Account, limit: int) -> list[ObjectId]:
    """Return the accounts that this one last paid, each once, latest first; among its last entries only."""
    query = {"account": account.id, "seq": {"$gt": account.seq - _RECENT}, "direction": DEBIT}
    fields = {"_id": 0, "counterparty": 1}
    paid = books().entries.find(query, fields, hint=PER_ACCOUNT, batch_size=_RECENT).sort("seq", -1)
    return list(dict.fromkeys(document["counterparty"] for document in paid))[:limit]


def transaction_by_key(*, account: Account, key: str) -> Transaction:
    """Return what became of a key of this account.

    Raises:
        TransactionNotFound: nothing is recorded under it, and a majority of the database's nodes agrees.
        PyMongoError: it cannot be found out now.
    """
    wanted = {"sender": account.id, "key": key}
    document = books().transactions.find_one(wanted) or _find_for_certain(wanted)
    if document is None:
        raise TransactionNotFound
    return Transaction.of(document)


def _find_for_certain(wanted: Document) -> Document | None:
    """Look once more, where a primary that was replaced without its knowledge, or has yet to replicate, says so.

    An ordinary read would find nothing there, although the transfer is or will be in the books; whoever is told so
    might pay once more. This one ends only when a majority has confirmed the primary after it looked.
    """
    to = books().transactions.with_options(read_concern=ReadConcern("linearizable"))
    with pymongo.timeout(_CERTAINTY_SECONDS):
        return to.find_one(wanted)


def completed_by_keys(*, sender: ObjectId, keys: Sequence[str]) -> dict[str, Transaction]:
    """Return those transactions of an account that have moved their money, by their keys, in one query.

    Args:
        sender: the account that pays.
        keys: a few thousand at most.
    """
    query = {"sender": sender, "key": {"$in": list(keys)}, "completed_at": {"$type": "date"}}
    found = books().transactions.find(query, hint="one_per_sender_and_key")
    return {document["key"]: Transaction.of(document) for document in found}


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
    sides = [entry_id(transaction_id, direction) for direction in (DEBIT, CREDIT)]
    document = books().entries.find_one({"_id": {"$in": sides}, "account": account.id}, hint="_id_")
    return None if document is None else Entry.of(document)


@dataclass(frozen=True, slots=True)
class ChainedEntry:
    """An entry with its place in the chain of its account; hashes in lower-case hex."""

    entry: Entry
    previous_hash: str
    hash: str


def entries_of_transaction(transaction_id: ObjectId) -> list[ChainedEntry]:
    """Return the entries of a transaction, the debit first; none when it moved no money. For operators."""
    ids = [entry_id(transaction_id, direction) for direction in (DEBIT, CREDIT)]
    found = {document["_id"]: document for document in books().entries.find({"_id": {"$in": ids}}, hint="_id_")}
    return [_chained(found[one]) for one in ids if one in found]


def _chained(document: Document) -> ChainedEntry:
    return ChainedEntry(Entry.of(document), document["previous_hash"].hex(), document["hash"].hex())


def transactions_by_ids(ids: list[ObjectId]) -> dict[ObjectId, Transaction]:
    """Return these transactions by id, in one query."""
    found = books().transactions.find({"_id": {"$in": ids}})
    return {document["_id"]: Transaction.of(document) for document in found}


def failed_transactions(*, account: Account, limit: int = MAX_LIMIT) -> list[Transaction]:
    """Return the account's own transfers that failed, newest first."""
    query = {"sender": account.id, "status": FAILED}
    found = books().transactions.find(query, hint="not_completed_by_sender").sort("_id", -1)
    found = found.limit(min(limit, MAX_LIMIT))
    return [Transaction.of(document) for document in found]
