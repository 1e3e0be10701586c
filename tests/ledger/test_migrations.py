"""A ledger of the first form, brought into the present one, has lost nothing and proves itself."""

from importlib import import_module
from typing import Any

import pytest
from bson.objectid import ObjectId
from django.core.management import call_command
from pymongo.collection import Collection
from pymongo.database import Database

from ledger.accounts import account_get, system_accounts
from ledger.history import entries_page, entry_of
from ledger.stats import SHARD_IDS, ledger_stats
from ledger.store import books
from ledger.verify import verify
from tests.ledger.conftest import Opener, attempt, send

migration = import_module("ledger.migrations.0002_credits_and_counters")
convert = migration.convert


def aged(database: Database[dict[str, Any]]) -> None:
    """Undo by hand what the migration does, validators and indexes included."""
    entries = list(database["ledger_entries"].find({}, {"credits_after_minor": 0}))
    database["ledger_entries"].drop()
    database["ledger_entries"].insert_many([{**entry, "_id": ObjectId()} for entry in entries])
    for name, field in (("ledger_accounts", "credits_minor"), ("ledger_audit", "event")):
        database.command("collMod", name, validator={})
        database[name].update_many({"_id": {"$type": "objectId"}}, {"$unset": {field: ""}})
    database["ledger_audit"].create_index([("accounts", 1), ("at", -1)], name="by_account")
    database["ledger_accounts"].delete_many(SHARD_IDS)
    database["ledger_events"].delete_many({})
    database["ledger_events"].insert_one({"type": "account.opened"})


def test_an_old_ledger_is_converted_and_goes_on(open_account: Opener, owner_db: Database[dict[str, Any]]) -> None:
    one, two = open_account(100), open_account(50)
    send(one, two, 30, "a")
    transaction = send(two, one, 10, "b").transaction
    attempt(one, two, 9_000, "c")
    before, stats = entries_page(account=account_get(one.id)).entries, ledger_stats()

    aged(owner_db)
    convert(owner_db)

    assert verify().violations == []
    assert (entries_page(account=account_get(one.id)).entries, ledger_stats()) == (before, stats)
    assert entry_of(account=one, transaction_id=transaction.id) == before[0]
    assert {record["event"] for record in books().audit.find({})} == {
        "account.opened",
        "transaction.completed",
        "transaction.failed",
    }
    assert "ledger_events" not in owner_db.list_collection_names()
    send(one, two, 5, "d")
    assert verify().violations == []


class Interrupted(Exception):
    """Somebody pulled the plug."""


def plug_pulled_at(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Interrupt the process before its `number`th writing call to the database."""
    calls = iter(range(1, 1_000))

    def interrupting(real: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            if next(calls) == number:
                raise Interrupted
            return real(*arguments, **options)

        return call

    for owner, names in (
        (Collection, ("aggregate", "rename", "update_many", "replace_one", "create_indexes", "drop_index")),
        (Database, ("command", "drop_collection", "create_collection")),
    ):
        for name in names:
            monkeypatch.setattr(owner, name, interrupting(getattr(owner, name)))


def test_interrupted_anywhere_and_written_to_it_ends_right(
    open_account: Opener, owner_db: Database[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = open_account(100), open_account(50)
    send(one, two, 30, "a")
    attempt(one, two, 9_000, "b")
    for number in range(1, 100):
        aged(owner_db)
        with monkeypatch.context() as pulled:
            plug_pulled_at(pulled, number)
            try:
                convert(owner_db)
            except Interrupted:
                is_done = False
            else:
                is_done = True
        convert(owner_db)
        assert verify().violations == [], f"interrupted at call {number}"
        if is_done:
            break
    assert is_done


def test_a_bank_that_was_started_half_way_is_counted_again(
    open_account: Opener, owner_db: Database[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = open_account(100), open_account(50)
    aged(owner_db)
    with monkeypatch.context() as pulled:
        pulled.setattr(migration, "_count_again", lambda database: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            convert(owner_db)
    send(one, two, 30, "between")
    convert(owner_db)
    assert verify().violations == []


@pytest.mark.usefixtures("alone")
def test_a_second_time_changes_nothing(open_account: Opener, owner_db: Database[dict[str, Any]]) -> None:
    send(open_account(100), open_account(), 30, "a")
    before = {name: list(owner_db[name].find({})) for name in owner_db.list_collection_names() if "ledger" in name}
    convert(owner_db)
    assert {name: list(owner_db[name].find({})) for name in before} == before


def test_a_currency_that_begins_to_be_offered_gets_its_system_account(
    bank_db: Database[dict[str, Any]], settings: Any
) -> None:
    before = [account.currency for account in system_accounts()]
    settings.CURRENCIES = [*settings.CURRENCIES, "JPY"]
    call_command("migrate", verbosity=0)
    assert [account.currency for account in system_accounts()] == sorted([*before, "JPY"])
