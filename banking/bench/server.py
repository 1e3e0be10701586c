"""The server under load: processes of their own, started with the options of `make run`."""

import contextlib
import http.client
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import connections

from banking.bench.cpu import descendants, tree_seconds
from banking.bench.undisturbed import undisturbed
from config.children import end_group
from config.embedded import free_port
from config.lifeline import launch_command
from config.run import THREADS, WORKERS, web_options
from config.uris import serving_environment

_READY_SECONDS = 60
# What the environment may say otherwise: without limits, quiet, and reachable from this machine.
_SETTINGS = {
    "RATE_LIMIT_API": "off",
    "RATE_LIMIT_STRICT": "off",
    "LOG_LEVEL": "WARNING",
    "ALLOWED_HOSTS": "127.0.0.1",
    "SECURE_SSL_REDIRECT": "false",
}


class BenchError(Exception):
    """The bench cannot go on, or found the bank wrong; the message is one sentence for the person at the keyboard."""


class Server:
    """granian as `make run` starts it when nothing else is said, on one database."""

    def __init__(self, database: str) -> None:
        self.port = free_port()
        self._log = tempfile.TemporaryFile(mode="w+", encoding="utf-8")  # noqa: SIM115 - closed in stop()
        options = web_options(host="127.0.0.1", port=self.port, workers=WORKERS, threads=THREADS)
        self._process = subprocess.Popen(  # noqa: S603 - our own program and options
            launch_command([sys.executable, "-m", "granian", *options, "config.wsgi:application"]),
            env={**serving_environment(), **_SETTINGS, "MONGODB_URI": _uri(), "MONGODB_DATABASE": database},
            cwd=Path(settings.BASE_DIR),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C must reach the bench alone, which stops things in order
        )

    def wait_until_ready(self) -> None:
        """Wait until every process of it can answer.

        Raises:
            BenchError: it ended, or took too long.
        """
        deadline = time.monotonic() + _READY_SECONDS
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise BenchError(f"The server of the bench did not start: {self._last_words()}")
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        """Whether it answers, and on Linux also whether all of its processes are there."""
        if sys.platform == "linux" and len(descendants(self._process.pid)) < WORKERS:
            return False
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def cpu_seconds(self) -> float | None:
        """Return the CPU seconds that all of its processes have used."""
        return tree_seconds(self._process.pid)

    def stop(self) -> None:
        """End it, by force when it takes too long."""
        end_group(self._process)
        self._log.close()

    def _last_words(self) -> str:
        self._log.seek(0)
        lines = self._log.read().strip().splitlines()
        return lines[-1] if lines else "it said nothing."


def _uri() -> str:
    """Return the connection string that this process works with at the moment."""
    return str(connections["default"].settings_dict["HOST"])


@contextlib.contextmanager
def served(database: str) -> Iterator[Server]:
    """Serve a database for as long as the block runs."""
    server = Server(database)
    try:
        server.wait_until_ready()
        yield server
    finally:
        with undisturbed():
            server.stop()
