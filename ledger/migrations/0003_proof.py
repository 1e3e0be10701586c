"""Chain the entries of every account by their hashes.

Does nothing to a new ledger, which begins this way. An old one must not be written to meanwhile. Interrupted, it goes
on with the accounts that have no head yet.
"""

from typing import Any

from bson.objectid import ObjectId
from django.db import migrations
from pymongo import UpdateOne
from pymongo.database import Database

_AT_ONCE = 1_000


def convert(database: Database[dict[str, Any]]) -> None:
    """Bring a ledger of the second form into the present one."""
    from ledger import store
    from ledger.schema import schema_apply
    from ledger.stats import ACCOUNT_IDS

    schema_apply(database)
    for account in database[store.ACCOUNTS].find({**ACCOUNT_IDS, "head_hash": {"$exists": False}}, {"_id": 1}):
        head = _chain(database, account["_id"])
        database[store.ACCOUNTS].update_one({"_id": account["_id"]}, {"$set": {"head_hash": head}})


def _chain(database: Database[dict[str, Any]], account: ObjectId) -> bytes:
    """Give every entry of an account its two hashes, and return the last one."""
    from ledger import store
    from ledger.chain import BEGINNING, entry_hash

    previous, changes = BEGINNING, []
    for entry in database[store.ENTRIES].find({"account": account}).sort("seq", 1):
        hashes = {"previous_hash": previous, "hash": entry_hash({**entry, "previous_hash": previous})}
        changes.append(UpdateOne({"_id": entry["_id"]}, {"$set": hashes}))
        previous = hashes["hash"]
        if len(changes) == _AT_ONCE:
            database[store.ENTRIES].bulk_write(changes, ordered=False)
            changes = []
    if changes:
        database[store.ENTRIES].bulk_write(changes, ordered=False)
    return previous


def run(apps: Any, schema_editor: Any) -> None:
    from ledger.store import database

    convert(database())


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_credits_and_counters")]
    operations = [migrations.RunPython(run, migrations.RunPython.noop)]
