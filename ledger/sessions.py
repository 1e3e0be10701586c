"""The database sessions that move money, known outside the process.

A process killed in the middle of a transaction leaves it open on the server, and every account it touched answers
with write conflicts until the server gives up on it (a minute or more by default). So each process writes down the ids
of its sessions before it uses them and shows a sign of life every second; whoever starts, and every living
process once a second, ends the sessions of the dead. Ending those of a process that is only slow is harmless: its
transaction is aborted, it executes again, and the process writes its sessions down anew.
"""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import structlog
from bson.binary import Binary
from bson.objectid import ObjectId
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.errors import PyMongoError

from ledger import store

HEARTBEAT_SECONDS = 1.0
# A process that has been silent for this long is taken for dead.
SILENCE_SECONDS = 3.0

_log = structlog.get_logger(__name__)


class SessionPool:
    """The sessions of one process; each is used by one thread at a time."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.id = ObjectId()
        self._free: list[ClientSession] = []
        self._ids: list[Binary] = []
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._registered = False

    @contextlib.contextmanager
    def lease(self) -> Iterator[ClientSession]:
        """Lend a session that is written down; what it left open is ended before anybody gets it again."""
        with self._lock:
            session = self._free.pop() if self._free else None
        if session is None:
            session = self._new_session()
        try:
            yield session
        finally:
            with self._lock:
                self._free.append(session)

    def _new_session(self) -> ClientSession:
        self._register()
        session = store.client().start_session(causal_consistency=False)
        with self._lock:
            self._ids.append(_id_of(session))
        self._write_down()
        return session

    def _write_down(self) -> None:
        with self._lock:
            ids = list(self._ids)
        change = {"$addToSet": {"sessions": {"$each": ids}}, "$set": self._sign_of_life()}
        _processes().update_one({"_id": self.id}, change, upsert=True)

    def _register(self) -> None:
        with self._lock:
            if self._registered:
                return
            sessions_of_the_dead_end()
            threading.Thread(target=self._beat, name="florin-heartbeat", daemon=True).start()
            self._registered = True

    def _sign_of_life(self) -> dict[str, Any]:
        return {"machine": _machine(), "pid": self.pid, "started": _started(self.pid)}

    def _beat(self) -> None:
        last = time.monotonic()
        hears_since = last - SILENCE_SECONDS
        while not self._stopped.wait(HEARTBEAT_SECONDS):
            # The database may be away for a while; the next beat finds it again.
            with contextlib.suppress(PyMongoError):
                self._show_life()
                now = time.monotonic()
                # While nobody could write, everybody was silent. Who lives will be heard in a moment.
                if now - last > SILENCE_SECONDS - HEARTBEAT_SECONDS:
                    hears_since = now
                last = now
                sessions_of_the_dead_end(but=self.id, by_silence=now - hears_since >= SILENCE_SECONDS)

    def _show_life(self) -> None:
        """Say that the process lives; somebody who heard nothing may have taken it for dead meanwhile."""
        known = _processes().update_one({"_id": self.id}, {"$currentDate": {"seen_at": True}}).matched_count
        if not known and self._ids and not self._stopped.is_set():
            self._write_down()

    def close(self) -> None:
        """Forget this process's sessions: it has none in use."""
        self._stopped.set()
        with self._lock:
            sessions, self._free = self._free, []
        for session in sessions:
            session.end_session()
        with contextlib.suppress(PyMongoError):
            _processes().delete_one({"_id": self.id})


_pool: SessionPool | None = None
_pool_lock = threading.Lock()


def pool() -> SessionPool:
    """Return this process's sessions; a forked child gets its own."""
    global _pool
    found = _pool
    if found is not None and found.pid == os.getpid():
        return found
    with _pool_lock:
        if _pool is None or _pool.pid != os.getpid():
            _pool = SessionPool()
        return _pool


def pool_reset() -> None:
    """Close this process's sessions; the next lease begins anew (another database, the end of a command)."""
    global _pool
    with _pool_lock:
        found, _pool = _pool, None
    if found is not None and found.pid == os.getpid():
        found.close()


def session_end(session: ClientSession) -> None:
    """Abort on the server whatever the session has open, so that its accounts are free at once."""
    store.client().admin.command("killSessions", [{"id": _id_of(session)}])


def sessions_of_the_dead_end(*, but: ObjectId | None = None, by_silence: bool = True) -> int:
    """End the sessions of every process that is dead, or of another machine and silent for `SILENCE_SECONDS`.

    A process of this machine that lives and is silent (stopped by a signal) may go on at any moment; what it has open
    ends with the server's `transactionLifetimeLimitSeconds`.

    Args:
        but: the id of the asking process, which is alive.
        by_silence: whether the silence of other machines counts; where the database was away it means nothing.

    Returns:
        How many processes were found dead.
    """
    silent = {
        "$lt": [
            {"$ifNull": ["$seen_at", {"$toDate": "$_id"}]},
            {"$subtract": ["$$NOW", int(SILENCE_SECONDS * 1000)]},
        ]
    }
    mine: dict[str, Any] = {"machine": _machine()}
    concerned = {"$or": [{"$expr": silent}, mine]} if by_silence else mine
    found = list(_processes().find({"_id": {"$ne": but}, **concerned}))
    dead = [process for process in found if process["machine"] != mine["machine"] or not _is_alive(process)]
    for process in dead:
        if process["sessions"]:
            store.client().admin.command("killSessions", [{"id": lsid} for lsid in process["sessions"]])
        _processes().delete_one({"_id": process["_id"]})
        _log.info("sessions_of_ended_process_freed", pid=process["pid"], sessions=len(process["sessions"]))
    return len(dead)


def _processes() -> Collection[dict[str, Any]]:
    return store.database()[store.PROCESSES]


def _id_of(session: ClientSession) -> Binary:
    lsid: Binary = session.session_id["id"]
    return lsid


def _machine() -> str:
    """Name the set of process ids that this process can see: the machine's boot and the container's namespace."""
    with contextlib.suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{socket.gethostname()}/{boot}/{os.readlink('/proc/self/ns/pid')}"
    # Without these facts no process is taken for a neighbour, and only its silence counts.
    return f"{socket.gethostname()}/{os.getpid()}"


def _started(pid: int) -> str:
    """Return when the process started, so that a later process with the same number is not taken for it."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    state, *fields = text.rpartition(")")[2].split()
    return "" if state in "ZX" else fields[18]


def _is_alive(process: dict[str, Any]) -> bool:
    return bool(process["started"]) and _started(process["pid"]) == process["started"]
