"""Tokens for programs: signed, three days long, and revoked for every process at once.

A sign-in starts a family. Each pair in it, an access and a refresh token, shares one `jti`; refreshing consumes the
`jti` by storing it and hands out the next pair. A stored `jti` kills its pair, a stored family kills all of it:
signing out, or using a refresh token twice, which means that somebody has a copy. The collection holds only what was
revoked and has not expired yet, so that checking a request is one look at `_id`, and a TTL index forgets the rest.

simplejwt's own list of revoked tokens does not work on MongoDB: it answers that all is well and revokes nothing.

Tokens also carry a stamp of the password and of an epoch, as Django's sessions do: a new password ends all tokens from
before, and so does signing out everywhere (`accounts.sessions`).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from django.conf import settings
from django.utils.crypto import constant_time_compare
from pymongo.errors import DuplicateKeyError

from accounts.errors import InvalidToken, UserNotFound
from accounts.models import User
from accounts.mongo import raw_collection
from accounts.selectors import user_and_marks

if TYPE_CHECKING:
    from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

COLLECTION = "accounts_revoked_tokens"
_STAMP_LENGTH = 32
# A pair may be signed while its family is being revoked; the record of that outlives it by this.
_SLACK = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class TokenPair:
    """The two tokens of a sign-in."""

    access: str
    refresh: str

    def __repr__(self) -> str:
        return "TokenPair(…)"


def pair_issue(*, user: User) -> TokenPair:
    """Return the first pair of a new family."""
    return _pair(user, family=uuid4().hex)


def pair_refresh(*, refresh: str) -> tuple[User, TokenPair]:
    """Use up a refresh token and return its person and the next pair.

    Of several uses at the same time one wins. All others, like any later use, revoke the whole family.

    Raises:
        InvalidToken: the token is not ours, expired, revoked or used before, or its person is gone.
    """
    from accounts.jwt import refresh_read

    token = refresh_read(refresh)
    # Looked at before the token is used up: whoever loses below revokes the family, which must not undo the win.
    user = _owner(token, marks=[_family_key(token["family"])])
    _consume(token)
    return user, _pair(user, family=token["family"])


def access_authenticate(*, token: str) -> tuple[User, "AccessToken"]:
    """Return whose token this is, and its claims.

    Raises:
        InvalidToken: the token is not ours, expired or revoked, or its person is gone.
    """
    from accounts.jwt import access_read

    claims = access_read(token)
    return _owner(claims, marks=[claims["jti"], _family_key(claims["family"])]), claims


def token_revoke(*, token: str) -> None:
    """Revoke the family of an access or a refresh token, at once for every process.

    What is not a valid token is ignored: whoever signs out with it is signed out already.
    """
    from accounts.jwt import access_read, refresh_read

    for read in (access_read, refresh_read):
        try:
            claims = read(token)
        except InvalidToken:
            continue
        _revoke_family(claims["family"])
        return


def _pair(user: User, *, family: str) -> TokenPair:
    from accounts.jwt import access_sign, refresh_sign

    claims = {"user_id": str(user.pk), "jti": uuid4().hex, "family": family, "stamp": _stamp(user)}
    return TokenPair(access=access_sign(claims), refresh=refresh_sign(claims))


def _owner(token: "AccessToken | RefreshToken", *, marks: list[str]) -> User:
    """Return whose token it is, unless one of the marks was revoked or the person may not sign in any more."""
    try:
        user, is_revoked = user_and_marks(token["user_id"], collection=COLLECTION, marks=marks)
    except UserNotFound:
        raise InvalidToken from None
    if is_revoked or not user.is_active or not constant_time_compare(token["stamp"], _stamp(user)):
        raise InvalidToken
    return user


def _stamp(user: User) -> str:
    return user.token_stamp[:_STAMP_LENGTH]


def _consume(token: "RefreshToken") -> None:
    # One insert decides among everybody who uses the token at this moment.
    expires = datetime.fromtimestamp(token["exp"], UTC)
    try:
        raw_collection(COLLECTION).insert_one({"_id": token["jti"], "expires_at": expires + _SLACK})
    except DuplicateKeyError:
        _revoke_family(token["family"])
        raise InvalidToken from None


def _revoke_family(family: str) -> None:
    # No token of the family can expire later than one that would be signed now.
    expires = datetime.now(UTC) + timedelta(days=settings.TOKEN_REFRESH_DAYS) + _SLACK
    record = {"$set": {"expires_at": expires}}
    raw_collection(COLLECTION).update_one({"_id": _family_key(family)}, record, upsert=True)


def _family_key(family: str) -> str:
    return f"family:{family}"
