"""What people change about themselves: their names, their password and the language the bank writes to them in.

Only what was given is written, so that two changes at the same moment both stay. A new password needs the old one, and
ends every sign-in from before: sessions and tokens carry a stamp of the password (`accounts.tokens`), so there is
nothing that would have to be looked up and revoked.
"""

from copy import copy
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password

from accounts.backends import usable_password
from accounts.errors import InvalidFields, InvalidToken, UserNotFound
from accounts.models import User
from accounts.mongo import raw_collection
from accounts.rules import last_name_clean, name_clean, password_problems
from accounts.selectors import user_get
from accounts.text import TextRefused

_NAMES = ("first_name", "last_name")
# As often somebody else's change of the other name may come in between; nobody types that fast.
_MOST_TRIES = 5


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
    # Whoever still shows the person shows them as they are stored, also when this is refused.
    changed, given = copy(user), {"first_name": first_name, "last_name": last_name}
    errors = _names_set(changed, given)
    if password is not None:
        errors |= _password_errors(changed, password, current_password)
    if errors:
        raise InvalidFields(errors)
    if password is not None:
        changed.password = make_password(str(password))
        given["password"] = password
    names = [name for name, value in given.items() if value is not None]
    if names:
        _store(changed, {name: getattr(changed, name) for name in names}, user.password)
    return changed


def language_choose(*, user: User, language: object) -> User:
    """Keep in which language the bank writes to somebody.

    Args:
        user: whose choice it is.
        language: the code of one of the bank's languages, as in `LANGUAGES`.

    Raises:
        InvalidFields: the bank does not speak it.
    """
    if language not in [code for code, _ in settings.LANGUAGES]:
        raise InvalidFields({"language": ["The bank does not speak this language."]})
    user.language = str(language)
    user.save(update_fields=["language"])
    return user


def _names_set(user: User, names: dict[str, object]) -> dict[str, list[str]]:
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


def _store(user: User, change: dict[str, Any], password_before: str) -> None:
    """Write the change and nothing else, while the password is the one that this sign-in stands on.

    The words that people are found by come from both names. So the name that is not changed has to be as it was read;
    if it is not, the person is read once more.
    """
    kept = [name for name in _NAMES if name not in change] if change.keys() & set(_NAMES) else []
    for _ in range(_MOST_TRIES):
        user.derive_fields()
        derived = {"search_names": user.search_names} if change.keys() & set(_NAMES) else {}
        as_read = {"_id": user.pk, "password": password_before, **{name: getattr(user, name) for name in kept}}
        people = raw_collection(User._meta.db_table)
        if people.update_one(as_read, {"$set": {**change, **derived}}).matched_count == 1:
            return
        for name in kept:
            setattr(user, name, getattr(_as_now(user, password_before), name))
    raise InvalidToken


def _as_now(user: User, password_before: str) -> User:
    try:
        found = user_get(user.pk)
    except UserNotFound:
        raise InvalidToken from None
    if found.password != password_before:
        raise InvalidToken
    return found
