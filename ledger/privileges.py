"""Whether the database itself keeps the history unchanged (I7) for the credentials that are in use.

The rule that entries and audit records are never changed does not rest on this code: the application's role has no
right to (`config.roles`). Whether the credentials at hand are those of that role, only the database knows.
"""

from collections.abc import Iterator
from typing import Any

import structlog
from pymongo.errors import PyMongoError

from ledger import store
from ledger.schema import WRITTEN_ONCE

NO_USERS = "the database asks nobody for a password"
# Every way to change what is there: an index may make the database forget (TTL), and a validator let anything in.
_CHANGING = {
    "update",
    "remove",
    "dropCollection",
    "dropDatabase",
    "renameCollectionSameDB",
    "convertToCapped",
    "collMod",
    "createIndex",
    "dropIndex",
    "bypassDocumentValidation",
    "anyAction",
}
# Whoever may hand out roles may take any.
_RULING = {"grantRole", "createUser", "createRole", "anyAction"}

_log = structlog.get_logger(__name__)
Document = dict[str, Any]


def app_privileges_excess() -> list[str]:
    """Return what the credentials in use could do to the history, one readable line each; empty when I7 holds.

    Raises:
        PyMongoError: the database does not answer.
    """
    status = store.client().admin.command("connectionStatus", showPrivileges=True)["authInfo"]
    if not status["authenticatedUsers"]:
        return [NO_USERS]
    return sorted(set(_excess(status["authenticatedUserPrivileges"], store.database().name)))


def excess_warn() -> None:
    """Log a warning when the credentials in use could change the history."""
    try:
        excess = app_privileges_excess()
    except PyMongoError as error:
        _log.warning("credentials_not_checked", error=type(error).__name__)
        return
    if excess:
        _log.warning("credentials_may_change_history", excess=excess)


def _excess(privileges: list[Document], database: str) -> Iterator[str]:
    for privilege in privileges:
        resource, actions = privilege["resource"], set(privilege["actions"])
        for collection in WRITTEN_ONCE:
            if _covers(resource, database, collection):
                yield from (f"{collection}: {action}" for action in actions & _CHANGING)
        if "collection" in resource or "anyResource" in resource:
            yield from (f"users and roles: {action}" for action in actions & _RULING)


def _covers(resource: Document, database: str, collection: str) -> bool:
    """Whether a resource of a privilege includes the collection; an empty name stands for all."""
    if resource.get("anyResource"):
        return True
    return resource.get("db") in {"", database} and resource.get("collection") in {"", collection}
