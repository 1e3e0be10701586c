"""Number the credits of every account, name entries after their transactions, and begin to count.

Does nothing to a new ledger, which begins this way. An old one must not be written to meanwhile.
"""

from typing import Any

from bson.int64 import Int64
from django.db import migrations
from pymongo.database import Database

_ENTRIES_ANEW = "ledger_entries_anew"
_CREDIT = {"$cond": [{"$eq": ["$direction", "CREDIT"]}, "$amount_minor", Int64(0)]}
_EVENTS_BEFORE = "ledger_events"


def convert(database: Database[dict[str, Any]]) -> None:
    """Bring a ledger of the first form into the present one."""
    from ledger.schema import books_open, schema_apply

    is_old = _EVENTS_BEFORE in database.list_collection_names()
    if is_old:
        _entries_convert(database)
        _accounts_convert(database)
        _audit_convert(database)
    schema_apply(database)
    books_open(database)
    if is_old:
        _count_again(database)
        # Last, because it is what says that there is something to convert.
        database.drop_collection(_EVENTS_BEFORE)


def _entries_convert(database: Database[dict[str, Any]]) -> None:
    from ledger import store

    credits_so_far = {"$sum": _CREDIT, "window": {"documents": ["unbounded", "current"]}}
    database[store.ENTRIES].aggregate(
        [
            {
                "$setWindowFields": {
                    "partitionBy": "$account",
                    "sortBy": {"seq": 1},
                    "output": {"credits_after_minor": credits_so_far},
                }
            },
            {"$set": {"_id": {"$concat": [{"$toString": "$transaction"}, ":", "$direction"]}}},
            {"$out": _ENTRIES_ANEW},
        ],
        allowDiskUse=True,
    )
    if _ENTRIES_ANEW in database.list_collection_names():
        database[_ENTRIES_ANEW].rename(store.ENTRIES, dropTarget=True)


def _accounts_convert(database: Database[dict[str, Any]]) -> None:
    from ledger import store
    from ledger.stats import ACCOUNT_IDS

    database.command("collMod", store.ACCOUNTS, validator={})
    database[store.ACCOUNTS].update_many(ACCOUNT_IDS, {"$set": {"credits_minor": Int64(0)}})
    database[store.ENTRIES].aggregate(
        [
            {"$group": {"_id": "$account", "credits_minor": {"$max": "$credits_after_minor"}}},
            {"$merge": {"into": store.ACCOUNTS, "whenMatched": "merge", "whenNotMatched": "discard"}},
        ],
        allowDiskUse=True,
    )


def _audit_convert(database: Database[dict[str, Any]]) -> None:
    """An audit record of a transaction or of an account's state is an event as well."""
    from ledger import store

    database.command("collMod", store.AUDIT, validator={})
    word = {"$arrayElemAt": [{"$split": ["$action", "."]}, 0]}
    of_transaction = {"$concat": ["transaction.", {"$arrayElemAt": [{"$split": ["$action", "."]}, 1]}]}
    event = {
        "$switch": {
            "branches": [
                {"case": {"$in": [word, ["transfer", "funding"]]}, "then": of_transaction},
                {"case": {"$eq": [word, "account"]}, "then": "$action"},
            ],
            "default": None,
        }
    }
    database[store.AUDIT].update_many({}, [{"$set": {"event": event}}])


def _count_again(database: Database[dict[str, Any]]) -> None:
    """Put what there is into the first shard, and nothing into the others."""
    from ledger import store
    from ledger.stats import SHARDS, shard_add, shard_document

    shards = [shard_document(number) for number in range(SHARDS)]
    fields = dict.fromkeys(("status", "type", "currency", "amount_minor"), 1)
    for transaction in database[store.TRANSACTIONS].find({}, fields):
        shard_add(shards[0], transaction)
    for shard in shards:
        database[store.ACCOUNTS].replace_one({"_id": shard["_id"]}, shard)


def run(apps: Any, schema_editor: Any) -> None:
    from ledger.store import database

    convert(database())


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_books")]
    operations = [migrations.RunPython(run, migrations.RunPython.noop)]
