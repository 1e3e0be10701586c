"""`manage.py create_database_roles`: what it says when it cannot."""

import os
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from pymongo.database import Database
from pytest_django.fixtures import Settings

from config.embedded import free_port
from config.uris import ADMIN_URI, DatabaseUser, serving_environment, uri_with, user_of
from tests.environment import ADMIN_URI as TESTS_ADMIN_URI

Bank = Database[dict[str, Any]]
NOBODY = "mongodb://127.0.0.1:1/?replicaSet=rs"
SECRET = "s3cret"


@pytest.fixture
def uris(bank_db: Bank, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the command meet these connection strings: `uris(admin=…, app=…, owner=…)`."""

    def point(*, admin: str | None = None, app: str | None = None, owner: str | None = None) -> None:
        monkeypatch.setenv(ADMIN_URI, os.environ[TESTS_ADMIN_URI] if admin is None else admin)
        settings.MONGODB_OWNER_URI = os.environ["MONGODB_OWNER_URI"] if owner is None else owner
        if app is not None:
            monkeypatch.setitem(connections["default"].settings_dict, "HOST", app)

    return point


def of(name: str, password: str = SECRET, port: int | None = None) -> str:
    plain = os.environ[TESTS_ADMIN_URI] if port is None else f"mongodb://127.0.0.1:{port}/"
    return uri_with(plain, DatabaseUser(name, password))


def run() -> str:
    out = StringIO()
    call_command("create_database_roles", stdout=out)
    return out.getvalue()


def refusal() -> str:
    with pytest.raises(CommandError) as refused:
        run()
    sentence = str(refused.value)
    assert "\n" not in sentence
    assert SECRET not in sentence
    return sentence


def test_it_may_be_repeated_and_shows_no_password(uris: Any, bank_db: Bank) -> None:
    uris()
    first = run()
    assert run() == first
    assert first.count(f"in the database {bank_db.name}.\n") == 2
    for variable in ("MONGODB_URI", "MONGODB_OWNER_URI"):
        user = user_of(os.environ[variable])
        assert user
        assert user.name in first
        assert user.password not in first


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"admin": ""}, "MONGODB_ADMIN_URI is not set."),
        ({"owner": ""}, "MONGODB_OWNER_URI is not set."),
        ({"admin": NOBODY}, "MONGODB_ADMIN_URI names no user with a password"),
        ({"app": NOBODY}, "MONGODB_URI names no user with a password"),
        ({"owner": "mongodb://me@127.0.0.1/"}, "MONGODB_OWNER_URI names no user with a password"),
        ({"owner": "postgres://me:s3cret@127.0.0.1/"}, "MONGODB_OWNER_URI is not a connection string"),
        ({"owner": "mongodb://me:s3cret@[/"}, "MONGODB_OWNER_URI is not a connection string"),
    ],
)
def test_an_unfit_connection_string_is_one_sentence(uris: Any, change: dict[str, str], told: str) -> None:
    uris(**change)
    assert refusal().startswith(told)


def test_one_user_for_both_is_refused(uris: Any) -> None:
    uris(app=of("same"), owner=of("same"))
    assert "name the same user" in refusal()


def test_the_administrator_is_not_turned_into_a_user_of_the_bank(uris: Any) -> None:
    uris(owner=os.environ[TESTS_ADMIN_URI])
    assert "MONGODB_ADMIN_URI names a user of the bank" in refusal()


def test_a_wrong_password_of_the_administrator_is_told(uris: Any) -> None:
    uris(admin=of("florin_admin"))
    assert refusal() == "The database refuses the user or the password of MONGODB_ADMIN_URI."


def test_an_administrator_without_the_rights_is_told_and_nothing_changes(uris: Any) -> None:
    uris(admin=os.environ["MONGODB_OWNER_URI"], owner=of("another"), app=of("app"))
    assert "may not administer users and roles" in refusal()


def test_a_dead_database_is_told(uris: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.roles.ANSWER_MILLISECONDS", 100)
    uris(admin=of("admin", port=free_port()))
    assert refusal() == "No database with a writable primary answers at MONGODB_ADMIN_URI."


def test_who_serves_customers_gets_neither_owner_nor_administrator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADMIN_URI, of("admin"))
    environment = serving_environment()
    assert environment["MONGODB_URI"] == os.environ["MONGODB_URI"]
    assert not {ADMIN_URI, "MONGODB_OWNER_URI"} & set(environment)


@pytest.mark.parametrize(
    ("uri", "with_user"),
    [
        ("mongodb://a,b:1/?replicaSet=rs", "mongodb://u%40:p%2F@a,b:1/?replicaSet=rs&authSource=s"),
        ("mongodb://old:x@a/bank?authSource=admin", "mongodb://u%40:p%2F@a/bank?authSource=s"),
        ("mongodb://a", "mongodb://u%40:p%2F@a/?authSource=s"),
    ],
)
def test_a_connection_string_for_another_user(uri: str, with_user: str) -> None:
    user = DatabaseUser("u@", "p/", "s")
    assert uri_with(uri, user) == with_user
    assert user_of(with_user) == user
    assert "p/" not in repr(user)


@pytest.mark.parametrize(
    ("uri", "source"),
    [
        ("mongodb://u:p@a/", "admin"),
        ("mongodb://u:p@a/bank", "bank"),
        ("mongodb://u:p@a/bank?authSource=admin", "admin"),
        ("mongodb://u:p@a/bank?authsource=people", "people"),
    ],
)
def test_where_a_user_is_kept(uri: str, source: str) -> None:
    assert user_of(uri) == DatabaseUser("u", "p", source)
