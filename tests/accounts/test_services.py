"""Registering, checking passwords and giving roles."""

from typing import Any

import pytest
from django.conf import settings as project_settings
from django.contrib.auth.hashers import BCryptSHA256PasswordHasher, MD5PasswordHasher, get_hasher
from django.contrib.auth.signals import user_login_failed
from pymongo.database import Database

from accounts.errors import (
    DocumentTaken,
    EmailTaken,
    InvalidCredentials,
    InvalidFields,
    SystemUserExists,
)
from accounts.models import Role, User
from accounts.services import (
    admin_create,
    system_user_create,
    user_authenticate,
    user_document_set,
    user_register,
)
from accounts.signals import role_changed
from tests.accounts.together import outcomes_together
from tests.cast import PASSWORD

CPF = "390.533.447-05"


def register(**changes: Any) -> User:
    fields = {"email": "ines@example.com", "first_name": "Inês", "last_name": "Melo", "password": PASSWORD}
    return user_register(**(fields | changes))


def fields_refused(**changes: Any) -> dict[str, list[str]]:
    with pytest.raises(InvalidFields) as refused:
        register(**changes)
    assert User.objects.count() == 0
    return refused.value.errors


@pytest.fixture
def hasher_runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every run of the password hasher."""
    runs: list[str] = []
    original = MD5PasswordHasher.encode

    def encode(self: MD5PasswordHasher, password: str, salt: str) -> str:
        runs.append(password)
        return original(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", encode)
    return runs


@pytest.fixture
def roles_told() -> Any:
    """What `role_changed` said."""
    told: list[tuple[str, Any, str, bool]] = []

    def listen(*, user: User, old_role: Any, new_role: str, is_system: bool, **kwargs: Any) -> None:
        told.append((user.email, old_role, new_role, is_system))

    role_changed.connect(listen)
    yield told
    role_changed.disconnect(listen)


def test_registered_person_is_stored_tidily(bank_db: object) -> None:
    user = register(email=" Ines@Example.COM ", first_name=" Inês ", document=CPF)
    again = User.objects.get(pk=user.pk)
    assert (again.email, again.first_name, again.last_name) == ("ines@example.com", "Inês", "Melo")
    assert (again.document, again.role, again.is_system, again.is_active) == ("39053344705", Role.USER, False, True)
    assert PASSWORD not in again.password


def test_all_wrong_fields_are_told_at_once(bank_db: object) -> None:
    errors = fields_refused(email="no", first_name=" ", last_name="x" * 61, password="123", document="1")
    assert set(errors) == {"email", "first_name", "last_name", "password", "document"}
    assert all(sentence for sentences in errors.values() for sentence in sentences)


@pytest.mark.parametrize("field", ["email", "first_name", "last_name", "password", "document"])
@pytest.mark.parametrize("value", [{"$gt": ""}, ["a@example.com"], 5, True, "a\x00b@example.com", "\ud800"])
def test_what_is_no_ordinary_text_is_refused_in_every_field(bank_db: object, field: str, value: Any) -> None:
    assert list(fields_refused(**{field: value})) == [field]


@pytest.mark.parametrize(
    "email", ["a@b", "@example.com", "a b@example.com", "a@example.com, b@example.com", "x" * 250 + "@example.com"]
)
def test_bad_email_is_refused(bank_db: object, email: str) -> None:
    assert list(fields_refused(email=email)) == ["email"]


@pytest.mark.parametrize("password", ["", "abcde", "password", "12345678", "ines@example.com", "x" * 257])
def test_bad_password_is_refused(bank_db: object, password: str) -> None:
    assert list(fields_refused(password=password)) == ["password"]


def test_six_characters_are_enough(bank_db: object) -> None:
    assert register(password="kqzv7w").pk


def test_known_email_and_document_are_refused_by_name(bank_db: object) -> None:
    register(document=CPF)
    with pytest.raises(EmailTaken):
        register(email="INES@example.com")
    with pytest.raises(DocumentTaken):
        register(email="other@example.com", document="39053344705")
    assert User.objects.count() == 1


def test_one_of_eight_simultaneous_registrations_wins(bank_db: object) -> None:
    outcomes = outcomes_together(8, lambda number: register(first_name="Ana" + "abcdefgh"[number]))
    assert outcomes == {"ok": 1, "EmailTaken": 7}
    assert User.objects.filter(email="ines@example.com").count() == 1


def test_one_of_eight_simultaneous_documents_wins(bank_db: object) -> None:
    outcomes = outcomes_together(8, lambda number: register(email=f"p{number}@example.com", document=CPF))
    assert outcomes == {"ok": 1, "DocumentTaken": 7}


def test_right_password_is_accepted(owner: User) -> None:
    assert user_authenticate(email=" OLIVIA@example.com ", password=PASSWORD).pk == owner.pk


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("olivia@example.com", PASSWORD + " "),
        ("olivia@example.com", PASSWORD.upper()),
        ("olivia@example.com", ""),
        ("olivia@example.com", "\ud800"),
        ("olivia@example.com", {"$ne": ""}),
        ("nobody@example.com", PASSWORD),
        (".*", PASSWORD),
        ({"$gt": ""}, PASSWORD),
        (["olivia@example.com"], PASSWORD),
        ("olivia@example.com\x00", PASSWORD),
        (None, None),
    ],
)
def test_anything_else_is_refused_with_one_run_of_the_hasher(
    owner: User, hasher_runs: list[str], email: Any, password: Any
) -> None:
    with pytest.raises(InvalidCredentials):
        user_authenticate(email=email, password=password)
    assert len(hasher_runs) == 1


def test_somebody_shut_out_is_refused_in_the_same_time(owner: User, hasher_runs: list[str]) -> None:
    User.objects.filter(pk=owner.pk).update(is_active=False)
    with pytest.raises(InvalidCredentials):
        user_authenticate(email=owner.email, password=PASSWORD)
    assert len(hasher_runs) == 1


def test_failure_is_announced_without_the_password(owner: User) -> None:
    told: list[dict[str, Any]] = []

    def listen(*, credentials: dict[str, Any], **kwargs: Any) -> None:
        told.append(credentials)

    user_login_failed.connect(listen)
    try:
        with pytest.raises(InvalidCredentials):
            user_authenticate(email=owner.email, password="guess")
    finally:
        user_login_failed.disconnect(listen)
    assert [credentials["email"] for credentials in told] == [owner.email]
    assert "guess" not in str(told)


def test_passwords_are_hashed_by_bcrypt_with_twelve_rounds(real_hasher: None) -> None:
    hasher = get_hasher()
    assert isinstance(hasher, BCryptSHA256PasswordHasher)
    assert hasher.rounds == 12
    assert get_hasher().encode("a", hasher.salt()).startswith("bcrypt_sha256$$2b$12$")


def test_passwords_that_differ_after_72_bytes_are_different(
    bank_db: object, real_hasher: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BCryptSHA256PasswordHasher, "rounds", 4)
    long = "correct horse battery " * 5
    user = register(password=long + "A")
    assert user_authenticate(email=user.email, password=long + "A").pk == user.pk
    with pytest.raises(InvalidCredentials):
        user_authenticate(email=user.email, password=long + "B")
    with pytest.raises(InvalidCredentials):
        user_authenticate(email=user.email, password=long[:72])


def test_project_uses_one_hasher_only() -> None:
    from config.settings import PASSWORD_HASHERS

    assert PASSWORD_HASHERS == ["django.contrib.auth.hashers.BCryptSHA256PasswordHasher"]
    assert project_settings.AUTHENTICATION_BACKENDS == ["accounts.backends.EmailBackend"]


def test_admin_is_made(bank_db: object, roles_told: list[Any]) -> None:
    user = admin_create(email="Ada@example.com", password=PASSWORD, first_name="Ada", last_name="Admin")
    assert User.objects.get(pk=user.pk).is_admin
    assert roles_told == [("ada@example.com", None, "ADMIN", False)]


def test_customer_becomes_admin_and_keeps_name_and_password(owner: User, roles_told: list[Any]) -> None:
    user = admin_create(email=owner.email, password="something else", first_name="X", last_name="Y")
    again = User.objects.get(pk=owner.pk)
    assert (user.pk, again.is_admin, again.name) == (owner.pk, True, owner.name)
    assert again.check_password(PASSWORD)
    admin_create(email=owner.email, first_name="X", last_name="Y")
    assert roles_told == [(owner.email, "USER", "ADMIN", False)]


def test_new_admin_needs_a_password(bank_db: object) -> None:
    with pytest.raises(InvalidFields) as refused:
        admin_create(email="ada@example.com", first_name="Ada", last_name="Admin")
    assert list(refused.value.errors) == ["password"]


def test_system_user_is_made_once(bank_db: object, owner: User, roles_told: list[Any]) -> None:
    made = system_user_create(email="sys@example.com", password=PASSWORD, first_name="S", last_name="Y")
    assert User.objects.get(pk=made.pk).is_system
    assert system_user_create(email="SYS@example.com", first_name="S", last_name="Y").pk == made.pk
    with pytest.raises(SystemUserExists):
        system_user_create(email="sys2@example.com", password=PASSWORD, first_name="S", last_name="Z")
    with pytest.raises(SystemUserExists):
        system_user_create(email=owner.email, first_name="S", last_name="Z")
    assert User.objects.filter(is_system=True).count() == 1
    assert roles_told == [("sys@example.com", None, "USER", True)]


def test_customer_becomes_system_user(owner: User) -> None:
    assert system_user_create(email=owner.email, first_name="S", last_name="Y").is_system
    assert User.objects.get(pk=owner.pk).is_system


def test_one_of_eight_simultaneous_system_users_wins(bank_db: Database[dict[str, Any]]) -> None:
    def make(number: int) -> User:
        return system_user_create(email=f"s{number}@example.com", password=PASSWORD, first_name="S", last_name="Y")

    assert outcomes_together(8, make) == {"ok": 1, "SystemUserExists": 7}
    assert bank_db["accounts_users"].count_documents({"is_system": True}) == 1


def test_a_document_is_given_once_however_many_give_one_at_the_same_time(bank_db: object) -> None:
    user = register()
    first, second = User.objects.get(pk=user.pk), User.objects.get(pk=user.pk)
    user_document_set(user=first, document="39053344705")
    assert user_document_set(user=second, document="39053344705").document == "39053344705"
    with pytest.raises(InvalidFields):
        user_document_set(user=user, document="52998224725")
    assert User.objects.get(pk=user.pk).document == "39053344705"
    with pytest.raises(DocumentTaken):
        user_document_set(user=register(email="rui@example.com"), document="39053344705")
