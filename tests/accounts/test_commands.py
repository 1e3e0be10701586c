"""The commands that make administrators and the system user."""

import getpass
import sys
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pymongo.database import Database
from pymongo.errors import ServerSelectionTimeoutError

from accounts.management import person_command
from accounts.models import User
from tests.cast import PASSWORD


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue().strip()


@pytest.fixture
def password_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", PASSWORD)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A terminal at which these passwords are typed."""
    typed: list[str] = []
    monkeypatch.delenv("PASSWORD", raising=False)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(getpass, "getpass", lambda prompt="": typed.pop(0))
    return typed


def test_admin_is_made_with_the_password_of_the_environment(bank_db: object, password_variable: None) -> None:
    assert run("create_admin", "Ada@example.com") == "ada@example.com is now an administrator."
    user = User.objects.get()
    assert (user.email, user.name, user.is_admin) == ("ada@example.com", "Florin Administrator", True)
    assert user.check_password(PASSWORD)


def test_names_can_be_given(bank_db: object, password_variable: None) -> None:
    run("create_admin", "ada@example.com", "--first-name", "Ada", "--last-name", "Lovelace")
    assert User.objects.get().name == "Ada Lovelace"


def test_password_is_asked_for_twice(bank_db: object, terminal: list[str]) -> None:
    terminal += [PASSWORD, PASSWORD]
    run("create_admin", "ada@example.com")
    assert User.objects.get().check_password(PASSWORD)


def test_passwords_that_differ_make_nobody(bank_db: object, terminal: list[str]) -> None:
    terminal += [PASSWORD, PASSWORD + "x"]
    with pytest.raises(CommandError, match="differ"):
        run("create_admin", "ada@example.com")
    assert not User.objects.exists()


def test_without_a_terminal_or_a_variable_it_says_what_to_do(bank_db: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PASSWORD", raising=False)
    monkeypatch.setattr(sys, "stdin", StringIO())
    with pytest.raises(CommandError, match="PASSWORD"):
        run("create_admin", "ada@example.com")


def test_registered_person_is_promoted_without_a_password(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PASSWORD", raising=False)
    monkeypatch.setattr(sys, "stdin", StringIO())
    assert "is now an administrator" in run("create_admin", owner.email.upper())
    again = User.objects.get()
    assert again.is_admin
    assert again.check_password(PASSWORD)
    assert "already" in run("create_admin", owner.email)


def test_wrong_input_is_explained(bank_db: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", "123")
    with pytest.raises(CommandError, match=r"email: .* password: "):
        run("create_admin", "no address")
    assert not User.objects.exists()


def test_system_user_is_made_once(bank_db: object, password_variable: None) -> None:
    assert run("create_system_user", "system@example.com") == "system@example.com is now the system user."
    assert User.objects.get().is_system
    assert "already" in run("create_system_user", "system@example.com")
    with pytest.raises(CommandError, match="only one"):
        run("create_system_user", "other@example.com")
    assert User.objects.count() == 1


def test_dead_database_is_one_sentence(bank_db: object, monkeypatch: pytest.MonkeyPatch) -> None:
    def dead(**kwargs: Any) -> User:
        raise ServerSelectionTimeoutError("127.0.0.1:1: connection refused, and much more")

    monkeypatch.setattr(person_command, "user_by_email", dead)
    with pytest.raises(CommandError, match="does not answer") as refused:
        run("create_admin", "ada@example.com")
    assert "\n" not in str(refused.value)


def test_nobody_is_stored_before_the_migrations(owner_db: Database[dict[str, Any]], password_variable: None) -> None:
    applied = owner_db["django_migrations"].find_one_and_delete({"app": "accounts"}, sort=[("name", -1)])
    assert applied is not None
    try:
        with pytest.raises(CommandError, match="migrate"):
            run("create_admin", "ada@example.com")
    finally:
        owner_db["django_migrations"].insert_one(applied)
    assert not User.objects.exists()


def test_createsuperuser_makes_an_administrator(bank_db: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    run(
        "createsuperuser", "--noinput", "--email", "Root@example.com", "--first_name", "Ro", "--last_name", "Ot"
    )  # fmt: skip
    user = User.objects.get()
    assert (user.email, user.is_admin, user.name) == ("root@example.com", True, "Ro Ot")
    assert user.check_password(PASSWORD)


def test_createsuperuser_refuses_a_known_address(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    with pytest.raises(CommandError):
        run(
            "createsuperuser", "--noinput", "--email", "OLIVIA@example.com", "--first_name", "Ro", "--last_name", "Ot"
        )  # fmt: skip
    assert User.objects.count() == 1
