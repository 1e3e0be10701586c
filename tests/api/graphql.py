"""How the tests speak GraphQL."""

from typing import Any

from banking.graphql import ids
from ledger.records import Account
from tests.api.conftest import Answer, Cast, Program

SEND = """mutation ($input: CreateTransactionInput!) {
  createTransaction(input: $input) {
    clientMutationId replayed
    transaction { id amount type status description createdAt completedAt sender { id balance } receiver { id name } }
  }
}"""


def ask(program: Program, query: str, **variables: Any) -> Answer:
    """Send a query by POST."""
    return program.post("/graphql", {"query": query, "variables": variables})


def data_of(answer: Answer) -> Any:
    """Return the data of an answer without errors."""
    assert (answer.status, answer.body.get("errors")) == (200, None)
    return answer.body["data"]


def codes_of(answer: Answer) -> list[str]:
    """Return the codes of an answer's errors."""
    return [error["extensions"]["code"] for error in answer.body.get("errors", [])]


def account_id(account: Account) -> str:
    return ids.id_write(ids.ACCOUNT, account.id)


def send(cast: Cast, program: Program | None = None, **changes: Any) -> Answer:
    """Send 10 from the owner's account to the second customer's."""
    order = {
        "senderAccount": account_id(cast.owners),
        "receiverAccount": account_id(cast.seconds),
        "amount": "10.00",
        "idempotencyKey": "k",
    }
    return ask(program or cast.owner, SEND, input={**order, **changes})
