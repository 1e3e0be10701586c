"""kill -9 of the database in a storm of transfers: what was acknowledged is there when it is back, and nothing twice.

The database is one of this test's own, so everything goes over HTTP, as a program would do it.
"""

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from config.embedded import EmbeddedDatabase
from tests.servers import ROOT, Server

DATABASE = "test_killed"


class Customer:
    """Somebody with an account and an opening balance of 1,000, all by the API."""

    def __init__(self, server: Server, number: int) -> None:
        self.server = server
        email, password = f"c{number}@example.com", "seven quiet herons"
        self.ask("POST", "/api/auth/register", {"email": email, "name": "Casey Jones", "password": password})
        self.token = self.ask("POST", "/api/auth/login", {"email": email, "password": password})[1]["accessToken"]
        self.account = self.ask("POST", "/api/accounts", {})[1]["account"]["_id"]

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Return status and body; (0, None) when there was no answer."""
        headers = {"Content-Type": "application/json"}
        if hasattr(self, "token"):
            headers["Authorization"] = f"Bearer {self.token}"
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError):
            return 0, None
        finally:
            connection.close()

    def send(self, to: str, key: str) -> int:
        body = {"fromAccount": self.account, "toAccount": to, "amount": "0.01", "idempotencyKey": key}
        return self.ask("POST", "/api/transactions", body)[0]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[EmbeddedDatabase]:
    found = EmbeddedDatabase(tmp_path, test_mode=True)
    found.start()
    yield found
    found.kill()


def manage(database: EmbeddedDatabase, *arguments: str) -> "subprocess.CompletedProcess[str]":
    uris = database.uris
    own = {"MONGODB_URI": uris.app, "MONGODB_OWNER_URI": uris.owner, "MONGODB_ADMIN_URI": uris.admin}
    environment = {**os.environ, **own, "MONGODB_DATABASE": DATABASE}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.timeout(240)
def test_nothing_acknowledged_is_lost_when_the_database_is_killed(database: EmbeddedDatabase) -> None:
    assert manage(database, "create_database_roles").returncode == 0
    assert manage(database, "migrate", "--verbosity", "0").returncode == 0
    server = Server(
        database=DATABASE, workers=2, environment={"MONGODB_URI": database.uris.app, "OPENING_BALANCE": "1000"}
    )
    server.start()
    try:
        customers = [Customer(server, number) for number in range(5)]
        answers = storm(customers, database)
        assert {status for _, _, status in answers} <= {201, 503}
        done = [(customer, key) for customer, key, status in answers if status == 201]
        assert len(done) > 20
        for customer, key in done:
            status, body = customer.ask("GET", f"/api/transactions/by-key/{customer.account}/{key}")
            assert (status, body["transaction"]["status"]) == (200, "COMPLETED")
        verified = manage(database, "verify_ledger")
        assert verified.returncode == 0, verified.stdout
    finally:
        server.stop()


def storm(customers: list[Customer], database: EmbeddedDatabase) -> list[tuple[Customer, str, int]]:
    """Send round and round, kill the database in the middle, and bring it back; return every answer."""
    answers: list[tuple[Customer, str, int]] = []
    stop = threading.Event()

    def pay(number: int) -> None:
        customer, to = customers[number], customers[(number + 1) % len(customers)].account
        while not stop.is_set():
            key = uuid4().hex
            answers.append((customer, key, customer.send(to, key)))

    threads = [threading.Thread(target=pay, args=(number,)) for number in range(len(customers))]
    for thread in threads:
        thread.start()
    time.sleep(1.5)
    database.kill()
    assert database.start() == database.uri
    since = len(answers)
    deadline = time.monotonic() + 30
    while sum(status == 201 for _, _, status in answers[since:]) < 10 and time.monotonic() < deadline:
        time.sleep(0.1)
    stop.set()
    for thread in threads:
        thread.join()
    return answers
