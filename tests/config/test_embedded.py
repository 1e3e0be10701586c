"""The embedded database: starts, keeps its data and port, moves when the port is taken, says clearly what is wrong."""

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from config import embedded
from config.embedded import EmbeddedDatabase, EmbeddedDatabaseError
from tests.servers import is_running

pytestmark = pytest.mark.timeout(90)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[EmbeddedDatabase]:
    """A database in a folder of its own, not started."""
    database = EmbeddedDatabase(tmp_path, test_mode=True, cache_gigabytes=0.25)
    yield database
    database.kill()


def write(uri: str, name: str) -> None:
    with MongoClient[dict[str, Any]](uri) as client, client.start_session() as session, session.start_transaction():
        client.shop.things.insert_one({"_id": name}, session=session)


def names(uri: str) -> list[str]:
    with MongoClient[dict[str, Any]](uri) as client:
        return [document["_id"] for document in client.shop.things.find().sort("_id")]


def test_keeps_data_and_port_over_a_clean_stop_and_a_kill(database: EmbeddedDatabase) -> None:
    uri = database.start()
    write(uri, "before the stop")
    database.stop()

    assert database.start() == uri
    write(uri, "before the kill")
    database.kill()

    assert database.start() == uri
    assert names(uri) == ["before the kill", "before the stop"]


def test_moves_to_another_port_when_its_own_is_taken(database: EmbeddedDatabase, tmp_path: Path) -> None:
    """The worst of neighbours: another embedded database, of a set with the same name."""
    first = database.start()
    write(first, "kept")
    database.kill()
    neighbour = EmbeddedDatabase(tmp_path / "other", port=database.port, test_mode=True, cache_gigabytes=0.25)
    try:
        neighbour.start()
        assert neighbour.port == database.port
        second = database.start()

        assert second != first
        write(second, "written at the new port")
        assert names(second) == ["kept", "written at the new port"]
        assert names(neighbour.uri) == []
        assert embedded.kept_port(tmp_path) == database.port
    finally:
        neighbour.kill()


def test_takes_another_port_when_one_is_taken_between_look_and_start(
    database: EmbeddedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = embedded.free_port()
    with socket.socket() as intruder:
        intruder.bind(("127.0.0.1", 0))
        taken = intruder.getsockname()[1]  # bound but silent, so that mongod meets it and the look does not
        ports = iter([taken, free])
        monkeypatch.setattr(embedded, "free_port", lambda: next(ports))
        database.start()
        assert database.port == free


def test_is_found_while_it_runs(database: EmbeddedDatabase, tmp_path: Path) -> None:
    assert embedded.running_uris(tmp_path) is None
    uri = database.start()
    found = embedded.running_uris(tmp_path)
    assert found is not None
    assert (found, found.admin) == (database.uris, uri)
    database.kill()
    assert embedded.running_uris(tmp_path) is None


def test_somebody_elses_database_on_the_kept_port_is_not_ours(database: EmbeddedDatabase, tmp_path: Path) -> None:
    database.start()
    other = tmp_path / "other"
    other.mkdir()
    (other / "mongodb.port").write_text(f"{database.port}\n")
    assert embedded.running_uris(other) is None


def test_only_who_has_a_password_gets_in(database: EmbeddedDatabase, tmp_path: Path) -> None:
    uri = database.start()
    for file in ("mongodb.key", "mongodb.passwords"):
        assert (tmp_path / file).stat().st_mode & 0o777 == 0o600
    passwords = json.loads((tmp_path / "mongodb.passwords").read_text())
    assert len({*passwords.values()}) == 3
    for stranger in (f"mongodb://127.0.0.1:{database.port}/", uri.replace(passwords["florin_admin"], "wrong")):
        with pytest.raises(OperationFailure) as refused, MongoClient[dict[str, Any]](stranger) as client:
            client.shop.things.find_one()
        assert refused.value.code in (13, 18)
    arguments = Path(f"/proc/{database.pid}/cmdline").read_bytes() + Path(f"/proc/{database.pid}/environ").read_bytes()
    told = (tmp_path / "mongodb.log").read_bytes() + repr(database.uris).encode() + arguments
    assert not any(password.encode() in told for password in passwords.values())


@pytest.mark.parametrize("moves", [False, True])
def test_data_from_the_time_before_passwords_is_kept(
    database: EmbeddedDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moves: bool
) -> None:
    port = start_as_before(tmp_path)
    if moves:
        monkeypatch.setattr(embedded, "kept_port", lambda folder: None)
    uri = database.start()
    assert (database.port != port) == moves
    assert names(uri) == ["from before"]
    with pytest.raises(OperationFailure), MongoClient[dict[str, Any]]("127.0.0.1", database.port) as client:
        client.shop.things.find_one()


def start_as_before(folder: Path) -> int:
    """Make data as the earlier version did, without a key, and stop; return the port of the set."""
    (folder / "mongodb").mkdir()
    port = embedded.free_port()
    where = ["--dbpath", str(folder / "mongodb"), "--bind_ip", "127.0.0.1", "--port", str(port), "--nounixsocket"]
    command = [str(embedded.find_mongod()), "--replSet", "florin", *where]
    mongod = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        with MongoClient[dict[str, Any]]("127.0.0.1", port, directConnection=True) as client:
            member = {"_id": 0, "host": f"127.0.0.1:{port}"}
            client.admin.command("replSetInitiate", {"_id": "florin", "members": [member]})
        write(f"mongodb://127.0.0.1:{port}/?replicaSet=florin", "from before")
        (folder / "mongodb.port").write_text(f"{port}\n")
    finally:
        mongod.terminate()
        mongod.wait()
    return port


@pytest.mark.parametrize("lost", [["mongodb.passwords"], ["mongodb.key"], ["mongodb.passwords", "mongodb.key"]])
def test_lost_secrets_are_made_anew_and_the_data_stays(tmp_path: Path, lost: list[str]) -> None:
    before = EmbeddedDatabase(tmp_path, test_mode=True, cache_gigabytes=0.25)
    old = before.start()
    write(old, "kept")
    before.stop()
    for file in lost:
        (tmp_path / file).unlink()
    database = EmbeddedDatabase(tmp_path, test_mode=True, cache_gigabytes=0.25)
    try:
        uri = database.start()
        assert names(uri) == ["kept"]
        assert (uri != old) == ("mongodb.passwords" in lost)
    finally:
        database.kill()


def test_damaged_passwords_are_one_sentence(database: EmbeddedDatabase, tmp_path: Path) -> None:
    (tmp_path / "mongodb.passwords").write_text('{"florin_admin": "half')
    with pytest.raises(EmbeddedDatabaseError, match=r"mongodb.passwords is damaged; remove it, and the next start"):
        database.start()


def test_a_folder_in_use_is_refused(database: EmbeddedDatabase, tmp_path: Path) -> None:
    database.start()
    with pytest.raises(EmbeddedDatabaseError, match=r"data folder .* is already in use by another running database"):
        EmbeddedDatabase(tmp_path).start()
    assert database.is_alive


def test_a_full_disk_is_refused(database: EmbeddedDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9 - 5_000_000, 5_000_000))
    with pytest.raises(EmbeddedDatabaseError, match=r"The disk .* is full: 5 MB are free"):
        database.start()


def test_damaged_data_is_told_with_the_log_line(database: EmbeddedDatabase, tmp_path: Path) -> None:
    folder = tmp_path / "mongodb"
    folder.mkdir()
    (folder / "WiredTiger").write_text("WiredTiger\n")
    (folder / "WiredTiger.wt").write_bytes(b"not a table" * 1000)
    (folder / "WiredTiger.turtle").write_text("nonsense\n")
    with pytest.raises(EmbeddedDatabaseError, match=r"mongod ended \(exit code -?\d+\): \w+") as caught:
        database.start()
    assert "\n" not in str(caught.value)


def test_one_that_was_killed_is_told_by_its_signal_alone(database: EmbeddedDatabase) -> None:
    database.start()
    database.kill()
    assert database.why_it_ended() == "mongod was ended from outside (signal 9)."


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EmbeddedDatabaseError, match="cannot be written"):
        EmbeddedDatabase(tmp_path / "file" / "data").start()


def test_no_mongod_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(embedded, "WHEEL", "no-such-package")
    with pytest.raises(EmbeddedDatabaseError, match=r"There is no mongod: install .* or set MONGODB_URI"):
        embedded.find_mongod()


def test_a_mongod_on_the_path_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "mongod"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert embedded.find_mongod() == program


def test_a_large_log_is_put_aside(database: EmbeddedDatabase, tmp_path: Path) -> None:
    (tmp_path / "mongodb.log").write_bytes(b"x" * (embedded.LOG_BYTES + 1))
    database.start()
    assert (tmp_path / "mongodb.log").stat().st_size < embedded.LOG_BYTES
    assert (tmp_path / "mongodb.log.1").stat().st_size > embedded.LOG_BYTES


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_dies_with_a_killed_parent(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from config.embedded import EmbeddedDatabase; "
        "d = EmbeddedDatabase(Path(sys.argv[1])); d.start(); sys.stdout.write(f'{d.pid}\\n'); sys.stdout.flush(); "
        "time.sleep(60)"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 15
    while is_running(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(child)
