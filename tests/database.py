"""The database of the tests: one embedded MongoDB for the whole run, a database of its own for every worker."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from pymongo import WriteConcern
from pymongo.database import Database
from pymongo.uri_parser import parse_uri

from config.embedded import EmbeddedDatabase
from tests.environment import is_own_database

KEPT = {"django_migrations", "django_content_type", "auth_permission"}


class TestRunDatabase:
    """The embedded database of a test run, in a folder that goes with it."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="florin-tests-"))
        self._database = EmbeddedDatabase(self._folder, port=_port(), test_mode=True)

    def start(self) -> None:
        """Start it where `MONGODB_URI` says, with the server's fail points allowed."""
        if self._database.start() != os.environ["MONGODB_URI"]:
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


def clean(database: Database[dict[str, Any]]) -> None:
    """Empty every collection and put back what every ledger begins with.

    The only place that deletes for the tests. Emptying takes a few milliseconds; Django's flush takes a hundred and
    does not know the collections of the ledger.
    """
    assert database.name.startswith("test_"), f"refusing to empty {database.name}"
    from ledger.schema import books_open

    quick = database.with_options(write_concern=WriteConcern(w=1, j=False))
    for name in quick.list_collection_names():
        if name not in KEPT and not name.startswith("system."):
            quick[name].delete_many({})
    books_open(database)


def _port() -> int:
    return int(parse_uri(os.environ["MONGODB_URI"])["nodelist"][0][1])
