"""Receipts: small files by which anybody can check, far from the bank, that a transfer stands in its signed books."""

import base64
from typing import Any

import structlog
from bson.objectid import ObjectId

from ledger.chain import entry_content
from ledger.checkpoints import Checkpoint, checkpoint_get, public_keys
from ledger.errors import ReceiptNotProved, ReceiptNotReady, TransactionNotFound
from ledger.merkle import Tree, leaf_hash
from ledger.proof import RECEIPT_FORMAT, ProofInvalid, receipt_check
from ledger.records import CREDIT, DEBIT, Account, Document, entry_id
from ledger.store import books, heads

Receipt = dict[str, Any]

_log = structlog.get_logger(__name__)


def signed_receipt(*, account: Account, transaction_id: ObjectId) -> Receipt:
    """Return the receipt of a transfer for one of its two sides.

    Args:
        account: the side; having it is being allowed to see it.
        transaction_id: the transfer.

    Returns:
        What is to be written into the file, as JSON. `ledger.proof` says what it proves.

    Raises:
        TransactionNotFound: it moved no money on this account.
        ReceiptNotReady: no checkpoint covers it yet.
        ReceiptNotProved: the ledger is not what the checkpoint signed.
    """
    ids = [entry_id(transaction_id, direction) for direction in (DEBIT, CREDIT)]
    entry = books().entries.find_one({"_id": {"$in": ids}, "account": account.id})
    if entry is None:
        raise TransactionNotFound
    head = _head_over(account.id, entry["seq"])
    checkpoint = None if head is None else checkpoint_get(head["checkpoint"])
    if head is None or checkpoint is None:
        raise ReceiptNotReady
    return _proved(_receipt(entry, head, checkpoint))


def entry_checkpoint(*, account: Account, seq: int) -> Checkpoint | None:
    """Return the checkpoint that signed an entry, None while there is none.

    Args:
        account: the entry's.
        seq: its number there.
    """
    head = _head_over(account.id, seq)
    return None if head is None else checkpoint_get(head["checkpoint"])


def _head_over(account: ObjectId, seq: int) -> Document | None:
    return heads().find_one({"account": account, "last_seq": {"$gte": seq}}, sort=[("last_seq", 1)])


def _receipt(entry: Document, head: Document, checkpoint: Checkpoint) -> Receipt:
    return {
        "format": RECEIPT_FORMAT,
        "entry": entry_content(entry),
        "group": {
            "first_seq": str(head["first_seq"]),
            "last_seq": str(head["last_seq"]),
            "path": _hex(_path_in_group(entry, head)),
        },
        "head": head["head"].hex(),
        "tree": {"index": str(head["index"]), "path": _hex(head["path"])},
        "checkpoint": checkpoint.statement,
        "signature": base64.b64encode(checkpoint.signature).decode(),
    }


def _path_in_group(entry: Document, head: Document) -> list[bytes]:
    where = {"account": entry["account"], "seq": {"$gte": head["first_seq"], "$lte": head["last_seq"]}}
    hashes = [leaf_hash(one["hash"]) for one in books().entries.find(where, {"hash": 1}).sort("seq", 1)]
    index = entry["seq"] - head["first_seq"]
    return Tree(hashes).path(index) if 0 <= index < len(hashes) else []


def _hex(hashes: list[bytes]) -> list[str]:
    return [hash_.hex() for hash_ in hashes]


def _proved(receipt: Receipt) -> Receipt:
    """Nothing is handed out that would not stand the check."""
    keys = public_keys()
    try:
        if keys:
            receipt_check(receipt, keys)
    except ProofInvalid as error:
        _log.error("receipt_does_not_prove", entry=receipt["entry"]["_id"], problem=str(error))
        raise ReceiptNotProved from error
    return receipt
