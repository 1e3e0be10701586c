"""The other credentials: those that may change the form of what is stored (`MONGODB_OWNER_URI`).

Everything works with the application's credentials, which may not; only what is done inside `as_owner` does not.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import connections

from ledger import sessions


@contextlib.contextmanager
def as_owner() -> Iterator[None]:
    """Let Django's connection sign in as the owner for the block, when there are credentials for that.

    For commands, in their main thread. The client of the application is put aside and not closed: others may hold it.
    """
    wrapper: Any = connections["default"]
    before = wrapper.settings_dict["HOST"]
    owner = settings.MONGODB_OWNER_URI or before
    if owner == before:
        yield
        return
    sessions.pool_reset()
    apps_client = _take_client(wrapper)
    wrapper.settings_dict["HOST"] = owner
    try:
        yield
    finally:
        sessions.pool_reset()
        wrapper.close_pool()
        wrapper.settings_dict["HOST"] = before
        if apps_client is not None:
            wrapper._connection_pools[wrapper.alias] = apps_client


def _take_client(wrapper: Any) -> Any:
    """Make the connection forget its client and return it; None when there is none yet."""
    wrapper.connection = None
    wrapper.__dict__.pop("database", None)
    return wrapper._connection_pools.pop(wrapper.alias, None)
