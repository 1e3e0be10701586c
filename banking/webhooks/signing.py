"""How a receiver knows that the bank called: Standard Webhooks (standardwebhooks.com), signed with a shared secret.

The secret has to be at hand whenever a call is signed, so it cannot be hashed like a password. It is kept encrypted
with a key that is made of SECRET_KEY: a copy of the database alone does not let anybody sign.
"""

import base64
import hashlib
import hmac
import secrets

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

PREFIX = "whsec_"
_PURPOSE = b"florin webhook secrets"
_BYTES = 32


class SecretUnreadable(Exception):
    """A secret was sealed with another SECRET_KEY."""


def secret_make() -> str:
    """Return a new secret in the form in which receivers' libraries take it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def secret_seal(secret: str) -> str:
    """Return a secret as it is kept."""
    return _keys().encrypt(secret.encode()).decode()


def secret_open(sealed: str) -> str:
    """Return a secret that was kept.

    Raises:
        SecretUnreadable: SECRET_KEY has changed since, and the old one is not among its fallbacks.
    """
    try:
        return _keys().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise SecretUnreadable from error


def signed_headers(*, secret: str, call: str, at: int, body: bytes) -> dict[str, str]:
    """Return the headers by which a receiver checks a call.

    Args:
        secret: as it was shown to the receiver.
        call: the id of the call, the same for each attempt, by which repeated ones are told.
        at: seconds since 1970; receivers refuse what is minutes old, so each attempt has its own.
        body: the bytes that are sent.
    """
    key = base64.b64decode(secret.removeprefix(PREFIX))
    digest = hmac.digest(key, f"{call}.{at}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": call,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _keys() -> MultiFernet:
    return MultiFernet([_key(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key(secret: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
