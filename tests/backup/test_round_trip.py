"""A bank that was backed up comes back whole: the same documents, rules and indexes, right books, and it works."""

import stat
import threading
import time
from io import StringIO
from pathlib import Path
from typing import Any

import bson
import pytest
from bson.objectid import ObjectId
from django.core.management import CommandError, call_command

from banking.backup.errors import BackupRefused
from banking.backup.folders import Manifest
from banking.backup.left_out import left_out
from banking.backup.taking import backup_take
from ledger.accounts import account_get
from ledger.rules import Outcome
from ledger.verify import verify
from tests.backup.conftest import (
    Bank,
    BusyBank,
    as_mongodump,
    content_of,
    in_database,
    is_marked,
    restore,
    rules_of,
    take,
)
from tests.ledger.conftest import send

pytestmark = pytest.mark.timeout(180)


def without_its_own(content: dict[str, list[bytes]]) -> dict[str, list[bytes]]:
    """Return the content without what a restore writes: its verification, and that the relay's place is lost."""
    last = content["ledger_verifications"].pop()
    assert bson.decode(last)["kind"] == "full"
    (relay,) = content.pop("banking_outbox")
    assert (bson.decode(relay)["token"], bson.decode(relay)["begin"]) == (None, None)
    return content


@pytest.mark.parametrize("arguments", [(), ("--gzip",)])
def test_a_bank_comes_back_as_it_was_and_works(
    busy: BusyBank, owner_db: Bank, target: str, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    said = take(tmp_path / "backup", *arguments)
    before, rules = content_of(owner_db), rules_of(owner_db)
    assert f"  ledger_entries: {len(before['ledger_entries'])}\n" in said
    with in_database(target) as restored:
        said = restore(tmp_path / "backup")
        assert "proved: The books are right: 7 accounts, 14 transactions and 26 entries agree" in said
        assert "not proved: No signature was checked: no public key is set" in said
        assert "proved: Every document obeys the rules" in said
        assert not is_marked(restored)
        after = without_its_own(content_of(restored))
        for name in left_out():
            assert after.pop(name) == []
            before.pop(name)
        assert after == {name: documents for name, documents in before.items() if name != "banking_outbox"}
        assert len(after["accounts_revoked_tokens"]) == 1
        assert rules_of(restored) == rules
        assert verify().violations == []
        assert isinstance(send(busy.one, busy.two, 1, "after-the-restore"), Outcome)
        assert send(busy.one, busy.two, 3, "a0").replayed
        assert account_get(busy.frozen.id).status == "FROZEN"
        assert verify().violations == []


def test_what_is_left_out_is_named_and_keeps_its_rules(
    busy: BusyBank, owner_db: Bank, target: str, tmp_path: Path
) -> None:
    # One at least: servers of other tests say that they live, too.
    assert owner_db["ledger_processes"].find_one() is not None
    assert owner_db["cache_counters"].count_documents({}) == 1
    take(tmp_path / "backup")
    assert (tmp_path / "backup" / owner_db.name / "ledger_processes.bson").read_bytes() == b""
    with in_database(target) as restored:
        said = restore(tmp_path / "backup")
        assert all(f"left out: {name} (" in said for name in left_out())
        (expiry,) = [index for index in restored["accounts_sessions"].list_indexes() if "expireAfterSeconds" in index]
        assert expiry["expireAfterSeconds"] == 0


def test_only_the_owner_of_the_files_can_read_them(busy: BusyBank, tmp_path: Path) -> None:
    take(tmp_path / "backup")
    paths = [tmp_path / "backup", *(tmp_path / "backup").rglob("*")]
    modes = {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in paths}
    assert modes == {(True, 0o700), (False, 0o600)}


def test_nothing_is_written_over_a_backup(busy: BusyBank, tmp_path: Path) -> None:
    take(tmp_path / "backup")
    before = (tmp_path / "backup" / "manifest.json").read_bytes()
    with pytest.raises(CommandError, match="nothing is ever written over"):
        take(tmp_path / "backup")
    assert (tmp_path / "backup" / "manifest.json").read_bytes() == before
    (tmp_path / "other.unfinished").mkdir()
    with pytest.raises(CommandError, match="left by a backup that did not end"):
        take(tmp_path / "other")


def test_a_backup_in_the_midst_of_a_storm_is_one_moment(
    busy: BusyBank, owner_db: Bank, target: str, tmp_path: Path
) -> None:
    storm = Storm(busy)

    def in_the_midst(name: str, done: int) -> None:
        storm.wait_for(storm.done + 3)

    with storm:
        storm.wait_for(5)
        manifest = backup_take(owner_db, tmp_path / "backup", compress=False, progress=in_the_midst)
    # Money moved between the first collection that was read and the last.
    assert manifest.counts["ledger_transactions"] + 10 < owner_db["ledger_transactions"].count_documents({})
    assert manifest.counts["ledger_transactions"] >= 14 + 5
    with in_database(target):
        assert "proved: The books are right" in restore(tmp_path / "backup")


class Storm:
    """Payments from two threads, one after the other, until it is over."""

    def __init__(self, bank: BusyBank) -> None:
        self.done = 0
        self._bank = bank
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._pay, args=(number,)) for number in range(2)]

    def __enter__(self) -> "Storm":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, wanted: int) -> None:
        deadline = time.monotonic() + 20
        while self.done < wanted:
            assert time.monotonic() < deadline, "the storm has died down"
            time.sleep(0.002)

    def _pay(self, thread: int) -> None:
        number = 0
        while not self._over.is_set():
            number += 1
            sender, receiver = (self._bank.one, self._bank.two)[:: 1 if number % 2 else -1]
            send(sender, receiver, "0.01", f"storm-{thread}-{number}")
            with self._lock:
                self.done += 1


@pytest.mark.parametrize("change", ["a collection is made", "an index is made"])
def test_collections_that_change_meanwhile_leave_no_backup(
    busy: BusyBank, owner_db: Bank, tmp_path: Path, change: str
) -> None:
    def change_once(name: str, done: int) -> None:
        if change == "a collection is made" and "passing" not in owner_db.list_collection_names():
            owner_db.create_collection("passing")
        elif change == "an index is made":
            owner_db["banking_demo"].create_index("passing")

    owner_db["banking_demo"].insert_one({"_id": "here"})
    try:
        with pytest.raises(BackupRefused, match="changed while the backup was taken"):
            backup_take(owner_db, tmp_path / "backup", compress=False, progress=change_once)
    finally:
        owner_db.drop_collection("passing")
        owner_db.drop_collection("banking_demo")
    assert list(tmp_path.iterdir()) == []


def test_a_view_is_left_to_mongodump(target: str, tmp_path: Path) -> None:
    with in_database(target) as other:
        other.create_collection("a_view", viewOn="ledger_entries")
        with pytest.raises(CommandError, match="a_view is a view"):
            take(tmp_path / "backup")


def test_credentials_that_may_not_read_everything_are_told(
    busy: BusyBank, target: str, tmp_path: Path, settings: Any
) -> None:
    # With those of the web server alone.
    settings.MONGODB_OWNER_URI = ""
    with pytest.raises(CommandError, match="run create_database_roles for it first"):
        take(tmp_path / "backup")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("pack", [True, False])
def test_a_folder_of_mongodump_is_restored(
    busy: BusyBank, owner_db: Bank, target: str, tmp_path: Path, pack: bool
) -> None:
    dump = as_mongodump(owner_db, tmp_path / "dump", pack=pack)
    # A dump of the whole server has these too; users and roles are made by their own command.
    (dump / "admin").mkdir()
    (dump / "admin" / "system.users.metadata.json").write_text('{"indexes":[]}')
    (dump / "admin" / "system.users.bson").write_bytes(bson.encode({"_id": "admin.root"}))
    (dump / "oplog.bson").write_bytes(b"")
    before, rules = content_of(owner_db), rules_of(owner_db)
    with in_database(target) as restored:
        said = restore(dump)
        after = without_its_own(content_of(restored))
        kept = before.keys() - left_out().keys() - {"banking_outbox"}
        assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
        assert after["ledger_processes"] == after["cache_counters"] == []
        assert rules_of(restored) == rules
        assert "manifest" not in said
        assert "proved: The books are right" in said


def test_every_kind_of_value_and_of_index_comes_back(owner_db: Bank, target: str, tmp_path: Path) -> None:
    kinds: dict[str, Any] = {
        "_id": ObjectId(),
        "double": 1.5,
        "minus zero": -0.0,
        "text": "₹ 1,00,000\0.",
        "list": [1, bson.int64.Int64(1), {"deep": [None, True]}],
        "binary": bson.binary.Binary(b"\0\1", 128),
        "moment": bson.timestamp.Timestamp(5, 6),
        "exact": bson.decimal128.Decimal128("1.10"),
        "pattern": bson.regex.Regex("^a", "i"),
        "least": bson.min_key.MinKey(),
    }
    owner_db["every_kind"].insert_one(kinds)
    owner_db["every_kind"].create_index([("text", "text")], default_language="none")
    owner_db["every_kind"].create_index([("double", 1), ("list", -1)], partialFilterExpression={"double": {"$gt": 1}})
    owner_db["every_kind"].create_index("moment", expireAfterSeconds=2**30, sparse=True)
    try:
        take(tmp_path / "backup", "--gzip")
        before, rules = content_of(owner_db)["every_kind"], rules_of(owner_db)
        with in_database(target) as restored:
            restore(tmp_path / "backup")
            assert content_of(restored)["every_kind"] == before
            assert rules_of(restored) == rules
    finally:
        owner_db.drop_collection("every_kind")


def test_the_manifest_says_what_there_is(busy: BusyBank, owner_db: Bank, tmp_path: Path) -> None:
    take(tmp_path / "backup")
    manifest = Manifest.read(tmp_path / "backup")
    assert manifest is not None
    assert manifest.counts["ledger_transactions"] == owner_db["ledger_transactions"].count_documents({}) == 14
    assert len(manifest.seals) == 2 * len(manifest.counts)
    assert set(manifest.left_out) == set(left_out())


def test_the_help_of_both_commands_can_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("backup", "restore_backup"):
        with pytest.raises(SystemExit):
            call_command(command, "--help", stdout=StringIO())
        assert "FOLDER" in capsys.readouterr().out
