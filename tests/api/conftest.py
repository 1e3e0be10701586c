"""A program that talks to the API, and the cast with money on their accounts."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from accounts.tokens import pair_issue
from banking.services.customers import account_open
from ledger.accounts import account_get
from ledger.audit import COMMAND
from ledger.records import Account
from ledger.transfers import funding_execute
from tests.api.described import answer_check


@dataclass
class Answer:
    """A response with its JSON read."""

    status: int
    body: Any
    headers: Any
    cookies: Any


class Program:
    """A client of the API; it signs in with a Bearer token when it has one."""

    def __init__(self, token: str | None = None) -> None:
        self.client = Client(raise_request_exception=False)
        self.token = token

    def request(self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        kind = sent.pop("Content-Type", "application/json")
        response = self.client.generic(method, path, data, content_type=kind, headers=sent)
        body = json.loads(response.content)
        # No test of the API meets an answer that is not described.
        cookies = {"Set-Cookie": response.cookies} if response.cookies else {}
        answer_check(method, path, response.status_code, body, {**response.headers, **cookies})
        return Answer(response.status_code, body, response.headers, response.cookies)

    def get(self, path: str, **headers: str) -> Answer:
        return self.request("GET", path, None, raw=None, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.request("POST", path, {} if body is None else body, raw=None, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.request("PATCH", path, body, raw=None, **headers)


@pytest.fixture
def anyone(bank_db: object) -> Program:
    """A program that is not signed in."""
    return Program()


def signed_in(user: User) -> Program:
    return Program(pair_issue(user=user).access)


def account_with(user: User, amount: object = 0, currency: str = "INR") -> Account:
    account = account_open(user=user, currency=currency, origin=COMMAND)
    if amount:
        funding_execute(receiver=account.id, amount=amount, key=f"fund:{account.id}", origin=COMMAND)
    return account_get(account.id)


def balance(account: Account) -> int:
    return account_get(account.id).balance_minor


@dataclass
class Cast:
    """Everybody's program and account: the owner has 1,000, the second customer nothing."""

    owner: Program
    second: Program
    stranger: Program
    admin: Program
    system: Program
    owners: Account
    seconds: Account
    strangers: Account

    def send(self, amount: Any = "10.00", key: Any = "k", **more: Any) -> Answer:
        body = {
            "fromAccount": str(self.owners.id),
            "toAccount": str(self.seconds.id),
            "amount": amount,
            "idempotencyKey": key,
        }
        return self.owner.post("/api/transactions", {**body, **more})

    def nothing_moved(self) -> bool:
        return (balance(self.owners), balance(self.seconds), balance(self.strangers)) == (100_000, 0, 5_000)


@pytest.fixture
def cast(owner: User, second: User, stranger: User, admin: User, system_user: User) -> Cast:
    return Cast(
        owner=signed_in(owner),
        second=signed_in(second),
        stranger=signed_in(stranger),
        admin=signed_in(admin),
        system=signed_in(system_user),
        owners=account_with(owner, 1_000),
        seconds=account_with(second),
        strangers=account_with(stranger, 50),
    )
