"""Figures over all of the ledger, for operators, at the same cost however long it is.

They are counted with each posting, in its transaction, and so are exact. The counters stand in a few documents, the
shards, of which every process writes one of its own: were there only one, all transfers of all machines would conflict
on it. Reading adds the shards up. `ledger.verify` counts again.

The shards stand among the accounts, where the command that writes the balances writes them too: in a collection of
their own they would cost every transfer a round trip. Their ids are numbers, so nothing takes them for accounts.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from zlib import crc32

from bson.int64 import Int64

from ledger import sessions
from ledger.records import ACTIVE, COMPLETED, FAILED, FUNDING, Document
from ledger.store import books

SHARDS = 16
# The query for the shards among the accounts, and the one for the accounts among the shards.
SHARD_IDS = {"_id": {"$gte": 0, "$lt": SHARDS}}
ACCOUNT_IDS = {"_id": {"$type": "objectId"}}
# Every other state of an account sorts behind this one, and is in an index of its own (`ledger.schema`).
NOT_ACTIVE = {"status": {"$gt": ACTIVE}}
NOT_ACTIVE_INDEX = "not_active"


@dataclass(frozen=True, slots=True)
class Stats:
    """How many transactions there are, how many failed, and what customers moved, per currency in minor units."""

    transactions: int
    failed: int
    volume_minor: dict[str, int]


def ledger_stats() -> Stats:
    """Return the figures; fundings count as transactions, but are no volume."""
    return stats_sum(books().accounts.find(SHARD_IDS))


def accounts_by_state() -> dict[str, int]:
    """Return how many accounts of customers are in each state, for those states that any are in.

    The accounts that are not active are counted by their index; all of them as the collection counts itself, which
    after a crash may be a few off.
    """
    accounts = books().accounts
    kinds = accounts.aggregate(
        [{"$match": NOT_ACTIVE}, {"$group": {"_id": "$status", "count": {"$sum": 1}}}], hint=NOT_ACTIVE_INDEX
    )
    counts = {kind["_id"]: int(kind["count"]) for kind in kinds}
    systems = accounts.count_documents({"owner": None}, hint="one_per_owner_and_currency")
    active = accounts.estimated_document_count() - SHARDS - systems - sum(counts.values())
    return {ACTIVE: max(0, active), **counts}


def stats_sum(shards: Iterable[Document]) -> Stats:
    """Add up the counters of the shards."""
    total: Counter[str] = Counter()
    volume: Counter[str] = Counter()
    for shard in shards:
        total.update(transactions=shard["transactions"], failed=shard["failed"])
        volume.update(shard["volume_minor"])
    return Stats(int(total["transactions"]), int(total["failed"]), {name: int(sum) for name, sum in volume.items()})


def stats_of(transactions: Iterable[Document]) -> Stats:
    """Count transactions as they stand."""
    found = list(transactions)
    volume: Counter[str] = Counter()
    for transaction in found:
        if transaction["status"] == COMPLETED and transaction["type"] != FUNDING:
            volume[transaction["currency"]] += transaction["amount_minor"]
    failed = sum(transaction["status"] == FAILED for transaction in found)
    return Stats(len(found), failed, dict(volume))


def shard_document(number: int) -> Document:
    """Return a shard that has counted nothing yet."""
    return {"_id": number, "owner": number, "transactions": Int64(0), "failed": Int64(0), "volume_minor": {}}


def shard_add(shard: Document, transaction: Document) -> None:
    """Count a transaction, as it stands, in a shard that is held in memory."""
    one = stats_of([transaction])
    volume = Counter(shard["volume_minor"]) + Counter(one.volume_minor)
    shard["transactions"] = Int64(shard["transactions"] + one.transactions)
    shard["failed"] = Int64(shard["failed"] + one.failed)
    shard["volume_minor"] = {currency: Int64(amount) for currency, amount in volume.items()}


def shard_update(new: Iterable[Document], again: Iterable[Document]) -> Document:
    """Return the update of this process's shard for a posting.

    Args:
        new: transactions that are written for the first time.
        again: transactions that were FAILED and counted as such, as they stand now.
    """
    first, second = stats_of(new), stats_of(again)
    recovered = second.transactions - second.failed
    volume = Counter(first.volume_minor) + Counter(second.volume_minor)
    changes = {"transactions": first.transactions, "failed": first.failed - recovered}
    changes |= {f"volume_minor.{currency}": amount for currency, amount in volume.items()}
    shard = crc32(sessions.pool().id.binary) % SHARDS
    return {"q": {"_id": shard}, "u": {"$inc": {name: Int64(change) for name, change in changes.items()}}}
