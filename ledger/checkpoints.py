"""Signed checkpoints: from time to time, one signature over the heads of all accounts (the form is in `ledger.proof`).

The accounts are read at one moment, beside the leaves that they had before (`ledger.leaves`). What is written grows
with what happened since the last checkpoint; what is read grows with the number of accounts.

Who signs believes nobody, for the bank's own credentials may add and remove leaves: the leaves that stay must be the
ones that the last checkpoint signed, and new entries must continue, hash by hash, from where these ended. So a history
that was rewritten, or a leaf that was slipped in, is never signed.

One process at a time makes them. If it dies in the middle, the next one removes the leaves that have no checkpoint. Of
two at once the one that began last goes on (`ledger.attempts`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from bson.int64 import Int64
from django.conf import settings
from pymongo.client_session import ClientSession

from ledger import store
from ledger.attempts import attempt_begin, attempt_finish, unfinished_remove
from ledger.chain import canonical, text_of
from ledger.leaves import first_head, heads_write, latest_leaves, leaves_at
from ledger.merkle import Tree
from ledger.proof import NO_STATEMENT, Leaf, statement_hash, statement_is_signed, statement_of
from ledger.records import Document, now
from ledger.signing import PrivateKey, PublicKey

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
    found = store.at_moment(store.CHECKPOINTS, session).find({}, session=session).sort("_id", -1).limit(1)
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
        leaves = list(leaves_at(session, before))
    if not any(is_new for _, is_new in leaves):
        return None
    tree = Tree([leaf.hash for leaf, _ in leaves])
    fresh = ((index, leaf) for index, (leaf, is_new) in enumerate(leaves) if is_new)
    heads_write(number, ((leaf, index, tree.path(index)) for index, leaf in fresh))
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
