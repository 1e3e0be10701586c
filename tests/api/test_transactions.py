"""Moving money over the API: statuses, keys, amounts, ownership."""

from decimal import Decimal
from typing import Any

import pytest
from bson.objectid import ObjectId
from pytest_django import Settings

from ledger.accounts import account_freeze
from ledger.audit import COMMAND
from ledger.checkpoints import checkpoint_append, public_keys
from ledger.proof import receipt_check
from ledger.signing import PrivateKey, key_make
from ledger.store import books
from tests.api.conftest import Cast, Program, balance


def test_a_transfer_is_executed_and_replayed(cast: Cast) -> None:
    first = cast.send("250.75", note="Dinner")
    assert first.status == 201
    transaction = first.body["transaction"]
    assert transaction["newBalance"] == "749.25"
    assert {name: transaction[name] for name in ("status", "amount", "currency", "type", "note")} == {
        "status": "COMPLETED",
        "amount": "250.75",
        "currency": "INR",
        "type": "TRANSFER",
        "note": "Dinner",
    }
    assert transaction["createdAt"].endswith("Z")
    assert "Idempotent-Replayed" not in first.headers
    again = cast.send("250.75", note="Dinner")
    assert (again.status, again.headers["Idempotent-Replayed"]) == (200, "true")
    assert again.body["transaction"] == transaction
    assert (balance(cast.owners), balance(cast.seconds)) == (74_925, 25_075)


def test_the_key_may_come_as_a_header_quoted_or_not(cast: Cast) -> None:
    body = {"fromAccount": str(cast.owners.id), "toAccount": str(cast.seconds.id), "amount": 1}
    answers = [
        cast.owner.post("/api/transactions", body, Idempotency_Key=text).status for text in ("abc", '"abc"', '"abc"')
    ]
    assert answers == [201, 200, 200]
    differing = cast.owner.post("/api/transactions", {**body, "idempotencyKey": "x"}, Idempotency_Key="y")
    assert (differing.status, list(differing.body["errors"])) == (400, ["idempotencyKey"])
    without = cast.owner.post("/api/transactions", body)
    assert (without.status, list(without.body["errors"])) == (400, ["idempotencyKey"])


def test_a_refusal_has_its_code_and_the_failed_transaction(cast: Cast) -> None:
    answer = cast.send("5000")
    assert (answer.status, answer.body["code"]) == (422, "insufficient_funds")
    transaction = answer.body["transaction"]
    assert (transaction["status"], transaction["retryCount"], transaction["newBalance"]) == ("FAILED", 1, None)
    assert transaction["failureReason"] == "insufficient_funds"
    assert [cast.send("5000").status for _ in range(3)] == [422, 422, 409]
    assert cast.send("5000").body["code"] == "retry_limit_exceeded"
    assert cast.nothing_moved()


def test_another_amount_under_the_same_key_is_refused(cast: Cast) -> None:
    cast.send("10")
    answer = cast.send("11")
    assert (answer.status, answer.body["code"]) == (422, "idempotency_key_reused")
    assert "transaction" not in answer.body
    assert balance(cast.owners) == 99_000


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("0.01", 1),
        ("33.33", 3_333),
        ('"33.33"', 3_333),
        ("0.3", 30),
        ("500", 50_000),
        ('"500.5"', 50_050),
    ],
)
def test_amounts_are_taken_exactly(cast: Cast, text: str, moved: int) -> None:
    assert send_raw(cast, text).status == 201
    assert balance(cast.seconds) == moved


@pytest.mark.parametrize(
    "text",
    [
        *[
            "1e3",
            "1E0",
            "100e-2",
            "0.1e1",
            '"1e3"',
            '"1,000"',
            "-5",
            '"-5"',
            '"NaN"',
            "true",
            "false",
            "null",
            "0",
            "0.0",
            "1" + "0" * 30,
        ],
        *["0.30000000000000004", "33.333", '""', "[]", "{}", '{"$gt": 0}', '"١٢"', '" 5"', "92233720368547758.08"],
    ],
)
def test_what_is_no_amount_is_a_clear_400_and_is_not_recorded(cast: Cast, text: str) -> None:
    answer = send_raw(cast, text)
    assert answer.status == 400
    assert list(answer.body["errors"]) == ["amount"]
    assert books().transactions.count_documents({"key": "raw"}) == 0
    assert cast.nothing_moved()


def send_raw(cast: Cast, amount: str) -> Any:
    parties = f'"fromAccount": "{cast.owners.id}", "toAccount": "{cast.seconds.id}"'
    body = f'{{{parties}, "idempotencyKey": "raw", "amount": {amount}}}'
    return cast.owner.request("POST", "/api/transactions", raw=body.encode())


def test_the_cap_is_exact(cast: Cast) -> None:
    cast.system.post(
        "/api/transactions/system/initial-funds",
        {"toAccount": str(cast.owners.id), "amount": 50_000, "idempotencyKey": "much"},
    )
    assert cast.send(10_000, "a").status == 201
    over = cast.send("10000.01", "b")
    assert (over.status, over.body["code"]) == (422, "limit_exceeded")
    assert over.body["transaction"]["status"] == "FAILED"
    assert balance(cast.seconds) == 1_000_000


@pytest.mark.parametrize(
    "raw",
    [
        *[b"NaN", b"[1]", b'"x"', b"{", b"", b"\xff\xfe", b'{"amount": NaN}', b'{"amount": Infinity}', b"null"],
        b'{"amount": 1, "amount": 2}',
        *[b'{"a":' * 5_000, b'{"amount": ' + b"1" * 5_000 + b"}", b"\xef\xbb\xbf{}"],
    ],
)
def test_what_is_no_json_object_is_a_clear_400(cast: Cast, raw: bytes) -> None:
    answer = cast.owner.request("POST", "/api/transactions", raw=raw)
    assert answer.status == 400
    assert answer.body["code"] in {"invalid_json", "invalid_input"}
    assert cast.nothing_moved()


def test_other_kinds_of_content_and_huge_bodies_are_refused(cast: Cast) -> None:
    form = cast.owner.request(
        "POST", "/api/transactions", raw=b"amount=5", Content_Type="application/x-www-form-urlencoded"
    )
    assert (form.status, form.body["code"]) == (415, "unsupported_media_type")
    huge = cast.owner.request("POST", "/api/transactions", raw=b'{"note": "' + b"x" * 2_000_000 + b'"}')
    assert (huge.status, huge.body["code"]) == (413, "payload_too_large")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"fromAccount": "x"}, "fromAccount"),
        ({"fromAccount": {"$ne": None}}, "fromAccount"),
        ({"toAccount": 5}, "toAccount"),
        ({"toAccount": ["a"]}, "toAccount"),
        ({"idempotencyKey": "two words"}, "idempotencyKey"),
        ({"idempotencyKey": 7}, "idempotencyKey"),
        ({"note": "x" * 141}, "note"),
        ({"note": {"a": 1}}, "note"),
        ({"note": "\ud800"}, "note"),
        ({"note": "a\x00b"}, "note"),
        ({"type": "TED"}, "type"),
        ({"type": 1}, "type"),
    ],
)
def test_each_malformed_field_is_named(cast: Cast, changes: dict[str, Any], field: str) -> None:
    answer = cast.send(**{"amount": 1, "key": "k", **changes})
    assert (answer.status, answer.body["code"]) == (400, "invalid_input")
    assert list(answer.body["errors"]) == [field]
    assert cast.nothing_moved()


def test_a_strangers_account_looks_like_none(cast: Cast) -> None:
    cast.send("10", "mine")
    theirs = {
        "fromAccount": str(cast.owners.id),
        "toAccount": str(cast.strangers.id),
        "amount": "10",
        "idempotencyKey": "mine",
    }
    known = cast.stranger.post("/api/transactions", theirs)
    unknown = cast.stranger.post("/api/transactions", {**theirs, "fromAccount": str(ObjectId())})
    assert known.status == 404
    assert known.body == unknown.body
    account = cast.owners.id
    for path in (
        f"/api/accounts/balance/{account}",
        f"/api/transactions/{account}",
        f"/api/transactions/by-key/{account}/mine",
        f"/api/transactions/by-key/{account}/never",
    ):
        answer = cast.stranger.get(path)
        assert (answer.status, answer.body["code"]) == (404, "account_not_found")
    assert (balance(cast.owners), balance(cast.strangers)) == (99_000, 5_000)


def test_an_admin_is_no_owner(cast: Cast) -> None:
    assert cast.admin.get(f"/api/accounts/balance/{cast.owners.id}").status == 404
    assert cast.admin.post("/api/transactions", {**SEND, "fromAccount": str(cast.owners.id)}).status == 404


SEND = {"toAccount": str(ObjectId()), "amount": 1, "idempotencyKey": "k"}


def test_what_became_of_a_key(cast: Cast) -> None:
    sent = cast.send("10", "a/b?c=1").body["transaction"]
    path = f"/api/transactions/by-key/{cast.owners.id}/"
    assert cast.owner.get(path + "a/b%3Fc=1").body["transaction"] == sent
    assert cast.owner.get(path + "never").body["code"] == "transaction_not_found"


def test_the_small_contract(cast: Cast) -> None:
    body = {"fromId": str(cast.owners.id), "toId": str(cast.seconds.id), "amount": Decimal(5).__int__()}
    answer = cast.owner.post("/transfer", body, Idempotency_Key="s0")
    assert (answer.status, answer.body) == (201, {"success": True, "newBalance": "995.00"})
    again = cast.owner.post("/transfer", body, Idempotency_Key="s0")
    assert (again.status, again.body) == (200, {"success": True, "newBalance": "995.00"})
    full = {"fromAccount": str(cast.owners.id), "toAccount": str(cast.seconds.id), "amount": "5"}
    assert cast.owner.post("/transfer", full).body["newBalance"] == "990.00"
    assert cast.owner.post("/transfer", full).body["newBalance"] == "985.00"
    assert cast.owner.post("/transfer", {"amount": 5}).status == 400
    assert cast.stranger.post("/transfer", full).status == 404
    assert balance(cast.seconds) == 1_500


def test_only_the_system_user_funds(cast: Cast) -> None:
    body = {"toAccount": str(cast.owners.id), "amount": "99999.99", "idempotencyKey": "fund"}
    path = "/api/transactions/system/initial-funds"
    for program in (cast.owner, cast.admin, cast.stranger):
        assert program.post(path, body).body["code"] == "forbidden"
    assert Program().post(path, body).status == 401
    assert cast.nothing_moved()
    assert cast.system.post(path, body).status == 201
    assert cast.system.post(path, body).status == 200
    assert cast.system.post(path, {**body, "toAccount": str(ObjectId()), "idempotencyKey": "x"}).status == 404
    assert balance(cast.owners) == 100_000 + 9_999_999


def test_not_even_the_system_user_debits_the_system_account_by_a_transfer(cast: Cast) -> None:
    system = next(a for a in cast.system.get("/api/accounts").body["accounts"] if a["currency"] == "INR")
    answer = cast.system.post("/api/transactions", {**SEND, "fromAccount": system["_id"]})
    assert (answer.status, answer.body["code"]) == (404, "account_not_found")
    assert cast.system.get(f"/api/transactions/{system['_id']}").body["total"] == 2
    assert cast.owner.get(f"/api/transactions/{system['_id']}").status == 404


def test_a_frozen_account_sends_and_receives_nothing(cast: Cast) -> None:
    account_freeze(account_id=cast.owners.id, reason="lost card", origin=COMMAND)
    assert cast.send("1", "a").body["code"] == "sender_not_active"
    back = {
        "fromAccount": str(cast.strangers.id),
        "toAccount": str(cast.owners.id),
        "amount": 1,
        "idempotencyKey": "b",
    }
    assert cast.stranger.post("/api/transactions", back).body["code"] == "receiver_not_active"
    assert cast.nothing_moved()


def test_history_by_page_and_by_cursor(cast: Cast) -> None:
    for number in range(1, 8):
        cast.send(number, f"k{number}", note=f"Payment {number}")
    path = f"/api/transactions/{cast.owners.id}"
    page = cast.owner.get(path + "?limit=3").body
    assert {name: page[name] for name in ("success", "page", "limit", "total", "hasNextPage")} == {
        "success": True,
        "page": 1,
        "limit": 3,
        "total": 8,
        "hasNextPage": True,
    }
    newest = page["transactions"][0]
    assert (newest["type"], newest["direction"], newest["amount"], newest["balanceAfter"]) == (
        "DEBIT",
        "OUT",
        "7.00",
        "972.00",
    )
    assert newest["counterparty"] == {"_id": str(cast.seconds.id), "name": "Samir Second"}
    assert newest["transaction"]["note"] == "Payment 7"
    assert newest["transaction"]["status"] == "COMPLETED"
    second = cast.owner.get(path + "?limit=3&page=2").body["transactions"]
    by_cursor = cast.owner.get(path + f"?limit=3&cursor={page['nextCursor']}").body
    assert by_cursor["transactions"] == second
    assert by_cursor["page"] is None
    first_ever = cast.owner.get(path + "?page=3&limit=3").body["transactions"][-1]
    assert (first_ever["direction"], first_ever["counterparty"]["name"]) == ("IN", "Florin")


@pytest.mark.parametrize(
    ("query", "notes"),
    [
        ("direction=IN", [""]),
        ("direction=OUT&minAmount=6", ["Payment 7", "Payment 6"]),
        ("maxAmount=1.00", ["Payment 1"]),
        ("q=payment 3", ["Payment 3"]),
        ("from=2999-01-01", []),
        ("to=2001-01-01", []),
    ],
)
def test_history_filters(cast: Cast, query: str, notes: list[str]) -> None:
    for number in range(1, 8):
        cast.send(number, f"k{number}", note=f"Payment {number}")
    found = cast.owner.get(f"/api/transactions/{cast.owners.id}?{query}").body
    assert [row["transaction"]["note"] for row in found["transactions"]] == notes
    assert found["total"] == len(notes)


def test_a_long_search_has_no_total_and_goes_on_at_its_cursor(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1, 8):
        cast.send(number, f"k{number}")
    monkeypatch.setattr("ledger.history.MOST_EXAMINED", 5)
    path = f"/api/transactions/{cast.owners.id}?direction=IN"
    found = cast.owner.get(path).body
    assert (found["transactions"], found["total"], found["hasNextPage"]) == ([], None, True)
    deep = cast.owner.get(f"{path}&page=2")
    assert (deep.status, deep.body["code"], list(deep.body["errors"])) == (400, "invalid_input", ["page"])
    found = cast.owner.get(f"{path}&cursor={found['nextCursor']}").body
    assert [row["amount"] for row in found["transactions"]] == ["1000.00"]
    assert (found["total"], found["hasNextPage"], found["nextCursor"]) == (None, False, None)


def test_words_find_the_counterpartys_name(cast: Cast, second: Any) -> None:
    cast.send("1", "k")
    path = f"/api/transactions/{cast.owners.id}?q={second.first_name}"
    assert [row["direction"] for row in cast.owner.get(path).body["transactions"]] == ["OUT"]


@pytest.mark.parametrize(
    "query",
    [
        *["limit=0", "limit=x", "page=-1", "page=1.5", "from=yesterday", "to=2026-13-01", "direction=UP", "page=²"],
        *["minAmount=-5", "maxAmount=1e3", "cursor=rubbish", "at=never", "q=%00", "q=%E2%80%AE"],
    ],
)
def test_a_malformed_query_is_a_clear_400(cast: Cast, query: str) -> None:
    path = "/api/accounts/balance/" if query.startswith("at") else "/api/transactions/"
    assert cast.owner.get(f"{path}{cast.owners.id}?{query}").status == 400


def test_limit_is_at_most_fifty(cast: Cast) -> None:
    assert cast.owner.get(f"/api/transactions/{cast.owners.id}?limit=500").body["limit"] == 50


def test_a_signed_receipt_is_given_to_the_account_it_is_about(cast: Cast, settings: Settings) -> None:
    private = PrivateKey(key_make())
    settings.CHECKPOINT_KEY, settings.CHECKPOINT_PUBLIC_KEYS = "", [private.public_text]
    transaction = cast.send("10.00").body["transaction"]["_id"]
    path = f"/api/transactions/{cast.owners.id}/{transaction}/receipt"
    early = cast.owner.get(path)
    assert (early.status, early.body["code"]) == (409, "receipt_not_ready")
    checkpoint_append(private)
    answer = cast.owner.get(path)
    assert answer.status == 200
    assert receipt_check(answer.body["receipt"], public_keys())["transaction"] == transaction
    for program in (cast.second, cast.stranger, cast.admin, cast.system):
        assert program.get(path).status == 404
    assert Program().get(path).status == 401
    for wrong in ("nonsense", "f" * 24, "$gt"):
        missing = cast.owner.get(f"/api/transactions/{cast.owners.id}/{wrong}/receipt")
        assert (missing.status, missing.body["code"]) == (404, "transaction_not_found")
