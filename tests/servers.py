"""Real web servers for tests that need several processes, or need to kill one in the middle of its work."""

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from config.embedded import free_port
from config.lifeline import launch_command
from config.run import web_options
from config.uris import serving_environment
from tests.environment import ADMIN_URI

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 60


_running: list["Server"] = []


@contextlib.contextmanager
def all_paused() -> Iterator[None]:
    """Stop the processes of every server that runs, so that none writes into the database meanwhile."""
    pids = [pid for server in _running for pid in server.worker_pids]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


class Server:
    """granian with several worker processes on the test database, on a port of its own.

    Args:
        database: the name of the test database.
        workers: how many processes answer requests.
        environment: settings that differ from those of the tests, such as `{"RATE_LIMIT_STRICT": "5/15m"}`.
    """

    def __init__(self, *, database: str, workers: int = 2, environment: dict[str, str] | None = None) -> None:
        assert database.startswith("test_"), f"refusing to serve {database}"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._workers = workers
        self._environment = {**serving_environment(), "MONGODB_DATABASE": database, **(environment or {})}
        self._environment.pop(ADMIN_URI, None)
        self._log = tempfile.TemporaryFile(mode="w+", encoding="utf-8")  # noqa: SIM115 - closed in stop()
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start the processes and wait until every one of them can answer."""
        self.launch()
        self._wait_until_ready()

    def launch(self) -> None:
        """Start the processes and wait for nothing, where there may be no database that they could be ready with."""
        options = web_options(host="127.0.0.1", port=self.port, workers=self._workers, threads=64)
        command = [sys.executable, "-m", "granian", *options, "config.wsgi:application"]
        self._process = subprocess.Popen(
            launch_command(command, death_signal=signal.SIGKILL),
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        if self not in _running:
            _running.append(self)

    @property
    def pid(self) -> int:
        """The process id of the master, which answers no requests itself."""
        assert self._process, "the server was not started"
        return self._process.pid

    @property
    def worker_pids(self) -> list[int]:
        """The process ids of the workers that run now."""
        return children_of(self.pid)

    def output(self) -> str:
        """Return what the processes have written so far."""
        self._log.seek(0)
        return self._log.read()

    def kill_worker(self) -> int:
        """Kill one worker with -9, which the master replaces after some seconds, and return its process id."""
        victim = self.worker_pids[0]
        os.kill(victim, signal.SIGKILL)
        return victim

    def kill(self) -> None:
        """Kill every process of the server with -9 at once, as a power cut would; `start` brings it back."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def ask_to_stop(self) -> None:
        """Send SIGTERM, as an update or a restart does, and wait for the orderly end."""
        assert self._process, "the server was not started"
        self._process.terminate()
        self._process.wait(timeout=30)

    def stop(self) -> None:
        """End it for good."""
        if self in _running:
            _running.remove(self)
        self.kill()
        self._log.close()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not (self._answers() and len(self.worker_pids) >= self._workers):
            assert self._process
            assert self._process.poll() is None, f"the server ended:\n{self.output()}"
            assert time.monotonic() < deadline, f"the server did not answer:\n{self.output()}"
            time.sleep(0.05)

    def _answers(self) -> bool:
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            client.request("GET", "/readyz")
            return client.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            client.close()


def children_of(pid: int) -> list[int]:
    """Return the living children of a process."""
    children = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = status.read_text().rsplit(")", 1)[1].split()[:2]
            if int(parent) == pid and state != "Z":
                children.append(int(status.parent.name))
    return sorted(children)


def is_running(pid: int) -> bool:
    """Tell whether a process lives; one that has ended and waits to be noticed does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
