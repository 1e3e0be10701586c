"""A replica set of three real nodes on this machine, whose primary can be killed, stopped or cut off.

Each node listens on a port of its own, and is known to the others and to clients by the port of a proxy before it
(`tests.failover.proxy`). So a partition needs no root: the proxies see which process calls, and cut only the links
between nodes.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pymongo
from pymongo.errors import AutoReconnect, OperationFailure, PyMongoError

from config.embedded import find_mongod, free_port
from config.embedded_access import (
    ADMIN,
    APP,
    HOST,
    OWNER,
    SET_NAME,
    Passwords,
    Uris,
    administrator_put,
    key_file,
    system_client,
)
from config.lifeline import launch_command
from config.uris import DatabaseUser, uri_with
from tests.failover.peers import process_of
from tests.failover.proxy import Network

# MongoDB's own default is ten seconds; this is as short as a busy machine bears without elections for nothing.
ELECTION_TIMEOUT_MS = 2_000
HEARTBEAT_MS = 500
READY_SECONDS = 60
_HELLO_SECONDS = 1


class Node:
    """One mongod of the set."""

    def __init__(self, number: int, folder: Path) -> None:
        self.number = number
        self.own_port, self.port = free_port(), free_port()
        self.log = folder / f"node{number}.log"
        self._key = key_file(folder)
        self._data = folder / f"node{number}"
        self._data.mkdir(parents=True)
        self._process: subprocess.Popen[bytes] | None = None
        # Past the proxy: what the test wants to know it asks the node itself.
        self.client = system_client(folder, self.own_port)

    @property
    def pid(self) -> int | None:
        """The process id, None while it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        """Start the process, without waiting for anything. Call it from the main thread."""
        options = [
            *("--replSet", SET_NAME, "--bind_ip", HOST, "--port", str(self.own_port)),
            *("--keyFile", str(self._key), "--dbpath", str(self._data)),
            *("--logpath", str(self.log), "--logappend", "--quiet", "--nounixsocket"),
            *("--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "100"),
            *("--setParameter", "transactionLifetimeLimitSeconds=3"),
            # A node that copies from a primary that fell silent looks for another source after this and some more;
            # with the default of five seconds nothing reaches a majority for so long.
            *("--setParameter", "oplogNetworkTimeoutBufferSeconds=1"),
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        ]
        self._process = subprocess.Popen(
            launch_command([str(find_mongod()), *options], death_signal=signal.SIGKILL),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def kill(self) -> None:
        """End it with kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def pause(self) -> None:
        """Stop it where it stands, every thread of it; its connections stay open."""
        pid = self._running()
        os.kill(pid, signal.SIGSTOP)
        wait_until(lambda: _threads_have_stopped(pid), f"node {self.number} stands still")

    def resume(self) -> None:
        """Let it go on where it stood."""
        os.kill(self._running(), signal.SIGCONT)

    def hello(self) -> dict[str, Any]:
        """Return what it says of itself; nothing when it does not answer."""
        with contextlib.suppress(PyMongoError), pymongo.timeout(_HELLO_SECONDS):
            return self.client.admin.command("hello")
        return {}

    def _running(self) -> int:
        assert self.pid, f"node {self.number} does not run"
        return self.pid


class ReplicaSet:
    """Three nodes and the network between them.

    Args:
        folder: for the data and the logs.
    """

    def __init__(self, folder: Path) -> None:
        self.nodes = [Node(number, folder) for number in range(3)]
        self.network = Network(self._node_that_calls)
        self._passwords = Passwords.random()
        plain = f"mongodb://{','.join(f'{HOST}:{node.port}' for node in self.nodes)}/?replicaSet={SET_NAME}"
        users = {ADMIN: self._passwords.admin, OWNER: self._passwords.owner, APP: self._passwords.app}
        self.uris = Uris(*(uri_with(plain, DatabaseUser(name, password)) for name, password in users.items()))

    def start(self) -> None:
        """Start all nodes, wait until one is the primary and the others follow it, and make the administrator."""
        for node in self.nodes:
            self.network.listen(server=node.number, port=node.port, target=node.own_port)
            node.start()
        wait_until(lambda: all(node.hello() for node in self.nodes), "the nodes answer")
        members = [{"_id": node.number, "host": f"{HOST}:{node.port}"} for node in self.nodes]
        settings = {
            "electionTimeoutMillis": ELECTION_TIMEOUT_MS,
            "heartbeatIntervalMillis": HEARTBEAT_MS,
            "heartbeatTimeoutSecs": 2,
        }
        self.nodes[0].client.admin.command(
            "replSetInitiate", {"_id": SET_NAME, "members": members, "settings": settings}
        )
        self.wait_until_whole()
        administrator_put(self.wait_for_primary().client, self._passwords.admin)

    def stop(self) -> None:
        """End everything at once."""
        for node in self.nodes:
            node.kill()
            node.client.close()
        self.network.close()

    @property
    def primary(self) -> Node | None:
        """The node that takes writes; when two believe it of themselves, the one elected later."""
        answers = [(node, node.hello()) for node in self.nodes if node.pid]
        writable = [(answer["electionId"], node) for node, answer in answers if answer.get("isWritablePrimary")]
        return max(writable, key=lambda pair: pair[0])[1] if writable else None

    def wait_for_primary(self, *, other_than: Node | None = None) -> Node:
        """Return the primary, as soon as there is one (that is another node)."""
        found: list[Node] = []

        def look() -> bool:
            primary = self.primary
            if primary is not None and primary is not other_than:
                found.append(primary)
            return bool(found)

        wait_until(look, "a primary was elected")
        return found[0]

    def recover(self) -> None:
        """Undo whatever a test that failed has left."""
        self.network.heal()
        for node in self.nodes:
            if node.pid:
                node.resume()
            else:
                node.start()

    def wait_until_whole(self) -> None:
        """Wait until there is one primary and the two others follow it with all that it has."""
        wait_until(self._is_whole, "all nodes are there")

    def step_up(self, node: Node) -> None:
        """Make a node of a whole set the primary."""

        def elected() -> bool:
            if node.hello().get("isWritablePrimary"):
                return True
            with contextlib.suppress(OperationFailure, AutoReconnect):
                node.client.admin.command("replSetStepUp")
            return False

        wait_until(elected, f"node {node.number} becomes the primary")
        self.wait_until_whole()

    def _is_whole(self) -> bool:
        primary = self.primary
        if primary is None:
            return False
        with contextlib.suppress(PyMongoError):
            members = primary.client.admin.command("replSetGetStatus")["members"]
            states = sorted(member["stateStr"] for member in members)
            newest = {member["optime"]["t"] for member in members}
            behind = max(m["optimeDate"] for m in members) - min(m["optimeDate"] for m in members)
            return states == ["PRIMARY", "SECONDARY", "SECONDARY"] and len(newest) == 1 and behind.total_seconds() <= 1
        return False

    def _node_that_calls(self, port: int, peer: int) -> int | None:
        numbers = {node.pid: node.number for node in self.nodes if node.pid}
        pid = process_of(port=port, peer=peer, among=[pid for pid in numbers if pid])
        return None if pid is None else numbers[pid]


def _threads_have_stopped(pid: int) -> bool:
    # On a busy machine a thread may run on for a while and still answer.
    tasks = Path(f"/proc/{pid}/task").glob("*/stat")
    return all(task.read_text().rpartition(")")[2].split()[0] == "T" for task in tasks)


def wait_until(condition: Callable[[], bool], what: str, *, seconds: float = READY_SECONDS) -> None:
    """Wait for a condition, and fail with its name when it does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain until {what}"
        time.sleep(0.05)
