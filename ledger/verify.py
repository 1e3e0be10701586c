"""The ledger proves itself: every invariant checked against what is stored, over the whole database.

All reads see one moment (a snapshot session), so the books can be checked while money moves. What is compared is
streamed in the order of an index: memory does not grow with the ledger. The server keeps a snapshot for five minutes
by default (`minSnapshotHistoryWindowInSeconds`); a ledger that takes longer needs a larger one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any

from bson.objectid import ObjectId
from pymongo.client_session import ClientSession
from pymongo.read_concern import ReadConcern

from ledger.records import COMPLETED, CREDIT, CUSTOMER, DEBIT, REVERSED, Document
from ledger.store import Books, books, client

# More than this says nothing new and would hide the first ones.
MAX_VIOLATIONS = 100
_PROGRESS_EVERY = 50_000

Progress = Callable[[str, int], None]


@dataclass
class Report:
    """What was checked, and every violation found (up to `MAX_VIOLATIONS`) as one readable line."""

    accounts: int = 0
    transactions: int = 0
    entries: int = 0
    violations: list[str] = field(default_factory=list)
    omitted: int = 0

    def add(self, invariant: str, text: str) -> None:
        if len(self.violations) < MAX_VIOLATIONS:
            self.violations.append(f"{invariant} {text}")
        else:
            self.omitted += 1


def _silent(step: str, done: int) -> None:
    pass


def verify(progress: Progress = _silent) -> Report:
    """Check I1 to I6 over the whole database.

    Args:
        progress: told the step's name and how much of it is done, now and then.

    Returns:
        The report; the books are right when it has no violations.
    """
    report = Report()
    with client().start_session(snapshot=True) as session:
        accounts = _accounts_check(session, report, progress)
        _entries_check(session, accounts, report, progress)
        _transactions_check(session, report, progress)
        _keys_check(session, report)
    return report


def _snapshot_books() -> Books:
    """The collections without a read concern of their own: the session's snapshot is the one that counts."""
    return Books(*(collection.with_options(read_concern=ReadConcern()) for collection in books()))


def _counted(documents: Iterator[Document], step: str, progress: Progress) -> Iterator[Document]:
    done = 0
    for done, document in enumerate(documents, start=1):
        if done % _PROGRESS_EVERY == 0:
            progress(step, done)
        yield document
    progress(step, done)


def _accounts_check(session: ClientSession, report: Report, progress: Progress) -> dict[ObjectId, Document]:
    """I1: per currency all balances add up to zero. I3: nobody is below the limit."""
    fields = dict.fromkeys(("kind", "currency", "balance_minor", "held_minor", "overdraft_minor", "seq"), 1)
    found = _snapshot_books().accounts.find({}, fields, session=session)
    accounts = {document["_id"]: document for document in _counted(iter(found), "accounts", progress)}
    sums: dict[str, int] = {}
    for account in accounts.values():
        sums[account["currency"]] = sums.get(account["currency"], 0) + account["balance_minor"]
        if account["balance_minor"] - account["held_minor"] + account["overdraft_minor"] < 0:
            whose = "customer" if account["kind"] == CUSTOMER else "system"
            report.add("I3", f"{whose} account {account['_id']} is below its limit at {account['balance_minor']}")
    for currency, total in sums.items():
        if total != 0:
            report.add("I1", f"the balances in {currency} add up to {total}, not to zero")
    report.accounts = len(accounts)
    return accounts


def _entries_check(
    session: ClientSession, accounts: dict[ObjectId, Document], report: Report, progress: Progress
) -> None:
    """I2: each balance is the sum of its entries. I5: their numbers have no gap, their balances follow."""
    found = _snapshot_books().entries.find({}, session=session).sort([("account", 1), ("seq", -1)])
    seen = set()
    for account_id, entries in groupby(_counted(iter(found), "entries", progress), key=itemgetter("account")):
        seen.add(account_id)
        _account_entries_check(account_id, accounts.get(account_id), entries, report)
    for account_id in accounts.keys() - seen:
        account = accounts[account_id]
        if account["balance_minor"] != 0:
            report.add("I2", f"account {account_id} has {account['balance_minor']} but no entries")
        if account["seq"] != 0:
            report.add("I5", f"account {account_id} counts {account['seq']} entries and has none")


def _account_entries_check(
    account_id: ObjectId, account: Document | None, entries: Iterator[Document], report: Report
) -> None:
    """Walk one account's entries from the newest to the first."""
    balance, number = 0, 0
    newer: Document | None = None
    for entry in entries:
        report.entries += 1
        balance += _signed(entry)
        if newer is None:
            number = int(entry["seq"])
            if account is None or account["seq"] != number:
                count = None if account is None else account["seq"]
                report.add("I5", f"account {account_id} counts {count} entries, its last is number {number}")
        else:
            _neighbours_check(entry, newer, report)
        newer = entry
    if newer is not None and (newer["seq"] != 1 or newer["balance_after_minor"] != _signed(newer)):
        report.add("I5", f"account {account_id} begins with entry {newer['seq']} at {newer['balance_after_minor']}")
    if account is not None and account["balance_minor"] != balance:
        report.add("I2", f"account {account_id} has {account['balance_minor']}, its entries add up to {balance}")


def _neighbours_check(older: Document, newer: Document, report: Report) -> None:
    where = f"account {newer['account']} entry {newer['seq']}"
    if newer["seq"] != older["seq"] + 1:
        report.add("I5", f"{where} follows entry {older['seq']}")
    if newer["balance_after_minor"] != older["balance_after_minor"] + _signed(newer):
        report.add("I5", f"{where} has balance {newer['balance_after_minor']}, which does not follow")
    if newer["created_at"] < older["created_at"]:
        report.add("I5", f"{where} is older than the one before it")


def _signed(entry: Document) -> int:
    return int(entry["amount_minor"]) * (1 if entry["direction"] == CREDIT else -1)


def _transactions_check(session: ClientSession, report: Report, progress: Progress) -> None:
    """I4: two entries, equal and opposite, for each COMPLETED transaction; none for others."""
    to = _snapshot_books()
    transactions = to.transactions.find({}, session=session).sort("_id", 1)
    entries = to.entries.find({}, session=session).sort("_id", 1)
    groups = groupby(entries, key=itemgetter("transaction"))
    group = next(groups, None)
    for transaction in _counted(iter(transactions), "transactions", progress):
        report.transactions += 1
        while group is not None and group[0] < transaction["_id"]:
            report.add("I4", f"entries of transaction {group[0]}, which does not exist")
            group = next(groups, None)
        mine: list[Document] = []
        if group is not None and group[0] == transaction["_id"]:
            mine = list(group[1])
            group = next(groups, None)
        _pair_check(transaction, mine, report)
    while group is not None:
        report.add("I4", f"entries of transaction {group[0]}, which does not exist")
        group = next(groups, None)


def _pair_check(transaction: Document, entries: list[Document], report: Report) -> None:
    name = f"transaction {transaction['_id']} ({transaction['status']})"
    if transaction["status"] not in (COMPLETED, REVERSED):
        if entries:
            report.add("I4", f"{name} has {len(entries)} entries and should have none")
        return
    sides = sorted(entries, key=itemgetter("direction"), reverse=True)
    if [entry["direction"] for entry in sides] != [DEBIT, CREDIT]:
        report.add("I4", f"{name} has {len(entries)} entries that are not one DEBIT and one CREDIT")
        return
    debit, credit = sides
    wanted: dict[str, Any] = {"amount_minor": transaction["amount_minor"], "currency": transaction["currency"]}
    if any(entry[key] != value for entry in sides for key, value in wanted.items()):
        report.add("I4", f"{name} differs from its entries in amount or currency")
    if (debit["account"], credit["account"]) != (transaction["sender"], transaction["receiver"]):
        report.add("I4", f"{name} has entries on other accounts than its sender and receiver")


def _keys_check(session: ClientSession, report: Report) -> None:
    """I6: sender and key name one transaction. Counted again here, in case the unique index was lost."""
    rows = _snapshot_books().transactions.aggregate(
        [
            {"$group": {"_id": {"sender": "$sender", "key": "$key"}, "count": {"$sum": 1}}},
            {"$match": {"count": {"$gt": 1}}},
            {"$limit": MAX_VIOLATIONS},
        ],
        session=session,
        allowDiskUse=True,
    )
    for row in rows:
        report.add(
            "I6", f"account {row['_id']['sender']} has {row['count']} transactions under key {row['_id']['key']}"
        )
