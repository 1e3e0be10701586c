"""Changing things over GraphQL: the rules, keys and refusals of the one service; what is refused moved nothing."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from bson.objectid import ObjectId

from accounts.models import User
from accounts.tokens import pair_issue
from banking.graphql import ids
from ledger.accounts import account_freeze, accounts_of_owner
from ledger.audit import COMMAND
from ledger.store import books
from ledger.verify import verify
from tests.api.conftest import Cast, balance, signed_in
from tests.api.graphql import SEND, account_id, ask, codes_of, data_of, send
from tests.servers import Server

OPEN = """mutation ($input: CreateAccountInput!) {
  createAccount(input: $input) { clientMutationId account { id name document balance currency status } } }"""
CPF, OTHER_CPF = "529.982.247-25", "111.444.777-35"


def opened(program: Any, **fields: Any) -> Any:
    return ask(program, OPEN, input=fields)


def test_a_transfer_is_executed_and_replayed(cast: Cast) -> None:
    first = data_of(send(cast, amount="250.75", clientMutationId="mine"))["createTransaction"]
    assert (first["clientMutationId"], first["replayed"]) == ("mine", False)
    assert (first["transaction"]["amount"], first["transaction"]["sender"]["balance"]) == ("250.75", "749.25")
    again = data_of(send(cast, amount=250.75, clientMutationId="other"))["createTransaction"]
    assert again == {**first, "clientMutationId": "other", "replayed": True}
    assert (balance(cast.owners), balance(cast.seconds)) == (74_925, 25_075)


def test_the_surfaces_share_their_keys(cast: Cast) -> None:
    made = cast.send("10.00", "shared", note="Dinner").body["transaction"]
    replay = data_of(send(cast, idempotencyKey="shared", description="Dinner"))["createTransaction"]
    assert replay["replayed"]
    assert replay["transaction"]["id"] == ids.id_write(ids.TRANSACTION, ObjectId(made["_id"]))
    assert balance(cast.seconds) == 1_000


def test_the_key_may_come_as_a_header_and_must_come(cast: Cast) -> None:
    order = {"senderAccount": str(cast.owners.id), "receiverAccount": str(cast.seconds.id), "amount": 1}
    body = {"query": SEND, "variables": {"input": order}}
    answers = [cast.owner.post("/graphql", body, Idempotency_Key='"h"') for _ in range(2)]
    assert [data_of(answer)["createTransaction"]["replayed"] for answer in answers] == [False, True]
    without = cast.owner.post("/graphql", body)
    assert codes_of(without) == ["invalid_input"]
    assert list(without.body["errors"][0]["extensions"]["errors"]) == ["idempotencyKey"]
    both = {"query": SEND, "variables": {"input": {**order, "idempotencyKey": "x"}}}
    assert codes_of(cast.owner.post("/graphql", both, Idempotency_Key="y")) == ["invalid_input"]
    assert balance(cast.seconds) == 100


def test_a_refusal_names_its_code_and_the_failed_transaction(cast: Cast) -> None:
    answers = [send(cast, amount="5000") for _ in range(4)]
    errors = [answer.body["errors"][0] for answer in answers]
    assert [error["extensions"]["code"] for error in errors] == ["insufficient_funds"] * 3 + ["retry_limit_exceeded"]
    assert [error["extensions"]["status"] for error in errors] == [422, 422, 422, 409]
    assert [error["extensions"]["retryCount"] for error in errors] == [1, 2, 3, 3]
    assert {answer.status for answer in answers} == {200}
    assert {str(answer.body["data"]) for answer in answers} == {"{'createTransaction': None}"}
    assert errors[0]["path"] == ["createTransaction"]
    query = "query ($id: ID!) { transaction(id: $id) { status amount } }"
    failed = data_of(ask(cast.owner, query, id=errors[0]["extensions"]["transactionId"]))
    assert failed["transaction"] == {"status": "FAILED", "amount": "5000.00"}
    assert cast.nothing_moved()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": "10.01"}, "idempotency_key_reused"),
        ({"description": "else"}, "idempotency_key_reused"),
        ({"type": "PIX"}, "idempotency_key_reused"),
    ],
)
def test_a_key_names_one_transfer(cast: Cast, changes: dict[str, Any], code: str) -> None:
    send(cast)
    assert codes_of(send(cast, **changes)) == [code]
    assert balance(cast.seconds) == 1_000


def test_a_frozen_account_neither_pays_nor_is_paid(cast: Cast) -> None:
    account_freeze(account_id=cast.seconds.id, reason="", origin=COMMAND)
    assert codes_of(send(cast)) == ["receiver_not_active"]
    account_freeze(account_id=cast.owners.id, reason="", origin=COMMAND)
    assert codes_of(send(cast, idempotencyKey="2")) == ["sender_not_active"]
    assert cast.nothing_moved()


@pytest.mark.parametrize("who", ["second", "stranger", "admin", "system"])
def test_nobody_sends_from_somebody_elses_account(cast: Cast, who: str) -> None:
    send(cast, idempotencyKey="known", amount="5000")
    theirs = send(cast, getattr(cast, who), idempotencyKey="known", amount="5000")
    unknown = send(cast, getattr(cast, who), senderAccount=ids.id_write(ids.ACCOUNT, ObjectId()))
    assert codes_of(theirs) == codes_of(unknown) == ["account_not_found"]
    assert theirs.body == unknown.body
    assert cast.nothing_moved()


@pytest.mark.parametrize(
    ("text", "moved"),
    [("0.01", 1), ("33.33", 3_333), ('"33.33"', 3_333), ("0.3", 30), ("500", 50_000), ('"500.5"', 50_050)],
)
@pytest.mark.parametrize("place", ["literal", "variable"])
def test_amounts_are_taken_exactly(cast: Cast, text: str, moved: int, place: str) -> None:
    data_of(send_amount(cast, text, place))
    assert balance(cast.seconds) == moved


@pytest.mark.parametrize(
    "text",
    [
        *["1e3", "1E0", "100e-2", '"1e3"', '"1,000"', "-5", '"-5"', '"NaN"', "true", "null", "0", "0.0", '"0"'],
        *["1" + "0" * 30, "0.30000000000000004", "33.333", '""', "[]", '"١٢"', '" 5"', "92233720368547758.08"],
    ],
)
@pytest.mark.parametrize("place", ["literal", "variable"])
def test_what_is_no_amount_is_refused_and_not_recorded(cast: Cast, text: str, place: str) -> None:
    answer = send_amount(cast, text, place)
    assert answer.status in {200, 400}
    assert codes_of(answer) in (["invalid_amount"], ["invalid_query"])
    assert books().transactions.count_documents({"key": "raw"}) == 0
    assert cast.nothing_moved()


def send_amount(cast: Cast, text: str, place: str) -> Any:
    """Send an amount as it is written, in the document itself or in its variables."""
    parties = f'senderAccount: "{cast.owners.id}", receiverAccount: "{cast.seconds.id}", idempotencyKey: "raw"'
    amount, declared = (text, "") if place == "literal" else ("$amount", "($amount: Money!) ")
    mutation = f"mutation {declared}{{ createTransaction(input: {{{parties}, amount: {amount}}}) {{ replayed }} }}"
    variables = "{}" if place == "literal" else f'{{"amount": {text}}}'
    raw = f'{{"query": {json.dumps(mutation)}, "variables": {variables}}}'
    return cast.owner.request("POST", "/graphql", raw=raw.encode())


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"senderAccount": "x"}, "senderAccount"),
        ({"receiverAccount": "x"}, "receiverAccount"),
        ({"receiverAccount": ids.id_write(ids.TRANSACTION, ObjectId())}, "receiverAccount"),
        ({"idempotencyKey": "two words"}, "idempotencyKey"),
        ({"idempotencyKey": ""}, "idempotencyKey"),
        ({"description": "x" * 141}, "description"),
        ({"description": "\ud800"}, "description"),
        ({"description": "a\x00b"}, "description"),
        ({"type": "FUNDING"}, "type"),
    ],
)
def test_each_malformed_field_is_named(cast: Cast, changes: dict[str, Any], field: str) -> None:
    answer = send(cast, **changes)
    assert codes_of(answer) == ["invalid_input"]
    assert list(answer.body["errors"][0]["extensions"]["errors"]) == [field]
    assert cast.nothing_moved()


@pytest.mark.parametrize(
    "changes",
    [
        {"senderAccount": {"$ne": None}},
        {"receiverAccount": ["a"]},
        {"receiverAccount": None},
        {"idempotencyKey": {"$gt": ""}},
        {"idempotencyKey": 7},
        {"description": {"a": 1}},
        {"type": "TED"},
        {"type": 1},
        {"amount": {"$gt": 0}},
        {"unknown": 1},
        {"clientMutationId": {"$gt": ""}},
    ],
)
def test_a_wrong_type_is_a_400_before_anything_happens(cast: Cast, changes: dict[str, Any]) -> None:
    answer = send(cast, **changes)
    assert answer.status == 400
    assert codes_of(answer) in (["invalid_query"], ["invalid_amount"])
    assert cast.nothing_moved()


def test_several_in_one_request_are_made_one_after_the_other(cast: Cast) -> None:
    order = f'senderAccount: "{cast.owners.id}", receiverAccount: "{cast.seconds.id}", amount: 400'
    each = "{ transaction { sender { balance } } }"
    query = "mutation {" + " ".join(
        f'm{number}: createTransaction(input: {{{order}, idempotencyKey: "{number}"}}) {each}' for number in range(3)
    )
    answer = ask(cast.owner, query + "}")
    assert answer.body["data"] == {
        "m0": {"transaction": {"sender": {"balance": "600.00"}}},
        "m1": {"transaction": {"sender": {"balance": "200.00"}}},
        "m2": None,
    }
    assert codes_of(answer) == ["insufficient_funds"]
    assert balance(cast.seconds) == 80_000


def test_transfers_count_against_the_limit_of_transfers(cast: Cast, settings: Any) -> None:
    settings.RATE_LIMIT_STRICT = "3/15m"
    assert send(cast).status == 200
    cast.send("1", "rest")
    order = f'senderAccount: "{cast.owners.id}", receiverAccount: "{cast.seconds.id}", amount: 1'
    two = " ".join(f'm{n}: createTransaction(input: {{{order}, idempotencyKey: "m{n}"}}) {{ replayed }}' for n in "12")
    blocked = ask(cast.owner, f"mutation {{ {two} }}")
    assert (blocked.status, codes_of(blocked)) == (429, ["rate_limited"])
    assert 0 < int(blocked.headers["Retry-After"]) <= 900
    # Not even the one that there was room for.
    assert balance(cast.seconds) == 1_100
    assert ask(cast.owner, "{ accounts { totalCount } }").status == 200


def test_two_with_one_key_at_once_are_one_transfer(
    server: Server, cast: Cast, owner: User, ask_server: Callable[[Any], Any]
) -> None:
    order = {
        "senderAccount": account_id(cast.owners),
        "receiverAccount": account_id(cast.seconds),
        "amount": 10,
        "idempotencyKey": "at-once",
    }
    body = {"query": SEND, "variables": {"input": order}}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask_server, [body] * 8))
    made = [answer["data"]["createTransaction"] for answer in answers]
    assert len({one["transaction"]["id"] for one in made}) == 1
    assert [one["replayed"] for one in made].count(False) >= 1
    assert books().transactions.count_documents({"key": "at-once"}) == 1
    assert (balance(cast.owners), balance(cast.seconds)) == (99_000, 1_000)
    assert verify().violations == []


@pytest.fixture
def ask_server(server: Server, owner: User) -> Callable[[Any], Any]:
    """Send a body to a real server as the owner."""
    import http.client

    token = pair_issue(user=owner).access

    def post(body: Any) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        connection.request("POST", "/graphql", json.dumps(body), headers)
        response = connection.getresponse()
        found = json.loads(response.read())
        connection.close()
        return found

    return post


# --- opening accounts -----------------------------------------------------------------------------------------


def test_a_customer_opens_their_own_account(owner: User) -> None:
    program = signed_in(owner)
    made = data_of(opened(program, name="olivia owner", document=CPF, balance=0, clientMutationId="m"))[
        "createAccount"
    ]
    assert made["clientMutationId"] == "m"
    assert made["account"]["name"] == "Olivia Owner"
    assert {name: made["account"][name] for name in ("document", "balance", "currency", "status")} == {
        "document": "52998224725",
        "balance": "0.00",
        "currency": "INR",
        "status": "ACTIVE",
    }
    assert codes_of(opened(program)) == ["account_exists"]
    assert data_of(opened(program, currency="EUR"))["createAccount"]["account"]["currency"] == "EUR"
    assert len(accounts_of_owner(owner.pk)) == 2


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"name": "Somebody Else"}, "invalid_input", "name"),
        ({"document": "123"}, "invalid_input", "document"),
        ({"document": "\x00"}, "invalid_input", "document"),
        ({"document": "\ud800" * 100}, "invalid_input", "document"),
        ({"balance": "-1"}, "invalid_input", "balance"),
        ({"balance": "1e3"}, "invalid_input", "balance"),
        ({"balance": "0.001"}, "invalid_input", "balance"),
        ({"balance": "0.01"}, "forbidden", None),
        ({"currency": "XXX"}, "currency_not_offered", None),
        ({"currency": "\ud800"}, "currency_not_offered", None),
    ],
)
@pytest.mark.parametrize("who", ["owner", "admin"])
def test_what_cannot_be_opened_leaves_nothing_behind(
    owner: User, admin: User, who: str, fields: dict[str, Any], code: str, field: str | None
) -> None:
    user = {"owner": owner, "admin": admin}[who]
    answer = opened(signed_in(user), **fields)
    assert codes_of(answer) == [code]
    assert list(answer.body["errors"][0]["extensions"].get("errors", {})) == ([field] if field else [])
    assert accounts_of_owner(user.pk) == []
    user.refresh_from_db()
    assert user.document is None


def test_a_document_belongs_to_one_person_and_stays(owner: User, second: User) -> None:
    data_of(opened(signed_in(owner), document=CPF))
    assert codes_of(opened(signed_in(second), document=CPF)) == ["document_taken"]
    assert accounts_of_owner(second.pk) == []
    assert codes_of(opened(signed_in(owner), document=OTHER_CPF, currency="EUR")) == ["invalid_input"]
    assert len(accounts_of_owner(owner.pk)) == 1


def test_a_request_that_finds_an_account_leaves_no_document(cast: Cast, owner: User) -> None:
    assert codes_of(opened(cast.owner, document=CPF)) == ["account_exists"]
    owner.refresh_from_db()
    assert owner.document is None


def test_the_system_user_opens_a_funded_account_for_who_has_the_document(cast: Cast, owner: User) -> None:
    data_of(opened(cast.owner, document=CPF, currency="EUR"))
    made = data_of(opened(cast.system, name="Olivia Owner", document=CPF, balance="12.50", currency="USD"))
    account = made["createAccount"]["account"]
    assert (account["name"], account["balance"]) == ("Olivia Owner", "12.50")
    # The customer's third account, and the money came from the bank's.
    (opened_for,) = [one for one in accounts_of_owner(owner.pk) if one.currency == "USD"]
    assert opened_for.balance_minor == 1_250
    transaction = books().transactions.find_one({"receiver": opened_for.id})
    assert transaction is not None
    assert (transaction["type"], transaction["status"]) == ("FUNDING", "COMPLETED")
    assert verify().violations == []
    assert codes_of(opened(cast.system, document=OTHER_CPF)) == ["invalid_input"]
    assert codes_of(opened(cast.system, name="Samir Second", document=CPF)) == ["invalid_input"]


def test_a_configured_gift_comes_with_the_first_account(owner: User, settings: Any) -> None:
    settings.OPENING_BALANCE = "100"
    program = signed_in(owner)
    balances = [
        data_of(opened(program, currency=one))["createAccount"]["account"]["balance"] for one in ("INR", "EUR")
    ]
    assert balances == ["100.00", "0.00"]
