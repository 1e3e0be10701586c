"""Statements: what a stretch of time did to an account, which adds up to the cent.

A statement is two numbers. Entries are never changed, are numbered without gaps and never go back in time, so once an
account has been read, the entries between two of its numbers are the same whenever they are read: what is posted
while a statement is made has a higher number and does not disturb it. That is one moment of the books, without a
database session that would have to stay open as long as somebody's download takes.

Opening, closing, money in and money out come from the two entries at the ends; the entries between are added up
again on their way out, and a statement that does not come to the same is broken off.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from bson.objectid import ObjectId

from ledger.history import numbers_between
from ledger.records import CREDIT, Account, Entry
from ledger.schema import PER_ACCOUNT
from ledger.store import books

# Entries read at a time: half a megabyte or so, however long the statement is.
BATCH = 1_000


class BooksDisagree(RuntimeError):
    """The entries of a statement do not come to its closing balance: the ledger was damaged."""


@dataclass(frozen=True, slots=True)
class Statement:
    """The ends of a stretch of an account's entries; amounts in minor units of its currency.

    Args:
        account: as it was when the statement was begun.
        after, last: numbers of the entry before the first one, and of the last one.
        opening_minor, closing_minor: the balance before the first entry and after the last one.
        money_in_minor: all credits between.
    """

    account: Account
    after: int
    last: int
    opening_minor: int
    closing_minor: int
    money_in_minor: int

    @property
    def count(self) -> int:
        return self.last - self.after

    @property
    def money_out_minor(self) -> int:
        return self.opening_minor + self.money_in_minor - self.closing_minor


@dataclass(frozen=True, slots=True)
class _Sums:
    """How far a statement has been added up."""

    number: int
    balance_minor: int
    credits_minor: int = 0


def statement_of(*, account: Account, since: datetime, until: datetime) -> Statement:
    """Return the statement of a stretch of time, without its entries: a constant number of short reads.

    Args:
        account: fetched for whoever asks; what is posted after it was fetched is not in the statement.
        since, until: from this time (included) to that (excluded).
    """
    low, high = numbers_between(account=account, since=since, until=until)
    # A time that has not come yet begins after what the account had when it was read, whatever came since.
    after = min(low, account.seq)
    last = max(after, high)
    sums = _sums_at(account.id, after, last)
    (opening, credits_before), (closing, credits_after) = sums[after], sums[last]
    return Statement(account, after, last, opening, closing, credits_after - credits_before)


def statement_entries(statement: Statement) -> Iterator[list[Entry]]:
    """Yield a statement's entries, oldest first, some at a time; no cursor stays open between.

    Raises:
        BooksDisagree: the entries do not come to what the statement says.
    """
    sums = _Sums(statement.after, statement.opening_minor)
    while sums.number < statement.last:
        entries = _entries_after(statement, sums.number)
        if not entries:
            raise BooksDisagree(f"account {statement.account.id} has no entry {sums.number + 1}")
        for entry in entries:
            sums = _added(sums, entry)
        yield entries
    if (sums.balance_minor, sums.credits_minor) != (statement.closing_minor, statement.money_in_minor):
        raise BooksDisagree(f"account {statement.account.id} comes to {sums}, not to {statement.closing_minor}")


def _added(sums: _Sums, entry: Entry) -> _Sums:
    is_credit = entry.direction == CREDIT
    found = replace(
        sums,
        number=sums.number + 1,
        balance_minor=sums.balance_minor + (entry.amount_minor if is_credit else -entry.amount_minor),
        credits_minor=sums.credits_minor + (entry.amount_minor if is_credit else 0),
    )
    if (entry.seq, entry.balance_after_minor) != (found.number, found.balance_minor):
        raise BooksDisagree(f"entry {entry.id} does not follow: number {entry.seq} after {sums}")
    return found


def _entries_after(statement: Statement, number: int) -> list[Entry]:
    between = {"$gt": number, "$lte": min(number + BATCH, statement.last)}
    query = {"account": statement.account.id, "seq": between}
    found = books().entries.find(query, hint=PER_ACCOUNT, batch_size=BATCH).sort("seq", 1)
    return [Entry.of(document) for document in found]


def _sums_at(account: ObjectId, *numbers: int) -> dict[int, tuple[int, int]]:
    """Return balance and credits after the entries with these numbers; nothing has happened before the first."""
    query = {"account": account, "seq": {"$in": list(numbers)}}
    fields = {"_id": 0, "seq": 1, "balance_after_minor": 1, "credits_after_minor": 1}
    found = {
        int(entry["seq"]): (int(entry["balance_after_minor"]), int(entry["credits_after_minor"]))
        for entry in books().entries.find(query, fields, hint=PER_ACCOUNT)
    }
    return {0: (0, 0), **found}
