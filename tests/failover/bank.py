"""A bank on a database of the test's own: its web server, and customers who reach it as programs do, over HTTP."""

import http.client
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

from pymongo import MongoClient
from pymongo.read_concern import ReadConcern

from config.embedded_access import Uris
from tests.servers import ROOT, Server

DATABASE = "test_failover"
OPENING_MINOR = 1_000_000
_PASSWORD = "seven quiet herons"
# Longer than a request may take: a client that hangs up earlier learns nothing.
PATIENT_SECONDS = 30


@dataclass
class Answer:
    """What came back: status 0 and no body when there was no answer."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class Line:
    """A connection to the server that is kept open, for one thread."""

    def __init__(self, port: int, token: str = "", *, seconds: float = PATIENT_SECONDS) -> None:
        self._headers = {"Content-Type": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        """Send a request once; after an error the next one comes over a new connection."""
        try:
            self._connection.request(method, path, None if body is None else json.dumps(body), self._headers)
            response = self._connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return Answer(0)
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, json.loads(text) if text[:1] == b"{" else None, headers)

    def close(self) -> None:
        self._connection.close()


class Customer:
    """Somebody with an account and an opening balance, made over the API."""

    def __init__(self, port: int, number: int) -> None:
        line = Line(port)
        email = f"customer{number}@example.com"
        line.ask("POST", "/api/auth/register", {"email": email, "name": "Casey Jones", "password": _PASSWORD})
        signed_in = line.ask("POST", "/api/auth/login", {"email": email, "password": _PASSWORD})
        self._token = signed_in.body["accessToken"]
        line.close()
        self.account: str = self.ask(port, "POST", "/api/accounts", {}).body["account"]["_id"]

    def line(self, port: int, *, seconds: float = PATIENT_SECONDS) -> Line:
        """Return a connection on which this customer is signed in."""
        return Line(port, self._token, seconds=seconds)

    def ask(self, port: int, method: str, path: str, body: Any = None) -> Answer:
        """Ask once, over a connection of its own."""
        line = self.line(port)
        try:
            return line.ask(method, path, body)
        finally:
            line.close()

    def became_of(self, port: int, key: str) -> Answer:
        """Ask what became of a key."""
        return self.ask(port, "GET", f"/api/transactions/by-key/{self.account}/{key}")

    def balance_minor(self, port: int) -> int:
        """Return the balance that the bank tells the customer."""
        answer = self.ask(port, "GET", "/api/accounts")
        assert answer.status == 200, answer
        whole, _, cents = str(answer.body["accounts"][0]["balance"]).partition(".")
        return int(whole) * 100 + int(cents.ljust(2, "0"))


class Bank:
    """A migrated database, two web servers on it, and customers.

    The second server gives a transfer one second alone, so that its customers meet the answer 503.

    Args:
        uris: of the database, one for each of its users.
        customers: how many there are.
    """

    def __init__(self, uris: Uris, *, customers: int) -> None:
        self._uris = uris
        self.client: MongoClient[dict[str, Any]] = MongoClient(uris.app, readConcernLevel="majority")
        self.books = self.client.get_database(DATABASE, read_concern=ReadConcern("majority"))
        self._environment = {"MONGODB_URI": uris.app, "OPENING_BALANCE": str(OPENING_MINOR // 100)}
        self.server = Server(database=DATABASE, workers=1, environment=self._environment)
        hasty = {**self._environment, "TRANSFER_DEADLINE_SECONDS": "1"}
        self.hasty_server = Server(database=DATABASE, workers=1, environment=hasty)
        self._many = customers
        self.customers: list[Customer] = []

    def open(self) -> None:
        """Make roles, migrate, serve, and let the customers come in."""
        for command in (["create_database_roles"], ["migrate", "--verbosity", "0"]):
            done = self.manage(*command)
            assert done.returncode == 0, done.stdout + done.stderr
        for server in self.servers:
            server.start()
        self.customers = [Customer(self.server.port, number) for number in range(self._many)]

    def close(self) -> None:
        for server in self.servers:
            server.stop()
        self.client.close()

    @property
    def servers(self) -> list[Server]:
        return [self.server, self.hasty_server]

    def manage(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run one of the project's commands on this database."""
        others = {"MONGODB_OWNER_URI": self._uris.owner, "MONGODB_ADMIN_URI": self._uris.admin}
        environment = {**os.environ, **self._environment, **others, "MONGODB_DATABASE": DATABASE}
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    def verify(self) -> None:
        """See that the ledger proves itself."""
        verified = self.manage("verify_ledger")
        assert verified.returncode == 0, verified.stdout + verified.stderr
