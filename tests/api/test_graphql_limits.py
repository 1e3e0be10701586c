"""What /graphql does not take: too much, the malformed, the foreign; each with a status, a code and no inside."""

import json
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client

from accounts.models import User
from accounts.tokens import pair_issue
from banking.graphql import measure
from tests.api.conftest import Cast, Program, balance
from tests.api.graphql import SEND, account_id, ask, codes_of, data_of, send

NUMBERED = b'{"query": "query ($n: Int) { accounts(first: $n) { totalCount } }", "variables": {"n": %b}}'
LINES = "{ edges { node { id } } }"


def refused(answer: Any, code: str = "query_too_complex") -> None:
    assert (answer.status, codes_of(answer)) == (400, [code])
    assert "data" not in answer.body


def nested(levels: int) -> str:
    """A query that is 3 + 4 * levels fields deep."""
    inner = "id"
    for _ in range(levels):
        inner = f"transactions(first: 1) {{ edges {{ node {{ sender {{ {inner} }} }} }} }}"
    return f'{{ node(id: "x") {{ ... on Account {{ {inner} }} }} }}'


def test_depth(cast: Cast) -> None:
    assert ask(cast.owner, nested(2)).status == 200
    refused(ask(cast.owner, nested(3)))


def test_names_for_the_same_field(cast: Cast) -> None:
    def query(count: int) -> str:
        return "{" + " ".join(f"a{number}: __typename" for number in range(count)) + "}"

    assert ask(cast.owner, query(measure.MOST_ALIASES)).status == 200
    refused(ask(cast.owner, query(measure.MOST_ALIASES + 1)))


def test_names_within_what_the_schema_says_of_itself(cast: Cast) -> None:
    def query(count: int) -> str:
        return "{ __schema {" + " ".join(f"a{number}: types {{ name }}" for number in range(count)) + "} }"

    assert ask(cast.owner, query(measure.MOST_ALIASES)).status == 200
    refused(ask(cast.owner, query(measure.MOST_ALIASES + 1)))


def test_numbers_longer_than_anybody_counts(cast: Cast) -> None:
    for digits in (measure.MOST_DIGITS + 1, 5_000):
        refused(ask(cast.owner, f"{{ transactions(first: {'9' * digits}) {{ totalCount }} }}"), "invalid_query")


def test_lists_within_lists(cast: Cast) -> None:
    def query(size: str, declared: str = "") -> str:
        return f"query {declared} {{ accounts({size}) {{ edges {{ node {{ transactions {LINES} }} }} }} }}"

    assert ask(cast.owner, query("first: 24")).status == 200
    for size in ("first: 25", "last: 50"):
        refused(ask(cast.owner, query(size)))
    counted = query("first: $n", "($n: Int)")
    assert ask(cast.owner, counted, n=24).status == 200
    refused(ask(cast.owner, counted, n=25))
    refused(ask(cast.owner, query("first: $n", "($n: Int = 50)")))
    # Whatever it is, it does not pass for a small one.
    refused(ask(cast.owner, counted, n=-5))
    refused(ask(cast.owner, counted, n=True))


def test_length_and_tokens(cast: Cast) -> None:
    refused(ask(cast.owner, "{ __typename }" + " " * measure.MOST_CHARACTERS))
    refused(ask(cast.owner, "{" + "a " * measure.MOST_TOKENS + "}"))
    refused(ask(cast.owner, "{" + "#\n" * measure.MOST_TOKENS + "__typename }"))
    for opening in ("{a", "{a(b: [", "{a(b: {c: ", "{... on Query {"):
        answer = ask(cast.owner, opening * 400)
        assert answer.status == 400
        assert codes_of(answer)[0] in {"query_too_complex", "invalid_query"}


def test_fragments_that_multiply(cast: Cast) -> None:
    """Each names the next one twice under different fields: small to write, and without an end to execute."""
    size = 6
    fragments = [
        f"fragment f{n} on Transaction {{ sender {{ transactions {{ edges {{ node {{ ...f{n + 1} }} }} }} }} "
        f"receiver {{ transactions {{ edges {{ node {{ ...f{n + 1} }} }} }} }} }}"
        for n in range(size)
    ]
    last = f"fragment f{size} on Transaction {{ id }}"
    query = f"{{ transactions {{ edges {{ node {{ ...f0 }} }} }} }} {' '.join(fragments)} {last}"
    refused(ask(cast.owner, query))
    flat = [f"fragment g{n} on Query {{ ...g{n + 1} ...g{n + 1} }}" for n in range(40)]
    assert ask(cast.owner, "{ ...g0 } " + " ".join(flat) + " fragment g40 on Query { __typename }").status == 200


def test_fragments_that_name_one_another_in_a_circle(cast: Cast) -> None:
    circle = "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }"
    answer = ask(cast.owner, circle)
    assert answer.status == 400
    assert set(codes_of(answer)) == {"invalid_query"}


def test_what_the_schema_says_of_itself_has_a_bottom(cast: Cast) -> None:
    inner = "name"
    for _ in range(8):
        inner = f"fields {{ type {{ {inner} }} }}"
    answer = ask(cast.owner, f'{{ __type(name: "Account") {{ {inner} }} }}')
    assert (answer.status, set(codes_of(answer))) == (400, {"invalid_query"})


def test_a_document_that_is_laborious_to_check_is_checked_soon(cast: Cast) -> None:
    import time

    began = time.monotonic()
    ask(cast.owner, "{" + "accounts { edges { node { id } } } " * 45 + "}")
    ask(cast.owner, "{" + " ".join(f"...f{n}" for n in range(35)) + "}" + " ".join(
        f"fragment f{n} on Query {{ accounts {{ totalCount }} }}" for n in range(35)))  # fmt: skip
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"[]", "invalid_json"),
        (b'[{"query": "{ __typename }"}]', "invalid_json"),
        (b"{", "invalid_json"),
        (b"", "invalid_input"),
        (b"null", "invalid_json"),
        (b"\xff\xfe", "invalid_json"),
        (b'{"query": "{ __typename }", "query": "{ x }"}', "invalid_json"),
        (b'{"query": NaN}', "invalid_json"),
        (b'{"query": ' + b"[" * 5_000, "invalid_json"),
        (b'{"query": "\xff"}', "invalid_json"),
        (b"{}", "invalid_input"),
        (b'{"query": null}', "invalid_input"),
        (b'{"query": {"$gt": ""}}', "invalid_input"),
        (b'{"query": ["{ __typename }"]}', "invalid_input"),
        (b'{"query": 5}', "invalid_input"),
        (b'{"query": "{ __typename }", "variables": []}', "invalid_input"),
        (b'{"query": "{ __typename }", "variables": "{}"}', "invalid_input"),
        (b'{"query": "{ __typename }", "operationName": {"$gt": ""}}', "invalid_input"),
        (b'{"query": "{ __typename }", "operationName": "other"}', "invalid_query"),
        (b'{"query": ""}', "invalid_query"),
        (b'{"query": "{ \\u0000 }"}', "invalid_query"),
        (b'{"query": "{ \\ud800 }"}', "invalid_query"),
        (b'{"query": "{ accounts(first: \\"\\ud800\\") { totalCount } }"}', "invalid_query"),
        (b'{"query": "query a { __typename } query b { __typename }"}', "invalid_query"),
        (b'{"query": "query ($n: Int!) { accounts(first: $n) { totalCount } }"}', "invalid_query"),
        (NUMBERED % b'2.5', "invalid_query"),
        (NUMBERED % b'1e2', "invalid_query"),
        (NUMBERED % b'99999999999', "invalid_query"),
        (NUMBERED % b'{"$gt": 0}', "invalid_query"),
        (b'{"query": "subscription { x }"}', "invalid_query"),
        (b'{"query": "type Query { x: Int }"}', "invalid_query"),
        (b'{"query": "{ __typename @skip }"}', "invalid_query"),
    ],
)  # fmt: skip
def test_what_is_no_request_is_a_400_with_a_code(cast: Cast, body: bytes, code: str) -> None:
    answer = cast.owner.request("POST", "/graphql", raw=body)
    assert answer.status == 400
    assert set(codes_of(answer)) == {code}
    assert "instance" not in str(answer.body)
    assert "Decimal" not in str(answer.body)
    assert "Traceback" not in str(answer.body)


def test_other_kinds_of_content_and_huge_bodies_are_refused(cast: Cast) -> None:
    for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data", "application/graphql"):
        answer = cast.owner.request("POST", "/graphql", raw=b"{ __typename }", Content_Type=kind)
        assert (answer.status, codes_of(answer)) == (415, ["unsupported_media_type"])
    huge = cast.owner.request("POST", "/graphql", raw=b'{"query": "' + b"x" * 2_000_000 + b'"}')
    assert (huge.status, codes_of(huge)) == (413, ["payload_too_large"])
    assert cast.nothing_moved()


def test_answers_come_in_both_kinds_of_content(cast: Cast) -> None:
    plain = ask(cast.owner, "{ __typename }")
    assert plain.headers["Content-Type"] == "application/json"
    new = cast.owner.post("/graphql", {"query": "{ __typename }"}, Accept="application/graphql-response+json")
    assert new.headers["Content-Type"] == "application/graphql-response+json"
    assert new.body == plain.body == {"data": {"__typename": "Query"}}
    assert new.headers["Cache-Control"] == "no-store"
    other = cast.owner.post("/graphql", {"query": "{ __typename }"}, Accept="text/css")
    assert (other.status, codes_of(other)) == (406, ["not_acceptable"])


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_only_post_executes(cast: Cast, method: str) -> None:
    mutation = f'mutation {{ createTransaction(input: {{senderAccount: "{cast.owners.id}", '
    mutation += f'receiverAccount: "{cast.seconds.id}", amount: 1, idempotencyKey: "g"}}) {{ replayed }} }}'
    answer = cast.owner.request(method, "/graphql", {"query": mutation})
    assert (answer.status, codes_of(answer)) == (405, ["method_not_allowed"])
    in_address = cast.owner.client.generic(
        method, "/graphql", QUERY_STRING="query={__typename}", headers={"Authorization": f"Bearer {cast.owner.token}"}
    )
    assert in_address.status_code == 405
    assert cast.nothing_moved()


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_by_cookie_only_from_our_own_origin(cast: Cast, owner: User, headers: dict[str, str]) -> None:
    browser = Client(raise_request_exception=False)
    browser.cookies[django_settings.TOKEN_COOKIE_NAME] = pair_issue(user=owner).access
    order = {"senderAccount": account_id(cast.owners), "receiverAccount": account_id(cast.seconds), "amount": 1}
    body = json.dumps({"query": SEND, "variables": {"input": {**order, "idempotencyKey": "c"}}})
    foreign = browser.post("/graphql", body, content_type="application/json", headers=headers)
    assert foreign.status_code == 403
    assert foreign.json()["errors"][0]["extensions"]["code"] == "cross_origin"
    assert cast.nothing_moved()
    own = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}
    assert browser.post("/graphql", body, content_type="application/json", headers=own).status_code == 200
    assert balance(cast.seconds) == 100


def test_requests_count_against_the_limit_of_the_api(anyone: Program, cast: Cast, settings: Any) -> None:
    settings.RATE_LIMIT_API = "2/15m"
    assert [ask(cast.owner, "{ __typename }").status for _ in range(3)] == [200, 200, 429]
    blocked = ask(anyone, "{ __typename }")
    assert (blocked.status, codes_of(blocked)) == (429, ["rate_limited"])
    assert blocked.headers["Retry-After"]


def test_what_an_administrator_asks_counts_against_the_limit_of_administration(cast: Cast, settings: Any) -> None:
    settings.RATE_LIMIT_STRICT = "2/15m"
    assert cast.admin.get("/api/admin/stats").status == 200
    assert [ask(cast.admin, "{ accounts { totalCount } }").status for _ in range(2)] == [200, 429]
    assert ask(cast.owner, "{ accounts { totalCount } }").status == 200


@pytest.mark.parametrize("place", ["banking.graphql.queries.account_get_for_viewer", "banking.graphql.view.prepare"])
def test_a_crash_shows_nothing_of_the_inside(cast: Cast, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    def crash(*args: Any, **options: Any) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(place, crash)
    answer = ask(cast.owner, "query ($id: ID!) { account(id: $id) { id } }", id=account_id(cast.owners))
    assert answer.status == (200 if "queries" in place else 500)
    assert codes_of(answer) == ["internal_error"]
    assert answer.body["errors"][0]["extensions"]["requestId"] == answer.headers["X-Request-ID"]
    assert "secret" not in str(answer.body)
    assert "RuntimeError" not in str(answer.body)


def test_a_database_that_is_away_says_when_to_come_back(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from ledger.errors import TryAgain

    def away(**options: Any) -> None:
        raise TryAgain

    monkeypatch.setattr("banking.graphql.mutations.transfer_send", away)
    answer = send(cast)
    assert codes_of(answer) == ["try_again"]
    assert answer.headers["Retry-After"] == "1"
    assert answer.body["errors"][0]["extensions"]["retryAfter"] == 1
    monkeypatch.undo()
    assert data_of(send(cast))["createTransaction"]["replayed"] is False
