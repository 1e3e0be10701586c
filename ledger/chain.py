"""The hash chain: every entry carries the hash of the one before it on its account and of its own content.

Who changes, removes or slips in an entry, with whatever credentials, has to make anew every hash behind it, up to the
account's head. The heads are signed from time to time (`ledger.checkpoints`), and that cannot be made anew.

What is hashed is the entry as canonical JSON (RFC 8785), every value written as text, so that anybody can check it in
any language. This module needs the standard library alone, because receipts are checked far from the bank.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

# What stands before the first entry of an account.
BEGINNING = bytes(32)
HASH_BYTES = 32
_OWN_HASH = "hash"

# Text alone, plain ASCII names: for such objects this is the form of RFC 8785.
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def entry_hash(entry: Mapping[str, Any]) -> bytes:
    """Return the SHA-256 of an entry's canonical content, of which `previous_hash` is a part.

    Args:
        entry: the document as it is stored; its own `hash`, if it has one, is left out.
    """
    return content_hash(entry_content(entry))


def entry_content(entry: Mapping[str, Any]) -> dict[str, str]:
    """Return what is hashed of an entry: its fields as text.

    Ids and hashes are in lower-case hex, whole numbers in decimal digits, times in ISO 8601 UTC with milliseconds.
    """
    return {name: text_of(value) for name, value in entry.items() if name != _OWN_HASH}


def content_hash(content: Mapping[str, str]) -> bytes:
    """Return the SHA-256 of text fields in canonical JSON."""
    return sha256(canonical(content)).digest()


def canonical(content: Mapping[str, str]) -> bytes:
    """Return text fields as canonical JSON (RFC 8785).

    Raises:
        ValueError: a text holds half of a surrogate pair, which no database keeps.
    """
    return _encode(content).encode()


def text_of(value: Any) -> str:
    """Return a value as it stands in canonical content (`entry_content`)."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return str(value)
