"""The generator: every request is counted once, whatever the server does to it."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from banking.bench.load import KEY, Load
from tests.servers import ROOT

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nlate"


class Answerer:
    """A server that reads one request after the other and does with each what the test says."""

    def __init__(self, answer: Callable[[socket.socket, int], None]) -> None:
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self.port: int = self._listener.getsockname()[1]
        self.bodies: list[bytes] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with closing(connection), connection.makefile("rb") as incoming:
            while head := _head(incoming):
                body = incoming.read(int(head.get(b"content-length", b"0")))
                with self._lock:
                    self.bodies.append(body)
                    number = len(self.bodies)
                try:
                    self._answer(connection, number)
                except OSError:
                    return

    def close(self) -> None:
        self._listener.close()


def _head(incoming: Any) -> dict[bytes, bytes]:
    lines = iter(incoming.readline, b"\r\n")
    first = next(lines, b"")
    return {} if not first else {b"": first} | dict(_field(line) for line in lines if line)


def _field(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name.lower(), value.strip()


@pytest.fixture
def answering() -> Iterator[Callable[..., Answerer]]:
    """Start a server that does with each request what the test says."""
    started: list[Answerer] = []

    def start(answer: Callable[[socket.socket, int], None]) -> Answerer:
        started.append(Answerer(answer))
        return started[-1]

    yield start
    for server in started:
        server.close()


def load(server: Answerer, **plan: Any) -> dict[str, Any]:
    request = {"method": "POST", "path": "/x", "token": "t", "body": f'{{"key": "{KEY}"}}'}
    return Load({"port": server.port, "clients": 3, "requests": [request], **plan}).run()


def test_each_request_has_a_key_of_its_own_and_is_counted(answering: Callable[..., Answerer]) -> None:
    server = answering(lambda connection, _: connection.sendall(OK))
    answer = load(server, count=30, run="r")
    assert answer["statuses"] == {200: 30}
    assert (answer["answered"], answer["lost"], len(answer["times"])) == (30, 0, 30)
    keys = [json.loads(body)["key"] for body in server.bodies]
    assert len(set(keys)) == 30
    assert all(key.startswith("r-") for key in keys)


def test_it_sends_for_the_seconds_it_is_told(answering: Callable[..., Answerer]) -> None:
    server = answering(lambda connection, _: connection.sendall(OK))
    answer = load(server, seconds=0.2, warmup=0.1)
    assert answer["seconds"] == pytest.approx(0.2)
    assert 0 < answer["answered"] <= len(answer["times"]) < answer["statuses"][200] == len(server.bodies)


def test_a_request_that_takes_longer_than_the_plan_is_counted_whole(answering: Callable[..., Answerer]) -> None:
    def slow(connection: socket.socket, _: int) -> None:
        threading.Event().wait(0.05)
        connection.sendall(OK)

    answer = load(answering(slow), clients=1, seconds=0.01, warmup=0.01)
    assert answer["statuses"] == {200: 2}
    assert (answer["answered"], len(answer["times"])) == (1, 1)
    assert answer["seconds"] == pytest.approx(answer["times"][0] / 1e6, rel=0.01)


def test_an_answer_in_pieces_is_one_answer(answering: Callable[..., Answerer]) -> None:
    def in_pieces(connection: socket.socket, _: int) -> None:
        for piece in (OK[:12], OK[12:-1], OK[-1:]):
            connection.sendall(piece)
            threading.Event().wait(0.002)

    answer = load(answering(in_pieces), count=6)
    assert answer["statuses"] == {200: 6}


def test_other_statuses_are_counted_and_some_of_them_kept(answering: Callable[..., Answerer]) -> None:
    server = answering(lambda connection, number: connection.sendall(BUSY if number % 2 else OK))
    answer = load(server, count=20)
    assert answer["statuses"] == {200: 10, 503: 10}
    assert answer["refusals"] == ["late"] * 3


def test_a_broken_connection_is_a_lost_request_and_the_client_goes_on(answering: Callable[..., Answerer]) -> None:
    def breaks_the_fifth(connection: socket.socket, number: int) -> None:
        if number == 5:
            connection.shutdown(socket.SHUT_RDWR)
        else:
            connection.sendall(OK)

    answer = load(answering(breaks_the_fifth), count=20)
    assert (answer["statuses"], answer["lost"]) == ({200: 19}, 1)


def test_a_server_that_always_breaks_is_given_up(answering: Callable[..., Answerer]) -> None:
    answer = load(answering(lambda connection, _: connection.shutdown(socket.SHUT_RDWR)), seconds=60)
    assert answer["statuses"] == {}
    assert 0 < answer["lost"] <= 210


def test_it_is_no_part_of_the_bank() -> None:
    """A generator that loaded Django would take a second of CPU to start, and be no light one."""
    code = "import sys, banking.bench.load; sys.exit('django' in sys.modules or 'pymongo' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
