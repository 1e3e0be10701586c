"""Real workers, as `manage.py run_worker` starts them, on the test database."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from django.db import connection

from config.lifeline import launch_command
from tests.servers import ROOT


class WorkerProcess:
    """One worker.

    Args:
        arguments: of the command.
        environment: settings that differ from those of the tests.
    """

    def __init__(self, *arguments: str, **environment: str) -> None:
        database = connection.settings_dict["NAME"]
        assert database.startswith("test_"), f"refusing to work in {database}"
        self._log = tempfile.TemporaryFile(mode="w+", encoding="utf-8")  # noqa: SIM115 - closed in stop()
        self.process = subprocess.Popen(
            launch_command([sys.executable, "manage.py", "run_worker", *arguments], death_signal=signal.SIGKILL),
            cwd=ROOT,
            env={**os.environ, "MONGODB_DATABASE": database, "LOG_LEVEL": "INFO", **environment},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def output(self) -> str:
        """Return what it has written so far."""
        self._log.seek(0)
        return self._log.read()

    def wait_for(self, words: str) -> None:
        """Wait until it has written the words."""
        wait_until(lambda: words in self.output() or self.process.poll() is not None)
        assert words in self.output(), self.output()

    def kill(self) -> None:
        """End it with -9, as a power cut would."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End it for good."""
        self.kill()
        self._log.close()


def wait_until(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)
