"""Who pays lists, and who is paid."""

import pytest

from ledger.records import Account
from tests.banking.runs import Person, customer


@pytest.fixture
def payer(bank_db: object) -> Person:
    return customer("Paula Payer", 10_000)


@pytest.fixture
def payees(bank_db: object) -> list[Account]:
    return [customer(f"Payee {chr(65 + number)}")[1] for number in range(5)]
