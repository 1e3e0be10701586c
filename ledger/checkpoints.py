"""Signed checkpoints: from time to time, one signature over the heads of all accounts (the form is in `ledger.proof`).

The accounts are read at one moment, beside the leaves that they had before; an account that has new entries gets a new
leaf, which is kept with its path in this tree, so that receipts can be made at any time later. What is written grows
with what happened since the last checkpoint; what is read grows with the number of accounts.

Who signs believes nobody, for the bank's own credentials may add and remove leaves: the leaves that stay must be the
ones that the last checkpoint signed, and new entries must continue, hash by hash, from where these ended. So a history
that was rewritten, or a leaf that was slipped in, is never signed.

One process at a time makes them. If it dies in the middle, the next one removes the leaves that have no checkpoint. Of
two at once the one that began last goes on (`ledger.attempts`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

import structlog
from bson.int64 import Int64
from bson.objectid import ObjectId
from django.conf import settings
from pymongo.client_session import ClientSession
from pymongo.read_concern import ReadConcern

from ledger import store
from ledger.attempts import attempt_begin, attempt_finish, unfinished_remove
from ledger.chain import BEGINNING, canonical, entry_hash, text_of
from ledger.merkle import Tree, leaf_hash
from ledger.proof import NO_STATEMENT, Leaf, statement_hash, statement_is_signed, statement_of
from ledger.records import Document, now
from ledger.schema import PER_ACCOUNT
from ledger.signing import PrivateKey, PublicKey
from ledger.stats import ACCOUNT_IDS

# Entries of one account that one checkpoint takes in at most; a receipt has to read as many.
MOST_ENTRIES = 100_000
_ACCOUNTS_A_QUERY = 200
_HEADS_A_WRITE = 500

SIGNATURES_UNCHECKED = "No signature was checked: no public key is set (CHECKPOINT_PUBLIC_KEYS)."

_log = structlog.get_logger(__name__)


class LeavesForged(Exception):
    """What the last checkpoint is said to have signed is not what it signed, so nothing is signed on top of it."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed statement about the heads of all accounts.

    Args:
        number: from 1, without gaps.
        at: when the accounts were read.
        accounts: how many have entries, and so leaves.
        root: of the tree.
        previous: the hash of the statement before.
        key: the id of the key that signed.
        signature: over the statement, 64 bytes.
    """

    number: int
    at: datetime
    accounts: int
    root: bytes
    previous: bytes
    key: str
    signature: bytes

    @classmethod
    def of(cls, document: Document) -> Checkpoint:
        known = {name: document[name] for name in ("at", "root", "previous", "key", "signature")}
        return cls(number=int(document["_id"]), accounts=int(document["accounts"]), **known)

    @property
    def statement(self) -> dict[str, str]:
        """What is signed, as text."""
        return statement_of(
            number=self.number,
            at=text_of(self.at),
            accounts=self.accounts,
            root=self.root,
            previous=self.previous,
            key=self.key,
        )


def public_keys() -> list[PublicKey]:
    """Return the keys by which checkpoints are checked: those of the settings, and one's own."""
    own = [PrivateKey(settings.CHECKPOINT_KEY).public_text] if settings.CHECKPOINT_KEY else []
    return [PublicKey(text) for text in dict.fromkeys([*settings.CHECKPOINT_PUBLIC_KEYS, *own])]


def checkpoint_latest(session: ClientSession | None = None) -> Checkpoint | None:
    """Return the last checkpoint, if there is one."""
    found = at_moment(store.CHECKPOINTS, session).find({}, session=session).sort("_id", -1).limit(1)
    return next((Checkpoint.of(document) for document in found), None)


def checkpoint_get(number: int) -> Checkpoint | None:
    """Return the checkpoint of a number, if there is one."""
    document = store.checkpoints().find_one({"_id": Int64(number)})
    return None if document is None else Checkpoint.of(document)


def checkpoint_append(key: PrivateKey) -> Checkpoint | None:
    """Sign the heads of all accounts as they are now.

    Args:
        key: signs.

    Returns:
        The new checkpoint, None when there has been no entry since the last one.

    Raises:
        AttemptOver: another process has begun meanwhile.
        LeavesForged: the last checkpoint or its leaves are not what was signed; `verify_ledger` says more.
    """
    attempt = attempt_begin()
    last = checkpoint_latest()
    number = 1 if last is None else last.number + 1
    unfinished_remove(attempt, first=first_head(number))
    at = now()
    with store.client().start_session(snapshot=True) as session:
        before = list(latest_leaves(session))
        _see_that_signed(before, last, key)
        leaves = list(_leaves(session, before))
    if not any(is_new for _, is_new in leaves):
        return None
    tree = Tree([leaf.hash for leaf, _ in leaves])
    fresh = ((index, leaf) for index, (leaf, is_new) in enumerate(leaves) if is_new)
    _heads_write(number, ((leaf, index, tree.path(index)) for index, leaf in fresh))
    checkpoint = _signed(key, number=number, at=at, accounts=len(leaves), root=tree.root, last=last)
    attempt_finish(attempt, _document(checkpoint))
    _log.info("checkpoint_made", number=number, accounts=len(leaves))
    return checkpoint


def _signed(
    key: PrivateKey, *, number: int, at: datetime, accounts: int, root: bytes, last: Checkpoint | None
) -> Checkpoint:
    unsigned = Checkpoint(
        number=number,
        at=at,
        accounts=accounts,
        root=root,
        previous=NO_STATEMENT if last is None else statement_hash(last.statement),
        key=PublicKey(key.public_text).id,
        signature=b"",
    )
    return replace(unsigned, signature=key.sign(canonical(unsigned.statement)))


def _document(checkpoint: Checkpoint) -> Document:
    kept = {name: getattr(checkpoint, name) for name in ("at", "root", "previous", "key", "signature")}
    return {"_id": Int64(checkpoint.number), "accounts": Int64(checkpoint.accounts), **kept}


def _see_that_signed(leaves: Sequence[Leaf], last: Checkpoint | None, key: PrivateKey) -> None:
    """See that these leaves, all of them and no other, are what the last checkpoint signed, with a key of ours."""
    if last is None:
        if leaves:
            raise LeavesForged("There are leaves, and no checkpoint has been made.")
        return
    if not statement_is_signed(last.statement, last.signature, [*public_keys(), PublicKey(key.public_text)]):
        raise LeavesForged(f"Checkpoint {last.number} is not signed by a key of this bank.")
    if len(leaves) != last.accounts or Tree([leaf.hash for leaf in leaves]).root != last.root:
        raise LeavesForged(f"The leaves are not those that checkpoint {last.number} signed.")


def _leaves(session: ClientSession, signed: Iterable[Leaf]) -> Iterator[tuple[Leaf, bool]]:
    """Yield the leaf of every account that has entries, in the order of their ids, and whether it is new."""
    before = _Before(iter(signed))
    where = {**ACCOUNT_IDS, "seq": {"$gt": 0}}
    wanted = {"seq": 1, "head_hash": 1}
    accounts = iter(at_moment(store.ACCOUNTS, session).find(where, wanted, session=session).sort("_id", 1))
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
    for document in at_moment(store.HEADS, session).aggregate(stages, session=session, allowDiskUse=True):
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


_Moved = Sequence[tuple[Document, Leaf | None]]


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
    entries = at_moment(store.ENTRIES, session).find({"$or": ranges}, session=session, hint=PER_ACCOUNT)
    for entry in entries:
        if entry.get("hash") == entry_hash(entry):
            found[entry["account"]].append((int(entry["seq"]), entry.get("previous_hash"), entry["hash"]))
    return {account["_id"]: _linked(found[account["_id"]], old) for account, old in moved}


# The number of an entry, the hash of the one before it, and its own.
_Link = tuple[int, bytes | None, bytes]


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


def _heads_write(number: int, heads: Iterable[tuple[Leaf, int, list[bytes]]]) -> None:
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


def at_moment(name: str, session: ClientSession | None) -> Any:
    """Return a collection to be read in a snapshot session, whose moment is the one that counts."""
    collection = store.database()[name]
    return collection if session is None else collection.with_options(read_concern=ReadConcern())
