"""What GraphQL shows, and to whom."""

from pathlib import Path
from typing import Any

import pytest
from bson.objectid import ObjectId
from graphql import get_introspection_query

from banking.graphql import ids
from banking.graphql.schema import schema
from banking.graphql.types import AccountStatus, TransactionStatus, TransactionType
from ledger.accounts import system_account_id
from ledger.records import ACTIVE, CLOSED, CUSTOMER_TYPES, FROZEN, FUNDING, INACTIVE, STATES
from tests.api.conftest import Cast, Program, account_with
from tests.api.graphql import account_id, ask, codes_of, data_of, send

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = "id name document balance currency status"
ACCOUNTS = f"{{ accounts {{ totalCount edges {{ cursor node {{ {ACCOUNT} }} }} }} }}"
TRANSACTIONS = """query ($account: ID) { transactions(accountId: $account) {
  totalCount edges { node { id amount status sender { id name balance } receiver { id name balance } } } } }"""


def nodes(connection: Any) -> list[Any]:
    return [edge["node"] for edge in connection["edges"]]


def test_a_customer_sees_their_own_accounts(cast: Cast) -> None:
    data = data_of(ask(cast.owner, ACCOUNTS))
    assert data["accounts"]["totalCount"] == 1
    assert nodes(data["accounts"]) == [
        {
            "id": account_id(cast.owners),
            "name": "Olivia Owner",
            "document": None,
            "balance": "1000.00",
            "currency": "INR",
            "status": "ACTIVE",
        }
    ]


def test_an_administrator_sees_all_and_the_system_user_the_banks(cast: Cast) -> None:
    everything = nodes(data_of(ask(cast.admin, ACCOUNTS))["accounts"])
    assert {account_id(one) for one in (cast.owners, cast.seconds, cast.strangers)} < {one["id"] for one in everything}
    assert {one["name"] for one in everything} == {"Florin", "Olivia Owner", "Samir Second", "Stella Stranger"}
    ours = nodes(data_of(ask(cast.system, ACCOUNTS))["accounts"])
    assert {one["name"] for one in ours} == {"Florin"}
    assert ours[0]["balance"] is not None


def test_the_other_side_of_a_transfer_is_a_name(cast: Cast) -> None:
    send(cast, description="Dinner")
    for program, mine in ((cast.owner, "sender"), (cast.second, "receiver")):
        (transfer, *_) = nodes(data_of(ask(program, TRANSACTIONS))["transactions"])
        theirs = {"sender": "receiver", "receiver": "sender"}[mine]
        assert transfer[mine]["balance"] in {"990.00", "10.00"}
        assert transfer[theirs]["name"] in {"Olivia Owner", "Samir Second"}
        assert transfer[theirs]["balance"] is None
    query = (
        "query ($id: ID!) { transaction(id: $id) { receiver { name document status transactions { totalCount } } } }"
    )
    (first, *_) = nodes(data_of(ask(cast.owner, TRANSACTIONS))["transactions"])
    receiver = data_of(ask(cast.owner, query, id=first["id"]))["transaction"]["receiver"]
    assert receiver == {"name": "Samir Second", "document": None, "status": None, "transactions": None}


def test_a_transaction_has_all_of_its_fields(cast: Cast) -> None:
    transaction = data_of(send(cast, amount=250.75, description="Dinner", type="PIX"))["createTransaction"][
        "transaction"
    ]
    again = """query ($id: ID!) { node(id: $id) { id ... on Transaction {
        amount type status description createdAt completedAt sender { id balance } receiver { id name } } } }"""
    assert data_of(ask(cast.owner, again, id=transaction["id"]))["node"] == transaction
    assert (transaction["amount"], transaction["type"], transaction["status"]) == ("250.75", "PIX", "COMPLETED")
    assert transaction["description"] == "Dinner"
    assert transaction["createdAt"].endswith("Z")


def test_node_gives_accounts_too(cast: Cast) -> None:
    query = "query ($id: ID!) { node(id: $id) { __typename id ... on Account { name balance } } }"
    assert data_of(ask(cast.owner, query, id=account_id(cast.owners)))["node"] == {
        "__typename": "Account",
        "id": account_id(cast.owners),
        "name": "Olivia Owner",
        "balance": "1000.00",
    }


def test_an_account_may_be_named_by_its_number(cast: Cast) -> None:
    query = "query ($id: ID!) { account(id: $id) { id } }"
    assert data_of(ask(cast.owner, query, id=str(cast.owners.id)))["account"]["id"] == account_id(cast.owners)


@pytest.mark.parametrize("who", ["second", "stranger", "system"])
def test_what_is_somebody_elses_looks_like_nothing(cast: Cast, who: str) -> None:
    made = data_of(send(cast))["createTransaction"]["transaction"]["id"]
    failed = send(cast, amount="5000", idempotencyKey="f").body["errors"][0]["extensions"]["transactionId"]
    program: Program = getattr(cast, who)
    unknown = ids.id_write(ids.ACCOUNT, ObjectId()), ids.id_write(ids.TRANSACTION, ObjectId())
    hidden = [failed] if who == "second" else [failed, made]
    queries = {
        "node": ("query ($id: ID!) { node(id: $id) { id } }", [account_id(cast.owners), *hidden, *unknown]),
        "account": ("query ($id: ID!) { account(id: $id) { id } }", [account_id(cast.owners), unknown[0]]),
        "transaction": ("query ($id: ID!) { transaction(id: $id) { id } }", [*hidden, unknown[1]]),
    }
    for field, (query, asked) in queries.items():
        answers = [ask(program, query, id=one) for one in asked]
        assert {answer.status for answer in answers} == {200}
        assert [answer.body["data"][field] for answer in answers] == [None] * len(asked)
        assert len({str(answer.body) for answer in answers}) == 1
    of_one = ask(program, TRANSACTIONS, account=account_id(cast.owners))
    assert codes_of(of_one) == codes_of(ask(program, TRANSACTIONS, account=unknown[0])) == ["account_not_found"]


def test_an_administrator_sees_every_transaction(cast: Cast) -> None:
    made = data_of(send(cast))["createTransaction"]["transaction"]["id"]
    failed = send(cast, amount="5000", idempotencyKey="f").body["errors"][0]["extensions"]["transactionId"]
    data = data_of(ask(cast.admin, TRANSACTIONS))["transactions"]
    # Two fundings, and these.
    assert data["totalCount"] == len(nodes(data)) == 4
    assert [one["id"] for one in nodes(data)[:2]] == [failed, made]
    assert nodes(data)[1]["receiver"]["balance"] == "10.00"
    of_one = data_of(ask(cast.admin, TRANSACTIONS, account=account_id(cast.owners)))["transactions"]
    assert (of_one["totalCount"], len(nodes(of_one))) == (3, 3)


def test_a_receiver_that_never_was_is_null(cast: Cast) -> None:
    nobody = ids.id_write(ids.ACCOUNT, ObjectId())
    assert codes_of(send(cast, receiverAccount=nobody)) == ["receiver_not_found"]
    (first, *_) = nodes(data_of(ask(cast.owner, TRANSACTIONS))["transactions"])
    assert (first["status"], first["receiver"]) == ("FAILED", None)


def test_money_between_the_accounts_of_one_person_is_shown_once(cast: Cast, system_user: Any) -> None:
    own = account_with(system_user, 7)
    found = nodes(data_of(ask(cast.system, TRANSACTIONS))["transactions"])
    assert len(found) == len({one["id"] for one in found}) == 3
    assert sum(one["receiver"]["id"] == account_id(own) for one in found) == 1


def test_nobody_is_shown_anything_without_signing_in(cast: Cast, anyone: Program) -> None:
    answer = ask(anyone, ACCOUNTS)
    assert (answer.status, codes_of(answer)) == (401, ["not_signed_in"])
    assert "Bearer" in answer.headers["WWW-Authenticate"]
    forged = ask(Program("a.b.c"), "{ __schema { types { name } } }")
    assert (forged.status, codes_of(forged)) == (401, ["invalid_token"])


def test_lists_within_lists(cast: Cast) -> None:
    send(cast)
    query = """{ accounts { edges { node { id transactions(first: 1) {
        totalCount edges { node { sender { name } } } } } } } }"""
    (account,) = nodes(data_of(ask(cast.owner, query))["accounts"])
    assert account["transactions"]["totalCount"] == 2
    assert nodes(account["transactions"]) == [{"sender": {"name": "Olivia Owner"}}]


def test_the_names_of_states_and_types_are_the_ledgers() -> None:
    assert {one.value for one in AccountStatus} == {ACTIVE, FROZEN, CLOSED, INACTIVE}
    assert {one.value for one in TransactionStatus} == set(STATES)
    assert {one.value for one in TransactionType} == {*CUSTOMER_TYPES, FUNDING}


def test_tools_can_ask_for_the_schema(cast: Cast) -> None:
    types = {one["name"] for one in data_of(ask(cast.owner, get_introspection_query()))["__schema"]["types"]}
    assert {"Node", "Account", "Transaction", "TransactionConnection", "PageInfo", "Money"} <= types


def test_the_schema_in_the_documentation_is_the_one_in_use() -> None:
    assert (ROOT / "docs" / "schema.graphql").read_text() == schema.as_str() + "\n"


def test_an_accounts_id_is_opaque_and_has_one_spelling() -> None:
    id, text = ObjectId("0123456789abcdef01234567"), "QWNjb3VudDowMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc"
    assert ids.id_write(ids.ACCOUNT, id) == text
    assert ids.id_read(text) == (ids.ACCOUNT, id)


def test_the_page_shows_the_schema_in_development_only(cast: Cast, settings: Any) -> None:
    browser = Program().client
    page = browser.get("/graphql", headers={"Accept": "text/html,*/*"})
    assert page.status_code == 200
    assert b"interface Node" in page.content
    assert b"<script" not in page.content
    assert b'href="/api/docs#operation-signIn"' in page.content
    assert page["Content-Security-Policy"].startswith("default-src 'none'")
    settings.IS_PRODUCTION = True
    assert browser.get("/graphql", headers={"Accept": "text/html,*/*"}).status_code == 405
    assert cast.owner.get("/graphql", Accept="text/html, */*").status == 405


def test_a_failed_transfer_stays_with_whoever_sent_it(cast: Cast) -> None:
    send(cast, amount="5000")
    assert nodes(data_of(ask(cast.second, TRANSACTIONS))["transactions"]) == []
    assert [one["status"] for one in nodes(data_of(ask(cast.owner, TRANSACTIONS))["transactions"])] == [
        "FAILED",
        "COMPLETED",
    ]


def test_the_system_accounts_are_not_for_administrators_to_spend(cast: Cast) -> None:
    bank = ids.id_write(ids.ACCOUNT, system_account_id("INR"))
    for program in (cast.admin, cast.system, cast.owner):
        assert codes_of(send(cast, program, senderAccount=bank)) == ["account_not_found"]
    assert cast.nothing_moved()
