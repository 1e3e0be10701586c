"""The two kinds of signed tokens, on the classes of simplejwt: HS256 with the project's secret key.

Import this only inside functions. simplejwt reads the secret key when it is imported; were that to happen while the
URLs are loaded, a missing key would end in a traceback before the system check that explains it could run.
"""

import time
from datetime import timedelta
from functools import lru_cache
from typing import Any, TypeVar

from django.conf import settings
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token

from accounts.errors import InvalidToken

Kind = TypeVar("Kind", AccessToken, RefreshToken)
# Ours have about 400 characters; nothing much longer is worth decoding.
_LONGEST = 4096
# Tokens whose signature a process remembers: some ten megabytes.
_REMEMBERED = 4_096
_CLAIMS = ("user_id", "jti", "family", "stamp")


def access_sign(claims: dict[str, str]) -> str:
    """Return a signed access token with these claims."""
    return _sign(AccessToken(), claims, days=settings.TOKEN_ACCESS_DAYS)


def refresh_sign(claims: dict[str, str]) -> str:
    """Return a signed refresh token with these claims."""
    return _sign(RefreshToken(), claims, days=settings.TOKEN_REFRESH_DAYS)


def access_read(token: object) -> AccessToken:
    """Return an access token whose signature and expiry are in order; whether it was revoked is another question.

    Raises:
        InvalidToken: it is anything else.
    """
    found = _access_verified(token, settings.SECRET_KEY) if isinstance(token, str) else _read(AccessToken, token)
    if found["exp"] <= time.time():
        raise InvalidToken
    return found


@lru_cache(maxsize=_REMEMBERED)
def _access_verified(token: str, secret_key: str) -> AccessToken:
    """A program sends the same token with every request: its signature is checked once. Failures are not kept."""
    return _read(AccessToken, token)


def refresh_read(token: object) -> RefreshToken:
    """Return a refresh token whose signature and expiry are in order.

    Raises:
        InvalidToken: it is anything else.
    """
    return _read(RefreshToken, token)


def _sign(token: Token, claims: dict[str, str], *, days: int) -> str:
    token.set_exp(lifetime=timedelta(days=days))
    for name, value in claims.items():
        token[name] = value
    return str(token)


def _read(kind: type[Kind], token: object) -> Kind:
    if not isinstance(token, str) or len(token) > _LONGEST or not token.isascii():
        raise InvalidToken
    try:
        # The stubs say that a token is made from a token; it is made from the text of one.
        encoded: Any = token
        decoded = kind(encoded)
    except TokenError:
        raise InvalidToken from None
    if not all(isinstance(decoded.get(name), str) for name in _CLAIMS):
        raise InvalidToken
    return decoded
