"""Where the ledger's collections are and with which guarantees they are read and written.

The client is fetched at call time: bound at import it would point at another database in tests and die with a fork.
"""

from datetime import UTC
from typing import Any, NamedTuple

from bson.codec_options import CodecOptions, DatetimeConversion
from django.db import connections
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import ReadPreference
from pymongo.write_concern import WriteConcern

ACCOUNTS = "ledger_accounts"
OWNERS = "ledger_owners"
TRANSACTIONS = "ledger_transactions"
ENTRIES = "ledger_entries"
AUDIT = "ledger_audit"
PROCESSES = "ledger_processes"
LEASES = "ledger_leases"
CHECKPOINTS = "ledger_checkpoints"
HEADS = "ledger_heads"
VERIFICATIONS = "ledger_verifications"

# What was acknowledged is on disk on a majority of the replica set.
DURABLE = WriteConcern(w="majority", j=True)
# A transaction reads one moment of the database, and only what can no longer be rolled back.
SNAPSHOT = ReadConcern("snapshot")
# The database keeps times that Python has none for, and texts that are not UTF-8. Read as the nearest there is, one
# such document is found wrong; refused by the driver, it would end every verification and hold up the outbox.
_CODEC: CodecOptions[dict[str, Any]] = CodecOptions(
    tz_aware=True,
    tzinfo=UTC,
    datetime_conversion=DatetimeConversion.DATETIME_CLAMP,
    unicode_decode_error_handler="replace",
)


class Books(NamedTuple):
    """The collections of one database."""

    accounts: Collection[dict[str, Any]]
    owners: Collection[dict[str, Any]]
    transactions: Collection[dict[str, Any]]
    entries: Collection[dict[str, Any]]
    audit: Collection[dict[str, Any]]


def client() -> MongoClient[dict[str, Any]]:
    """Return the process's client, which Django's connection owns."""
    wrapper: Any = connections["default"]
    found: MongoClient[dict[str, Any]] = wrapper.database.client
    return found


def database() -> Database[dict[str, Any]]:
    """Return the bank's database with majority reads, durable writes and UTC times."""
    name = connections["default"].settings_dict["NAME"]
    return client().get_database(
        name,
        codec_options=_CODEC,
        read_preference=ReadPreference.PRIMARY,
        read_concern=ReadConcern("majority"),
        write_concern=DURABLE,
    )


def leases() -> Collection[dict[str, Any]]:
    """Return who does what for all processes (`ledger.leases`)."""
    return database()[LEASES]


def checkpoints() -> Collection[dict[str, Any]]:
    """Return the signed checkpoints (`ledger.checkpoints`)."""
    return database()[CHECKPOINTS]


def heads() -> Collection[dict[str, Any]]:
    """Return the leaves of the checkpoints' trees."""
    return database()[HEADS]


def verifications() -> Collection[dict[str, Any]]:
    """Return what verifications found, and how far the present one is (`ledger.verifications`)."""
    return database()[VERIFICATIONS]


def at_moment(name: str, session: ClientSession | None) -> Collection[dict[str, Any]]:
    """Return a collection to be read in a snapshot session, whose moment is the one that counts."""
    collection = database()[name]
    return collection if session is None else collection.with_options(read_concern=ReadConcern())


def books() -> Books:
    """Return the ledger's collections in the bank's database."""
    global _latest
    found, (of_client, of_name, latest) = client(), _latest
    # Making the five of them anew for every question would cost as much as a quarter of a round trip.
    if latest is None or of_client is not found or of_name != connections["default"].settings_dict["NAME"]:
        of = database()
        latest = Books(of[ACCOUNTS], of[OWNERS], of[TRANSACTIONS], of[ENTRIES], of[AUDIT])
        _latest = (found, of.name, latest)
    return latest


_latest: tuple[object, str, Books | None] = (None, "", None)
