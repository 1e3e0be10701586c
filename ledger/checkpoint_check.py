"""Whether the ledger still is what its checkpoints signed, and the checkpoints are the ones that were signed.

Who rewrites an account's entries, with all their hashes and whatever rights in the database, cannot sign; so a leaf no
longer fits its entries, or its path no longer leads to a signed root. Who removes checkpoints from the end leaves no
trace in the database, but in whatever receipt or checkpoint somebody has kept outside: `kept_check` is for those.

Each function yields `(code, sentence)` for what is wrong, streams what it reads and sees the session's one moment.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from bson.int64 import Int64
from pymongo.client_session import ClientSession

from ledger import store
from ledger.checkpoints import Checkpoint, checkpoint_latest
from ledger.leaves import first_head, latest_leaves, leaf_of
from ledger.merkle import Tree, root_of
from ledger.proof import NO_STATEMENT, statement_hash, statement_is_signed
from ledger.records import Document
from ledger.schema import PER_ACCOUNT
from ledger.signing import PublicKey

CODE = "checkpoint"
NOT_SIGNED_BY_US = "is not signed by a key of this bank"
_HEADS_AT_ONCE = 200

Violations = Iterator[tuple[str, str]]


def statements_check(
    session: ClientSession, keys: Sequence[PublicKey], *, after: int = 0, limit: int = 0
) -> Violations:
    """Check that checkpoints run 1..n, each naming the one before, and that their signatures are good.

    Args:
        keys: the public keys to check with; none leaves the signatures unchecked, which the caller has to say.
        after: the number of the checkpoint behind which to begin.
        limit: how many at most; 0 for all.
    """
    statements = store.at_moment(store.CHECKPOINTS, session)
    before = statements.find_one({"_id": Int64(after)}, session=session) if after else None
    number, previous = after, NO_STATEMENT if before is None else statement_hash(Checkpoint.of(before).statement)
    for document in statements.find({"_id": {"$gt": Int64(after)}}, session=session).sort("_id", 1).limit(limit):
        checkpoint = Checkpoint.of(document)
        number += 1
        if checkpoint.number != number:
            yield CODE, f"checkpoint {number} is missing"
            number = checkpoint.number
        elif checkpoint.previous != previous:
            yield CODE, f"checkpoint {number} does not follow from the one before it"
        if keys and not statement_is_signed(checkpoint.statement, checkpoint.signature, keys):
            yield CODE, f"checkpoint {number} {NOT_SIGNED_BY_US}"
        previous = statement_hash(checkpoint.statement)


def heads_check(
    session: ClientSession, *, after: str = "", limit: int | None = None
) -> Iterator[tuple[str, tuple[str, str] | None]]:
    """Check the leaves against the signed roots and against the entries as they are now.

    Args:
        after: the id of the leaf behind which to begin, as an earlier call yielded it.
        limit: how many leaves at most; None for all.

    Yields:
        For each leaf its id, and what is wrong with it, or None.
    """
    found = store.at_moment(store.HEADS, session).find({"_id": {"$gt": after}}, session=session).sort("_id", 1)
    heads = iter(found if limit is None else found.limit(limit))
    last = checkpoint_latest(session)
    made = 0 if last is None else last.number
    while chunk := list(islice(heads, _HEADS_AT_ONCE)):
        roots, hashes, befores = _roots(session, chunk), _hashes(session, chunk), _befores(session, chunk)
        for head in chunk:
            end = (head["account"], head["last_seq"])
            sentence = _wrong_with(head, roots.get(head["checkpoint"]), hashes.get(end), made)
            if sentence is None and head["first_seq"] > 1 and _end_before(head) not in befores:
                sentence = f"account {head['account']} entry {head['first_seq'] - 1} was signed, and its leaf is gone"
            yield head["_id"], None if sentence is None else (CODE, sentence)


def _wrong_with(head: Document, checkpoint: Checkpoint | None, entry_hash: bytes | None, made: int) -> str | None:
    """Return what is wrong with a leaf by itself; `made` is the number of the last checkpoint."""
    where = f"account {head['account']} entry {head['last_seq']}"
    if checkpoint is None:
        # The process that makes the checkpoint writes it after its leaves. What is missing before is told elsewhere.
        is_unheard_of = head["checkpoint"] > made + 1
        return (
            f"{where} has a leaf of checkpoint {head['checkpoint']}, which was never made" if is_unheard_of else None
        )
    root = root_of(leaf_of(head).hash, index=head["index"], size=checkpoint.accounts, path=head["path"])
    if root != checkpoint.root:
        return f"{where} has a leaf that checkpoint {checkpoint.number} did not sign"
    if entry_hash is None:
        return f"{where} was signed by checkpoint {checkpoint.number} and is gone"
    if entry_hash != head["head"]:
        return f"{where} is not the one that checkpoint {checkpoint.number} signed: it, or one before it, was changed"
    return None


def _roots(session: ClientSession, heads: Sequence[Document]) -> dict[int, Checkpoint]:
    numbers = list({head["checkpoint"] for head in heads})
    found = store.at_moment(store.CHECKPOINTS, session).find({"_id": {"$in": numbers}}, session=session)
    return {document["_id"]: Checkpoint.of(document) for document in found}


def _hashes(session: ClientSession, heads: Sequence[Document]) -> dict[tuple[Any, Any], bytes]:
    ends = [{"account": head["account"], "seq": head["last_seq"]} for head in heads]
    wanted = {"account": 1, "seq": 1, "hash": 1}
    found = store.at_moment(store.ENTRIES, session).find({"$or": ends}, wanted, session=session, hint=PER_ACCOUNT)
    return {(entry["account"], entry["seq"]): entry["hash"] for entry in found}


def _end_before(head: Document) -> tuple[Any, Any]:
    return head["account"], head["first_seq"] - 1


def _befores(session: ClientSession, heads: Sequence[Document]) -> set[tuple[Any, Any]]:
    """Return where the leaves end that these continue: each new leaf begins where the account's old one ended."""
    ends = [{"account": account, "last_seq": Int64(seq)} for account, seq in map(_end_before, heads) if seq > 0]
    if not ends:
        return set()
    wanted = {"_id": 0, "account": 1, "last_seq": 1}
    found = store.at_moment(store.HEADS, session).find({"$or": ends}, wanted, session=session)
    return {(head["account"], head["last_seq"]) for head in found}


def latest_root_check(session: ClientSession) -> Violations:
    """Check that the newest leaves of all accounts make the root of the last checkpoint: that none is missing."""
    checkpoint = checkpoint_latest(session)
    if checkpoint is None:
        return
    # While the next checkpoint is being made, its leaves take the place of some of these.
    later = {"_id": {"$gte": first_head(checkpoint.number + 1)}}
    is_next_begun = store.at_moment(store.HEADS, session).find_one(later, session=session)
    until = checkpoint.number if is_next_begun else None
    leaves = [leaf.hash for leaf in latest_leaves(session, until=until)]
    if len(leaves) != checkpoint.accounts or Tree(leaves).root != checkpoint.root:
        yield CODE, f"the leaves of the accounts do not make the root that checkpoint {checkpoint.number} signed"


def kept_check(
    session: ClientSession, statement: Mapping[str, str], signature: bytes, keys: Sequence[PublicKey]
) -> Violations:
    """Check that a checkpoint that was kept outside is signed, and is the one that stands in the database."""
    name = f"the kept checkpoint {statement.get('number')}"
    if not statement_is_signed(statement, signature, keys):
        yield CODE, f"{name} {NOT_SIGNED_BY_US}"
        return
    number = Int64(statement["number"])
    found = store.at_moment(store.CHECKPOINTS, session).find_one({"_id": number}, session=session)
    if found is None:
        yield CODE, f"{name} is not in this database: what came after it, or all, was taken back"
    elif Checkpoint.of(found).statement != dict(statement):
        yield CODE, f"{name} is another one than that in this database"
