"""The generator of the bench's load: a process of its own, which costs next to nothing beside the server it asks.

`python -m banking.bench.load` reads a plan from standard input and writes what happened to standard output, both as
one JSON object. Django is not imported. All requests are made ready as bytes before the first is sent, and of an
answer only the status and the length are read. Each client keeps one connection and sends its next request when it
has its answer.

The plan:
    port: of the server, on 127.0.0.1.
    clients: how many connections ask at the same time.
    seconds: for how long requests are sent; or
    count: how many requests are sent, all clients together.
    warmup: seconds at the beginning that are not counted in times and rate, though in `statuses`.
    seed: of the order in which the requests are sent.
    run: begins every idempotency key, so that no two loads share one.
    requests: each `{"method", "path", "token", "body"}`; `KEY` in the body stands for a key of its own each time.

The answer:
    seconds: how long was counted: the plan's seconds, or with one client, or a `count`, from the first counted request
        to the last answer, because there the last one may be a good part of the whole.
    answered: requests whose answer came in these seconds.
    times: microseconds of each counted request, also of those that were answered after the end.
    statuses: how many answers had each status, the warm-up's and late ones included.
    lost: requests without an answer: the connection broke, or none came within 30 seconds.
    refusals: some answers that were not 2xx, for the message.
    cpu: seconds of CPU that this process used meanwhile.
"""

import contextlib
import itertools
import json
import random
import select
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

HOST = "127.0.0.1"
KEY = "@KEY@"
PATIENCE_SECONDS = 30
_MAX_LOST = 200
_MAX_REFUSALS = 3
_SEQUENCE = 20_000
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length: "

# A request around its key: the key joins the parts, and one without a key is a single part.
Parts = list[bytes]


def prepared(request: dict[str, Any], port: int, key_length: int) -> Parts:
    """Return the bytes of a request around its key."""
    body = request.get("body", "")
    lines = [f"{request['method']} {request['path']} HTTP/1.1", f"Host: {HOST}:{port}"]
    if request.get("token"):
        lines.append(f"Authorization: Bearer {request['token']}")
    if body:
        length = len(body.encode()) + body.count(KEY) * (key_length - len(KEY))
        lines += ["Content-Type: application/json", f"Content-Length: {length}"]
    return [part.encode() for part in ("\r\n".join(lines) + "\r\n\r\n" + body).split(KEY)]


def endless(plan: dict[str, Any]) -> Iterator[bytes]:
    """Make all requests of the plan ready, and return an iterator that picks one at random again and again."""
    run = plan.get("run", "run")
    ready = [prepared(request, plan["port"], len(_key(run, 0))) for request in plan["requests"]]
    order = random.Random(plan.get("seed", 1)).choices(ready, k=_SEQUENCE)  # noqa: S311 - no secret
    return (
        parts[0] if len(parts) == 1 else _key(run, number).join(parts)
        for number, parts in enumerate(itertools.cycle(order))
    )


def _key(run: str, number: int) -> bytes:
    return f"{run}-{number:09d}".encode()


class Client:
    """One connection, and the request that is under way on it."""

    __slots__ = ("began", "channel", "received", "wanted")

    def __init__(self, port: int) -> None:
        self.channel = socket.create_connection((HOST, port), timeout=PATIENCE_SECONDS)
        self.channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.channel.setblocking(False)
        self.received = b""
        self.wanted = 0
        self.began = 0

    def send(self, request: bytes) -> None:
        self.received, self.wanted = b"", 0
        self.began = time.perf_counter_ns()
        sent = 0
        with contextlib.suppress(BlockingIOError):
            sent = self.channel.send(request)
        if sent < len(request):
            # Only a bulk is larger than what the system takes at once.
            self.channel.settimeout(PATIENCE_SECONDS)
            self.channel.sendall(request[sent:])
            self.channel.setblocking(False)

    def receive(self) -> bytes | None:
        """Return the whole answer, None while some of it is missing.

        Raises:
            OSError: the connection broke.
        """
        chunk = self.channel.recv(32_768)
        if not chunk:
            raise ConnectionResetError
        self.received = self.received + chunk if self.received else chunk
        if not self.wanted:
            self.wanted = _length(self.received)
        return self.received if self.wanted and len(self.received) >= self.wanted else None


def _length(received: bytes) -> int:
    """Return how many bytes the whole answer has, 0 while its head is not there."""
    end = received.find(_HEAD_END)
    if end < 0:
        return 0
    begins = received.find(_LENGTH, 0, end)
    if begins < 0:
        begins = received[:end].lower().find(_LENGTH)
    if begins < 0:
        # Without a length nobody knows where it ends.
        raise ConnectionResetError
    return end + len(_HEAD_END) + int(received[begins + len(_LENGTH) : received.find(b"\r\n", begins)])


class Ready:
    """Tells which clients have something to read; epoll where there is one."""

    def __init__(self) -> None:
        self._clients: dict[int, Client] = {}
        self._poll: Callable[[], list[tuple[int, int]]]
        if sys.platform == "linux":
            self._poller = select.epoll()
            self._poll = lambda: self._poller.poll(PATIENCE_SECONDS)
        else:
            self._poller = select.poll()
            self._poll = lambda: self._poller.poll(PATIENCE_SECONDS * 1_000)

    def add(self, client: Client) -> None:
        self._clients[client.channel.fileno()] = client
        self._poller.register(client.channel, select.POLLIN)

    def remove(self, client: Client) -> None:
        self._poller.unregister(client.channel)
        del self._clients[client.channel.fileno()]

    def wait(self) -> list[Client]:
        """Return the clients with something to read; none when nothing came for 30 seconds."""
        return [self._clients[number] for number, _ in self._poll()]


class Load:
    """One run of a plan."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._port: int = plan["port"]
        self._clients: int = plan["clients"]
        self._seconds = plan.get("seconds", 3_600)
        self._warmup_ns = int(plan.get("warmup", 0) * 1e9)
        self._remaining: int = plan.get("count", sys.maxsize)
        self._requests = endless(plan)
        self._ready = Ready()
        self._is_whole = self._clients == 1 or "count" in plan
        self._counted_from = self._until = self._first = self._last = 0
        self._answered = self._lost = 0
        self._times: list[int] = []
        self._statuses: Counter[int] = Counter()
        self._refusals: list[str] = []
        self._waiting: set[Client] = set()

    def run(self) -> dict[str, Any]:
        clients = [self._connected() for _ in range(self._clients)]
        cpu = time.process_time()
        began = time.perf_counter_ns()
        self._counted_from = began + self._warmup_ns
        self._until = self._counted_from + int(self._seconds * 1e9)
        for client in clients:
            self._next(client)
        self._wait()
        begin, end = (self._first, self._last) if self._is_whole else (self._counted_from, self._until)
        return {
            "seconds": (end - begin) / 1e9,
            "answered": len(self._times) if self._is_whole else self._answered,
            "times": self._times,
            "statuses": dict(self._statuses),
            "lost": self._lost + len(self._waiting),
            "refusals": self._refusals,
            "cpu": time.process_time() - cpu,
        }

    def _connected(self) -> Client:
        client = Client(self._port)
        self._ready.add(client)
        return client

    def _wait(self) -> None:
        """Read answers until the last request has one, or nobody can expect one any more."""
        while self._waiting and (ready := self._ready.wait()):
            for client in ready:
                self._read(client)

    def _read(self, client: Client) -> None:
        try:
            answer = client.receive()
        except OSError:
            self._replace(client)
            return
        if answer is not None:
            self._note(client, answer)
            self._next(client)

    def _note(self, client: Client, answer: bytes) -> None:
        now = time.perf_counter_ns()
        status = int(answer[9:12])
        self._statuses[status] += 1
        if client.began >= self._counted_from:
            self._first = self._first or client.began
            self._last = now
            self._times.append((now - client.began) // 1_000)
        if self._counted_from <= now <= self._until:
            self._answered += 1
        if not 200 <= status < 300 and len(self._refusals) < _MAX_REFUSALS:
            self._refusals.append(answer.partition(_HEAD_END)[2][:300].decode(errors="replace"))

    def _next(self, client: Client) -> None:
        # However slow the server is, something has been counted before it is over.
        if self._remaining <= 0 or (self._times and time.perf_counter_ns() >= self._until):
            self._waiting.discard(client)
            return
        self._remaining -= 1
        self._waiting.add(client)
        try:
            client.send(next(self._requests))
        except OSError:
            self._replace(client)

    def _replace(self, client: Client) -> None:
        """A connection broke: its request is lost, and the client goes on with a new one while that has any sense."""
        self._lost += 1
        self._waiting.discard(client)
        self._ready.remove(client)
        client.channel.close()
        if self._lost < _MAX_LOST:
            with contextlib.suppress(OSError):
                self._next(self._connected())


def main() -> None:
    """Carry out the plan on standard input."""
    json.dump(Load(json.load(sys.stdin)).run(), sys.stdout)


if __name__ == "__main__":
    main()
