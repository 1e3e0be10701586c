"""Finding people to pay, and changing one's own names and password."""

import http.client
import json
from typing import Any

import pytest
from django.conf import settings

from accounts.models import User
from accounts.tokens import pair_issue
from ledger.store import books
from tests.api.conftest import Cast, Program, account_with, signed_in
from tests.cast import PASSWORD, person
from tests.web.visitor import Visitor

NEW = "nine loud herons"
LOGIN, ME, PROFILE = "/api/auth/login", "/api/auth/me", "/api/users/me"


def found(program: Program, words: str) -> list[Any]:
    answer = program.get(f"/api/users?filter={words}")
    assert (answer.status, answer.body["success"]) == (200, True)
    users: list[Any] = answer.body["users"]
    return users


def change(program: Program, **fields: Any) -> Any:
    return program.request("PUT", PROFILE, fields)


def stored(user: User) -> User:
    return User.objects.get(pk=user.pk)


def signs_in(user: User, password: str) -> int:
    return Program().post(LOGIN, {"email": user.email, "password": password}).status


# --- finding people -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["Sam", "sam", "SECO", "Samir%20Sec", "samir@example.com", "SAMIR@Example.com"])
def test_people_are_found_by_the_beginning_of_a_name_or_a_whole_address(cast: Cast, second: User, words: str) -> None:
    assert found(cast.owner, words) == [
        {
            "_id": str(second.pk),
            "firstName": "Samir",
            "lastName": "Second",
            "name": "Samir Second",
            "account": {"_id": str(cast.seconds.id), "currency": "INR"},
        }
    ]


@pytest.mark.parametrize("words", ["", "%20", "s", "amir", "samir@example", ".*", "$ne", "Olivia", "Sys"])
def test_who_is_not_meant_is_not_found(cast: Cast, words: str) -> None:
    """Neither by one letter, nor by the middle of a name or a part of an address; oneself and the system never."""
    assert found(cast.owner, words) == []


def test_words_that_are_no_text_are_refused(cast: Cast) -> None:
    answer = cast.owner.get("/api/users?filter=a%00b")
    assert (answer.status, answer.body["code"], list(answer.body["errors"])) == (400, "invalid_input", ["filter"])


def test_no_balance_and_no_address_is_told(cast: Cast) -> None:
    text = json.dumps(found(cast.second, "Olivia"))
    assert "1000" not in text
    assert "@" not in text
    assert "balance" not in text


def test_the_account_is_in_the_currency_of_who_asks(second: User, owner: User) -> None:
    euros = account_with(second, currency="EUR")
    account_with(owner, currency="EUR")
    assert found(signed_in(owner), "Samir")[0]["account"] == {"_id": str(euros.id), "currency": "EUR"}


def test_who_cannot_be_paid_is_found_without_an_account(cast: Cast) -> None:
    person("sara@example.com", "Samira", "Without")
    assert [(one["name"], one["account"] is None) for one in found(cast.owner, "sami")] == [
        ("Samir Second", False),
        ("Samira Without", True),
    ]
    cast.admin.patch(f"/api/admin/freeze/{cast.seconds.id}")
    assert [one["account"] for one in found(cast.owner, "sami")] == [None, None]


def test_at_most_twenty_are_found_and_those_who_can_be_paid_come_first(cast: Cast) -> None:
    for number in range(22):
        person(f"sa{number}@example.com", "Sambo", f"Number {chr(97 + number)}")
    people = found(cast.owner, "sam")
    assert len(people) == 20
    assert [one["account"] is None for one in people] == [False] + [True] * 19


# --- names ----------------------------------------------------------------------------------------------------


def test_names_change_together_or_alone_and_are_found_by(cast: Cast, owner: User) -> None:
    answer = change(cast.owner, firstName=" Olga ", lastName="Ortiz")
    assert (answer.status, answer.body["user"]["name"]) == (200, "Olga Ortiz")
    assert "accessToken" not in answer.body
    assert change(cast.owner, lastName="").body["user"]["name"] == "Olga"
    assert cast.owner.get(ME).body["user"]["name"] == "Olga"
    assert [one["name"] for one in found(cast.second, "Olg")] == ["Olga"]
    assert found(cast.second, "Olivia") == found(cast.second, "Ortiz") == []


def test_a_new_name_ends_no_sign_in(cast: Cast, owner: User) -> None:
    other = signed_in(owner)
    assert change(cast.owner, firstName="Olga").status == 200
    assert other.get(ME).status == cast.owner.get(ME).status == 200


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({}, {"request"}),
        ({"role": "ADMIN"}, {"request"}),
        ({"currentPassword": PASSWORD}, {"request"}),
        ({"firstName": ""}, {"firstName"}),
        ({"firstName": None}, {"firstName"}),
        ({"firstName": 5}, {"firstName"}),
        ({"firstName": "x" * 61, "lastName": "\u202e"}, {"firstName", "lastName"}),
        ({"password": NEW}, {"currentPassword"}),
        ({"password": NEW, "currentPassword": "wrong"}, {"currentPassword"}),
        ({"password": NEW, "currentPassword": ""}, {"currentPassword"}),
        ({"password": NEW, "currentPassword": "\ud800"}, {"currentPassword"}),
        ({"password": "123", "currentPassword": PASSWORD}, {"password"}),
        ({"password": "olivia", "currentPassword": PASSWORD}, {"password"}),
        (
            {"password": "123", "currentPassword": "wrong", "firstName": ""},
            {"password", "currentPassword", "firstName"},
        ),
        ({"firstName": "Olga", "password": NEW, "currentPassword": "wrong"}, {"currentPassword"}),
    ],
)
def test_what_is_wrong_is_named_and_nothing_changes(
    cast: Cast, owner: User, fields: dict[str, Any], wrong: set[str]
) -> None:
    answer = cast.owner.request("PUT", PROFILE, fields)
    assert (answer.status, answer.body["code"], set(answer.body["errors"])) == (400, "invalid_input", wrong)
    now = stored(owner)
    assert (now.name, now.password, now.role) == ("Olivia Owner", owner.password, "USER")


def test_only_oneself_is_changed_and_nobody_without_a_token(cast: Cast, second: User) -> None:
    assert change(Program(), firstName="Mallory").status == 401
    assert change(cast.stranger, firstName="Mallory", _id=str(second.pk)).status == 200
    assert stored(second).name == "Samir Second"


# --- the password ---------------------------------------------------------------------------------------------


def test_a_new_password_ends_every_other_sign_in_at_once(cast: Cast, owner: User) -> None:
    browser = Visitor(owner).get("/dashboard")
    assert browser.path == "/dashboard"
    other, pair = signed_in(owner), pair_issue(user=owner)
    answer = change(cast.owner, password=NEW, currentPassword=PASSWORD)
    assert answer.status == 200
    assert (other.get(ME).status, cast.owner.get(ME).status) == (401, 401)
    assert Program().post("/api/auth/refresh", {"refreshToken": pair.refresh}).status == 401
    assert browser.get("/dashboard").path == "/login"
    assert (signs_in(owner, PASSWORD), signs_in(owner, NEW)) == (401, 200)


def test_who_asked_by_token_goes_on_with_a_new_pair(cast: Cast, owner: User) -> None:
    body = change(cast.owner, password=NEW, currentPassword=PASSWORD).body
    assert Program(body["accessToken"]).get(ME).status == 200
    assert Program().post("/api/auth/refresh", {"refreshToken": body["refreshToken"]}).status == 200


def test_who_asked_by_cookie_goes_on_with_a_new_cookie(owner: User) -> None:
    browser, another = Program(), Program()
    for program in (browser, another):
        program.post(LOGIN, {"email": owner.email, "password": PASSWORD})
    answer = change(browser, password=NEW, currentPassword=PASSWORD)
    assert (answer.status, "accessToken" in answer.body) == (200, False)
    assert answer.cookies[settings.TOKEN_COOKIE_NAME]["httponly"] is True
    assert (browser.get(ME).status, another.get(ME).status) == (200, 401)


def test_a_cookie_from_another_site_changes_nothing(owner: User) -> None:
    browser = Program()
    browser.post(LOGIN, {"email": owner.email, "password": PASSWORD})
    fields = {"password": NEW, "currentPassword": PASSWORD}
    assert browser.request("PUT", PROFILE, fields, Origin="https://evil.example").body["code"] == "cross_origin"
    assert stored(owner).password == owner.password


def test_a_new_password_is_seen_by_another_process_at_once(start_server: Any, owner: User) -> None:
    servers = [start_server(workers=1) for _ in range(2)]
    here, there = pair_issue(user=owner).access, pair_issue(user=owner).access

    def ask(number: int, method: str, path: str, token: str, body: Any = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", servers[number].port, timeout=30)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        connection.request(method, path, json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())

    assert ask(1, "GET", ME, there)[0] == 200
    fields = {"password": NEW, "currentPassword": PASSWORD}
    status, body = ask(0, "PUT", PROFILE, here, fields)
    assert status == 200
    assert ask(1, "GET", ME, there)[0] == 401
    assert ask(1, "GET", ME, body["accessToken"])[0] == 200
    assert ask(0, "POST", "/api/auth/logout", body["accessToken"])[0] == 200
    assert ask(1, "GET", ME, body["accessToken"])[0] == 401


def test_changes_and_guesses_are_written_down_without_what_was_typed(cast: Cast, owner: User) -> None:
    change(cast.owner, password=NEW, currentPassword="a wrong guess")
    change(cast.owner, firstName="Olga", password=NEW, currentPassword=PASSWORD)
    records = list(books().audit.find({"action": "user.changed"}).sort("at", 1))
    assert [(record["status"], record["details"]["fields"]) for record in records] == [
        ("FAILED", ["password"]),
        ("SUCCESS", ["first_name", "password"]),
    ]
    assert {record["subject"] for record in records} == {record["actor"] for record in records} == {owner.pk}
    assert "guess" not in str(records)


def test_guessing_the_password_with_a_token_is_limited_as_signing_in_is(cast: Cast, settings: Any) -> None:
    settings.RATE_LIMIT_STRICT = "2/15m"
    guess = {"password": NEW, "currentPassword": "wrong"}
    assert [change(cast.owner, **guess).status for _ in range(3)] == [400, 400, 429]
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    elsewhere = [
        cast.stranger.request("PUT", PROFILE, guess, X_Forwarded_For=f"198.51.100.{number}") for number in range(3)
    ]
    assert [answer.status for answer in elsewhere] == [400, 400, 429]
