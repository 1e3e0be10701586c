"""Users in connection strings: who a `mongodb://` address signs in as, and the same address for somebody else.

A connection string with a password is a secret. Nothing here puts one into a message.
"""

import os
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

# Connection strings that no process that serves customers may have, and the key that is for the worker alone.
OWNER_URI, ADMIN_URI = "MONGODB_OWNER_URI", "MONGODB_ADMIN_URI"
CHECKPOINT_KEY = "CHECKPOINT_KEY"


@dataclass(frozen=True, slots=True)
class DatabaseUser:
    """Somebody who signs in to the database.

    Args:
        source: the database in which the user is kept (`authSource`).
    """

    name: str
    password: str = field(repr=False)
    source: str = "admin"


def user_of(uri: str) -> DatabaseUser | None:
    """Return who the connection string signs in as, or None when it names nobody with a password.

    Raises:
        ValueError: it is no connection string; the message has nothing of it.
    """
    try:
        found = parse_uri(uri)
    except (PyMongoError, ValueError, UnicodeError):
        raise ValueError("not a connection string") from None
    if not (found["username"] and found["password"]):
        return None
    source = found["options"].get("authSource") or found["database"] or "admin"
    return DatabaseUser(found["username"], found["password"], source)


def uri_with(uri: str, user: DatabaseUser) -> str:
    """Return the connection string of the same servers for another user."""
    scheme, _, rest = uri.partition("://")
    authority, _, tail = rest.partition("/")
    path, _, query = tail.partition("?")
    options = [option for option in query.split("&") if option and not option.lower().startswith("authsource=")]
    options.append(f"authSource={quote(user.source)}")
    hosts = authority.rpartition("@")[2]
    return f"{scheme}://{quote_plus(user.name)}:{quote_plus(user.password)}@{hosts}/{path}?{'&'.join(options)}"


def serving_environment() -> dict[str, str]:
    """Return this process's environment for one that serves customers: nothing to change or to sign history with."""
    return {name: value for name, value in os.environ.items() if name not in {OWNER_URI, ADMIN_URI, CHECKPOINT_KEY}}


def worker_environment() -> dict[str, str]:
    """Return this process's environment for a worker, which signs checkpoints."""
    key = os.environ.get(CHECKPOINT_KEY)
    return {**serving_environment(), **({CHECKPOINT_KEY: key} if key else {})}
