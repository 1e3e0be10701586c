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
    """Let Django's connection sign in as the owner for the block, when there are credentials for that."""
    with signed_in(settings.MONGODB_OWNER_URI or connections["default"].settings_dict["HOST"]):
        yield


@contextlib.contextmanager
def signed_in(uri: str) -> Iterator[None]:
    """Let Django's connection use another connection string for the block.

    For commands, in their main thread. The client from before is put aside and not closed: others may hold it.
    """
    wrapper: Any = connections["default"]
    before = wrapper.settings_dict["HOST"]
    if uri == before:
        yield
        return
    sessions.pool_reset()
    put_aside = _take_client(wrapper)
    wrapper.settings_dict["HOST"] = uri
    try:
        yield
    finally:
        sessions.pool_reset()
        wrapper.close_pool()
        wrapper.settings_dict["HOST"] = before
        if put_aside is not None:
            wrapper._connection_pools[wrapper.alias] = put_aside


def _take_client(wrapper: Any) -> Any:
    """Make the connection forget its client and return it; None when there is none yet."""
    wrapper.connection = None
    wrapper.__dict__.pop("database", None)
    return wrapper._connection_pools.pop(wrapper.alias, None)
