"""The one command: everything comes up, is watched, goes down in order, and says clearly when it cannot."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from config.embedded import EmbeddedDatabase, find_mongod, free_port, kept_port
from config.preflight import RunError, check_database, claimed_port, hosts_of, whole_number
from config.uris import DatabaseUser, uri_with
from tests.environment import prepared_names
from tests.servers import ROOT, Server, children_of, is_running

pytestmark = pytest.mark.timeout(180)

Answer = tuple[int, bytes]


class Bank:
    """One `python -m config.run` with a port and a data folder of its own."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.port = free_port()
        own = {"DATA_DIR": str(folder), "PORT": str(self.port), "DEMO": "0", **environment}
        self._output = (folder.parent / f"{folder.name}.out").open("w+", encoding="utf-8")
        self.process = run_module([], own, self._output)

    def output(self) -> str:
        """Return what it has printed so far."""
        self._output.seek(0)
        return self._output.read()

    def wait_for(self, words: str, seconds: float = 90) -> "Bank":
        """Wait until it has printed the words."""
        wait_until(lambda: words in self.output() or self.process.poll() is not None, seconds)
        assert words in self.output(), self.output()
        return self

    def get(self, path: str) -> Answer:
        """Ask the web server for a page: status and body, (0, b"") when nobody answers."""
        return request(self.port, "GET", path)

    def processes(self) -> list[int]:
        """Return every process that belongs to this bank."""
        mark = f"DATA_DIR={self.folder}\0".encode()
        return [pid for pid in running_pids() if mark in environment_of(pid)]

    def end(self) -> None:
        """Leave nothing behind, whatever the test did."""
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self._output.close()


def outside_environment() -> dict[str, str]:
    """Return the environment that a developer's shell would have, without what the tests prepared."""
    ours = {*prepared_names(), "PYTEST_XDIST_WORKER", "PYTEST_CURRENT_TEST", "FLORIN_SUPERVISED", "FLORIN_PARENT"}
    return {name: value for name, value in os.environ.items() if name not in ours}


def run_module(arguments: list[str], environment: dict[str, str], output: IO[str] | int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "config.run", *arguments],
        cwd=ROOT,
        env={**outside_environment(), **environment},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(arguments: list[str], **environment: str) -> tuple[int, str]:
    """Run to the end and return exit code and output."""
    process = run_module(arguments, environment, subprocess.PIPE)
    output, _ = process.communicate(timeout=90)
    return process.returncode, output


def request(port: int, method: str, path: str, body: object = None) -> Answer:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        client.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"})
        response = client.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        client.close()


def running_pids() -> list[int]:
    pids = [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]
    return [pid for pid in pids if is_running(pid)]


def environment_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def wait_until(condition: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)


def mongod_of(bank: Bank) -> int:
    return next(pid for pid in children_of(bank.process.pid) if "mongod" in os.readlink(f"/proc/{pid}/exe"))


def granian_of(bank: Bank) -> int:
    return child_called(bank, "granian")


def worker_of(bank: Bank) -> int:
    return child_called(bank, "run_worker")


def child_called(bank: Bank, word: str) -> int:
    """Return the process of the bank that has the word in its command line."""
    words = {pid: Path(f"/proc/{pid}/cmdline").read_bytes().decode() for pid in children_of(bank.process.pid)}
    return next(pid for pid, line in words.items() if word in line)


@pytest.fixture
def open_bank(tmp_path: Path) -> Iterator[Callable[..., Bank]]:
    """Start banks: `open_bank("name", DEMO="1")`; each is started, not yet ready."""
    banks: list[Bank] = []

    def open_bank(name: str = "data", **environment: str) -> Bank:
        banks.append(Bank(tmp_path / name, **environment))
        return banks[-1]

    yield open_bank
    for bank in banks:
        bank.end()


@pytest.fixture
def bank(open_bank: Callable[..., Bank]) -> Bank:
    """A bank that is ready."""
    return open_bank().wait_for("Ctrl-C stops everything.")


def test_serves_refuses_a_second_start_and_leaves_nothing_behind(bank: Bank, tmp_path: Path) -> None:
    assert f"Florin is ready: http://127.0.0.1:{bank.port}" in bank.output()
    assert bank.get("/healthz") == (200, b'{"success": true}')
    assert bank.get("/readyz") == (200, b'{"success": true}')
    assert bank.get("/")[0] == 200
    status, numbers = bank.get("/metrics")
    assert (status, b'florin_request_seconds_count{method="GET",route="/",status="2xx"} 1.0' in numbers) == (200, True)
    assert list((bank.folder / "metrics").glob("histogram_*.db"))
    assert (bank.folder / "secret_key").stat().st_mode & 0o777 == 0o600
    assert (bank.folder / "checkpoint_key").stat().st_mode & 0o777 == 0o600
    signing = f"CHECKPOINT_KEY={(bank.folder / 'checkpoint_key').read_text()}".encode()
    assert signing in environment_of(worker_of(bank))
    for pid in [granian_of(bank), *children_of(granian_of(bank))]:
        assert signing not in environment_of(pid)
        assert b"CHECKPOINT_PUBLIC_KEYS=" in environment_of(pid)

    code, output = finish([], DATA_DIR=str(tmp_path / "other"), PORT=str(bank.port))
    assert code == 1
    assert re.fullmatch(rf"Port {bank.port} is taken by another program; .*: PORT=\d+ make run\n", output)

    code, output = finish([], DATA_DIR=str(bank.folder), PORT=str(free_port()))
    assert code == 1
    assert f"A bank runs on the data in {bank.folder} already" in output
    assert finish([], DATA_DIR=str(bank.folder), PORT=str(bank.port)) == (1, output)
    assert "Traceback" not in output

    assert len(bank.processes()) >= 6  # itself, mongod, granian and two of its own, the worker
    for pid in [worker_of(bank), granian_of(bank), *children_of(granian_of(bank))]:
        assert b"mongodb://florin_app:" in environment_of(pid)
        assert not any(name in environment_of(pid) for name in (b"florin_owner", b"florin_admin"))
    passwords = json.loads((bank.folder / "mongodb.passwords").read_text()).values()
    assert not any(password in bank.output() for password in passwords)
    bank.process.send_signal(signal.SIGTERM)
    assert bank.process.wait(timeout=30) == 0
    assert bank.processes() == []
    assert "Traceback" not in bank.output()


def test_ctrl_c_stops_and_the_next_start_finds_everything_as_it_was(open_bank: Callable[..., Bank]) -> None:
    first = open_bank().wait_for("Ctrl-C stops everything.")
    port, secret = kept_port(first.folder), (first.folder / "secret_key").read_text()
    assert "Applying" in first.output()
    first.process.send_signal(signal.SIGINT)
    assert first.process.wait(timeout=30) == 0

    second = open_bank().wait_for("Ctrl-C stops everything.")
    assert "Applying" not in second.output()
    assert (kept_port(second.folder), (second.folder / "secret_key").read_text()) == (port, secret)


def test_a_signal_during_the_start_stops_it(open_bank: Callable[..., Bank]) -> None:
    bank = open_bank().wait_for("The database is up")
    bank.process.send_signal(signal.SIGTERM)
    assert bank.process.wait(timeout=30) == 0
    assert bank.processes() == []
    assert "Traceback" not in bank.output()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_killed_it_takes_its_children_along(bank: Bank) -> None:
    bank.process.kill()
    wait_until(lambda: not bank.processes(), 20)
    assert bank.get("/healthz") == (0, b"")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_workers_die_with_their_master(start_server: Callable[..., Server]) -> None:
    server = start_server()
    workers = server.worker_pids
    assert len(workers) == 2
    os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: not any(map(is_running, workers)), 10)


def test_a_killed_database_is_started_again(bank: Bank) -> None:
    before = mongod_of(bank)
    os.kill(before, signal.SIGKILL)
    bank.wait_for("Starting the database again.")
    wait_until(lambda: bank.get("/readyz")[0] == 200, 30)
    assert mongod_of(bank) != before
    assert bank.process.poll() is None


def test_a_database_that_keeps_dying_ends_it(bank: Bank) -> None:
    for times in range(1, 5):
        os.kill(mongod_of(bank), signal.SIGKILL)
        wait_until(lambda: bank.output().count("Starting the database again.") >= min(times, 3), 30)  # noqa: B023
        if times < 4:
            wait_until(lambda: bank.get("/readyz")[0] == 200, 30)
    assert bank.process.wait(timeout=30) == 1
    assert "The database keeps ending; everything is stopped." in bank.output()
    assert bank.processes() == []


def test_a_dead_web_server_is_started_again_but_not_for_ever(bank: Bank) -> None:
    for times in range(1, 5):
        os.kill(granian_of(bank), signal.SIGKILL)
        if times < 4:
            wait_until(lambda: bank.output().count("starting it again.") == times, 30)  # noqa: B023
            wait_until(lambda: bank.get("/readyz")[0] == 200, 30)
    assert bank.process.wait(timeout=30) == 1
    assert "The web server keeps ending (signal 9); everything is stopped." in bank.output()
    assert bank.processes() == []


def test_a_dead_worker_is_started_again_but_not_for_ever(bank: Bank) -> None:
    for times in range(1, 5):
        before = worker_of(bank)
        os.kill(before, signal.SIGKILL)
        if times < 4:
            wait_until(lambda: bank.output().count("The worker ended (signal 9)") == times, 30)  # noqa: B023
            assert bank.get("/readyz")[0] == 200
    assert bank.process.wait(timeout=30) == 1
    assert "The worker keeps ending (signal 9); everything is stopped." in bank.output()
    assert bank.processes() == []


def test_two_checkouts_run_side_by_side(open_bank: Callable[..., Bank]) -> None:
    banks = [open_bank("one"), open_bank("two")]
    for bank in banks:
        bank.wait_for("Ctrl-C stops everything.")
        assert bank.get("/readyz")[0] == 200
    assert kept_port(banks[0].folder) != kept_port(banks[1].folder)


def test_the_first_start_fills_the_demo_and_its_logins_work(open_bank: Callable[..., Bank]) -> None:
    bank = open_bank(DEMO="1").wait_for("Ctrl-C stops everything.", seconds=150)
    listed = bank.output().split("Demo logins:")[1]
    admin = re.search(r"admin\s+(?P<email>\S+@\S+)\s+(?P<password>\S+)", listed)
    assert admin, listed
    status, body = request(bank.port, "POST", "/api/auth/login", admin.groupdict())
    assert (status, json.loads(body)["success"]) == (200, True)


def test_commands_use_the_running_database_or_start_one(bank: Bank) -> None:
    ask = ["manage", "shell", "--verbosity", "0", "-c", "from accounts.models import User; User.objects.count()"]
    roles = ["florin_app has the role florin_app", "florin_owner has the role florin_owner"]
    own = {"DATA_DIR": str(bank.folder)}
    assert finish(ask, **own)[0] == 0
    code, output = finish(["manage", "create_database_roles"], **own)
    assert (code, output.splitlines()) == (0, [f"{line} in the database florin." for line in roles])
    bank.process.terminate()
    bank.process.wait(timeout=30)
    assert finish(ask, **own)[0] == 0
    assert "No changes" in finish(["manage", "makemigrations", "--check", "--dry-run"], **own)[1]
    assert finish(["manage", "migrate", "--verbosity", "0"], **own) == (0, "")
    assert finish(["manage", "no_such_command"], **own)[0] == 1
    assert bank.processes() == []


def test_a_dead_database_is_one_sentence() -> None:
    port = free_port()
    code, output = finish([], MONGODB_URI=f"mongodb://someone:s3cret@127.0.0.1:{port}/", PORT=str(free_port()))
    assert (code, output) == (1, f"No database with a writable primary answers at 127.0.0.1:{port} (MONGODB_URI).\n")


@pytest.mark.parametrize("uri", ["nonsense", "mongodb://", "mongodb://user:s3cret@host:port/", "http://s3cret@host/"])
def test_a_malformed_address_is_one_sentence_without_its_secrets(uri: str) -> None:
    with pytest.raises(RunError, match="MONGODB_URI is not a connection string") as caught:
        hosts_of(uri)
    assert "s3cret" not in str(caught.value)


def test_a_lone_server_is_refused(tmp_path: Path) -> None:
    port = free_port()
    options = ["--dbpath", str(tmp_path), "--port", str(port), "--bind_ip", "127.0.0.1", "--nounixsocket"]
    quiet = subprocess.DEVNULL
    mongod = subprocess.Popen([str(find_mongod()), *options], stdout=quiet, stderr=quiet)
    try:
        code, output = finish([], MONGODB_URI=f"mongodb://127.0.0.1:{port}/", PORT=str(free_port()))
    finally:
        mongod.kill()
        mongod.wait()
    assert code == 1
    assert output.startswith(f"The database at 127.0.0.1:{port} is a lone server; Florin needs a replica set")
    assert output.count("\n") == 1


def test_a_given_database_is_used_and_left_running(open_bank: Callable[..., Bank], tmp_path: Path) -> None:
    database = EmbeddedDatabase(tmp_path / "elsewhere", test_mode=True, cache_gigabytes=0.25)
    try:
        bank = open_bank(MONGODB_URI=database.start()).wait_for("Ctrl-C stops everything.")
        assert f"Using the database of MONGODB_URI at 127.0.0.1:{database.port}." in bank.output()
        assert "Demo logins" not in bank.output()
        assert not (bank.folder / "mongodb").exists()
        bank.process.terminate()
        assert bank.process.wait(timeout=30) == 0
        assert database.is_alive
    finally:
        database.kill()


def test_a_database_that_does_not_let_it_in_is_one_sentence(tmp_path: Path) -> None:
    database = EmbeddedDatabase(tmp_path, test_mode=True, cache_gigabytes=0.25)
    try:
        uri = database.start()
        where = f"The database at 127.0.0.1:{database.port}"
        nobody = f"mongodb://127.0.0.1:{database.port}/"
        with pytest.raises(RunError, match=f"{where} asks for a password, and MONGODB_URI has none."):
            check_database(nobody)
        stranger = uri_with(uri, DatabaseUser("stranger", "s3cret"))
        with pytest.raises(RunError, match=f"{where} refuses the user or the password of MONGODB_OWNER_URI.") as told:
            check_database(stranger, "MONGODB_OWNER_URI")
        assert "s3cret" not in str(told.value)
        check_database(uri)
    finally:
        database.kill()


@pytest.mark.parametrize("text", ["abc", "0", "-1", "80.5", "99999", "٨٠٠٠"])
def test_a_wrong_number_is_one_sentence(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", text)
    with pytest.raises(RunError, match="which is not a whole number from 1 to 65535"):
        whole_number("PORT", default=8000, highest=65_535)


def test_unsafe_production_settings_are_told_before_anything_listens(tmp_path: Path) -> None:
    environment = {"FLORIN_ENV": "production", "SECRET_KEY": "short", "DATA_DIR": str(tmp_path), "DEMO": "0"}
    code, output = finish([], PORT=str(free_port()), **environment)
    assert code == 1
    assert "SECRET_KEY" in output
    assert "Traceback" not in output


def test_a_port_that_is_shared_is_still_taken() -> None:
    """granian listens with SO_REUSEPORT, which lets a second one in without a word."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("127.0.0.1", free_port()))
        listener.listen()
        with pytest.raises(RunError, match="is taken"), claimed_port("127.0.0.1", listener.getsockname()[1]):
            pass


def test_a_claimed_port_is_closed_to_others_and_open_to_our_own_server() -> None:
    port = free_port()
    with claimed_port("127.0.0.1", port):
        with pytest.raises(RunError, match="is taken"), claimed_port("127.0.0.1", port):
            pass
        with socket.socket() as ours:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            ours.bind(("127.0.0.1", port))
