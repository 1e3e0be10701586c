"""What says that a database is not whole: it is written before anything is restored and goes after all is proved.

A restore that was interrupted, and one whose proof failed, leave it. Neither `migrate` nor another restore goes on.
"""

from datetime import UTC, datetime
from typing import Any

from django.core.management import CommandError
from pymongo.errors import CollectionInvalid, OperationFailure

from banking.backup.errors import RestoreRefused
from banking.backup.shapes import Bank
from config.owner import as_owner
from ledger.store import database as bank_database

MARKER = "florin_restore"
_ID = "unfinished"
_NAMESPACE_EXISTS = 48


def marker_set(database: Bank, *, backup: str) -> None:
    """Write the marker; of two restores at once one does.

    Raises:
        RestoreRefused: it is there.
    """
    try:
        database.create_collection(MARKER)
    except (CollectionInvalid, OperationFailure) as error:
        if isinstance(error, OperationFailure) and error.code != _NAMESPACE_EXISTS:
            raise
        raise RestoreRefused(f"Another restore into {database.name} has begun.") from error
    database[MARKER].insert_one({"_id": _ID, "backup": backup, "began_at": datetime.now(UTC)})


def marker_remove(database: Bank) -> None:
    """Say that the database is whole; durable, and so is everything that was written before."""
    database.drop_collection(MARKER)


def refuse_unfinished(database: Bank) -> None:
    """Refuse to go on with a database that is not whole.

    Raises:
        RestoreRefused: a restore into it did not come to its end.
    """
    if MARKER not in database.list_collection_names(filter={"name": MARKER}):
        return
    found: dict[str, Any] = database[MARKER].find_one({"_id": _ID}) or {}
    since = f" of {found['backup']}, begun {found['began_at']:%Y-%m-%d %H:%M:%S} UTC," if found else ""
    raise RestoreRefused(
        f"The restore{since} into {database.name} did not come to its end, or its proof failed; the database is not "
        f"to be used. Drop it (mongosh: use {database.name}; db.dropDatabase()) and restore again; "
        "a data folder of make run that holds nothing else may be removed instead."
    )


def command_refuse_unfinished(**_: Any) -> None:
    """Stop a command that would go on with the bank's database; called before every `migrate` and `make run`.

    Raises:
        CommandError: a restore into it did not come to its end.
    """
    try:
        with as_owner():
            refuse_unfinished(bank_database())
    except RestoreRefused as error:
        raise CommandError(str(error)) from error
