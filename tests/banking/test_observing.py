"""What every answer and every log line says of a request, whoever asks and whatever comes of it."""

import re
from typing import Any

import pytest
import structlog
from django.test import Client
from prometheus_client import REGISTRY
from pytest_django import Settings
from structlog.testing import LogCapture

from accounts.models import User
from config.request_ids import request_id
from ledger.store import books
from tests.api.conftest import Cast, cast  # noqa: F401 - the fixture
from tests.web.visitor import Visitor

_MADE = re.compile(r"[0-9a-f]{32}")
GIVEN = "proxy-4711-abc"


def asked(path: str, given: str | None = None, **more: Any) -> Any:
    headers = {} if given is None else {"X-Request-ID": given}
    return Client(raise_request_exception=False).get(path, headers=headers, **more)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The log lines of requests, of every level."""
    capture = LogCapture()
    every_level = structlog.make_filtering_bound_logger(0)
    logger = structlog.wrap_logger(None, processors=[capture], wrapper_class=every_level)
    monkeypatch.setattr("banking.observing._log", logger)
    return capture.entries


@pytest.fixture
def proxy(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.1"]


def test_every_answer_has_an_id_of_its_own(bank_db: object) -> None:
    ids = [asked(path)["X-Request-ID"] for path in ("/healthz", "/healthz", "/nothing", "/api/nothing", "/transfer")]
    assert all(_MADE.fullmatch(one) for one in ids)
    assert len(set(ids)) == len(ids)
    assert request_id() == ""


def test_a_trusted_proxy_may_name_the_request(proxy: None) -> None:
    assert asked("/healthz", GIVEN)["X-Request-ID"] == GIVEN


def test_nobody_else_may(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    assert _MADE.fullmatch(asked("/healthz", GIVEN)["X-Request-ID"])


@pytest.mark.parametrize(
    "given", ["", "short", "x" * 65, "with space 123", "semi;colon;123", "ünicode-12345", "a\tbcdefgh"]
)
def test_a_strange_name_is_not_taken_from_the_proxy_either(proxy: None, given: str) -> None:
    assert _MADE.fullmatch(asked("/healthz", given)["X-Request-ID"])


@pytest.mark.parametrize(
    ("path", "route", "status", "level"),
    [
        ("/healthz", "healthz", 200, "debug"),
        ("/login?next=/secret", "login", 200, "info"),
        ("/", "/", 200, "info"),
        ("/nothing/at/all", "unknown", 404, "info"),
        ("/api/transactions/by-key/1/my-key", "api/transactions/by-key/<str:account_id>/<path:key>", 401, "info"),
        ("/static/css/none.css", "static", 404, "info"),
        ("/static/css/tokens.css", "static", 200, "debug"),
    ],
)
def test_a_request_is_told_by_its_route(
    bank_db: object, told: list[Any], path: str, route: str, status: int, level: str
) -> None:
    asked(path)
    (line,) = told
    assert (line["method"], line["route"], line["status"], line["log_level"]) == ("GET", route, status, level)
    assert "actor" not in line


def test_who_is_signed_in_is_told(owner: User, told: list[Any]) -> None:
    Visitor(owner).get("/dashboard")
    line = told[-1]
    assert (line["actor"], line["surface"]) == (str(owner.pk), "browser")


def test_a_strange_method_is_no_label_of_its_own(bank_db: object) -> None:
    before = count("other", "healthz", "4xx")
    Client().generic("BREW", "/healthz")
    assert count("other", "healthz", "4xx") == before + 1


def count(method: str, route: str, status: str) -> float:
    labels = {"method": method, "route": route, "status": status}
    return REGISTRY.get_sample_value("florin_request_seconds_count", labels) or 0


def test_requests_are_counted_by_route_and_class_of_status(bank_db: object) -> None:
    before = count("GET", "api/accounts", "4xx")
    asked("/api/accounts")
    assert count("GET", "api/accounts", "4xx") == before + 1


def test_a_crash_shows_the_id_to_quote(bank_db: object, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("banking.web.views.doors.LoginForm", broken)
    monkeypatch.setattr("banking.api.auth.body_of", broken)
    page = asked("/login")
    assert (page.status_code, page["X-Request-ID"] in page.content.decode()) == (500, True)
    answer = Client(raise_request_exception=False).post("/api/auth/login", {}, content_type="application/json")
    assert (answer.status_code, answer.json()["requestId"]) == (500, answer["X-Request-ID"])


def test_the_audit_records_of_a_request_name_it(cast: Cast) -> None:  # noqa: F811
    done = cast.send()
    frozen = cast.admin.patch(f"/api/admin/freeze/{cast.seconds.id}", {"reason": "lost"})
    found = {record["action"]: record["request_id"] for record in books().audit.find()}
    assert found["transfer.completed"] == done.headers["X-Request-ID"]
    assert found["account.frozen"] == frozen.headers["X-Request-ID"]
