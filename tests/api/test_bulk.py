"""Bulk payments over the API: an answer for each line, own accounts only, and nobody is paid twice."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from bson.objectid import ObjectId

from ledger.accounts import account_freeze
from ledger.audit import COMMAND
from ledger.store import books
from tests.api.conftest import Answer, Cast, Program, balance
from tests.ledger.conftest import books_are_right

PATH = "/api/transactions/bulk"


def line(cast: Cast, key: Any, amount: Any = "1.00", **more: Any) -> dict[str, Any]:
    return {
        "fromAccount": str(cast.owners.id),
        "toAccount": str(cast.seconds.id),
        "amount": amount,
        "idempotencyKey": key,
        **more,
    }


def bulk(program: Program, lines: Any) -> Answer:
    return program.post(PATH, {"transactions": lines})


def statuses(answer: Answer) -> list[int]:
    return [result["status"] for result in answer.body["results"]]


def test_each_line_gets_the_answer_that_it_would_have_had_alone(cast: Cast) -> None:
    lines = [
        line(cast, "a", "250.75", note="Dinner"),
        line(cast, "b", "5000"),
        line(cast, "c", "1.001"),
        line(cast, "a", "250.75", note="Dinner"),
        line(cast, "a", "9"),
        line(cast, "d", toAccount=str(cast.owners.id)),
        line(cast, "e", toAccount=str(ObjectId())),
        line(cast, "f", 2, type="PIX"),
    ]
    answer = bulk(cast.owner, lines)
    assert (answer.status, answer.body["success"]) == (200, True)
    assert statuses(answer) == [201, 422, 400, 200, 422, 400, 422, 201]
    assert [result["index"] for result in answer.body["results"]] == list(range(8))
    assert [result.get("code") for result in answer.body["results"]] == [
        None,
        "insufficient_funds",
        "invalid_amount",
        None,
        "idempotency_key_reused",
        "same_account",
        "receiver_not_found",
        None,
    ]
    assert answer.body["summary"] == {"total": 8, "executed": 2, "replayed": 1, "refused": 5, "tryAgain": 0}
    first, refused, malformed, replayed, *_ = answer.body["results"]
    assert (first["transaction"]["newBalance"], first["transaction"]["note"]) == ("749.25", "Dinner")
    assert (refused["success"], refused["transaction"]["status"], refused["transaction"]["retryCount"]) == (
        False,
        "FAILED",
        1,
    )
    assert "transaction" not in malformed
    assert list(malformed["errors"]) == ["amount"]
    assert (replayed["success"], replayed["replayed"]) == (True, True)
    assert replayed["transaction"] == first["transaction"]
    assert balance(cast.seconds) == 25_275
    alone = cast.owner.get(f"/api/transactions/by-key/{cast.owners.id}/a").body["transaction"]
    assert alone == first["transaction"]
    books_are_right()


def test_a_thousand_lines_with_full_notes_fit_and_again_pay_nobody_twice(cast: Cast) -> None:
    note = "\N{DEVANAGARI LETTER KA}" * 140
    lines = [line(cast, f"{ObjectId()}-{number:011}", "0.50", note=note) for number in range(1_000)]
    assert len(json.dumps({"transactions": lines})) > 1_000_000
    first = bulk(cast.owner, lines)
    assert Counter(statuses(first)) == {201: 1_000}
    again = bulk(cast.owner, lines)
    assert Counter(statuses(again)) == {200: 1_000}
    assert [one["transaction"] for one in again.body["results"]] == [
        one["transaction"] for one in first.body["results"]
    ]
    assert (balance(cast.owners), balance(cast.seconds)) == (50_000, 50_000)
    books_are_right()


def test_two_identical_bulks_at_once_pay_everybody_once(cast: Cast) -> None:
    lines = [line(cast, f"k{number}") for number in range(300)]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: bulk(Program(cast.owner.token), lines), range(2)))
    assert Counter(statuses(answers[0]) + statuses(answers[1])) == {201: 300, 200: 300}
    assert balance(cast.seconds) == 30_000
    books_are_right()


def test_a_line_from_somebody_elses_account_reveals_nothing_and_moves_nothing(cast: Cast) -> None:
    cast.send("10", key="secret")
    foreign = [line(cast, "secret", "10"), line(cast, "secret", "11"), line(cast, "unknown")]
    mine = line(cast, "mine", fromAccount=str(cast.strangers.id))
    nowhere = line(cast, "k", fromAccount=str(ObjectId()))
    answer = bulk(cast.stranger, [*foreign, mine, nowhere])
    assert statuses(answer) == [404, 404, 404, 201, 404]
    refusals = [{**result, "index": 0} for result in answer.body["results"] if result["status"] == 404]
    assert all(refusal == refusals[0] for refusal in refusals)
    assert refusals[0]["code"] == "account_not_found"
    assert (balance(cast.owners), balance(cast.strangers)) == (99_000, 4_900)
    assert books().transactions.count_documents({"sender": cast.owners.id}) == 1


def test_the_system_account_cannot_be_debited_by_a_bulk(cast: Cast) -> None:
    system = books().accounts.find_one({"owner": None, "currency": "INR"})
    assert system is not None
    for program in (cast.system, cast.admin, cast.owner):
        assert statuses(bulk(program, [line(cast, "k", fromAccount=str(system["_id"]))])) == [404]
    assert cast.nothing_moved()


def test_nobody_and_a_forged_token_are_refused(cast: Cast, anyone: Program) -> None:
    assert bulk(anyone, [line(cast, "k")]).body["code"] == "not_signed_in"
    assert bulk(Program("forged"), [line(cast, "k")]).body["code"] == "invalid_token"
    assert cast.nothing_moved()


@pytest.mark.parametrize("lines", [[], {}, None, "x", 7, {"$gt": ""}, True])
def test_what_is_no_list_of_lines_is_refused_whole(cast: Cast, lines: Any) -> None:
    answer = bulk(cast.owner, lines)
    assert (answer.status, answer.body["code"], list(answer.body["errors"])) == (
        400,
        "invalid_input",
        ["transactions"],
    )


def test_a_thousand_and_one_lines_are_refused_whole(cast: Cast) -> None:
    answer = bulk(cast.owner, [line(cast, f"k{number}") for number in range(1_001)])
    assert (answer.status, answer.body["code"]) == (400, "invalid_input")
    assert cast.nothing_moved()
    assert books().transactions.count_documents({"sender": cast.owners.id}) == 0


@pytest.mark.parametrize("raw", [b"", b"[]", b"[1]", b"{", b'"x"', b"\xff", b'{"transactions": [}', b"[" * 100_000])
def test_what_is_no_json_object_is_refused_whole(cast: Cast, raw: bytes) -> None:
    answer = cast.owner.request("POST", PATH, None, raw=raw)
    assert answer.status == 400
    assert cast.nothing_moved()


def test_more_than_a_megabyte_is_refused_whole(cast: Cast) -> None:
    answer = bulk(cast.owner, [line(cast, "k", note="x" * 1_100_000)])
    assert (answer.status, answer.body["code"]) == (413, "payload_too_large")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"fromAccount": {"$gt": ""}}, "fromAccount"),
        ({"fromAccount": "x"}, "fromAccount"),
        ({"fromAccount": None}, "fromAccount"),
        ({"toAccount": {"$ne": None}}, "toAccount"),
        ({"toAccount": 7}, "toAccount"),
        ({"idempotencyKey": {"$gt": ""}}, "idempotencyKey"),
        ({"idempotencyKey": None}, "idempotencyKey"),
        ({"idempotencyKey": ""}, "idempotencyKey"),
        ({"idempotencyKey": "x" * 129}, "idempotencyKey"),
        ({"idempotencyKey": "x" * 1_001}, "idempotencyKey"),
        ({"amount": {"$gt": 0}}, "amount"),
        ({"amount": None}, "amount"),
        ({"amount": [1]}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"note": None}, "note"),
        ({"note": 7}, "note"),
        ({"note": "x" * 141}, "note"),
        ({"note": "a\nb"}, "note"),
        ({"note": "\ud800"}, "note"),
        ({"type": "FUNDING"}, "type"),
        ({"type": ["TRANSFER"]}, "type"),
    ],
)
def test_a_malformed_line_is_its_own_answer(cast: Cast, change: dict[str, Any], field: str) -> None:
    answer = bulk(cast.owner, [line(cast, "a"), line(cast, "k") | change, line(cast, "b")])
    assert statuses(answer) == [201, 400, 201]
    assert list(answer.body["results"][1]["errors"]) == [field]
    assert balance(cast.seconds) == 200
    assert {document["key"] for document in books().transactions.find({"sender": cast.owners.id})} == {"a", "b"}


@pytest.mark.parametrize("item", [None, 7, "x", [], True])
def test_a_line_that_is_no_object_is_its_own_answer(cast: Cast, item: Any) -> None:
    answer = bulk(cast.owner, [item, line(cast, "a")])
    assert statuses(answer) == [400, 201]


def test_all_that_is_missing_is_said_at_once(cast: Cast) -> None:
    answer = bulk(cast.owner, [{}])
    assert set(answer.body["results"][0]["errors"]) == {"fromAccount", "toAccount", "amount", "idempotencyKey"}


def test_numbers_are_read_exactly(cast: Cast) -> None:
    texts = ["0.1", "0.2", "33.33", "1e1"]
    lines = ",".join(json.dumps(line(cast, f"k{i}", "#")).replace('"#"', text) for i, text in enumerate(texts))
    answer = cast.owner.request("POST", PATH, None, raw=f'{{"transactions": [{lines}]}}'.encode())
    assert statuses(answer) == [201, 201, 201, 400]
    assert balance(cast.seconds) == 3_363


def test_a_frozen_account_refuses_every_line_and_says_why(cast: Cast) -> None:
    account_freeze(account_id=cast.owners.id, reason="Lost card", origin=COMMAND)
    answer = bulk(cast.owner, [line(cast, "a"), line(cast, "b")])
    assert [result["code"] for result in answer.body["results"]] == ["sender_not_active"] * 2
    assert cast.nothing_moved()


def test_a_bulk_counts_once_against_the_limit(cast: Cast, settings: Any) -> None:
    settings.RATE_LIMIT_STRICT = "2/15m"
    answers = [bulk(cast.owner, [line(cast, f"{turn}-{n}") for n in range(20)]) for turn in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert balance(cast.seconds) == 4_000


def test_lines_without_an_answer_say_so_and_when_to_come_again(cast: Cast, settings: Any) -> None:
    settings.TRANSFER_DEADLINE_SECONDS = 0
    answer = bulk(cast.owner, [line(cast, "a"), line(cast, "b", "0")])
    assert (answer.status, statuses(answer)) == (200, [503, 400])
    assert answer.headers["Retry-After"] == "1"
    assert answer.body["summary"]["tryAgain"] == 1
    assert cast.nothing_moved()


def test_other_methods_are_refused(cast: Cast) -> None:
    for method in ("PUT", "PATCH", "DELETE"):
        assert cast.owner.request(method, PATH, {}).body["code"] == "method_not_allowed"
