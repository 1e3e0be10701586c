"""Signatures of checkpoints: Ed25519 (RFC 8032), by the library `cryptography`.

A private key is 32 bytes and a public key is 32 bytes, both written in base64. Only the process that makes checkpoints
has the private one; who checks needs the public one alone, and gets it from the bank some other way than the receipt.
"""

import base64
import binascii
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_KEY_BYTES = 32


class KeyInvalid(ValueError):
    """The text is not 32 bytes in base64."""

    def __init__(self) -> None:
        super().__init__("An Ed25519 key is 32 bytes, written in base64.")


class PublicKey:
    """What checks signatures.

    Args:
        text: the key in base64.

    Raises:
        KeyInvalid: it is not.
    """

    def __init__(self, text: str) -> None:
        raw = _bytes(text)
        self._key = Ed25519PublicKey.from_public_bytes(raw)
        self.text = text.strip()
        self.id = sha256(raw).hexdigest()[:16]

    def has_signed(self, message: bytes, signature: bytes) -> bool:
        """Whether the signature is that of this message by this key."""
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


class PrivateKey:
    """What signs; arguments and errors as `PublicKey`."""

    def __init__(self, text: str) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(_bytes(text))

    def __repr__(self) -> str:
        return "PrivateKey(…)"

    @property
    def public_text(self) -> str:
        """The public key that belongs to it, in base64."""
        return base64.b64encode(self._key.public_key().public_bytes_raw()).decode()

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message, 64 bytes."""
        return self._key.sign(message)


def key_make() -> str:
    """Return a new private key, in base64."""
    return base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()


def _bytes(text: str) -> bytes:
    try:
        raw = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise KeyInvalid from None
    if len(raw) != _KEY_BYTES:
        raise KeyInvalid
    return raw
