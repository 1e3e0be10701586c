"""Walks over the books that can stop anywhere and go on later, each part on a snapshot of its own.

What is compared is streamed in the order of an index, so memory does not grow with the ledger, and every part costs
what its budget says. That two parts see two moments does no harm. An account's entries are walked from the first to
the last, and new ones are only ever added at the end; where the end is reached, the account is read in the same
snapshot. What is written behind a walk's back is for the next one.
"""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from bson.int64 import Int64
from bson.objectid import ObjectId
from pymongo import ASCENDING, DESCENDING
from pymongo.client_session import ClientSession
from pymongo.errors import OperationFailure
from pymongo.read_concern import ReadConcern

from ledger.findings import I4, I5, Report
from ledger.invariants import Place, account_check, entry_check, transaction_check
from ledger.records import Document
from ledger.store import Books, books

# Accounts are walked from the newest to the oldest, so this comes before all of them.
ACCOUNTS_BEGIN = Place(ObjectId(b"\xff" * 12))

# The index that the entries are walked by, backwards: account descending, number ascending.
_BY_ACCOUNT = [("account", ASCENDING), ("seq", DESCENDING)]
_BACKWARDS = [("account", DESCENDING), ("seq", ASCENDING)]
# What the database sends at once: unasked, 16 MB, of which a small part would be used.
_MAX_AT_ONCE = 5_000
_ACCOUNTS_AT_ONCE = 100
# How the database refuses to walk by an index that it does not have.
_BAD_VALUE = 2


def snapshot_books() -> Books:
    """Return the collections without a read concern of their own: the session's snapshot is the one that counts."""
    return Books(*(collection.with_options(read_concern=ReadConcern()) for collection in books()))


def accounts_walk(session: ClientSession, *, begin: Place, budget: int, report: Report) -> Place | None:
    """Check accounts with their entries (I2, I5, chain), from a place on.

    Args:
        session: a snapshot's.
        begin: where the part before ended, or `ACCOUNTS_BEGIN`.
        budget: how many entries and accounts together to check, from 1.
        report: counts, and takes the violations.

    Returns:
        Where to go on, or None when all accounts are done.
    """
    try:
        return _accounts_walk(session, begin, budget, report)
    except OperationFailure as failure:
        if failure.code != _BAD_VALUE:
            raise
        report.add(I5, "the entries cannot be walked: their index of account and number is gone")
        return None


def _accounts_walk(session: ClientSession, begin: Place, budget: int, report: Report) -> Place | None:
    place = begin
    for account_id, account, entries in _joined(session, begin, budget):
        if account_id != place.account:
            if budget <= 0:
                return Place(account_id)
            place = Place(account_id)
        for entry in entries:
            if budget <= 0:
                return place
            place = entry_check(entry, place, report)
            budget -= 1
        account_check(account, place, report)
        budget -= 1
    return None


_Joined = Iterator[tuple[ObjectId, Document | None, Iterator[Document]]]


def _joined(session: ClientSession, begin: Place, budget: int) -> _Joined:
    """Yield every account from a place on with the entries that are left of it, the newest account first.

    Either may be missing: an account without entries, entries without an account.
    """
    of, at_once = snapshot_books(), min(budget + 1, _MAX_AT_ONCE)
    accounts = of.accounts.find({"_id": {"$lte": begin.account}}, session=session, batch_size=_ACCOUNTS_AT_ONCE)
    accounts = accounts.sort("_id", DESCENDING)
    # The types keep out what can have no place in the order; such an entry is missed where it should be.
    entries = of.entries.find(
        {"account": {"$type": "objectId"}, "seq": {"$type": "long"}}, session=session, batch_size=at_once
    )
    bound: Any = [("account", begin.account), ("seq", Int64(begin.seq))]
    entries = entries.sort(_BACKWARDS).hint(_BY_ACCOUNT).max(bound)
    return _join(accounts, groupby(entries, key=itemgetter("account")))


def _join(accounts: Iterator[Document], groups: Iterator[tuple[ObjectId, Iterator[Document]]]) -> _Joined:
    account, group = next(accounts, None), next(groups, None)
    while account is not None or group is not None:
        account_id: ObjectId = max(([account["_id"]] if account else []) + ([group[0]] if group else []))
        own = account if account is not None and account["_id"] == account_id else None
        rest = group[1] if group is not None and group[0] == account_id else None
        yield account_id, own, iter(()) if rest is None else rest
        account = account if own is None else next(accounts, None)
        group = group if rest is None else next(groups, None)


def transactions_walk(
    session: ClientSession,
    *,
    after: ObjectId | None,
    budget: int,
    report: Report,
) -> ObjectId | None:
    """Check transactions with their entries (I4), from an id on.

    Args:
        session: a snapshot's.
        after: the last transaction of the part before, None to begin.
        budget: how many transactions to check, from 1.
        report: counts, and takes the violations.

    Returns:
        The last transaction that was checked, or None when all are done.
    """
    of = snapshot_books()
    rest = {} if after is None else {"_id": {"$gt": after}}
    found = of.transactions.find(rest, session=session, batch_size=min(budget, _MAX_AT_ONCE))
    groups = _Groups(session, after, budget)
    done = report.transactions + budget
    for transaction in found.sort("_id", ASCENDING).limit(budget):
        for lost in groups.before(str(transaction["_id"])):
            report.add(I4, f"entries of transaction {lost}, which does not exist")
        transaction_check(transaction, groups.take(str(transaction["_id"])), report)
        after = transaction["_id"]
    if report.transactions == done:
        return after
    for lost in groups.before(None):
        report.add(I4, f"entries of transaction {lost}, which does not exist")
    return None


class _Groups:
    """Entries by transaction. Their ids begin with it, so they come in the same order as the transactions."""

    def __init__(self, session: ClientSession, after: ObjectId | None, budget: int) -> None:
        ids = {} if after is None else {"_id": {"$gt": f"{after};"}}
        at_once = min(2 * budget + 1, _MAX_AT_ONCE)
        entries = snapshot_books().entries.find(ids, session=session, batch_size=at_once).sort("_id", ASCENDING)
        self._groups = groupby(entries, key=lambda entry: str(entry["_id"]).partition(":")[0])
        self._next = next(self._groups, None)

    def before(self, transaction: str | None) -> Iterator[str]:
        """Pass over all groups that come before a transaction, or all that are left, and yield whose they are."""
        while self._next is not None and (transaction is None or self._next[0] < transaction):
            yield self._next[0]
            self._next = next(self._groups, None)

    def take(self, transaction: str) -> list[Document]:
        """Return the entries of a transaction."""
        if self._next is None or self._next[0] != transaction:
            return []
        found = list(self._next[1])
        self._next = next(self._groups, None)
        return found
