"""The two roles that Florin has in its database, and the two users that have them.

`florin_app` is for whoever serves customers: each collection with exactly the actions that the code needs, which its
app declares beside its schema (`PRIVILEGES`). Entries and audit records can be added and read with it, and never be
changed or removed, whatever the code does. `florin_owner` is for migrations and restores.

A role belongs to one database; the users may be kept in another (`authSource`).
"""

from typing import Any

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import OperationFailure, PyMongoError

from accounts.privileges import PRIVILEGES as OF_PEOPLE
from banking.schema import PRIVILEGES as OF_BANKING
from config.uris import DatabaseUser, user_of
from ledger.schema import PRIVILEGES as OF_THE_LEDGER

APP_ROLE, OWNER_ROLE = "florin_app", "florin_owner"
# What Django itself keeps. Permissions and groups are its own; Florin asks for none of them.
OF_DJANGO: dict[str, tuple[str, ...]] = {
    "auth_group": (),
    "auth_group_permissions": (),
    "auth_permission": (),
    "cache_counters": ("find", "insert", "update", "remove"),
    "django_content_type": (),
    "django_migrations": ("find",),
}
# Commands ask first whether the migrations have run, and Django looks for its collection by listing them all.
_OF_THE_DATABASE = ("listCollections",)
ANSWER_MILLISECONDS = 5_000
_UNAUTHORIZED, _AUTHENTICATION_FAILED = 13, 18
_ROLE_EXISTS, _USER_EXISTS = 51002, 51003

Document = dict[str, Any]


class RolesRefused(Exception):
    """Roles and users could not be made; the message is one sentence for the person at the keyboard."""


def app_privileges() -> dict[str, tuple[str, ...]]:
    """Return every collection with what the application may do to it."""
    return {**OF_DJANGO, **OF_PEOPLE, **OF_THE_LEDGER, **OF_BANKING}


def roles_apply(*, database: str, admin_uri: str, app_uri: str, owner_uri: str) -> None:
    """Make the two roles and the two users, or bring existing ones up to date; repeating it changes nothing.

    The users get the passwords of their connection strings, and these roles and no other.

    Args:
        database: the bank's.
        admin_uri: of somebody who may administer users and roles.
        app_uri, owner_uri: of the two users.

    Raises:
        RolesRefused: a connection string is unfit, or the database refuses; no message shows a password.
    """
    _named_user(admin_uri, "MONGODB_ADMIN_URI")
    app, owner = _named_user(app_uri, "MONGODB_URI"), _named_user(owner_uri, "MONGODB_OWNER_URI")
    _see_that_they_differ(admin_uri, app, owner)
    try:
        with MongoClient[Document](admin_uri, serverSelectionTimeoutMS=ANSWER_MILLISECONDS) as client:
            _role_put(client[database], APP_ROLE, privileges=_app_grants(database), roles=[])
            _role_put(client[database], OWNER_ROLE, privileges=[], roles=_owner_roles(database))
            _user_put(client, app, {"role": APP_ROLE, "db": database})
            _user_put(client, owner, {"role": OWNER_ROLE, "db": database})
    except OperationFailure as error:
        raise RolesRefused(_why_refused(error)) from None
    except PyMongoError:
        raise RolesRefused("No database with a writable primary answers at MONGODB_ADMIN_URI.") from None


def _named_user(uri: str, variable: str) -> DatabaseUser:
    if not uri:
        raise RolesRefused(f"{variable} is not set.")
    try:
        user = user_of(uri)
    except ValueError:
        raise RolesRefused(f"{variable} is not a connection string (mongodb://user:password@host/…).") from None
    if user is None:
        raise RolesRefused(f"{variable} names no user with a password (mongodb://user:password@host/…).")
    return user


def _see_that_they_differ(admin_uri: str, app: DatabaseUser, owner: DatabaseUser) -> None:
    admin = _named_user(admin_uri, "MONGODB_ADMIN_URI")
    if (app.name, app.source) == (owner.name, owner.source):
        raise RolesRefused("MONGODB_URI and MONGODB_OWNER_URI name the same user; the two roles need two users.")
    if (admin.name, admin.source) in {(app.name, app.source), (owner.name, owner.source)}:
        raise RolesRefused("MONGODB_ADMIN_URI names a user of the bank, who would lose all other rights.")


def _app_grants(database: str) -> list[Document]:
    of_collections = [
        {"resource": {"db": database, "collection": name}, "actions": list(actions)}
        for name, actions in app_privileges().items()
        if actions
    ]
    return [*of_collections, {"resource": {"db": database, "collection": ""}, "actions": list(_OF_THE_DATABASE)}]


def _owner_roles(database: str) -> list[Document]:
    return [{"role": role, "db": database} for role in ("readWrite", "dbAdmin")]


def _role_put(database: Database[Document], name: str, *, privileges: list[Document], roles: list[Document]) -> None:
    try:
        database.command("createRole", name, privileges=privileges, roles=roles)
    except OperationFailure as error:
        if error.code != _ROLE_EXISTS:
            raise
        database.command("updateRole", name, privileges=privileges, roles=roles)


def _user_put(client: MongoClient[Document], user: DatabaseUser, role: Document) -> None:
    of = client[user.source]
    try:
        of.command("createUser", user.name, pwd=user.password, roles=[role])
    except OperationFailure as error:
        if error.code != _USER_EXISTS:
            raise
        of.command("updateUser", user.name, pwd=user.password, roles=[role])


def _why_refused(error: OperationFailure) -> str:
    if error.code == _AUTHENTICATION_FAILED:
        return "The database refuses the user or the password of MONGODB_ADMIN_URI."
    if error.code == _UNAUTHORIZED:
        return "The user of MONGODB_ADMIN_URI may not administer users and roles (userAdminAnyDatabase)."
    return f"The database refuses to make the roles: error {error.code}."
