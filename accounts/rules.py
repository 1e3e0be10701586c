"""What a new person has to fill in, checked completely, so that all mistakes are told at once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from accounts.documents import document_clean
from accounts.errors import InvalidFields
from accounts.models import EMAIL_LENGTH, NAME_LENGTH, User
from accounts.text import TextRefused, has_forbidden_characters, text_clean

PASSWORD_SHORTEST = 6
PASSWORD_LONGEST = 256
_DOCUMENT_LONGEST_AS_TYPED = 40

Cleaned = TypeVar("Cleaned")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """The fields of somebody new after they were checked; `password` is as typed and never printed."""

    email: str
    first_name: str
    last_name: str
    password: str = field(repr=False)
    document: str | None


def new_person_clean(
    *, email: object, first_name: object, last_name: object, password: object, document: object
) -> NewPerson:
    """Check all fields.

    Args:
        email: the address, in any case.
        first_name: 1 to 60 characters.
        last_name: at most 60 characters; empty for somebody who has one name.
        password: 6 to 256 characters that also pass Django's validators.
        document: a CPF or CNPJ, or None or empty for somebody who gives none.

    Raises:
        InvalidFields: at least one is wrong.
    """
    errors: dict[str, list[str]] = {}
    clean_email = _checked(errors, "email", email_clean, email)
    clean_first = _checked(errors, "first_name", name_clean, first_name)
    clean_last = _checked(errors, "last_name", last_name_clean, last_name)
    clean_document = _checked(errors, "document", _document_or_none, document)
    somebody = User(email=clean_email or "", first_name=clean_first or "", last_name=clean_last or "")
    if sentences := password_problems(password, somebody):
        errors["password"] = sentences
    if errors:
        raise InvalidFields(errors)
    return NewPerson(
        email=clean_email or "",
        first_name=clean_first or "",
        last_name=clean_last or "",
        password=str(password),
        document=clean_document,
    )


def email_clean(value: object) -> str:
    """Return the address in lower case.

    Raises:
        TextRefused: it is not an e-mail address.
    """
    address = text_clean(value, longest=EMAIL_LENGTH).lower()
    try:
        validate_email(address)
    except ValidationError:
        raise TextRefused("This is not a valid e-mail address.") from None
    return address


def name_clean(value: object) -> str:
    """Return the name.

    Raises:
        TextRefused: it cannot be a name.
    """
    name = text_clean(value, longest=NAME_LENGTH)
    if not any(char.isalpha() for char in name):
        raise TextRefused("A name needs at least one letter.")
    return name


def last_name_clean(value: object) -> str:
    """Return the last name; empty for the many people who have a single name.

    Raises:
        TextRefused: it cannot be a name.
    """
    return "" if isinstance(value, str) and not value.strip() else name_clean(value)


def password_problems(password: object, user: User) -> list[str]:
    """Return what is wrong with a new password, one sentence each; an empty list when nothing is.

    Args:
        password: as typed; space around it is part of it.
        user: whose it will be: it must not resemble their name or address.
    """
    if not isinstance(password, str):
        return ["This has to be text."]
    if not password:
        return ["This has to be filled in."]
    if has_forbidden_characters(password):
        return ["This has characters that cannot be used here."]
    if len(password) > PASSWORD_LONGEST:
        return [f"This can have at most {PASSWORD_LONGEST} characters."]
    return _validators_say(password, user)


def _validators_say(password: str, user: User) -> list[str]:
    try:
        validate_password(password, user)
    except ValidationError as error:
        return list(error.messages)
    # The project's validators may be configured away; the shortest password may not.
    too_short = len(password) < PASSWORD_SHORTEST
    return [f"This needs at least {PASSWORD_SHORTEST} characters."] if too_short else []


def _document_or_none(value: object) -> str | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    return document_clean(text_clean(value, longest=_DOCUMENT_LONGEST_AS_TYPED))


def _checked(
    errors: dict[str, list[str]], name: str, clean: Callable[[object], Cleaned], value: object
) -> Cleaned | None:
    try:
        return clean(value)
    except TextRefused as error:
        errors[name] = [str(error)]
        return None
