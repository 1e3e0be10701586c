"""Who may use the embedded database: the key of its replica set and the passwords of its three users.

Both are random and kept in files of the data folder that only their owner can read. Development and tests thereby live
under the law of production: the bank signs in as `florin_app`, migrations as `florin_owner`, and whoever makes roles
and users as `florin_admin`.

With the key one signs in as the members of a set do among themselves (`__system`), before there is any user. So a
folder from the time before passwords gets its users at the next start like a new one, and passwords that were lost are
made anew: whoever has the data folder has the data anyway.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure

from config.kept import kept_secret
from config.uris import DatabaseUser, uri_with

HOST = "127.0.0.1"
SET_NAME = "florin"
ADMIN, OWNER, APP = "florin_admin", "florin_owner", "florin_app"
_USER_EXISTS = 51003

Client = MongoClient[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Uris:
    """The connection strings of one embedded database, one for each of its users. All of them are secret."""

    admin: str = field(repr=False)
    owner: str = field(repr=False)
    app: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Passwords:
    """The passwords of the three users."""

    admin: str = field(repr=False)
    owner: str = field(repr=False)
    app: str = field(repr=False)

    @classmethod
    def random(cls) -> "Passwords":
        return cls(*(secrets.token_urlsafe(32) for _ in range(3)))

    @classmethod
    def of(cls, kept: Mapping[str, str]) -> "Passwords":
        return cls(admin=kept[ADMIN], owner=kept[OWNER], app=kept[APP])

    def as_json(self) -> str:
        return json.dumps({ADMIN: self.admin, OWNER: self.owner, APP: self.app})


def key_file(folder: Path) -> Path:
    """Return the file with the key of the set, made when it is not there yet.

    Raises:
        OSError: the folder cannot be written.
    """
    file = folder / "mongodb.key"
    kept_secret(file, lambda: secrets.token_hex(64))
    file.chmod(0o600)  # copied or unpacked it may be open to others, and mongod refuses such a key
    return file


def kept_passwords(folder: Path) -> Passwords:
    """Return the folder's passwords, made when there are none.

    Raises:
        OSError: the folder cannot be written.
        ValueError: the file holds something else; the message says what to do.
    """
    text = kept_secret(passwords_file(folder), lambda: Passwords.random().as_json())
    try:
        return Passwords.of(json.loads(text))
    except (ValueError, KeyError, TypeError):
        raise ValueError(
            f"{passwords_file(folder)} is damaged; remove it, and the next start makes new passwords."
        ) from None


def passwords_file(folder: Path) -> Path:
    return folder / "mongodb.passwords"


def system_client(folder: Path, port: int) -> Client:
    """Return a client that signs in with the key of the set."""
    key = key_file(folder).read_text(encoding="ascii").strip()
    return MongoClient(
        HOST,
        port,
        directConnection=True,
        serverSelectionTimeoutMS=2_000,
        username="__system",
        password=key,
        authSource="local",
    )


def administrator_put(client: Client, password: str) -> None:
    """Make the administrator, or give the one that is there this password."""
    try:
        client.admin.command("createUser", ADMIN, pwd=password, roles=["root"])
    except OperationFailure as error:
        if error.code != _USER_EXISTS:
            raise
        client.admin.command("updateUser", ADMIN, pwd=password, roles=["root"])


def uris_of(port: int, passwords: Passwords) -> Uris:
    """Return the connection strings of the embedded set on a port."""
    plain = f"mongodb://{HOST}:{port}/?replicaSet={SET_NAME}"
    users = {ADMIN: passwords.admin, OWNER: passwords.owner, APP: passwords.app}
    return Uris(*(uri_with(plain, DatabaseUser(name, password)) for name, password in users.items()))
