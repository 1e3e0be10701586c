"""A program that the supervisor runs beside itself: started, watched, started again, ended in order."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from config.lifeline import launch_command

BASE_DIR = Path(__file__).resolve().parent.parent
STOP_SECONDS = 15
RESTARTS_PER_MINUTE = 3


class Restarts:
    """How often something that ended may be started again: a few times a minute, or it would go on for ever."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=RESTARTS_PER_MINUTE)

    def allow(self) -> bool:
        """Whether it may be started once more now; if so, it counts."""
        now = time.monotonic()
        if len(self._times) == RESTARTS_PER_MINUTE and now - self._times[0] < 60:
            return False
        self._times.append(now)
        return True


class Child:
    """One of our own Python programs.

    Args:
        name: what people call it: "The web server".
        arguments: of the interpreter.
        environment: gives the variables that it is started with; by default those of this process.
    """

    def __init__(
        self, name: str, arguments: Sequence[str], environment: Callable[[], Mapping[str, str]] = lambda: os.environ
    ) -> None:
        self.name = name
        self._environment = environment
        self.restarts = Restarts()
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None
        self._is_asked = False

    @property
    def was_started(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        """Start it; call it from the main thread, for the child lives as long as the thread that started it."""
        self._is_asked = False
        self._process = subprocess.Popen(  # noqa: S603 - our own program and options
            launch_command([sys.executable, *self._arguments]),
            cwd=BASE_DIR,
            env=dict(self._environment()),
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C in a terminal must reach only the supervisor, which stops things in order
        )

    def how_it_ended(self) -> str | None:
        """Return how it ended; None while it runs or when it was never started."""
        code = self._process.poll() if self._process else None
        if code is None:
            return None
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def ask_to_end(self) -> None:
        """Ask it to end, once, and do not wait."""
        if self._process is not None and not self._is_asked:
            self._is_asked = True
            self._process.terminate()

    def end(self) -> None:
        """Ask it to end, and kill it with all of its own children when it takes too long."""
        if self._process is not None:
            self.ask_to_end()
            wait_for_group(self._process)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Ask a process that leads a session to end, and kill it with all of its children when it takes too long."""
    process.terminate()
    wait_for_group(process)


def wait_for_group(process: subprocess.Popen[bytes]) -> None:
    """Wait for a process that was asked to end, and kill what is left of its session."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=STOP_SECONDS)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)  # it leads a session of its own: also what outlived it
    process.wait()
