"""Registering, signing in and out, refreshing, and who may be asked from where."""

import http.client
import json
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from pymongo.synchronous.pool import Connection

from accounts.models import User
from accounts.tokens import pair_issue
from ledger.store import books
from tests.api.conftest import Program, signed_in
from tests.cast import person

NEW = {"email": "New@Example.com", "name": "Nina Simone Waymon", "password": "correct horse"}


def register(program: Program, **changes: Any) -> Any:
    return program.post("/api/auth/register", {**NEW, **changes})


def test_registering_answers_with_the_user_and_sets_the_cookie(anyone: Program) -> None:
    answer = register(anyone)
    assert answer.status == 201
    user = answer.body["user"]
    assert answer.body["success"] is True
    assert (user["email"], user["firstName"], user["lastName"]) == ("new@example.com", "Nina", "Simone Waymon")
    assert user["role"] == "USER"
    assert "password" not in str(user)
    cookie = answer.cookies[settings.TOKEN_COOKIE_NAME]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Strict")
    assert anyone.get("/api/auth/me").body["user"] == user


def test_registering_with_two_names_or_a_single_one(anyone: Program) -> None:
    two = anyone.post(
        "/api/auth/register",
        {"email": "a@example.com", "firstName": "Ana", "lastName": "Luz", "password": "correct horse"},
    )
    assert two.body["user"]["name"] == "Ana Luz"
    assert register(anyone, name="Prince").body["user"]["name"] == "Prince"


def test_a_known_address_is_a_conflict_in_any_case(anyone: Program) -> None:
    register(anyone)
    again = register(anyone, email="NEW@example.COM")
    assert (again.status, again.body["code"]) == (409, "email_taken")
    assert User.objects.count() == 1


def test_a_known_document_is_a_conflict(anyone: Program) -> None:
    assert register(anyone, document="529.982.247-25").body["user"]["document"] == "52998224725"
    again = register(anyone, email="b@example.com", document="52998224725")
    assert (again.status, again.body["code"]) == (409, "document_taken")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": {"$gt": ""}}, "email"),
        ({"email": 5}, "email"),
        ({"email": "a\x00@b.com"}, "email"),
        ({"password": "123"}, "password"),
        ({"password": "password"}, "password"),
        ({"password": None}, "password"),
        ({"password": "x" * 999}, "password"),
        ({"name": ""}, "name"),
        ({"name": "n" * 61}, "name"),
        ({"name": "Nina " + "n" * 61}, "name"),
        ({"name": "Nina", "firstName": "", "lastName": "Simone"}, "firstName"),
        ({"name": ["a"]}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"document": "123"}, "document"),
    ],
)
def test_each_bad_field_is_named(anyone: Program, changes: dict[str, Any], field: str) -> None:
    answer = register(anyone, **changes)
    assert (answer.status, answer.body["code"]) == (400, "invalid_input")
    assert list(answer.body["errors"]) == [field]
    assert User.objects.count() == 0


def test_missing_fields_are_all_named(anyone: Program) -> None:
    assert set(anyone.post("/api/auth/register", {}).body["errors"]) == {"email", "password"}
    answer = anyone.post("/api/auth/register", {"email": "a@example.com", "password": "correct horse"})
    assert set(answer.body["errors"]) == {"firstName", "lastName"}


def test_signing_in_gives_both_tokens_and_is_written_down(anyone: Program, owner: User) -> None:
    answer = anyone.post("/api/auth/login", {"email": owner.email.upper(), "password": "wrong"})
    assert (answer.status, answer.body["code"]) == (401, "invalid_credentials")
    unknown = anyone.post("/api/auth/login", {"email": "nobody@example.com", "password": "wrong"})
    assert unknown.body == answer.body
    assert [record["status"] for record in books().audit.find({"action": "login"})] == ["FAILED", "FAILED"]


def test_the_tokens_of_a_sign_in_work_until_signing_out(anyone: Program) -> None:
    register(anyone)
    program = Program()
    answer = program.post("/api/auth/login", {"email": NEW["email"], "password": NEW["password"]})
    assert answer.status == 200
    assert set(answer.body) == {"success", "user", "accessToken", "refreshToken"}
    record = books().audit.find_one({"action": "login", "status": "SUCCESS"})
    assert record is not None
    assert (record["surface"], record["address"]) == ("api", "127.0.0.1")
    bearer = Program(answer.body["accessToken"])
    assert bearer.get("/api/auth/me").status == 200
    assert bearer.post("/api/auth/logout").status == 200
    assert bearer.get("/api/auth/me").body["code"] == "invalid_token"
    refused = Program().post("/api/auth/refresh", {"refreshToken": answer.body["refreshToken"]})
    assert (refused.status, refused.body["code"]) == (401, "invalid_token")


def test_signing_out_clears_the_cookie_and_needs_no_token(anyone: Program) -> None:
    register(anyone)
    answer = anyone.post("/api/auth/logout")
    assert answer.cookies[settings.TOKEN_COOKIE_NAME].value == ""
    assert anyone.get("/api/auth/me").status == 401
    assert Program().post("/api/auth/logout").status == 200
    assert Program("rubbish").post("/api/auth/logout").status == 200


def test_refreshing_gives_a_new_pair_and_reuse_ends_the_family(anyone: Program) -> None:
    register(anyone)
    first = anyone.post("/api/auth/login", {"email": NEW["email"], "password": NEW["password"]}).body
    second = Program().post("/api/auth/refresh", {"refreshToken": first["refreshToken"]})
    assert second.status == 200
    assert Program(first["accessToken"]).get("/api/auth/me").status == 401
    new = Program(second.body["accessToken"])
    assert new.get("/api/auth/me").status == 200
    assert Program().post("/api/auth/refresh", {"refreshToken": first["refreshToken"]}).status == 401
    assert new.get("/api/auth/me").status == 401


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJ1c2VyX2lkIjoiMSJ9."])
def test_a_forged_token_is_nobody(bank_db: object, token: str) -> None:
    answer = Program(token).get("/api/auth/me")
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_without_a_token_nobody_is_signed_in(anyone: Program) -> None:
    answer = anyone.get("/api/auth/me")
    assert (answer.status, answer.body) == (
        401,
        {"success": False, "code": "not_signed_in", "message": "Sign in first."},
    )


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"Origin": "http://testserver"}, 201),
        ({"Sec_Fetch_Site": "same-origin", "Origin": "http://testserver"}, 201),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://testserver"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Origin": "http://["}, 403),
    ],
)
def test_a_changing_request_by_cookie_comes_from_our_own_site(
    anyone: Program, headers: dict[str, str], status: int
) -> None:
    register(anyone)
    answer = anyone.post("/api/accounts", {}, **headers)
    assert answer.status == status
    assert answer.body.get("code") == (None if status == 201 else "cross_origin")
    assert books().accounts.count_documents({"kind": "CUSTOMER"}) == (1 if status == 201 else 0)


def test_a_bearer_token_may_come_from_anywhere(owner: User) -> None:
    assert signed_in(owner).post("/api/accounts", {}, Origin="https://elsewhere.example").status == 201


def test_another_sites_logout_is_refused(anyone: Program) -> None:
    register(anyone)
    assert anyone.post("/api/auth/logout", {}, Origin="https://evil.example").status == 403
    assert anyone.get("/api/auth/me").status == 200


def test_a_person_who_is_shut_out_is_signed_out(owner: User) -> None:
    program = signed_in(owner)
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert program.get("/api/auth/me").status == 401


def test_an_unknown_address_takes_as_long_as_a_wrong_password(
    anyone: Program, real_hasher: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In processor time, which others on the machine do not disturb, and in what is asked of the database."""
    sent: list[str] = []
    send, here = Connection.command, threading.get_ident()

    def watched(self: Any, dbname: str, spec: Any, *args: Any, **options: Any) -> Any:
        name, of = next(iter(spec.items()))
        # The driver asks how the server is now and then, and other threads tell that this process lives.
        if name != "hello" and threading.get_ident() == here:
            sent.append(f"{name} {of}")
        return send(self, dbname, spec, *args, **options)

    monkeypatch.setattr(Connection, "command", watched)
    known = person("known@example.com", "Karl", "Known").email
    seconds: dict[str, list[float]] = {known: [], "nobody@example.com": []}
    asked: dict[str, list[str]] = {}
    for _ in range(5):
        for email, times in seconds.items():
            sent.clear()
            began = time.thread_time()
            answer = anyone.post("/api/auth/login", {"email": email, "password": "wrong"})
            times.append(time.thread_time() - began)
            assert answer.status == 401
            asked[email] = [*sent]
    wrong, unknown = (statistics.median(times) for times in seconds.values())
    assert wrong > 0.1, "the real hasher did not run"
    print(f"wrong password {wrong:.3f} s, unknown address {unknown:.3f} s")  # noqa: T201
    assert abs(wrong - unknown) < 0.1 * wrong, f"{wrong:.3f} s and {unknown:.3f} s"
    assert asked[known] == asked["nobody@example.com"]


def test_of_32_uses_of_one_refresh_token_through_two_processes_one_wins(start_server: Any, owner: User) -> None:
    servers = [start_server(workers=1) for _ in range(2)]
    refresh, gate = pair_issue(user=owner).refresh, threading.Barrier(32)

    def use(number: int) -> tuple[int, Any]:
        gate.wait()
        connection = http.client.HTTPConnection("127.0.0.1", servers[number % 2].port, timeout=30)
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/api/auth/refresh", json.dumps({"refreshToken": refresh}), headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(use, range(32)))
    assert sorted(status for status, _ in answers) == [200] + [401] * 31
    assert {body["code"] for status, body in answers if status == 401} == {"invalid_token"}
    # Somebody had a copy: the winner's pair is dead as well.
    won = next(body for status, body in answers if status == 200)
    assert Program(won["accessToken"]).get("/api/auth/me").status == 401
    assert Program().post("/api/auth/refresh", {"refreshToken": won["refreshToken"]}).status == 401
