"""The leaves of checkpoints: what each account's entries had come to when its head was last signed.

An account that has new entries gets a new leaf, which is kept with its path in the tree of its checkpoint, so that
receipts can be made at any time later.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import structlog
from bson.int64 import Int64
from bson.objectid import ObjectId
from pymongo.client_session import ClientSession

from ledger import store
from ledger.chain import BEGINNING, entry_hash
from ledger.merkle import Tree, leaf_hash
from ledger.proof import Leaf
from ledger.records import Document
from ledger.schema import PER_ACCOUNT
from ledger.stats import ACCOUNT_IDS

# Entries of one account that one checkpoint takes in at most; a receipt has to read as many.
MOST_ENTRIES = 100_000
_ACCOUNTS_A_QUERY = 200
_HEADS_A_WRITE = 500

_log = structlog.get_logger(__name__)

_Moved = Sequence[tuple[Document, Leaf | None]]
# The number of an entry, the hash of the one before it, and its own.
_Link = tuple[int, bytes | None, bytes]


def leaves_at(session: ClientSession, signed: Iterable[Leaf]) -> Iterator[tuple[Leaf, bool]]:
    """Yield the leaf of every account that has entries, in the order of their ids, and whether it is new."""
    before = _Before(iter(signed))
    where = {**ACCOUNT_IDS, "seq": {"$gt": 0}}
    wanted = {"seq": 1, "head_hash": 1}
    accounts = iter(store.at_moment(store.ACCOUNTS, session).find(where, wanted, session=session).sort("_id", 1))
    while chunk := list(islice(accounts, _ACCOUNTS_A_QUERY)):
        olds = [before.of(account["_id"]) for account in chunk]
        moved = [
            (account, old)
            for account, old in zip(chunk, olds, strict=True)
            if old is None or old.last_seq < account["seq"]
        ]
        new = _new_leaves(session, moved)
        for account, old in zip(chunk, olds, strict=True):
            leaf = new.get(account["_id"], old)
            if leaf is not None:
                yield leaf, leaf is not old


class _Before:
    """The leaves of the last checkpoint, to be asked for in the order of their accounts."""

    def __init__(self, leaves: Iterator[Leaf]) -> None:
        self._leaves = leaves
        self._next = next(leaves, None)

    def of(self, account: ObjectId) -> Leaf | None:
        while self._next is not None and self._next.account < str(account):
            self._next = next(self._leaves, None)
        return self._next if self._next is not None and self._next.account == str(account) else None


def latest_leaves(session: ClientSession, *, until: int | None = None) -> Iterator[Leaf]:
    """Yield the newest leaf of every account, in the order of their ids.

    Args:
        until: the number of the checkpoint after which leaves do not count; it costs a look at all that there are.
    """
    fields = ("first_seq", "last_seq", "head", "entries_root")
    stages: list[dict[str, Any]] = [
        *([] if until is None else [{"$match": {"checkpoint": {"$lte": Int64(until)}}}]),
        {"$sort": {"account": 1, "last_seq": -1}},
        {"$group": {"_id": "$account", **{name: {"$first": f"${name}"} for name in fields}}},
        {"$sort": {"_id": 1}},
    ]
    for document in store.at_moment(store.HEADS, session).aggregate(stages, session=session, allowDiskUse=True):
        yield leaf_of({**document, "account": document["_id"]})


def leaf_of(head: Document) -> Leaf:
    """Return what a kept leaf says."""
    return Leaf(
        account=str(head["account"]),
        first_seq=int(head["first_seq"]),
        last_seq=int(head["last_seq"]),
        head=head["head"],
        entries_root=head["entries_root"],
    )


def _new_leaves(session: ClientSession, moved: _Moved) -> dict[ObjectId, Leaf]:
    """Return the new leaves of accounts, each given with its old leaf."""
    found = _entry_hashes(session, moved)
    leaves = {}
    for account, old in moved:
        hashes, covered = found.get(account["_id"], []), _covered(old)
        last = covered + len(hashes)
        if not hashes or (last == account["seq"] and hashes[-1] != account["head_hash"]):
            # What does not hold together is not signed; verification says what is wrong with it.
            _log.error("account_not_checkpointed", account=str(account["_id"]), entries=len(hashes))
            continue
        root = Tree([leaf_hash(one) for one in hashes]).root
        leaves[account["_id"]] = Leaf(str(account["_id"]), covered + 1, last, hashes[-1], root)
    return leaves


def _covered(old: Leaf | None) -> int:
    return 0 if old is None else old.last_seq


def _entry_hashes(session: ClientSession, moved: _Moved) -> dict[ObjectId, list[bytes]]:
    """Return the hashes of the entries behind each old leaf, as far as they continue it and one another."""
    if not moved:
        return {}
    ranges = [
        {
            "account": account["_id"],
            "seq": {"$gt": _covered(old), "$lte": min(account["seq"], _covered(old) + MOST_ENTRIES)},
        }
        for account, old in moved
    ]
    found: dict[ObjectId, list[_Link]] = {account["_id"]: [] for account, _ in moved}
    # Named, because the planner would try two indexes for each of the ranges.
    entries = store.at_moment(store.ENTRIES, session).find({"$or": ranges}, session=session, hint=PER_ACCOUNT)
    for entry in entries:
        if entry.get("hash") == entry_hash(entry):
            found[entry["account"]].append((int(entry["seq"]), entry.get("previous_hash"), entry["hash"]))
    return {account["_id"]: _linked(found[account["_id"]], old) for account, old in moved}


def _linked(links: list[_Link], old: Leaf | None) -> list[bytes]:
    """Return the hashes behind an old leaf up to the first that is missing or does not carry the one before it."""
    hashes: list[bytes] = []
    place, previous = _covered(old), BEGINNING if old is None else old.head
    for seq, carried, own in sorted(links):
        place += 1
        if seq != place or carried != previous:
            break
        hashes.append(own)
        previous = own
    return hashes


def heads_write(number: int, heads: Iterable[tuple[Leaf, int, list[bytes]]]) -> None:
    """Keep the new leaves of a checkpoint, each with its place in the tree and its path to the root."""
    documents = (_head_document(number, *head) for head in heads)
    while chunk := list(islice(documents, _HEADS_A_WRITE)):
        store.heads().insert_many(chunk, ordered=False)


def _head_document(number: int, leaf: Leaf, index: int, path: list[bytes]) -> Document:
    return {
        "_id": f"{number:016d}:{leaf.account}",
        "account": ObjectId(leaf.account),
        "checkpoint": Int64(number),
        "first_seq": Int64(leaf.first_seq),
        "last_seq": Int64(leaf.last_seq),
        "head": leaf.head,
        "entries_root": leaf.entries_root,
        "index": Int64(index),
        "path": path,
    }


def first_head(number: int) -> str:
    """Return the id before those of a checkpoint's leaves, and behind those of all earlier ones."""
    return f"{number:016d}:"
