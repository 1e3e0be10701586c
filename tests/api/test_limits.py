"""The limits of requests: exact over processes, told in every answer, and signing in for each person besides."""

import http.client
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pymongo.database import Database
from pymongo.synchronous.pool import Connection

from accounts.models import User
from accounts.tokens import pair_issue
from ledger.store import books
from tests.api.conftest import Cast, Program, signed_in
from tests.cast import PASSWORD
from tests.servers import Server

LIMIT, LOGIN = "RateLimit-Limit", "/api/auth/login"
REMAINING, RESET = "RateLimit-Remaining", "RateLimit-Reset"


def ask(server: Server, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    sent = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    connection.request(method, path, None if body is None else json.dumps(body), sent)
    response = connection.getresponse()
    answer = response.status, json.loads(response.read()), response.headers
    connection.close()
    return answer


def test_of_eighty_at_once_through_two_processes_exactly_forty_pass(start_server: Any, owner: User) -> None:
    # A stretch of a day: one that ends in the middle would let more pass.
    servers = [start_server(workers=1, environment={"RATE_LIMIT_API": "40/d"}) for _ in range(2)]
    token, gate = pair_issue(user=owner).access, threading.Barrier(80)

    def one(number: int) -> tuple[int, Any]:
        gate.wait()
        status, _, headers = ask(servers[number % 2], "GET", "/api/accounts", Authorization=f"Bearer {token}")
        return status, headers

    with ThreadPoolExecutor(80) as pool:
        answers = list(pool.map(one, range(80)))
    passed = [headers for status, headers in answers if status == 200]
    refused = [headers for status, headers in answers if status == 429]
    assert (len(passed), len(refused)) == (40, 40)
    # Each of those that passed was told another number.
    assert sorted(int(headers[REMAINING]) for headers in passed) == list(range(40))
    assert {headers[REMAINING] for headers in refused} == {"0"}
    assert {headers[LIMIT] for _, headers in answers} == {"40"}
    assert all(0 < int(headers["Retry-After"]) <= 86_400 for headers in refused)


def test_forwarding_headers_count_over_http_only_behind_a_configured_proxy(start_server: Any) -> None:
    limited = {"RATE_LIMIT_API": "2/d"}
    open_, proxied = (start_server(workers=1, environment={**limited, **more}) for more in ({}, BEHIND_PROXY))
    clients = [f"198.51.100.{number}" for number in range(4)]
    direct = [ask(open_, "GET", "/api/auth/me", X_Forwarded_For=client)[0] for client in clients]
    assert direct == [401, 401, 429, 429]
    told = [ask(proxied, "GET", "/api/auth/me", X_Forwarded_For=client)[0] for client in clients]
    assert told == [401] * 4
    # What the client itself wrote stands left of what the proxy wrote, and does not count.
    forged = [ask(proxied, "GET", "/api/auth/me", X_Forwarded_For=f"203.0.113.{n}, {clients[0]}")[0] for n in range(2)]
    assert forged == [401, 429]


BEHIND_PROXY = {"TRUSTED_PROXIES": "127.0.0.1"}


def test_every_counted_answer_tells_how_much_is_left(cast: Cast, anyone: Program, settings: Any) -> None:
    settings.RATE_LIMIT_API = "100/15m"
    answers = [
        cast.owner.get("/api/accounts"),
        anyone.get("/api/accounts"),
        anyone.get("/api/no/such/route"),
        cast.owner.post("/api/transactions", {}),
        cast.owner.request("DELETE", "/api/accounts"),
        anyone.request("POST", LOGIN, raw=b"{"),
    ]
    assert [answer.status for answer in answers] == [200, 401, 404, 400, 405, 400]
    assert [int(answer.headers[REMAINING]) for answer in answers] == [99, 98, 97, 96, 95, 94]
    assert {answer.headers[LIMIT] for answer in answers} == {"100"}
    assert all(0 < int(answer.headers[RESET]) <= 900 for answer in answers)


def test_the_tighter_of_two_limits_is_told(cast: Cast, settings: Any) -> None:
    settings.RATE_LIMIT_API, settings.RATE_LIMIT_STRICT = "100/15m", "3/15m"
    sent = cast.send("1")
    assert (sent.headers[LIMIT], sent.headers[REMAINING]) == ("3", "2")
    read = cast.owner.get("/api/accounts")
    assert (read.headers[LIMIT], read.headers[REMAINING]) == ("100", "98")


def test_without_limits_nothing_is_told(cast: Cast) -> None:
    assert LIMIT not in cast.owner.get("/api/accounts").headers
    assert LIMIT not in cast.owner.get("/healthz").headers


def test_a_refused_request_is_told_when_to_come_back_and_did_nothing(cast: Cast, settings: Any) -> None:
    settings.RATE_LIMIT_STRICT = "1/15m"
    assert cast.send("1", "first").status == 201
    refused = cast.send("1", "second")
    assert (refused.status, refused.body["code"]) == (429, "rate_limited")
    assert refused.headers["Retry-After"] == refused.headers[RESET]
    assert books().transactions.count_documents({"key": "second"}) == 0


def test_the_wait_that_is_told_is_long_enough(anyone: Program, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking again after exactly that many seconds is answered."""
    settings.RATE_LIMIT_API = "1/15m"
    now = [1_900_000_000.0]
    monkeypatch.setattr("django_ratelimit.core.time.time", lambda: now[0])
    assert anyone.get("/api/auth/me").status == 401
    wait = int(anyone.get("/api/auth/me").headers["Retry-After"])
    now[0] += wait - 1
    assert anyone.get("/api/auth/me").status == 429
    now[0] += 1
    assert anyone.get("/api/auth/me").status == 401


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands that went to the collection of the counters, as the driver sends them."""
    commands: list[str] = []
    send = Connection.command

    def watched(self: Any, dbname: str, spec: Any, *args: Any, **options: Any) -> Any:
        name, collection = next(iter(spec.items()))
        if collection == "cache_counters":
            commands.append(name)
        return send(self, dbname, spec, *args, **options)

    monkeypatch.setattr(Connection, "command", watched)
    return commands


def test_counting_is_one_round_trip_for_each_limit(cast: Cast, settings: Any, counted: list[str]) -> None:
    settings.RATE_LIMIT_API, settings.RATE_LIMIT_STRICT = "100/15m", "100/15m"
    # The first request makes the counter, the others find it.
    for _ in range(3):
        counted.clear()
        assert cast.owner.get("/api/accounts").status == 200
        assert counted == ["findAndModify"]
    for key in ("a", "b"):
        counted.clear()
        assert cast.send("1", key).status == 201
        assert counted == ["findAndModify", "findAndModify"]


class Guesses:
    """Attempts to sign in, each from an address of its own."""

    def __init__(self) -> None:
        self.program = Program()
        self.count = 0

    def one(self, email: str, password: str, address: str | None = None) -> Any:
        self.count += 1
        address = address or f"198.51.{self.count // 250}.{self.count % 250 + 1}"
        body = {"email": email, "password": password}
        return self.program.post(LOGIN, body, X_Forwarded_For=address)


def look_of(answer: Any) -> Any:
    told = [answer.headers.get(name) for name in (LIMIT, REMAINING)]
    return answer.status, answer.body["code"], sorted(answer.body), told


@pytest.fixture
def guesses(settings: Any) -> Guesses:
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    settings.RATE_LIMIT_STRICT = "3/15m"
    return Guesses()


def test_many_addresses_that_guess_at_one_person_are_limited(guesses: Guesses, owner: User, second: User) -> None:
    spellings = [owner.email, owner.email.upper(), f" {owner.email} ", owner.email.title()]
    assert [guesses.one(spelling, "wrong").status for spelling in spellings] == [401, 401, 401, 429]
    # The right password is refused as the wrong one is, or guessing could go on.
    refused = guesses.one(owner.email, PASSWORD)
    assert (refused.status, refused.body["code"]) == (429, "rate_limited")
    assert 0 < int(refused.headers["Retry-After"]) <= 900
    assert guesses.one(second.email, PASSWORD).status == 200


def test_the_limit_does_not_tell_whether_somebody_is_registered(guesses: Guesses, owner: User) -> None:
    known = [guesses.one(owner.email, "wrong") for _ in range(5)]
    unknown = [guesses.one("nobody@example.com", "wrong") for _ in range(5)]
    assert [answer.status for answer in known] == [401, 401, 401, 429, 429]
    # How long to wait follows from the address that was typed, and from nothing else.
    assert [look_of(answer) for answer in known] == [look_of(answer) for answer in unknown]


def test_right_answers_count_as_wrong_ones_do(guesses: Guesses, owner: User) -> None:
    assert [guesses.one(owner.email, PASSWORD).status for _ in range(4)] == [200, 200, 200, 429]


def test_who_has_signed_in_here_before_is_not_shut_out_by_others(guesses: Guesses, owner: User) -> None:
    home = "203.0.113.7"
    assert guesses.one(owner.email, PASSWORD, home).status == 200
    assert [guesses.one(owner.email, "wrong").status for _ in range(4)] == [401, 401, 429, 429]
    assert guesses.one(owner.email, PASSWORD, home).status == 200
    # There the address's own limit holds.
    assert [guesses.one(owner.email, "wrong", home).status for _ in range(2)] == [401, 429]


def test_at_home_is_a_network_of_ipv6_and_an_address_of_ipv4(guesses: Guesses, owner: User) -> None:
    for home in ("2001:db8:1:2::a", "::ffff:203.0.113.7"):
        assert guesses.one(owner.email, PASSWORD, home).status == 200
    assert [guesses.one(owner.email, "wrong").status for _ in range(2)] == [401, 429]
    neighbours = {"2001:db8:1:2::b": 200, "2001:db8:1:3::a": 429, "203.0.113.7": 200, "203.0.113.8": 429}
    assert {place: guesses.one(owner.email, PASSWORD, place).status for place in neighbours} == neighbours


def test_the_browser_and_programs_share_the_limit_of_a_person(guesses: Guesses, owner: User) -> None:
    from tests.web.visitor import Visitor

    assert [guesses.one(owner.email, "wrong").status for _ in range(3)] == [401] * 3
    visitor = Visitor().get("/login")
    visitor.post("/login", {**visitor.form("/login").values, "email": owner.email, "password": PASSWORD})
    assert visitor.status == 429
    assert signed_in(owner).get("/api/auth/me").status == 200


def test_counters_hold_no_addresses(guesses: Guesses, owner: User, bank_db: Database[dict[str, Any]]) -> None:
    guesses.one(owner.email, PASSWORD, "203.0.113.9")
    stored = str(list(bank_db["cache_counters"].find()))
    assert "known:" in stored
    assert owner.email not in stored
    assert "203.0.113.9" not in stored


def test_what_can_be_nobodys_address_is_not_counted_for_a_person(guesses: Guesses) -> None:
    statuses = {guesses.one("not an address", "wrong").status for _ in range(5)}
    assert statuses == {401}
