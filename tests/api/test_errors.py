"""One form for every error, one table for every code."""

import inspect
from typing import Any

import pytest
from pymongo.errors import AutoReconnect, ServerSelectionTimeoutError

from accounts import errors as people
from banking import errors
from banking.errors import REFUSALS, TABLE, failure_of
from ledger import errors as ledger
from ledger.rules import REFUSALS as RULES
from tests.api.conftest import Cast, Program


@pytest.mark.parametrize("module", [ledger, people, errors])
def test_every_exception_stands_in_the_table(module: Any) -> None:
    bases = {ledger.LedgerError, people.AccountsError, errors.BankingError}
    # What a business rule refuses has the rule's own code; the other never leaves the people's own code.
    elsewhere = {ledger.TransferRefused, people.SystemUserExists, people.SystemUserImmutable}
    defined = {
        cls
        for _, cls in inspect.getmembers(module, inspect.isclass)
        if issubclass(cls, Exception) and cls.__module__ == module.__name__
    }
    assert defined - bases - elsewhere <= set(TABLE)


def test_every_business_rule_has_its_code() -> None:
    assert set(REFUSALS) == set(RULES)
    assert {kind.status for kind in REFUSALS.values()} == {422}


def test_codes_are_words_and_agree_on_their_status() -> None:
    statuses: dict[str, int] = {}
    for kind in [*TABLE.values(), *REFUSALS.values(), errors.CRASH]:
        assert kind.code.replace("_", "").isalpha()
        assert statuses.setdefault(kind.code, kind.status) == kind.status


@pytest.mark.parametrize("error", [AutoReconnect("away"), ServerSelectionTimeoutError("away"), ledger.TryAgain()])
def test_a_database_that_is_away_is_try_again(error: Exception) -> None:
    failure = failure_of(error)
    assert (failure.code, failure.status, failure.retry_after) == ("try_again", 503, 1)
    assert "away" not in failure.message


def test_a_crash_shows_nothing_of_the_inside(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*args: Any, **options: Any) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr("banking.api.accounts.accounts_of_user", crash)
    answer = cast.owner.get("/api/accounts")
    assert (answer.status, answer.body["code"], answer.body["success"]) == (500, "internal_error", False)
    assert "secret" not in str(answer.body)


@pytest.mark.parametrize("path", ["/api/", "/api/nothing", "/api/auth/login/", "/transfer/", "/api/admin/freeze"])
def test_unknown_routes_answer_in_the_same_form(anyone: Program, path: str) -> None:
    answer = anyone.get(path)
    assert (answer.status, answer.body["code"], answer.body["success"]) == (404, "not_found", False)


def test_a_wrong_method_is_405(cast: Cast) -> None:
    answer = cast.owner.get("/api/transactions")
    assert (answer.status, answer.body["code"]) == (405, "method_not_allowed")


def test_limits_count_for_the_address_and_say_when_to_come_back(anyone: Program, settings: Any) -> None:
    settings.RATE_LIMIT_STRICT = "3/15m"
    login = {"email": "a@example.com", "password": "wrong one"}
    assert [anyone.post("/api/auth/login", login).status for _ in range(5)] == [401, 401, 401, 429, 429]
    blocked = anyone.post("/api/auth/login", login)
    assert blocked.body["code"] == "rate_limited"
    assert 0 < int(blocked.headers["Retry-After"]) <= 900
    settings.RATE_LIMIT_STRICT, settings.RATE_LIMIT_API = "off", "2/15m"
    assert [anyone.get("/api/auth/me").status for _ in range(4)] == [401, 401, 429, 429]


def test_the_strict_groups_are_counted_apart(cast: Cast, settings: Any) -> None:
    settings.RATE_LIMIT_STRICT = "2/15m"
    assert [cast.send("1", f"k{number}").status for number in range(3)] == [201, 201, 429]
    assert cast.admin.patch(f"/api/admin/freeze/{cast.owners.id}").status == 200


def test_forwarded_addresses_count_only_behind_a_trusted_proxy(anyone: Program, settings: Any) -> None:
    settings.RATE_LIMIT_API = "1/15m"
    first = anyone.get("/api/auth/me", X_Forwarded_For="198.51.100.1").status
    second = anyone.get("/api/auth/me", X_Forwarded_For="198.51.100.2").status
    assert (first, second) == (401, 429)
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    third = anyone.get("/api/auth/me", X_Forwarded_For="198.51.100.3").status
    fourth = anyone.get("/api/auth/me", X_Forwarded_For="203.0.113.5, 198.51.100.3").status
    assert (third, fourth) == (401, 429)
