"""Signing in with an e-mail address and a password."""

from typing import Any

from bson import ObjectId
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest

from accounts.errors import UserNotFound
from accounts.models import User
from accounts.rules import PASSWORD_LONGEST
from accounts.selectors import user_by_email, user_get


class EmailBackend(BaseBackend):
    """Exact match of the lower-cased address, one run of the password hasher whether it is known or not."""

    def authenticate(
        self, request: HttpRequest | None, username: object = None, password: object = None, **credentials: Any
    ) -> User | None:
        """Return the person, or None when the address or the password is wrong or they were shut out.

        Args:
            request: the request that asks, if there is one.
            username: the address, as Django's own form calls it; or pass `email`.
            password: as typed.
            credentials: `email`.
        """
        user = _find(credentials.get("email", username))
        usable = usable_password(password)
        if user is None:
            # An unknown address must take as long as a wrong password.
            make_password(usable or "")
            return None
        return user if user.check_password(usable) and user.is_active else None

    def get_user(self, user_id: ObjectId | str) -> User | None:
        """Return the person of a session while they may sign in."""
        try:
            user = user_get(user_id)
        except UserNotFound:
            return None
        return user if user.is_active else None


def _find(email: object) -> User | None:
    try:
        return user_by_email(email=email)
    except UserNotFound:
        return None


def usable_password(password: object) -> str | None:
    """Return the password if it could be anybody's; the hasher runs once for None, too."""
    if not isinstance(password, str) or len(password) > PASSWORD_LONGEST:
        return None
    try:
        password.encode()
    except UnicodeEncodeError:
        return None
    return password
