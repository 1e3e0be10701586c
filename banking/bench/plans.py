"""What the generator is told to send, in the form of its plan."""

import json
from collections.abc import Sequence
from typing import Any

from django.conf import settings

from banking.bench.load import KEY
from banking.bench.people import Customer
from ledger.money import format_plain

Request = dict[str, Any]

# What every transfer of the bench moves, in minor units.
AMOUNT_MINOR = 1


def get(path: str, token: str) -> Request:
    """Ask for something."""
    return {"method": "GET", "path": path, "token": token}


def transfer(payer: Customer, payee: Customer) -> Request:
    """Send the smallest amount, under a new key each time."""
    return _post("/api/transactions", payer, _payment(payer, payee, KEY))


def bulk(payer: Customer, payees: Sequence[Customer], size: int) -> Request:
    """Send `size` such transfers in one request."""
    payments = [_payment(payer, payees[number % len(payees)], f"{KEY}-{number}") for number in range(size)]
    return _post("/api/transactions/bulk", payer, {"transactions": payments})


def random_pairs(customers: Sequence[Customer]) -> list[Request]:
    """Return a transfer of everybody to everybody else."""
    return [transfer(payer, payee) for payer in customers for payee in customers if payer is not payee]


def one_payee(customers: Sequence[Customer]) -> list[Request]:
    """Return a transfer of everybody to the first one."""
    payee, *payers = customers
    return [transfer(payer, payee) for payer in payers]


def _post(path: str, payer: Customer, body: dict[str, Any]) -> Request:
    return {"method": "POST", "path": path, "token": payer.token, "body": json.dumps(body)}


def _payment(payer: Customer, payee: Customer, key: str) -> dict[str, str]:
    accounts = {"fromAccount": str(payer.account), "toAccount": str(payee.account)}
    amount = format_plain(AMOUNT_MINOR, settings.DEFAULT_CURRENCY)
    return {**accounts, "amount": amount, "idempotencyKey": key}
