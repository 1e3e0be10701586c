"""What people change about themselves: their names and their password.

A new password needs the old one, and ends every sign-in from before: sessions and tokens carry a stamp of the password
(`accounts.tokens`), so there is nothing that would have to be looked up and revoked.
"""

from typing import Any

from django.contrib.auth.hashers import make_password

from accounts.backends import usable_password
from accounts.errors import InvalidFields, InvalidToken
from accounts.models import User
from accounts.mongo import raw_collection
from accounts.rules import last_name_clean, name_clean, password_problems
from accounts.text import TextRefused


def profile_change(
    *,
    user: User,
    first_name: object = None,
    last_name: object = None,
    password: object = None,
    current_password: object = None,
) -> User:
    """Change what is given, all of it or nothing, and return the person as they are now.

    Args:
        user: who asks, as just read.
        first_name: 1 to 60 characters; None leaves it as it is, as it does for all others.
        last_name: at most 60 characters.
        password: the new one, 6 to 256 characters.
        current_password: the one until now, needed for a new one.

    Raises:
        InvalidFields: at least one field is wrong; it tells all of them. Nothing was changed.
        InvalidToken: somebody else changed the password since this person was read, which ended this sign-in.
    """
    errors = _names_set(user, first_name=first_name, last_name=last_name)
    if password is not None:
        errors |= _password_errors(user, password, current_password)
    if errors:
        raise InvalidFields(errors)
    before = user.password
    if password is not None:
        user.password = make_password(str(password))
    _store(user, before)
    return user


def _names_set(user: User, **names: object) -> dict[str, list[str]]:
    """Give the person those names that are not None; return what is wrong with them."""
    errors = {}
    for name, value in names.items():
        clean = last_name_clean if name == "last_name" else name_clean
        try:
            if value is not None:
                setattr(user, name, clean(value))
        except TextRefused as error:
            errors[name] = [str(error)]
    return errors


def _password_errors(user: User, password: object, current: object) -> dict[str, list[str]]:
    errors = {}
    if not user.check_password(usable_password(current)):
        errors["current_password"] = ["This is not your password."]
    if sentences := password_problems(password, user):
        errors["password"] = sentences
    return errors


def _store(user: User, password_before: str) -> None:
    # One write, and only while the password is the one that this sign-in stands on.
    user.derive_fields()
    names = ("first_name", "last_name", "search_names", "password")
    change: dict[str, Any] = {name: getattr(user, name) for name in names}
    people = raw_collection(User._meta.db_table)
    if people.update_one({"_id": user.pk, "password": password_before}, {"$set": change}).matched_count != 1:
        raise InvalidToken
