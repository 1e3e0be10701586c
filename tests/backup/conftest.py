"""A bank with some life in it, and an empty database beside it into which it is restored."""

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any, cast

import bson
import pytest
from bson import json_util
from bson.codec_options import CodecOptions
from bson.objectid import ObjectId
from bson.raw_bson import RawBSONDocument
from django.core.cache import cache
from django.core.management import call_command
from django.db import connections
from pymongo.database import Database

from accounts.models import User
from accounts.tokens import pair_issue, token_revoke
from banking.backup.files import seal_of
from banking.backup.folders import Manifest
from banking.backup.marker import MARKER
from banking.backup.shapes import shapes_of
from ledger import sessions
from ledger.accounts import account_freeze, account_open
from ledger.records import Account
from ledger.transfers import funding_execute
from tests.database import admin_client, owner_database, users_make
from tests.ledger.conftest import ORIGIN, attempt, send

Bank = Database[dict[str, Any]]
RAW: Any = CodecOptions(document_class=RawBSONDocument)


class BusyBank:
    """Two people's accounts with payments, failures and a freeze between them, and a token that was revoked."""

    def __init__(self, first: User, second: User) -> None:
        self.one = self._account(first.pk, 100)
        self.two = self._account(second.pk, 50)
        self.frozen = self._account(ObjectId(), 10, "USD")
        for number in range(5):
            send(self.one, self.two, 3, f"a{number}")
            send(self.two, self.one, 1, f"b{number}")
        for _ in range(2):
            attempt(self.one, self.two, 1_000, "failed-twice")
        account_freeze(account_id=self.frozen.id, reason="lost card", origin=ORIGIN)
        token_revoke(token=pair_issue(user=first).access)
        cache.set("counter", 7)

    @staticmethod
    def _account(owner: ObjectId, amount: int, currency: str = "INR") -> Account:
        account = account_open(owner=owner, currency=currency, origin=ORIGIN)
        funding_execute(receiver=account.id, amount=amount, key=f"fund:{account.id}", origin=ORIGIN)
        return account


@pytest.fixture
def busy(bank_db: Bank, owner: User, second: User) -> Iterator[BusyBank]:
    yield BusyBank(owner, second)
    sessions.pool_reset()


@contextmanager
def in_database(name: str) -> Iterator[Bank]:
    """Let the whole bank work in another database for a while, its two users with their roles there."""
    before = connections["default"].settings_dict["NAME"]
    _work_in(name)
    try:
        yield owner_database(name)
    finally:
        _work_in(before)


def _work_in(name: str) -> None:
    wrapper: Any = connections["default"]
    sessions.pool_reset()
    users_make(name)
    wrapper.settings_dict["NAME"] = name
    # It would go on with the database that it was first asked for.
    wrapper.connection = None
    wrapper.__dict__.pop("database", None)


@pytest.fixture
def target(bank_db: Bank) -> Iterator[str]:
    """The name of an empty database."""
    name = f"{bank_db.name}_restored"
    admin_client().drop_database(name)
    yield name
    admin_client().drop_database(name)
    admin_client()[name].command("dropAllRolesFromDatabase")


def take(folder: Path, *arguments: str) -> str:
    """Run `backup` and return what it said."""
    out = StringIO()
    call_command("backup", str(folder), *arguments, stdout=out)
    return out.getvalue()


def restore(folder: Path) -> str:
    """Run `restore_backup` and return what it said."""
    out = StringIO()
    call_command("restore_backup", str(folder), stdout=out)
    return out.getvalue()


def content_of(bank: Bank) -> dict[str, list[bytes]]:
    """Return every document of every collection as bytes, in the order of the ids."""
    found = {}
    for shape in shapes_of(bank):
        documents = bank.get_collection(shape.name, RAW).find({}).sort("_id", 1)
        found[shape.name] = [bytes(cast(Any, document).raw) for document in documents]
    return found


def rules_of(bank: Bank) -> dict[str, str]:
    return {shape.name: shape.rules for shape in shapes_of(bank)}


def is_marked(bank: Bank) -> bool:
    return MARKER in bank.list_collection_names()


def reseal(folder: Path) -> None:
    """Bring the manifest up to date with the files, as somebody would who changed one of them on purpose."""
    manifest = Manifest.read(folder)
    assert manifest is not None
    manifest.seals = {name: seal_of(folder / name) for name in manifest.seals}
    (folder / "manifest.json").unlink()
    manifest.write(folder)


def as_mongodump(bank: Bank, folder: Path, *, pack: bool) -> Path:
    """Write a database as mongodump does, by nothing but BSON, extended JSON and gzip, and return the folder."""
    write: Callable[[Path, bytes], Any] = _packed if pack else Path.write_bytes
    ending = ".gz" if pack else ""
    inner = folder / bank.name
    inner.mkdir(parents=True)
    for info in bank.list_collections():
        name = info["name"]
        documents = b"".join(bson.encode(document) for document in bank[name].find())
        write(inner / f"{name}.bson{ending}", documents)
        metadata = {
            "options": info["options"],
            "indexes": list(bank[name].list_indexes()),
            "uuid": bytes(info["info"]["uuid"]).hex(),
            "collectionName": name,
            "type": "collection",
        }
        text = json_util.dumps(metadata, json_options=json_util.CANONICAL_JSON_OPTIONS)
        write(inner / f"{name}.metadata.json{ending}", text.encode())
    write(inner / f"prelude.json{ending}", json.dumps({"ServerVersion": "6.0.5", "ToolVersion": "100.12.0"}).encode())
    return folder


def _packed(path: Path, content: bytes) -> None:
    path.write_bytes(gzip.compress(content))
