"""What every test has: a real database, a clean one for each test that asks, and a fixed cast of people.

A test (or a fixture) that touches the database asks for `bank_db`, or for anything that does: the people, `db`,
`server`, `live_server`. Without it Django's connections are blocked, so that a unit test stays one.
"""

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest

if TYPE_CHECKING:
    from pymongo.database import Database
    from pytest_django.fixtures import Settings
    from pytest_django.plugin import DjangoDbBlocker

    from accounts.models import User
    from tests.database import TestRunDatabase
    from tests.servers import Server

_run_database: "TestRunDatabase | None" = None


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the database once for all workers, in the process that controls them."""
    global _run_database
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    if not is_worker and not session.config.option.collectonly:
        from tests.database import start_for_run

        _run_database = start_for_run()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Remove the database when all workers have ended."""
    global _run_database
    if _run_database is not None:
        _run_database.discard()
        _run_database = None


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_modify_db_settings: None, django_db_blocker: "DjangoDbBlocker"
) -> Iterator[None]:
    """Make this worker's test database with the real migrations.

    Stands in for pytest-django's fixture, which only sees tests with a marker or fixture of its own.
    """
    from django.db import connection
    from django.test.utils import setup_databases, teardown_databases

    from config.owner import as_owner
    from tests.database import users_drop, users_make

    name = cast(Any, connection).creation._get_test_db_name()
    users_make(name)
    with django_db_blocker.unblock(), as_owner():
        databases = setup_databases(verbosity=0, interactive=False, aliases={"default": False}, serialized_aliases=[])
    yield
    with django_db_blocker.unblock(), as_owner():
        teardown_databases(databases, verbosity=0)
    users_drop(name)


@pytest.fixture
def bank_db(django_db_setup: None, django_db_blocker: "DjangoDbBlocker") -> "Iterator[Database[dict[str, Any]]]":
    """The bank's database with the application's role, empty but for the system accounts; every thread may use it."""
    from django.db import connection

    from tests.database import clean

    with django_db_blocker.unblock():
        database: Database[dict[str, Any]] = cast(Any, connection).database
        clean(database)
        yield database


@pytest.fixture
def owner_db(bank_db: "Database[dict[str, Any]]") -> "Database[dict[str, Any]]":
    """The bank's database with its owner's credentials, for a test that damages or makes what the bank cannot."""
    from tests.database import owner_database

    return owner_database(bank_db.name)


@pytest.fixture
def db(bank_db: object) -> None:
    """Stand in for pytest-django's fixture, whose flush is slow here and does not know the ledger's collections."""


@pytest.fixture
def transactional_db(bank_db: object) -> None:
    """Stand in for pytest-django's fixture, as `db` does; `live_server` asks for this one."""


@pytest.fixture
def real_hasher(settings: "Settings") -> None:
    """Hash passwords as production does."""
    from config.settings import PASSWORD_HASHERS

    settings.PASSWORD_HASHERS = PASSWORD_HASHERS


@pytest.fixture
def owner(bank_db: object) -> "User":
    """The customer whose money it is."""
    from tests.cast import make_owner

    return make_owner()


@pytest.fixture
def second(bank_db: object) -> "User":
    """The customer who is paid."""
    from tests.cast import make_second

    return make_second()


@pytest.fixture
def stranger(bank_db: object) -> "User":
    """The customer who must not see any of it."""
    from tests.cast import make_stranger

    return make_stranger()


@pytest.fixture
def admin(bank_db: object) -> "User":
    """A member of staff."""
    from tests.cast import make_admin

    return make_admin()


@pytest.fixture
def system_user(bank_db: object) -> "User":
    """The user that funds accounts and that no customer can be."""
    from tests.cast import make_system_user

    return make_system_user()


@pytest.fixture(scope="session")
def server_process(django_db_setup: None) -> "Iterator[Server]":
    """One real web server for all the tests of this worker; ask for `server`, which also cleans the database."""
    from django.db import connection

    from tests.servers import Server

    server = Server(database=connection.settings_dict["NAME"])
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def server(server_process: "Server", bank_db: object) -> "Server":
    """A real web server of two processes on the clean test database. Do not kill it; `start_server` is for that."""
    return server_process


@pytest.fixture
def start_server(bank_db: object) -> "Iterator[Callable[..., Server]]":
    """Start a real web server for this test alone: `start_server(workers=3, environment={...})`."""
    from django.db import connection

    from tests.servers import Server

    started: list[Server] = []

    def start(*, workers: int = 2, environment: dict[str, str] | None = None) -> Server:
        database = connection.settings_dict["NAME"]
        started.append(Server(database=database, workers=workers, environment=environment))
        started[-1].start()
        return started[-1]

    yield start
    for server in started:
        server.stop()
