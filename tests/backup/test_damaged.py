"""A backup that is not whole, or not as it was written, is found: before anything is restored, or by the proof."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import bson
import pytest
from bson.int64 import Int64
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from banking.backup import restoring
from banking.backup.errors import BackupDamaged
from banking.backup.files import documents_read
from ledger.checkpoints import checkpoint_append
from ledger.signing import PrivateKey, key_make
from tests.backup.conftest import (
    Bank,
    BusyBank,
    as_mongodump,
    in_database,
    is_marked,
    reseal,
    restore,
    take,
)

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def backup(busy: BusyBank, owner_db: Bank, tmp_path: Path) -> Path:
    """The folder of a sound backup."""
    take(tmp_path / "backup")
    return tmp_path / "backup"


@pytest.fixture
def inner(backup: Path, owner_db: Bank) -> Path:
    """Where the files of its collections are."""
    return backup / owner_db.name


def change_amount(path: Path) -> bytes:
    """Change one byte in the amount of one entry, and return the entry's transaction as it is spelt."""
    entries = list(documents_read(path))
    number = next(place for place, entry in enumerate(entries) if bson.decode(entry)["seq"] == 3)
    field = b"\x12amount_minor\0"
    place = entries[number].index(field) + len(field)
    changed = bytearray(entries[number])
    changed[place] ^= 1
    path.write_bytes(b"".join([*entries[:number], bytes(changed), *entries[number + 1 :]]))
    return str(bson.decode(entries[number])["transaction"]).encode()


def test_one_changed_byte_of_one_entry_is_found_and_named(
    backup: Path, inner: Path, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    transaction = change_amount(inner / "ledger_entries.bson")
    reseal(backup)
    with in_database(target) as restored:
        with pytest.raises(CommandError, match="things are wrong") as failure:
            call_command("restore_backup", str(backup))
        said = capsys.readouterr().out
        assert failure.value.returncode == 1
        assert f"wrong: I4 transaction {transaction.decode()} (COMPLETED) differs from its entries" in said
        assert "wrong: I2 account" in said
        assert "proved: The books are right" not in said
        assert is_marked(restored)
        with pytest.raises(CommandError, match=r"its proof failed.*Drop it"):
            restore(backup)
        with pytest.raises(CommandError, match="Drop it"):
            call_command("migrate", verbosity=0)


def test_with_another_banks_key_it_says_which_one_is_needed(
    busy: BusyBank, target: str, tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint_append(PrivateKey(key_make()))
    take(tmp_path / "backup")
    settings.CHECKPOINT_PUBLIC_KEYS = [PrivateKey(key_make()).public_text]
    with in_database(target) as restored:
        with pytest.raises(CommandError, match="1 things are wrong"):
            call_command("restore_backup", str(tmp_path / "backup"))
        said = capsys.readouterr().out
        assert "checkpoint 1 is not signed by a key of this bank" in said
        assert "set CHECKPOINT_PUBLIC_KEYS to the" in said
        assert is_marked(restored)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def swap_last_byte(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1] + b"\1")


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a byte": (lambda inner: change_amount(inner / "ledger_entries.bson"), "ledger_entries.bson is not as it was"),
    "a file cut off": (lambda inner: cut(inner / "ledger_audit.bson"), "ledger_audit.bson is not as it was written"),
    "a file missing": (lambda inner: (inner / "ledger_owners.bson").unlink(), "ledger_owners.bson is missing"),
    "rules missing": (lambda inner: (inner / "ledger_owners.metadata.json").unlink(), "has no metadata beside it"),
    "a file put in": (lambda inner: (inner / "more.txt").write_text("more"), "more.txt is not in the manifest"),
    "rules that are none": (lambda inner: cut(inner / "ledger_owners.metadata.json"), "metadata of .* cannot be read"),
    "a manifest cut off": (lambda inner: cut(inner.parent / "manifest.json"), "manifest.json cannot be read"),
    "a manifest of another form": (
        lambda inner: (inner.parent / "manifest.json").write_text(json.dumps({"format": 2})),
        "later version",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_backup_is_refused_before_anything_is_written(
    backup: Path, inner: Path, target: str, damage: str
) -> None:
    do, sentence = DAMAGES[damage]
    do(inner)
    with in_database(target) as restored:
        with pytest.raises(CommandError, match=sentence):
            restore(backup)
        assert restored.list_collection_names() == []


def test_a_count_that_differs_from_the_manifest_is_refused(backup: Path, inner: Path, target: str) -> None:
    path = inner / "ledger_entries.bson"
    path.write_bytes(b"".join(list(documents_read(path))[1:]))
    reseal(backup)
    with in_database(target) as restored:
        with pytest.raises(CommandError, match="ledger_entries has 25 documents, and the manifest says 26"):
            restore(backup)
        assert restored.list_collection_names() == []


@pytest.mark.parametrize("pack", [True, False])
def test_a_cut_file_of_mongodump_is_refused(
    busy: BusyBank, owner_db: Bank, target: str, tmp_path: Path, pack: bool
) -> None:
    dump = as_mongodump(owner_db, tmp_path / "dump", pack=pack)
    cut(dump / owner_db.name / f"ledger_entries.bson{'.gz' if pack else ''}")
    with in_database(target) as restored:
        with pytest.raises(CommandError, match=r"ledger_entries\.bson.* is cut off"):
            restore(dump)
        assert restored.list_collection_names() == []


def test_a_file_is_whole_at_the_ends_of_its_documents_alone(tmp_path: Path) -> None:
    documents = [bson.encode({"_id": number, "text": "x" * number}) for number in range(3)]
    whole = b"".join(documents)
    ends = {sum(map(len, documents[:number])) for number in range(4)}
    for length in range(len(whole) + 1):
        (tmp_path / "cut.bson").write_bytes(whole[:length])
        if length in ends:
            assert b"".join(documents_read(tmp_path / "cut.bson")) == whole[:length]
        else:
            with pytest.raises(BackupDamaged, match="cut off"):
                list(documents_read(tmp_path / "cut.bson"))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"\xff\xff\xff\x7f", "cannot be"), (b"\0\0\0\0\0", "cannot be"), (b"\6\0\0\0\1\1", "does not end")],
)
def test_what_is_no_document_is_told(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "x.bson").write_bytes(content)
    with pytest.raises(BackupDamaged, match=sentence):
        list(documents_read(tmp_path / "x.bson"))


def test_a_document_that_the_database_cannot_read_stops_the_restore(
    busy: BusyBank, owner_db: Bank, target: str, tmp_path: Path
) -> None:
    dump = as_mongodump(owner_db, tmp_path / "dump", pack=False)
    path = dump / owner_db.name / "ledger_owners.bson"
    # A type of value that does not exist.
    path.write_bytes(path.read_bytes().replace(b"\x12accounts", b"\x77accounts", 1))
    with in_database(target) as restored:
        with pytest.raises(CommandError, match="does not take ledger_owners"):
            restore(dump)
        assert is_marked(restored)


def test_documents_that_break_the_rules_of_their_collection_are_found(
    busy: BusyBank, owner_db: Bank, target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change = {"q": {"_id": busy.one.owner}, "u": {"$set": {"accounts": Int64(-1)}}}
    owner_db.command("update", "ledger_owners", updates=[change], bypassDocumentValidation=True)
    take(tmp_path / "backup")
    with in_database(target):
        with pytest.raises(CommandError, match="1 things are wrong"):
            call_command("restore_backup", str(tmp_path / "backup"))
        assert "wrong: ledger_owners has 1 documents that break its own rules" in capsys.readouterr().out


def test_a_database_with_something_in_it_is_left_alone(backup: Path, target: str) -> None:
    with in_database(target) as restored:
        restored["mine"].insert_one({"_id": 1})
        with pytest.raises(CommandError, match=r"is not empty \(1 collections\)"):
            restore(backup)
        assert restored.list_collection_names() == ["mine"]


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize(
    ("step", "collections"), [("shape_make", 0), ("_insert_all", 5), ("_read_back", 9), ("indexes_make", 12)]
)
def test_an_interrupted_restore_leaves_a_database_that_says_so(
    backup: Path, target: str, monkeypatch: pytest.MonkeyPatch, step: str, collections: int
) -> None:
    done: list[object] = []
    real = getattr(restoring, step)

    def until_killed(*arguments: object) -> None:
        if len(done) == collections:
            raise Killed
        done.append(real(*arguments))

    with in_database(target) as restored:
        with monkeypatch.context() as patch:
            patch.setattr(restoring, step, until_killed)
            with pytest.raises(Killed):
                restore(backup)
        assert is_marked(restored)
        with pytest.raises(CommandError, match=r"The restore of backup, begun .* did not come to its end.*Drop it"):
            restore(backup)
        restored.client.drop_database(target)
        assert "proved: The books are right" in restore(backup)


def test_a_restore_that_ends_before_its_proof_is_not_finished(
    backup: Path, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise Killed

    with in_database(target) as restored:
        with monkeypatch.context() as patch:
            patch.setattr("banking.backup.proof.books_verify", killed)
            with pytest.raises(Killed):
                restore(backup)
        assert is_marked(restored)
        with pytest.raises(CommandError, match="did not come to its end"):
            restore(backup)


def test_an_oplog_that_has_to_be_replayed_is_left_to_mongorestore(
    busy: BusyBank, owner_db: Bank, target: str, tmp_path: Path
) -> None:
    dump = as_mongodump(owner_db, tmp_path / "dump", pack=True)
    (dump / "oplog.bson.gz").write_bytes(gzip.compress(bson.encode({"op": "i"})))
    with in_database(target), pytest.raises(CommandError, match="mongorestore --oplogReplay"):
        restore(dump)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda folder: None, "There is no folder"),
        (lambda folder: folder.mkdir(), "is no backup"),
        (lambda folder: [(folder / name).mkdir(parents=True) for name in "ab"], "is no backup"),
    ],
)
def test_what_is_no_backup_is_told(
    owner_db: Bank, target: str, tmp_path: Path, make: Callable[[Path], object], sentence: str
) -> None:
    make(tmp_path / "folder")
    with in_database(target), pytest.raises(CommandError, match=sentence):
        restore(tmp_path / "folder")


def test_of_several_databases_one_has_to_be_named(busy: BusyBank, owner_db: Bank, target: str, tmp_path: Path) -> None:
    dump = as_mongodump(owner_db, tmp_path / "dump", pack=False)
    (dump / owner_db.name).rename(dump / "one")
    as_mongodump(owner_db, tmp_path / "dump", pack=False)
    with in_database(target):
        with pytest.raises(CommandError, match=r"several databases .*name the folder of one"):
            restore(dump)
        assert "proved: The books are right" in restore(dump / "one")


def test_what_an_interrupted_backup_left_is_not_restored(backup: Path, target: str) -> None:
    left = backup.rename(backup.with_name("backup.unfinished"))
    with in_database(target), pytest.raises(CommandError, match="not complete"):
        restore(left)
