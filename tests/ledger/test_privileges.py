"""The database itself keeps history unchanged: it refuses every attack with the bank's own credentials, with code 13.

The credentials are those that the web processes have; the tests would work around the services in any case.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bson.objectid import ObjectId
from django.db import connections
from pymongo import DeleteMany, InsertOne, MongoClient, UpdateOne
from pymongo.database import Database
from pymongo.errors import BulkWriteError, OperationFailure, PyMongoError

from config.roles import APP_ROLE, OWNER_ROLE, app_privileges, roles_apply
from config.uris import DatabaseUser, uri_with, user_of
from ledger.privileges import NO_USERS, app_privileges_excess, excess_warn
from ledger.schema import PRIVILEGES, WRITTEN_ONCE
from ledger.store import books
from tests.database import admin_client
from tests.environment import ADMIN_URI, has_users
from tests.ledger.conftest import Opener, attempt, books_are_right, send
from tests.ledger.test_schema import entry_document
from tests.servers import Server

UNAUTHORIZED = 13
Bank = Database[dict[str, Any]]
Attack = Callable[[Bank, str], object]

CHANGE = {"$set": {"created_at": None}}
ON_DOCUMENTS: dict[str, Attack] = {
    "update one": lambda bank, name: bank[name].update_one({}, CHANGE),
    "update many": lambda bank, name: bank[name].update_many({}, CHANGE),
    "update that matches nothing": lambda bank, name: bank[name].update_one({"_id": "nobody's"}, CHANGE),
    "upsert": lambda bank, name: bank[name].update_one({"_id": "new"}, CHANGE, upsert=True),
    "replace": lambda bank, name: bank[name].replace_one({}, {"mine": 1}),
    "delete one": lambda bank, name: bank[name].delete_one({}),
    "delete many": lambda bank, name: bank[name].delete_many({}),
    "find and update": lambda bank, name: bank[name].find_one_and_update({}, CHANGE),
    "find and replace": lambda bank, name: bank[name].find_one_and_replace({}, {"mine": 1}),
    "find and delete": lambda bank, name: bank[name].find_one_and_delete({}),
    "bulk of updates": lambda bank, name: bank[name].bulk_write([UpdateOne({}, CHANGE)]),
    "bulk of deletes": lambda bank, name: bank[name].bulk_write([DeleteMany({})]),
    "aggregate $out over it": lambda bank, name: list(bank["ledger_accounts"].aggregate([{"$out": name}])),
    "aggregate $merge into it": lambda bank, name: list(
        bank["ledger_accounts"].aggregate([{"$merge": {"into": name, "whenMatched": "replace"}}])
    ),
    "insert past the validator": lambda bank, name: bank[name].insert_one(
        {"mine": 1}, bypass_document_validation=True
    ),
}
ON_COLLECTIONS: dict[str, Attack] = {
    "drop": lambda bank, name: bank.command("drop", name),
    "drop the database": lambda bank, name: bank.command("dropDatabase"),
    "rename away": lambda bank, name: bank[name].rename("elsewhere"),
    "rename over it": lambda bank, name: bank["ledger_owners"].rename(name, dropTarget=True),
    "remove the validator": lambda bank, name: bank.command("collMod", name, validator={}),
    "stop validating": lambda bank, name: bank.command("collMod", name, validationLevel="off"),
    "cap": lambda bank, name: bank.command("convertToCapped", name, size=4096),
    "an index that forgets": lambda bank, name: bank[name].create_index("created_at", expireAfterSeconds=1),
    "drop an index": lambda bank, name: bank[name].drop_index("gapless_per_account"),
    "drop all indexes": lambda bank, name: bank[name].drop_indexes(),
    "make a view": lambda bank, name: bank.command("create", "view", viewOn=name, pipeline=[]),
}
ON_THE_SERVER: dict[str, Attack] = {
    "make a user": lambda bank, name: bank.command("createUser", "mallory", pwd="x", roles=["readWrite"]),
    "make a user in admin": lambda bank, name: bank.client.admin.command("createUser", "m", pwd="x", roles=["root"]),
    "take another role": lambda bank, name: bank.client.admin.command("grantRolesToUser", own_name(), roles=["root"]),
    "take the owner's role": lambda bank, name: bank.client.admin.command(
        "grantRolesToUser", own_name(), roles=[{"role": OWNER_ROLE, "db": bank.name}]
    ),
    "widen its own role": lambda bank, name: bank.command(
        "grantPrivilegesToRole",
        APP_ROLE,
        privileges=[{"resource": {"db": bank.name, "collection": name}, "actions": ["update"]}],
    ),
    "apply operations": lambda bank, name: bank.client.admin.command(
        "applyOps", [{"op": "d", "ns": f"{bank.name}.{name}", "o": {"_id": "x"}}]
    ),
    "read another database": lambda bank, name: bank.client["test_another"]["things"].find_one(),
    "write another database": lambda bank, name: bank.client["test_another"]["things"].insert_one({}),
    "read the users": lambda bank, name: bank.client["admin"]["system.users"].find_one(),
    "read the log of operations": lambda bank, name: bank.client["local"]["oplog.rs"].find_one(),
    "shut down": lambda bank, name: bank.client.admin.command("shutdown"),
    "end everybody's sessions": lambda bank, name: bank.client.admin.command("killAllSessions", []),
}


def own_name() -> str:
    user = user_of(os.environ["MONGODB_URI"])
    return user.name if user else ""


@pytest.fixture
def guarded(open_account: Opener, owner_db: Bank) -> Any:
    """Some payments; afterwards nothing has changed about them, and the bank goes on."""
    assert has_users(), "TEST_MONGODB_URI asks nobody for a password, so it has no roles that could be tested"
    one, two = open_account(100), open_account(50)
    send(one, two, 3, "a")
    attempt(one, two, 1_000, "too much")
    before = state(owner_db)
    yield None
    assert state(owner_db) == before
    send(one, two, 1, "after")
    books_are_right()


def state(database: Bank) -> dict[str, Any]:
    """Return everything that is in the database and about its collections."""
    kept = sorted(name for name in database.list_collection_names() if name != "ledger_processes")
    return {
        "documents": {name: list(database[name].find().sort("_id", 1)) for name in kept if name in PRIVILEGES},
        "indexes": {name: database[name].index_information() for name in kept},
        "options": {name: database[name].options() for name in kept},
    }


def refused(attack: Callable[[], object]) -> None:
    with pytest.raises(PyMongoError) as error:
        attack()
    assert code_of(error.value) == UNAUTHORIZED, error.value


def code_of(error: PyMongoError) -> int | None:
    if isinstance(error, BulkWriteError):
        return int((error.details or {})["writeErrors"][0]["code"])
    return error.code if isinstance(error, OperationFailure) else None


@pytest.mark.parametrize("collection", WRITTEN_ONCE)
@pytest.mark.parametrize("attack", [*ON_DOCUMENTS, *ON_COLLECTIONS])
def test_history_cannot_be_changed(guarded: None, bank_db: Bank, collection: str, attack: str) -> None:
    refused(lambda: {**ON_DOCUMENTS, **ON_COLLECTIONS}[attack](bank_db, collection))


@pytest.mark.parametrize("attack", ON_THE_SERVER)
def test_nothing_else_on_the_server_can_be_had(guarded: None, bank_db: Bank, attack: str) -> None:
    refused(lambda: ON_THE_SERVER[attack](bank_db, "ledger_entries"))


@pytest.mark.parametrize("collection", ["ledger_accounts", "ledger_owners", "ledger_transactions", "accounts_users"])
def test_what_the_books_name_cannot_be_removed(guarded: None, bank_db: Bank, collection: str) -> None:
    refused(lambda: bank_db[collection].delete_many({}))
    refused(lambda: bank_db[collection].find_one_and_delete({}))
    for attack in ("drop", "remove the validator", "an index that forgets"):
        refused(lambda: ON_COLLECTIONS[attack](bank_db, collection))  # noqa: B023 - called at once


def test_neither_inside_a_transaction(guarded: None, bank_db: Bank) -> None:
    with bank_db.client.start_session() as session:
        session.start_transaction()
        refused(lambda: bank_db["ledger_entries"].delete_many({}, session=session))
        session.abort_transaction()


def test_adding_and_reading_still_work(guarded: None, bank_db: Bank, owner_db: Bank) -> None:
    entry = entry_document()
    assert bank_db["ledger_entries"].bulk_write([InsertOne(entry)]).inserted_count == 1
    assert books().entries.find_one({"_id": entry["_id"]})
    assert owner_db["ledger_entries"].delete_one({"_id": entry["_id"]}).deleted_count == 1


def test_the_audit_log_can_be_followed(bank_db: Bank) -> None:
    with bank_db["ledger_audit"].watch(max_await_time_ms=50) as changes:
        assert changes.try_next() is None
    refused(lambda: bank_db["accounts_users"].watch())
    refused(lambda: bank_db.watch())


def test_a_web_process_has_the_banks_credentials_and_no_other(server: Server, bank_db: Bank) -> None:
    for pid in [server.pid, *server.worker_pids]:
        lines = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
        environment = dict(line.split("=", 1) for line in lines if "=" in line)
        names = {name for name, value in environment.items() if "mongodb://" in value}
        assert names == {"MONGODB_URI"}
        with MongoClient[dict[str, Any]](environment["MONGODB_URI"]) as client:
            entries = client[bank_db.name]["ledger_entries"]
            refused(lambda: entries.update_many({}, CHANGE))  # noqa: B023 - called at once
            assert entries.find_one() is None


def test_no_excess_with_the_banks_credentials(bank_db: Bank, capsys: pytest.CaptureFixture[str]) -> None:
    assert app_privileges_excess() == []
    excess_warn()
    assert "credentials" not in "".join(capsys.readouterr())


def test_the_owners_credentials_are_told(bank_db: Bank, caplog: pytest.LogCaptureFixture) -> None:
    from config.owner import as_owner

    with as_owner():
        found = app_privileges_excess()
        excess_warn()
    assert {"ledger_entries: update", "ledger_audit: remove", "ledger_entries: dropCollection"} <= set(found)
    assert {"ledger_audit: createIndex", "ledger_audit: bypassDocumentValidation"} <= set(found)
    assert "credentials_may_change_history" in caplog.text
    assert app_privileges_excess() == []


def test_the_administrators_credentials_are_told(bank_db: Bank) -> None:
    from config.owner import signed_in

    with signed_in(os.environ[ADMIN_URI]):
        assert {"ledger_entries: update", "users and roles: grantRole"} <= set(app_privileges_excess())


def test_a_database_without_users_is_told(bank_db: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    class Open:
        def command(self, *_: object, **__: object) -> dict[str, Any]:
            return {"authInfo": {"authenticatedUsers": [], "authenticatedUserPrivileges": []}}

    monkeypatch.setattr("ledger.store.client", lambda: type("Client", (), {"admin": Open()}))
    assert app_privileges_excess() == [NO_USERS]


# --- the roles ------------------------------------------------------------------------------------------------


def granted(bank: Bank) -> dict[str, set[str]]:
    """Return what the application's role has, by collection."""
    role = admin_client()[bank.name].command("rolesInfo", APP_ROLE, showPrivileges=True)["roles"][0]
    assert role["inheritedRoles"] == []
    assert {privilege["resource"]["db"] for privilege in role["inheritedPrivileges"]} == {bank.name}
    return {
        privilege["resource"]["collection"]: set(privilege["actions"]) for privilege in role["inheritedPrivileges"]
    }


def test_every_collection_of_the_migrations_is_declared(owner_db: Bank) -> None:
    made = {name for name in owner_db.list_collection_names() if not name.startswith("system.")}
    # A test may have filled the demo before; nothing else is made by anything but migrations.
    assert made - {"banking_demo"} == set(app_privileges()) - {"banking_demo"}


def test_the_role_has_what_is_declared_and_nothing_more(bank_db: Bank) -> None:
    declared = {name: set(actions) for name, actions in app_privileges().items() if actions}
    assert granted(bank_db) == {**declared, "": {"listCollections"}}
    assert {action for actions in declared.values() for action in actions} <= {
        "find",
        "insert",
        "update",
        "remove",
        "changeStream",
        "listIndexes",
    }
    for name in WRITTEN_ONCE:
        assert declared[name] <= {"find", "insert", "changeStream", "listIndexes"}
    assert {"ledger_entries", "ledger_audit"} <= set(WRITTEN_ONCE)


def test_the_apps_declare_each_collection_once() -> None:
    from accounts.privileges import PRIVILEGES as OF_PEOPLE
    from banking.schema import PRIVILEGES as OF_BANKING
    from config.roles import OF_DJANGO

    assert len(app_privileges()) == sum(map(len, (OF_DJANGO, OF_PEOPLE, PRIVILEGES, OF_BANKING)))


def test_the_users_have_these_roles_and_no_other_even_when_they_had(bank_db: Bank) -> None:
    app = user_of(os.environ["MONGODB_URI"])
    assert app
    admin_client()[app.source].command("grantRolesToUser", app.name, roles=[{"role": "read", "db": "test_another"}])
    roles_apply(
        database=bank_db.name,
        admin_uri=os.environ[ADMIN_URI],
        app_uri=os.environ["MONGODB_URI"],
        owner_uri=os.environ["MONGODB_OWNER_URI"],
    )
    for variable, role in (("MONGODB_URI", APP_ROLE), ("MONGODB_OWNER_URI", OWNER_ROLE)):
        user = user_of(os.environ[variable])
        assert user
        found = admin_client()[user.source].command("usersInfo", user.name)["users"][0]
        assert found["roles"] == [{"role": role, "db": bank_db.name}]


def test_a_user_in_another_source_and_a_strange_password_can_sign_in(bank_db: Bank) -> None:
    name = f"test_{ObjectId()}"
    plain = os.environ[ADMIN_URI]
    app = uri_with(plain, DatabaseUser("app", "p@ss:w/ö?%", name))
    owner = uri_with(plain, DatabaseUser("owner", "x", name))
    try:
        for _ in range(2):
            roles_apply(database=name, admin_uri=plain, app_uri=app, owner_uri=owner)
        with MongoClient[dict[str, Any]](app) as client:
            client[name]["ledger_entries"].insert_one({})
            refused(lambda: client[name]["ledger_entries"].delete_many({}))
            assert client[name]["ledger_entries"].count_documents({}) == 1
    finally:
        for command in ("dropDatabase", "dropAllUsersFromDatabase", "dropAllRolesFromDatabase"):
            admin_client()[name].command(command)


def test_migrations_use_the_owner_and_everything_else_the_bank(bank_db: Bank) -> None:
    from django.core.management import call_command

    from config.owner import as_owner
    from ledger.store import client

    assert str(connections["default"].settings_dict["HOST"]) == os.environ["MONGODB_URI"]
    before = client()
    with as_owner():
        assert client() is not before
        connections["default"].database.create_collection("made_by_the_owner")  # type: ignore[attr-defined]
        connections["default"].database.drop_collection("made_by_the_owner")  # type: ignore[attr-defined]
    assert client() is before
    call_command("migrate", verbosity=0)
    assert client() is before
    assert app_privileges_excess() == []
