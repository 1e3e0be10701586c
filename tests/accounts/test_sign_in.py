"""Django's own sign-in on top of our people: sessions, sign-out, and what ends a session."""

from typing import Any

from django.contrib.auth import get_user
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.test import Client
from pymongo.database import Database

from accounts.backends import EmailBackend
from accounts.models import User
from tests.cast import PASSWORD


def person_behind(session: SessionBase) -> User | None:
    """Return who a request with this session comes from, as Django's middleware finds out."""
    request = HttpRequest()
    request.session = type(session)(session.session_key)
    user: Any = get_user(request)
    return user if user.is_authenticated else None


def signed_in(user: User) -> Client:
    client = Client()
    assert client.login(email=user.email.upper(), password=PASSWORD)
    return client


def test_signing_in_and_out(bank_db: Database[dict[str, Any]], owner: User) -> None:
    client = signed_in(owner)
    session = client.session
    found = person_behind(session)
    assert found is not None
    assert found.pk == owner.pk
    assert found.last_login is not None
    client.logout()
    assert person_behind(session) is None
    assert bank_db["accounts_sessions"].count_documents({}) == 0


def test_wrong_password_opens_no_session(bank_db: Database[dict[str, Any]], owner: User) -> None:
    assert not Client().login(email=owner.email, password="wrong")
    assert not Client().login(username=owner.email, password="wrong")
    assert bank_db["accounts_sessions"].count_documents({}) == 0


def test_django_s_name_for_the_address_works_too(owner: User) -> None:
    assert Client().login(username=owner.email, password=PASSWORD)


def test_new_password_ends_the_sessions_from_before(owner: User) -> None:
    session = signed_in(owner).session
    owner.set_password("another good one")
    owner.save()
    assert person_behind(session) is None


def test_session_of_somebody_shut_out_ends_at_once(owner: User) -> None:
    session = signed_in(owner).session
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert person_behind(session) is None


def test_session_with_a_nonsense_id_is_nobody_s(bank_db: object) -> None:
    assert EmailBackend().get_user("nonsense") is None
