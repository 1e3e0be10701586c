"""What holds over all accounts together: they add up to zero, nobody is below the limit, the counters are right.

The database adds up, in one snapshot and at a cost that goes with the number of accounts, not with that of entries.
"""

from pymongo.client_session import ClientSession

from ledger.findings import I1, I3, I5, I6, MAX_VIOLATIONS, TOTALS, Report
from ledger.records import COMPLETED, CUSTOMER, FAILED, FUNDING, REVERSED, SYSTEM, Document
from ledger.stats import ACCOUNT_IDS, SHARD_IDS, Stats, stats_sum
from ledger.store import books
from ledger.walk import snapshot_books

# `$sum` passes over what is no number, where `$add` and `$subtract` would end the question.
_BELOW_LIMIT = {"$expr": {"$lt": [{"$sum": ["$balance_minor", "$overdraft_minor"]}, {"$sum": ["$held_minor"]}]}}
_IS_SYSTEM = {"$eq": ["$kind", SYSTEM]}


def balances_check(session: ClientSession, report: Report) -> None:
    """I1: per currency all balances add up to zero. I3: nobody is below the limit."""
    for row in _sums(session):
        if row["balance"] != 0:
            report.add(I1, f"the balances in {row['_id']} add up to {row['balance']}, not to zero")
    below = snapshot_books().accounts.find({**ACCOUNT_IDS, **_BELOW_LIMIT}, session=session).limit(MAX_VIOLATIONS)
    for account in below:
        whose = "customer" if account["kind"] == CUSTOMER else "system"
        report.add(I3, f"{whose} account {account['_id']} is below its limit at {account['balance_minor']}")


def totals_check(session: ClientSession, report: Report) -> None:
    """The counters that are kept say what follows from the accounts, and from what is not COMPLETED."""
    kept = stats_sum(snapshot_books().accounts.find(SHARD_IDS, session=session))
    true = stats_of_accounts(session)
    if _without_zeros(kept) != _without_zeros(true):
        report.add(TOTALS, f"say {_without_zeros(kept)}, and it is {_without_zeros(true)}")


def stats_of_accounts(session: ClientSession) -> Stats:
    """Return the figures (`ledger.stats`) without counting the transactions that moved money, which are many.

    An account counts its entries, of which each such transaction has two, and what it received: that I2, I4 and I5 see
    to. What customers moved is what all accounts received, less what the system account paid out.
    """
    entries, volume = 0, {}
    for row in _sums(session):
        entries += row["entries"]
        volume[row["_id"]] = row["credits"] - (row["system_credits"] - row["system_balance"])
    others = {row["_id"]: row for row in _not_completed(session)}
    for currency, amount in _reversed(session).items():
        volume[currency] -= amount
    without_entries = sum(row["count"] for status, row in others.items() if status != REVERSED)
    failed = others.get(FAILED, {"count": 0})["count"]
    return Stats(entries // 2 + without_entries, failed, volume)


def keys_check(session: ClientSession, report: Report) -> None:
    """I6: sender and key name one transaction. Counted, in case the unique index was lost for a while."""
    rows = snapshot_books().transactions.aggregate(
        [
            {"$group": {"_id": {"sender": "$sender", "key": "$key"}, "count": {"$sum": 1}}},
            {"$match": {"count": {"$gt": 1}}},
            {"$limit": MAX_VIOLATIONS},
        ],
        session=session,
        allowDiskUse=True,
    )
    for row in rows:
        sender, key = row["_id"].get("sender"), row["_id"].get("key")
        report.add(I6, f"account {sender} has {row['count']} transactions under key {key}")


def indexes_check(report: Report) -> None:
    """I5 and I6: the unique indexes that keep the numbers and the keys are there."""
    for code, collection, fields in (
        (I5, books().entries, {"account": 1, "seq": -1}),
        (I6, books().transactions, {"sender": 1, "key": 1}),
    ):
        found = [index for index in collection.list_indexes() if dict(index["key"]) == fields]
        if not any(index.get("unique") for index in found):
            report.add(code, f"the unique index of {' and '.join(fields)} is gone from {collection.name}")


def _sums(session: ClientSession) -> list[Document]:
    """Add up all accounts, per currency."""
    group = {
        "_id": "$currency",
        "balance": {"$sum": "$balance_minor"},
        "credits": {"$sum": "$credits_minor"},
        "entries": {"$sum": "$seq"},
        "system_balance": {"$sum": {"$cond": [_IS_SYSTEM, "$balance_minor", 0]}},
        "system_credits": {"$sum": {"$cond": [_IS_SYSTEM, "$credits_minor", 0]}},
    }
    return list(snapshot_books().accounts.aggregate([{"$match": ACCOUNT_IDS}, {"$group": group}], session=session))


def _not_completed(session: ClientSession) -> list[Document]:
    """Count the few transactions that are not COMPLETED, which have an index of their own, by state."""
    few = {"$match": {"status": {"$gt": COMPLETED}}}
    group = {"$group": {"_id": "$status", "count": {"$sum": 1}}}
    return list(snapshot_books().transactions.aggregate([few, group], session=session))


def _reversed(session: ClientSession) -> dict[str, int]:
    """Return what customers moved by transactions that are REVERSED, per currency; it is no volume any more."""
    those = {"$match": {"status": REVERSED, "type": {"$ne": FUNDING}}}
    group = {"$group": {"_id": "$currency", "sum": {"$sum": "$amount_minor"}}}
    rows = snapshot_books().transactions.aggregate([those, group], session=session)
    return {row["_id"]: int(row["sum"]) for row in rows}


def _without_zeros(stats: Stats) -> Stats:
    volume = {currency: int(amount) for currency, amount in stats.volume_minor.items() if amount}
    return Stats(int(stats.transactions), int(stats.failed), volume)
