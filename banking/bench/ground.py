"""Where the bench works: databases of its own, which are dropped in any case."""

import contextlib
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from django.core.management import call_command
from django.db import connections

from banking.bench import access
from banking.bench.access import own_users
from banking.bench.undisturbed import undisturbed
from ledger import sessions


@contextlib.contextmanager
def own_database() -> Iterator[str]:
    """Work in a new, migrated database and yield its name; afterwards it is dropped."""
    before = connections["default"].settings_dict["NAME"]
    # Beginning with the bank's own name, so that the guards of the tests know it too.
    name = f"{before.partition('_bench_')[0]}_bench_{uuid4().hex[:8]}"
    with own_users(name):
        point_to(name)
        try:
            call_command("migrate", verbosity=0)
            yield name
        finally:
            with undisturbed():
                sessions.pool_reset()
                access.owner().drop_database(name)
                point_to(before)


def point_to(name: str) -> None:
    """Let everything in this process work in another database of the same server."""
    sessions.pool_reset()
    wrapper: Any = connections["default"]
    wrapper.settings_dict["NAME"] = name
    if "database" in wrapper.__dict__:
        wrapper.__dict__["database"] = wrapper.database.client[name]
