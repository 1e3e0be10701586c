"""The wallet contract under `/api/v1`: people instead of accounts, short answers, the same rules."""

import json
from typing import Any

import pytest

from accounts.models import User
from accounts.tokens import pair_issue
from ledger.records import Account
from ledger.store import books
from ledger.verify import verify
from tests.api.conftest import Cast, Program, account_with, balance
from tests.cast import PASSWORD, person

V1 = "/api/v1"
NEW = {"username": "New@Example.com", "password": "correct horse", "firstName": "Nina", "lastName": "Simone"}
PAYMENTS = {"type": "TRANSFER"}


def sign_up(program: Program, **changes: Any) -> Any:
    return program.post(f"{V1}/user/signup", {**NEW, **changes})


def pay(program: Program, to: Any, amount: Any = "10", **headers: str) -> Any:
    return program.post(f"{V1}/account/transfer", {"to": to, "amount": amount}, **headers)


# --- signing up and in ----------------------------------------------------------------------------------------


def test_signing_up_gives_a_token_and_an_account_with_the_opening_balance(anyone: Program, settings: Any) -> None:
    settings.OPENING_BALANCE = "1000"
    answer = sign_up(anyone)
    assert answer.status == 200
    assert set(answer.body) == {"message", "token"}
    program = Program(answer.body["token"])
    assert program.get(f"{V1}/account/balance").body == {"balance": "1000.00"}
    assert program.get("/api/auth/me").body["user"]["email"] == "new@example.com"
    assert len(program.get("/api/accounts").body["accounts"]) == 1
    assert verify().violations == []


def test_a_taken_address_is_a_conflict_and_makes_nobody(anyone: Program) -> None:
    sign_up(anyone)
    again = sign_up(anyone, username="NEW@example.COM")
    assert again.status == 409
    assert again.body == {
        "success": False,
        "code": "email_taken",
        "message": "This e-mail address is already registered.",
    }
    assert User.objects.count() == 1
    assert books().accounts.count_documents({"kind": "CUSTOMER"}) == 1


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"username": "nobody"}, "username"),
        ({"username": {"$gt": ""}}, "username"),
        ({"username": None}, "username"),
        ({"password": "123"}, "password"),
        ({"firstName": ""}, "firstName"),
        ({"lastName": 5}, "lastName"),
    ],
)
def test_wrong_inputs_are_400_by_their_names(anyone: Program, changes: dict[str, Any], wrong: str) -> None:
    answer = sign_up(anyone, **changes)
    assert (answer.status, list(answer.body["errors"])) == (400, [wrong])
    assert answer.body["message"]
    assert User.objects.count() == 0


def test_signing_in_gives_a_token_and_is_written_down(anyone: Program, owner: User) -> None:
    answer = anyone.post(f"{V1}/user/signin", {"username": owner.email.upper(), "password": PASSWORD})
    assert (answer.status, set(answer.body)) == (200, {"message", "token"})
    assert Program(answer.body["token"]).get("/api/auth/me").body["user"]["_id"] == str(owner.pk)
    assert books().audit.count_documents({"action": "login", "status": "SUCCESS", "subject": owner.pk}) == 1


def test_a_wrong_password_and_an_unknown_address_look_the_same(anyone: Program, owner: User) -> None:
    wrong = anyone.post(f"{V1}/user/signin", {"username": owner.email, "password": "wrong"})
    unknown = anyone.post(f"{V1}/user/signin", {"username": "nobody@example.com", "password": "wrong"})
    assert (wrong.status, wrong.body["code"], wrong.body["message"]) == (
        401,
        "invalid_credentials",
        "The e-mail address or the password is wrong.",
    )
    assert (unknown.status, unknown.body) == (wrong.status, wrong.body)


def test_signing_in_shares_the_limit_of_a_person(anyone: Program, owner: User, settings: Any) -> None:
    settings.RATE_LIMIT_STRICT, settings.TRUSTED_PROXIES = "2/15m", ["127.0.0.1"]
    body = {"username": owner.email, "email": owner.email, "password": "wrong"}
    for number, path in enumerate((f"{V1}/user/signin", "/api/auth/login")):
        assert anyone.post(path, body, X_Forwarded_For=f"198.51.100.{number}").status == 401
    refused = anyone.post(f"{V1}/user/signin", body, X_Forwarded_For="198.51.100.9")
    assert (refused.status, refused.body["code"]) == (429, "rate_limited")
    assert int(refused.headers["Retry-After"]) > 0


# --- people and oneself ---------------------------------------------------------------------------------------


def test_people_are_listed_by_three_fields(cast: Cast, second: User) -> None:
    answer = cast.owner.get(f"{V1}/user/bulk?filter=sam")
    assert answer.status == 200
    assert answer.body == {"users": [{"firstName": "Samir", "lastName": "Second", "_id": str(second.pk)}]}
    assert cast.owner.get(f"{V1}/user/bulk").body == {"users": []}
    assert cast.owner.get(f"{V1}/user/bulk?filter=a%00b").status == 400


def test_names_and_password_change(cast: Cast, owner: User) -> None:
    assert cast.owner.request("PUT", f"{V1}/user", {"firstName": "Olga"}).body == {"message": "Updated successfully"}
    answer = cast.owner.request("PUT", f"{V1}/user", {"password": "nine loud herons", "currentPassword": PASSWORD})
    assert (answer.status, set(answer.body)) == (200, {"message", "token"})
    assert cast.owner.get(f"{V1}/account/balance").status == 401
    assert Program(answer.body["token"]).get(f"{V1}/account/balance").status == 200
    assert User.objects.get(pk=owner.pk).name == "Olga Owner"


def test_a_password_needs_the_one_until_now(cast: Cast, owner: User) -> None:
    for fields in ({"password": "nine loud herons"}, {"password": "nine loud herons", "currentPassword": "x"}, {}):
        answer = cast.owner.request("PUT", f"{V1}/user", fields)
        assert (answer.status, answer.body["success"]) == (400, False)
    assert User.objects.get(pk=owner.pk).password == owner.password


# --- money ----------------------------------------------------------------------------------------------------


def test_money_goes_to_a_person(cast: Cast, second: User) -> None:
    answer = pay(cast.owner, str(second.pk), "250.75")
    assert (answer.status, answer.body) == (200, {"message": "Transfer successful"})
    assert (balance(cast.owners), balance(cast.seconds)) == (74_925, 25_075)
    assert cast.second.get(f"{V1}/account/balance").body == {"balance": "250.75"}


@pytest.mark.parametrize("amount", [10, 10.5, "10.50"])
def test_an_amount_is_a_number_or_a_text(cast: Cast, second: User, amount: Any) -> None:
    assert pay(cast.owner, str(second.pk), amount).status == 200
    assert balance(cast.seconds) in {1_000, 1_050}


def test_too_little_money(cast: Cast, second: User) -> None:
    answer = pay(cast.owner, str(second.pk), "1000.01")
    assert answer.status == 400
    assert answer.body == {"success": False, "code": "insufficient_funds", "message": "Insufficient balance"}
    assert cast.nothing_moved()


@pytest.mark.parametrize("to", ["", "x", "0" * 24, "0" * 23, None, 5, {"$ne": 1}, ["a"], "an account", "oneself"])
def test_nobody_to_pay(cast: Cast, owner: User, to: Any) -> None:
    to = {"an account": str(cast.seconds.id), "oneself": str(owner.pk)}.get(str(to), to)
    answer = pay(cast.owner, to)
    assert (answer.status, answer.body["message"], answer.body["success"]) == (400, "Invalid account", False)
    assert cast.nothing_moved()


def test_who_has_no_account_in_the_currency_or_a_frozen_one_cannot_be_paid(cast: Cast, second: User) -> None:
    euros = person("eva@example.com", "Eva", "Euro")
    account_with(euros, currency="EUR")
    cast.admin.patch(f"/api/admin/freeze/{cast.seconds.id}")
    for payee in (euros, second):
        answer = pay(cast.owner, str(payee.pk))
        assert (answer.status, answer.body["message"]) == (400, "Invalid account")
    assert cast.nothing_moved()


@pytest.mark.parametrize(
    ("amount", "code"), [(0, "invalid_amount"), ("-1", "invalid_amount"), ("1e2", "invalid_amount"),
                         ("0.001", "invalid_amount"), (None, "invalid_amount"), (True, "invalid_amount"),
                         ("10000.01", "limit_exceeded")]
)  # fmt: skip
def test_amounts_that_are_none(cast: Cast, second: User, amount: Any, code: str) -> None:
    answer = pay(cast.owner, str(second.pk), amount)
    assert (answer.status, answer.body["code"]) == (400, code)
    assert set(answer.body) <= {"success", "code", "message", "errors"}
    assert cast.nothing_moved()


def test_missing_fields_are_named(cast: Cast) -> None:
    assert set(cast.owner.post(f"{V1}/account/transfer", {}).body["errors"]) == {"to", "amount"}
    assert cast.nothing_moved()


def test_one_key_pays_once_also_when_the_payee_was_frozen_meanwhile(cast: Cast, second: User) -> None:
    first = pay(cast.owner, str(second.pk), "10", Idempotency_Key='"lunch"')
    cast.admin.patch(f"/api/admin/freeze/{cast.seconds.id}")
    again = pay(cast.owner, str(second.pk), "10", Idempotency_Key="lunch")
    assert (first.status, again.status, again.body) == (200, 200, first.body)
    assert (first.headers.get("Idempotent-Replayed"), again.headers["Idempotent-Replayed"]) == (None, "true")
    assert balance(cast.seconds) == 1_000
    other = pay(cast.owner, str(second.pk), "11", Idempotency_Key="lunch")
    assert (other.status, other.body["code"]) == (400, "idempotency_key_reused")


def test_without_a_key_each_request_is_a_transfer_of_its_own(cast: Cast, second: User) -> None:
    pay(cast.owner, str(second.pk), "10")
    pay(cast.owner, str(second.pk), "10")
    assert balance(cast.seconds) == 2_000
    assert len(books().transactions.distinct("key", PAYMENTS)) == 2


def test_the_main_account_pays_whatever_other_accounts_there_are(owner: User, second: User) -> None:
    account_with(owner, 500, "EUR")
    ours: Account = account_with(owner, 100)
    theirs = account_with(second)
    program = Program(pair_issue(user=owner).access)
    assert program.get(f"{V1}/account/balance").body == {"balance": "100.00"}
    assert pay(program, str(second.pk), "30").status == 200
    assert (balance(ours), balance(theirs)) == (7_000, 3_000)


def test_somebody_without_an_account(owner: User, second: User) -> None:
    account_with(second)
    program = Program(pair_issue(user=owner).access)
    for answer in (program.get(f"{V1}/account/balance"), pay(program, str(second.pk))):
        assert (answer.status, answer.body["code"]) == (404, "account_not_found")


# --- who may --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "user"), ("GET", "user/bulk?filter=sam"), ("GET", "account/balance"), ("POST", "account/transfer")],
)
@pytest.mark.parametrize("token", [None, "a.b.c"])
def test_nobody_without_a_token(cast: Cast, second: User, method: str, path: str, token: str | None) -> None:
    body = {"to": str(second.pk), "amount": "10", "firstName": "Mallory"} if method != "GET" else None
    answer = Program(token).request(method, f"{V1}/{path}", body)
    assert answer.status == 401
    assert answer.body["message"]
    assert cast.nothing_moved()


def test_a_cookie_from_another_site_pays_nobody(cast: Cast, owner: User, second: User) -> None:
    browser = Program()
    browser.post("/api/auth/login", {"email": owner.email, "password": PASSWORD})
    assert pay(browser, str(second.pk), Origin="https://evil.example").body["code"] == "cross_origin"
    assert cast.nothing_moved()


def test_a_database_that_is_away_is_told_as_everywhere(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from pymongo.errors import AutoReconnect

    def away(*args: Any, **options: Any) -> None:
        raise AutoReconnect("away")

    monkeypatch.setattr("banking.api.wallet.main_account_get", away)
    answer = cast.owner.get(f"{V1}/account/balance")
    assert (answer.status, answer.body["code"], answer.headers["Retry-After"]) == (503, "try_again", "1")


def test_a_wrong_method_and_a_crash_have_a_message(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cast.owner.get(f"{V1}/account/transfer").body["code"] == "method_not_allowed"

    def crash(*args: Any, **options: Any) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr("banking.api.wallet.main_account_get", crash)
    answer = cast.owner.get(f"{V1}/account/balance")
    assert (answer.status, answer.body["code"]) == (500, "internal_error")
    assert "secret" not in json.dumps(answer.body)
