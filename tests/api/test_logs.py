"""A whole story against real server processes: its logs are JSON, hang together and tell no secret."""

import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

import pytest
from pymongo.database import Database

from accounts.models import User
from tests.cast import PASSWORD
from tests.servers import Server

NOTE, KEY, WRONG, NAME = "for-the-flat-in-may", "key-4711-of-the-story", "a-wrong-passphrase", "Quendolyn"
EMAIL = "quendolyn.story@example.org"
_FORM = "application/x-www-form-urlencoded"


@dataclass
class Reply:
    """An answer, as far as the story goes on from it."""

    status: int
    text: str
    request_id: str
    cookies: dict[str, str]

    @property
    def body(self) -> Any:
        return json.loads(self.text)


@dataclass
class Teller:
    """Asks the server and keeps all answers, and all that must not be found in its logs."""

    server: Server
    replies: list[Reply] = field(default_factory=list)
    secrets: set[str] = field(default_factory=lambda: {NOTE, KEY, WRONG, NAME, EMAIL, PASSWORD})

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        data = body if body is None or isinstance(body, str) else json.dumps(body)
        sent = {"Content-Type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}
        try:
            connection.request(method, path, data, sent)
            answer = connection.getresponse()
            cookies: SimpleCookie = SimpleCookie()
            for value in answer.headers.get_all("Set-Cookie") or []:
                cookies.load(value)
            found = {name: morsel.value for name, morsel in cookies.items() if morsel.value}
            text = answer.read().decode()
            reply = Reply(answer.status, text, answer.headers["X-Request-ID"], found)
        finally:
            connection.close()
        self.replies.append(reply)
        self.secrets |= {value for value in found.values() if len(value) > 8}
        return reply

    def signed_in(self, email: str) -> str:
        """Sign a person in and return the header's value."""
        reply = self.ask("POST", "/api/auth/login", {"email": email, "password": PASSWORD})
        self.secrets |= {email, reply.body["accessToken"], reply.body["refreshToken"]}
        return f"Bearer {reply.body['accessToken']}"

    def lines(self) -> list[dict[str, Any]]:
        """Return the log, of which every line is an object."""
        return [json.loads(line) for line in self.server.output().splitlines()]


@pytest.fixture
def teller(start_server: Callable[..., Server]) -> Teller:
    return Teller(start_server(environment={"LOG_LEVEL": "DEBUG", "LOG_FORMAT": "json"}))


@contextmanager
def refusing(database: Database[dict[str, Any]], name: str) -> Iterator[None]:
    """Let the database refuse every document of a collection, which it then quotes in its error."""
    before = database.command("listCollections", filter={"name": name})["cursor"]["firstBatch"][0]["options"]
    database.command("collMod", name, validator={"$jsonSchema": {"required": ["nobody_has_this"]}})
    try:
        yield
    finally:
        database.command("collMod", name, validator=before.get("validator", {}))


def _sign_in_by_browser(teller: Teller) -> None:
    page = teller.ask("GET", "/login")
    token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    teller.secrets.add(token)
    cookies = "; ".join(f"{name}={value}" for name, value in page.cookies.items())
    fields = urlencode({"email": EMAIL, "password": PASSWORD, "csrfmiddlewaretoken": token})
    reply = teller.ask("POST", "/login", fields, Content_Type=_FORM, Cookie=cookies)
    assert reply.status == 302
    session = "; ".join(f"{name}={value}" for name, value in reply.cookies.items())
    assert teller.ask("GET", "/dashboard", Cookie=session).status == 200
    assert teller.ask("POST", f"/send/{'a' * 32}/confirm", "", Content_Type=_FORM, Cookie=session).status == 403


def _transfers(teller: Teller, sender: str, receiver: str, token: str) -> list[Reply]:
    order = {"fromAccount": sender, "toAccount": receiver, "amount": "5", "idempotencyKey": KEY, "note": NOTE}
    asked = [order, {**order, "amount": "6"}, order, {**order, "amount": "9000", "idempotencyKey": f"{KEY}-2"}]
    replies = [teller.ask("POST", "/api/transactions", one, Authorization=token) for one in asked]
    assert [reply.status for reply in replies] == [201, 422, 200, 422]
    assert teller.ask("GET", f"/api/transactions/by-key/{sender}/{KEY}", Authorization=token).status == 200
    lines = [{**order, "amount": "1", "idempotencyKey": f"{KEY}-b{number}"} for number in range(3)]
    bulk = teller.ask("POST", "/api/transactions/bulk", {"transactions": lines}, Authorization=token)
    assert bulk.status in {200, 201, 207}
    return replies


def _crashes(teller: Teller, database: Database[dict[str, Any]], order: dict[str, str], token: str) -> list[Reply]:
    register = {"email": f"2{EMAIL}", "password": PASSWORD, "firstName": NAME, "lastName": NAME}
    with refusing(database, "ledger_transactions"):
        first = teller.ask("POST", "/api/transactions", order, Authorization=token)
    with refusing(database, User._meta.db_table):
        second = teller.ask("POST", "/api/auth/register", register)
    return [first, second]


def test_the_logs_of_a_story(
    teller: Teller, owner_db: Database[dict[str, Any]], system_user: User, admin: User
) -> None:
    person = {"email": EMAIL, "password": PASSWORD, "firstName": NAME, "lastName": "Story"}
    registered = teller.ask("POST", "/api/auth/register", person)
    assert registered.status == 201
    assert teller.ask("POST", "/api/auth/login", {"email": EMAIL, "password": WRONG}).status == 401
    token, system, staff = (teller.signed_in(email) for email in (EMAIL, system_user.email, admin.email))
    accounts = [
        teller.ask("POST", "/api/accounts", {"currency": currency}, Authorization=token).body["account"]["_id"]
        for currency in ("INR", "USD")
    ]
    other = teller.ask("POST", "/api/accounts", {"currency": "INR"}, Authorization=staff).body["account"]["_id"]
    funds = {"toAccount": accounts[0], "amount": "100", "idempotencyKey": f"{KEY}-f"}
    assert teller.ask("POST", "/api/transactions/system/initial-funds", funds, Authorization=system).status == 201
    done, _, _, refused = _transfers(teller, accounts[0], other, token)
    order = {"fromAccount": accounts[0], "toAccount": other, "amount": "1", "idempotencyKey": f"{KEY}-c"}
    crashed = _crashes(teller, owner_db, {**order, "note": NOTE}, token)
    _sign_in_by_browser(teller)
    found = teller.ask("GET", f"/api/admin/users?{urlencode({'search': EMAIL, 'q': NOTE})}", Authorization=staff)
    frozen = teller.ask("PATCH", f"/api/admin/freeze/{accounts[1]}", {"reason": NOTE}, Authorization=staff)
    trail = teller.ask("GET", "/api/admin/audit?limit=50", Authorization=staff)
    nothing = teller.ask("GET", f"/nothing/{KEY}?note={NOTE}")
    stranger = teller.ask("GET", "/", Host=f"{KEY}.example")
    assert [one.status for one in (found, frozen, trail, nothing, stranger)] == [200, 200, 200, 404, 400]

    output, lines = teller.server.output(), teller.lines()
    assert [secret for secret in teller.secrets if secret in output] == []

    told = {line["request_id"]: line for line in lines if line["event"] == "request"}
    assert [reply.status for reply in teller.replies] == [told[reply.request_id]["status"] for reply in teller.replies]
    line = told[done.request_id]
    assert (line["method"], line["route"], line["surface"]) == ("POST", "api/transactions", "api")
    assert line["ms"] > 0
    assert line["actor"] == registered.body["user"]["_id"]
    assert told[nothing.request_id]["route"] == "unknown"

    records = {record["subject"]: record for record in trail.body["records"] if record["action"].startswith("transf")}
    for reply in (done, refused):
        assert records[reply.body["transaction"]["_id"]]["requestId"] == reply.request_id

    for reply in crashed:
        assert (reply.status, reply.body["requestId"]) == (500, reply.request_id)
        crash = next(line for line in lines if line["event"] == "request_crashed" and _is_of(line, reply))
        assert "code 121" in crash["exception"]
        assert told[reply.request_id]["level"] == "warning"


def test_the_web_servers_own_lines_have_the_same_form(start_server: Callable[..., Server]) -> None:
    server = start_server(environment={"LOG_FORMAT": "json"})
    server.kill_worker()
    deadline = time.monotonic() + 20
    while "_granian" not in server.output():
        assert time.monotonic() < deadline, server.output()
        time.sleep(0.05)
    (line,) = [json.loads(line) for line in server.output().splitlines()]
    assert (line["logger"], line["level"], "exit" in line["event"]) == ("_granian", "error", True)


def _is_of(line: dict[str, Any], reply: Reply) -> bool:
    return bool(line.get("request_id") == reply.request_id)
