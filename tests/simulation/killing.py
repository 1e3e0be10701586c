"""Starting a process that pays, killing it, and waiting until nothing of it is under way in the database any more."""

import json
import queue
import subprocess
import sys
import threading
import time
from typing import Any

from pymongo.read_concern import ReadConcern

from ledger import sessions
from ledger.store import database
from tests.database import admin_client
from tests.servers import ROOT
from tests.simulation.child import APP, NOWHERE
from tests.simulation.orderings import UNKNOWN

_PATIENCE_SECONDS = 60
# What it says has always three parts.
_CUT_OFF = ["cut off", 0, ""]


class Child:
    """One process; it loads what it needs while the simulation goes on."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.simulation.child"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._said: queue.Queue[list[Any]] = queue.Queue()
        self._has_fallen_silent = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def pay_and_die(self, work: dict[str, Any], *, count: int, kill_after: int) -> list[str]:
        """Let it pay, kill it, and return the answers that it had heard; UNKNOWN for the others.

        Args:
            work: as `tests.simulation.child` reads them.
            count: how many payments there are.
            kill_after: so many answers before the kill, unless it hangs before.
        """
        self._wait_for("loaded")
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({**work, "database": database().name}) + "\n")
        self._process.stdin.flush()
        heard = self._listen_until(kill_after if work["hang"] == NOWHERE else count + 1)
        self.kill()
        heard += [self._said.get() for _ in range(self._said.qsize())]
        self._wait_until_nothing_is_under_way()
        given = {number: answer for word, number, answer in heard if word == "answer"}
        return [given.get(number, UNKNOWN) for number in range(count)]

    def _listen_until(self, count: int) -> list[list[Any]]:
        """Return what it says until so many answers, or until it hangs or is done."""
        heard: list[list[Any]] = []
        while len(heard) < count and (not heard or heard[-1][0] == "answer"):
            heard.append(self._next())
        return heard

    def kill(self) -> None:
        """kill -9, and read what it had said until then."""
        self._process.kill()
        self._process.wait()
        self._has_fallen_silent.wait(_PATIENCE_SECONDS)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._said.put(json.loads(line) if line.endswith("\n") else _CUT_OFF)
        self._has_fallen_silent.set()

    def _next(self) -> list[Any]:
        return self._said.get(timeout=_PATIENCE_SECONDS)

    def _wait_for(self, word: str) -> None:
        assert self._next()[0] == word

    @staticmethod
    def _wait_until_nothing_is_under_way() -> None:
        """A command of the dead may still run in the database; what it left open after that is ended as always."""
        running: list[dict[str, Any]] = [
            {"$currentOp": {"allUsers": True}},
            {"$match": {"appName": APP, "active": True}},
        ]
        deadline = time.monotonic() + _PATIENCE_SECONDS
        admin = admin_client().get_database("admin", read_concern=ReadConcern("local"))
        while list(admin.aggregate(running)):
            assert time.monotonic() < deadline, "a command of the killed process does not end"
            time.sleep(0.005)
        sessions.sessions_of_the_dead_end()
