"""The credentials of the bench: users and roles of its own, like the bank's, for the databases that it makes.

Making them takes an administrator (`MONGODB_ADMIN_URI`, which `python -m config.run manage bench` sets). Without one
the bench works with the credentials of the bank, for a server that asks nobody for a password.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connections
from pymongo import MongoClient

from banking.bench.server import BenchError
from banking.bench.undisturbed import undisturbed
from config.owner import signed_in
from config.roles import APP_ROLE, OWNER_ROLE, RolesRefused, roles_apply
from config.uris import ADMIN_URI, DatabaseUser, uri_with

Client = MongoClient[dict[str, Any]]


@contextlib.contextmanager
def own_users(database: str) -> Iterator[None]:
    """Make the two users of a database of the bench and sign in with them for the block; then they are removed.

    Raises:
        BenchError: they cannot be made.
    """
    admin_uri = os.environ.get(ADMIN_URI, "")
    if not admin_uri:
        yield
        return
    app, owner = (uri_with(admin_uri, _user(role, database)) for role in (APP_ROLE, OWNER_ROLE))
    before = settings.MONGODB_OWNER_URI
    _roles_make(database, admin_uri, app, owner)
    try:
        settings.MONGODB_OWNER_URI = owner
        with signed_in(app):
            yield
    finally:
        settings.MONGODB_OWNER_URI = before
        with undisturbed():
            for command in ("dropAllUsersFromDatabase", "dropAllRolesFromDatabase"):
                client_of(admin_uri)[database].command(command)


def _roles_make(database: str, admin_uri: str, app_uri: str, owner_uri: str) -> None:
    try:
        roles_apply(database=database, admin_uri=admin_uri, app_uri=app_uri, owner_uri=owner_uri)
    except RolesRefused as error:
        raise BenchError(str(error)) from error


def administrator() -> Client:
    """Return a client for questions about the whole server."""
    return client_of(os.environ.get(ADMIN_URI) or connections["default"].settings_dict["HOST"])


def owner() -> Client:
    """Return a client that may make and drop collections in the database of the bench."""
    return client_of(settings.MONGODB_OWNER_URI or connections["default"].settings_dict["HOST"])


@cache
def client_of(uri: str) -> Client:
    return MongoClient(uri)


def _user(role: str, database: str) -> DatabaseUser:
    return DatabaseUser(name=role, password=secrets.token_urlsafe(), source=database)
