"""What both commands share: they work as the owner of the database, and say in one sentence why they cannot."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import CommandError
from pymongo.errors import OperationFailure, PyMongoError

from banking.backup.errors import BackupDamaged, BackupRefused, RestoreRefused
from banking.backup.shapes import Bank
from config.owner import as_owner
from ledger.store import database

_UNAUTHORIZED = 13


@contextmanager
def whole_bank() -> Iterator[Bank]:
    """Yield the bank's database with the right to read and to make everything in it.

    Raises:
        CommandError: for whatever goes wrong inside that can be told to the person at the keyboard.
    """
    try:
        with as_owner():
            yield database()
    except (BackupDamaged, BackupRefused, RestoreRefused) as error:
        raise CommandError(str(error)) from error
    except OperationFailure as error:
        raise CommandError(_why_refused(error)) from error
    except PyMongoError as error:
        raise CommandError(f"The database does not answer: {type(error).__name__}.") from error
    except OSError as error:
        raise CommandError(f"{error.filename or 'The backup'}: {error.strerror or error}.") from error


def _why_refused(error: OperationFailure) -> str:
    if error.code == _UNAUTHORIZED:
        return (
            "The user of MONGODB_OWNER_URI may not read and write all of this database; "
            "run create_database_roles for it first."
        )
    return f"The database refuses: {str((error.details or {}).get('errmsg', error))[:200]}"
