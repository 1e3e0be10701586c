"""What a checkpoint says and what a receipt proves: the forms that both the bank and those who check it compute.

A *checkpoint* is a signed statement about all accounts at one moment. For each account that has entries it has a leaf:
its head, which is the hash of its last entry and so of all before it, and the root of a small tree over the entries
that came since the account's last leaf. The leaves, in the order of the accounts' ids, make the tree whose root is
signed.

A *receipt* leads from one entry to the signature: by a path in the small tree to the leaf, and by a path in the large
one to the root. It stays small however many entries and accounts there are.

All is text in canonical JSON (`ledger.chain`), trees are those of RFC 9162 (`ledger.merkle`). No database here, and no
Django, because receipts are checked far from the bank.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from ledger.chain import HASH_BYTES, canonical, content_hash
from ledger.merkle import leaf_hash, root_of
from ledger.signing import PublicKey

CHECKPOINT_FORMAT = "florin-checkpoint/1"
RECEIPT_FORMAT = "florin-receipt/1"
# What stands for the statement before the first one.
NO_STATEMENT = bytes(HASH_BYTES)
# Longer than any path of a tree whose leaves can be counted.
_LONGEST_PATH = 64


class ProofInvalid(ValueError):
    """The receipt does not prove what it says; the text is one sentence."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a checkpoint says about one account.

    Args:
        account: its id in hex.
        first_seq, last_seq: the numbers of the entries that came since the account's last leaf.
        head: the hash of entry `last_seq`.
        entries_root: of the tree over the hashes of these entries.
    """

    account: str
    first_seq: int
    last_seq: int
    head: bytes
    entries_root: bytes

    @property
    def hash(self) -> bytes:
        """The leaf's place in the tree of all accounts."""
        said = {
            "account": self.account,
            "first_seq": str(self.first_seq),
            "last_seq": str(self.last_seq),
            "head": self.head.hex(),
            "entries_root": self.entries_root.hex(),
        }
        return leaf_hash(canonical(said))


def statement_of(*, number: int, at: str, accounts: int, root: bytes, previous: bytes, key: str) -> dict[str, str]:
    """Return what a checkpoint signs.

    Args:
        number: from 1, without gaps.
        at: the moment, ISO 8601 UTC.
        accounts: how many leaves the tree has.
        root: of the tree.
        previous: the hash of the statement before.
        key: the id of the key that signs.
    """
    return {
        "format": CHECKPOINT_FORMAT,
        "number": str(number),
        "at": at,
        "accounts": str(accounts),
        "root": root.hex(),
        "previous": previous.hex(),
        "key": key,
    }


def statement_hash(statement: Mapping[str, str]) -> bytes:
    """Return what the next statement names as `previous`."""
    return sha256(canonical(statement)).digest()


def statement_is_signed(statement: Mapping[str, str], signature: bytes, keys: Sequence[PublicKey]) -> bool:
    """Whether one of these keys is the one that is named and has signed the statement."""
    return any(key.id == statement.get("key") and key.has_signed(canonical(statement), signature) for key in keys)


def receipt_check(receipt: Any, keys: Sequence[PublicKey]) -> dict[str, str]:
    """Follow a receipt from its entry to the signature.

    Args:
        receipt: as it was read from the file; anything at all.
        keys: the bank's public keys.

    Returns:
        The entry that is proved, as text.

    Raises:
        ProofInvalid: it proves nothing.
    """
    try:
        return _followed(receipt, keys)
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as error:
        if isinstance(error, ProofInvalid):
            raise
        raise ProofInvalid("This is not a receipt of Florin, or it is damaged.") from None


def _followed(receipt: Any, keys: Sequence[PublicKey]) -> dict[str, str]:
    if receipt["format"] != RECEIPT_FORMAT:
        raise ProofInvalid("This is not a receipt of a form that is known here.")
    entry, statement = _texts(receipt["entry"]), _texts(receipt["checkpoint"])
    leaf = _leaf_of(entry, receipt["group"], bytes.fromhex(receipt["head"]))
    tree = receipt["tree"]
    root = root_of(leaf.hash, index=int(tree["index"]), size=int(statement["accounts"]), path=_path(tree["path"]))
    if root is None or root.hex() != statement["root"]:
        raise ProofInvalid("The entry is not the one that the checkpoint signs: something was changed.")
    if statement["format"] != CHECKPOINT_FORMAT:
        raise ProofInvalid("This is not a checkpoint of a form that is known here.")
    if not statement_is_signed(statement, base64.b64decode(receipt["signature"], validate=True), keys):
        raise ProofInvalid("The checkpoint is not signed by this key.")
    return entry


def _leaf_of(entry: Mapping[str, str], group: Mapping[str, Any], head: bytes) -> Leaf:
    first, last, seq = int(group["first_seq"]), int(group["last_seq"]), int(entry["seq"])
    own = leaf_hash(content_hash(entry))
    root = root_of(own, index=seq - first, size=last - first + 1, path=_path(group["path"]))
    if root is None:
        raise ProofInvalid("The receipt's path does not fit its entry.")
    return Leaf(entry["account"], first, last, head, root)


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in (*value, *value.values())):
        raise ProofInvalid("This is not a receipt of Florin, or it is damaged.")
    return value


def _path(hashes: Any) -> list[bytes]:
    if not isinstance(hashes, list) or len(hashes) > _LONGEST_PATH:
        raise ProofInvalid("The receipt's path is too long.")
    return [bytes.fromhex(text) for text in hashes]
