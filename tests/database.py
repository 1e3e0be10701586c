"""The database of the tests: one embedded MongoDB for the whole run, a database of its own for every worker.

What a test does with it, it does with the role of the application. What that role may not do, such as emptying a
collection or damaging an entry on purpose, goes through `owner_database`; what concerns the server, `admin_client`.
"""

import os
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from pymongo import MongoClient, WriteConcern
from pymongo.database import Database
from pymongo.uri_parser import parse_uri

from config.embedded import EmbeddedDatabase
from config.embedded_access import Passwords
from config.uris import user_of
from tests.environment import ADMIN_URI, has_users, is_own_database

KEPT = {"django_migrations", "django_content_type", "auth_permission"}


class TestRunDatabase:
    """The embedded database of a test run, in a folder that goes with it."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="florin-tests-"))
        admin = user_of(os.environ[ADMIN_URI])
        assert admin
        passwords = Passwords(admin=admin.password, owner="", app="")
        self._database = EmbeddedDatabase(self._folder, port=_port(), test_mode=True, passwords=passwords)

    def start(self) -> None:
        """Start it where the environment says, with the server's fail points allowed."""
        if self._database.start() != os.environ[ADMIN_URI]:
            self.discard()
            raise RuntimeError("The port chosen for the tests' database was taken meanwhile; run the tests again.")

    def discard(self) -> None:
        """End it without ceremony and remove its data."""
        self._database.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


def start_for_run() -> TestRunDatabase | None:
    """Start the database of this run, unless `TEST_MONGODB_URI` names one."""
    if is_own_database():
        return None
    database = TestRunDatabase()
    database.start()
    return database


@cache
def admin_client() -> MongoClient[dict[str, Any]]:
    """Return a client that may do everything on the server, fail points included."""
    return MongoClient(os.environ[ADMIN_URI], appname="florin-tests")


@cache
def _owner_client(uri: str) -> MongoClient[dict[str, Any]]:
    return MongoClient(uri, appname="florin-tests", w="majority", journal=True)


def owner_database(name: str) -> Database[dict[str, Any]]:
    """Return a test database with the credentials of its owner."""
    assert name.startswith("test_"), f"refusing to own {name}"
    return _owner_client(os.environ["MONGODB_OWNER_URI"])[name]


def users_make(name: str) -> None:
    """Make the roles of this worker's database and its two users."""
    from config.roles import roles_apply

    if has_users():
        roles_apply(
            database=name,
            admin_uri=os.environ[ADMIN_URI],
            app_uri=os.environ["MONGODB_URI"],
            owner_uri=os.environ["MONGODB_OWNER_URI"],
        )


def users_drop(name: str) -> None:
    """Remove what `users_make` made, from a server that outlives the tests."""
    if has_users():
        for uri in (os.environ["MONGODB_URI"], os.environ["MONGODB_OWNER_URI"]):
            user = user_of(uri)
            assert user
            admin_client()[user.source].command("dropUser", user.name)
        admin_client()[name].command("dropAllRolesFromDatabase")


def clean(database: Database[dict[str, Any]]) -> None:
    """Empty every collection and put back what every ledger begins with.

    The only place that deletes for the tests. Emptying takes a few milliseconds; Django's flush takes a hundred and
    does not know the collections of the ledger.
    """
    assert database.name.startswith("test_"), f"refusing to empty {database.name}"
    from banking.outbox.schema import outbox_open
    from ledger.schema import books_open

    database = owner_database(database.name)
    quick = database.with_options(write_concern=WriteConcern(w=1, j=False))
    for name in quick.list_collection_names():
        if name not in KEPT and not name.startswith("system."):
            quick[name].delete_many({})
    books_open(database)
    outbox_open(database)


def _port() -> int:
    return int(parse_uri(os.environ[ADMIN_URI])["nodelist"][0][1])
