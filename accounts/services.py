"""What can be done with people: register, check a password, give a role. All arguments are keywords.

Uniqueness is left to the indexes of the database: asking first would only seem to help, since somebody else can
register between the question and the answer.
"""

from typing import Any

from django.contrib.auth import authenticate
from django.db import IntegrityError
from django.http import HttpRequest

from accounts.errors import (
    AccountsError,
    DocumentTaken,
    EmailTaken,
    InvalidCredentials,
    InvalidFields,
    SystemUserExists,
    UserNotFound,
)
from accounts.models import Role, User
from accounts.rules import NewPerson, new_person_clean
from accounts.selectors import user_by_email
from accounts.signals import role_changed

_TAKEN: dict[str, type[AccountsError]] = {
    "email": EmailTaken,
    "document": DocumentTaken,
    "is_system": SystemUserExists,
}


def user_register(*, email: str, first_name: str, last_name: str, password: str, document: str | None = None) -> User:
    """Store a new customer.

    Args:
        email: the address, in any case.
        first_name: 1 to 60 characters.
        last_name: at most 60 characters; empty for somebody who has one name.
        password: 6 to 256 characters.
        document: a CPF or CNPJ, with or without punctuation.

    Raises:
        InvalidFields: at least one field is wrong; it tells all of them.
        EmailTaken: somebody has this address, or registered with it at the same moment.
        DocumentTaken: the same for the document.
    """
    person = new_person_clean(
        email=email, first_name=first_name, last_name=last_name, password=password, document=document
    )
    return _store(person)


def user_authenticate(*, email: str, password: str, request: HttpRequest | None = None) -> User:
    """Return who has this address and this password.

    A failure takes the same time whatever was wrong, and sends Django's `user_login_failed`.

    Raises:
        InvalidCredentials: the address is unknown, the password wrong, or the person shut out.
    """
    user = authenticate(request, email=email, password=password)
    if not isinstance(user, User):
        raise InvalidCredentials
    return user


def admin_create(*, email: str, password: str | None = None, first_name: str, last_name: str) -> User:
    """Make an administrator, or make one of somebody who is registered, whose name and password stay as they are.

    Args:
        email: the address, in any case.
        password: for somebody new; not looked at for somebody who is registered.
        first_name: for somebody new.
        last_name: for somebody new.

    Raises:
        InvalidFields: a field of somebody new is wrong.
    """
    user = _registered(email)
    if user is None:
        person = _new(email=email, password=password, first_name=first_name, last_name=last_name)
        return _announce(_store(person, role=Role.ADMIN), old_role=None)
    if user.is_admin:
        return user
    old_role = user.role
    user.role = Role.ADMIN
    user.save(update_fields=["role"])
    return _announce(user, old_role=old_role)


def system_user_create(*, email: str, password: str | None = None, first_name: str, last_name: str) -> User:
    """Make the system user, or make it of somebody who is registered, whose name and password stay as they are.

    Args:
        email: the address, in any case.
        password: for somebody new; not looked at for somebody who is registered.
        first_name: for somebody new.
        last_name: for somebody new.

    Raises:
        InvalidFields: a field of somebody new is wrong.
        SystemUserExists: somebody else is the system user, for ever.
    """
    user = _registered(email)
    if user is None:
        person = _new(email=email, password=password, first_name=first_name, last_name=last_name)
        return _announce(_store(person, is_system=True), old_role=None)
    if user.is_system:
        return user
    _mark_as_system(user)
    return _announce(user, old_role=user.role)


def user_document_set(*, user: User, document: str) -> User:
    """Store the tax document of somebody who has given none so far.

    Args:
        user: who has none.
        document: as `accounts.documents.document_clean` returns it.

    Raises:
        DocumentTaken: it is somebody else's.
        InvalidFields: the person has given another one at the same moment.
    """
    without = User.objects.get_queryset().filter(pk=user.pk, document=None)
    try:
        is_set = without.update(document=document) == 1
    except IntegrityError as error:
        raise _taken(error) from error
    user.refresh_from_db(fields=["document"])
    if not is_set and user.document != document:
        raise InvalidFields({"document": ["You have registered with another document."]})
    return user


def _registered(email: str) -> User | None:
    try:
        return user_by_email(email=email)
    except UserNotFound:
        return None


def _new(*, email: str, password: str | None, first_name: str, last_name: str) -> NewPerson:
    return new_person_clean(
        email=email, password=password or "", first_name=first_name, last_name=last_name, document=None
    )


def _store(person: NewPerson, **flags: Any) -> User:
    user = User(
        email=person.email,
        first_name=person.first_name,
        last_name=person.last_name,
        document=person.document,
        **flags,
    )
    user.set_password(person.password)
    try:
        user.save(force_insert=True)
    except IntegrityError as error:
        raise _taken(error) from error
    return user


def _mark_as_system(user: User) -> None:
    try:
        User.objects.get_queryset().filter(pk=user.pk).system_flag_set()
    except IntegrityError as error:
        raise _taken(error) from error
    user.is_system = True


def _announce(user: User, *, old_role: str | None) -> User:
    role_changed.send(User, user=user, old_role=old_role, new_role=user.role, is_system=user.is_system)
    return user


def _taken(error: IntegrityError) -> Exception:
    """Return the exception for the unique index that refused.

    The backend's IntegrityError says nothing itself; the driver's error below it names the key.
    """
    details: dict[str, Any] = getattr(error.__cause__, "details", None) or {}
    refused = (details.get("writeErrors") or [details])[0]
    for name in refused.get("keyPattern", {}):
        if name in _TAKEN:
            return _TAKEN[name]()
    return error
