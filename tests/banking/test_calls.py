"""A page makes the same number of calls to the database however many lines it shows, and whoever stands in them."""

from typing import Any

import pytest
from pymongo.database import Database

from accounts.models import User
from ledger import sessions
from ledger.audit import COMMAND
from ledger.errors import TransferRefused
from ledger.records import Account, now
from ledger.transfers import transfer_execute
from ledger.verifications import full_record
from ledger.verify import verify
from tests.api.conftest import Program, account_with, signed_in
from tests.cast import person
from tests.ledger.conftest import inspected
from tests.profiler import watched
from tests.web.visitor import Visitor

LINES = 20


@pytest.fixture
def payees(owner: User, second: User) -> list[Account]:
    """As many people to pay as a page has lines; nobody has been paid."""
    people = [person(f"p{number}@example.com", "Many", "Person") for number in range(LINES - 1)]
    return [account_with(one) for one in [second, *people]]


def pay(payer: Account, payees: list[Account], number: int) -> None:
    """Pay each once, and try to pay each far too much."""
    for payee in payees:
        for amount in ("1", "5000"):
            try_to_pay(payer, payee, amount, f"{number}-{payee.id}-{amount}")


def try_to_pay(payer: Account, payee: Account, amount: str, key: str) -> None:
    assert payer.owner is not None
    try:
        transfer_execute(sender=payer, receiver=payee.id, amount=amount, key=key, owner=payer.owner, origin=COMMAND)
    except TransferRefused:
        assert amount == "5000"


def calls(database: Database[dict[str, Any]], asker: Visitor | Program, address: str) -> int:
    """Return how many commands are sent for an address."""
    with watched(database) as operations:
        assert asker.get(address).status == 200
    return len(operations)


@pytest.mark.parametrize(
    ("address", "shown"), [("/dashboard", 6), ("/transactions", LINES), ("/transactions/failed", LINES)]
)
def test_a_customers_page(
    bank_db: Database[dict[str, Any]], owner: User, payees: list[Account], address: str, shown: int
) -> None:
    payer, visitor = account_with(owner, 1_000), Visitor(owner)
    pay(payer, payees[:1], 1)
    visitor.get(address)
    few = calls(bank_db, visitor, address)
    pay(payer, payees, 2)
    many = calls(bank_db, visitor, address)
    assert visitor.text.count("Many Person") >= shown - 2
    assert many == few


@pytest.mark.parametrize(
    "address",
    [
        *["/api/transactions/{account}", "/api/admin/transactions", "/api/admin/transactions?status=FAILED"],
        *["/api/admin/transactions?accountId={account}", "/api/admin/audit", "/api/admin/users", "/api/admin/stats"],
        "/api/admin/integrity",
    ],
)
def test_an_endpoint(
    bank_db: Database[dict[str, Any]], owner: User, admin: User, payees: list[Account], address: str
) -> None:
    payer = account_with(owner, 1_000)
    program, path = signed_in(admin if "admin" in address else owner), address.format(account=payer.id)
    pay(payer, payees[:1], 1)
    program.get(path)
    few = calls(bank_db, program, f"{path}{'&' if '?' in path else '?'}limit=2")
    pay(payer, payees, 2)
    many = calls(bank_db, program, f"{path}{'&' if '?' in path else '?'}limit=20")
    assert many == few


@pytest.mark.parametrize(
    "address",
    [
        *["/admin/users", "/admin/users/{user}", "/admin/transactions", "/admin/transactions?status=FAILED"],
        *["/admin/transactions?who={account}", "/admin/transactions?least=1", "/admin/audit"],
        *["/admin/audit?action=transfer.completed", "/admin/audit?subject={account}"],
    ],
)
def test_a_page_for_administrators(
    bank_db: Database[dict[str, Any]], owner: User, admin: User, payees: list[Account], address: str
) -> None:
    payer, visitor = account_with(owner, 1_000), Visitor(admin)
    path = address.format(account=payer.id, user=owner.pk)
    pay(payer, payees[:1], 1)
    visitor.get(path)
    few = calls(bank_db, visitor, path)
    pay(payer, payees, 2)
    # A page that is full is not searched for to the end, and one of transfers alone names no account.
    assert calls(bank_db, visitor, path) <= few <= 16


def test_the_page_of_integrity(
    bank_db: Database[dict[str, Any]], owner: User, admin: User, payees: list[Account]
) -> None:
    payer, visitor = account_with(owner, 1_000), Visitor(admin)
    visitor.get("/admin/integrity")
    few = calls(bank_db, visitor, "/admin/integrity")
    pay(payer, payees, 1)
    full_record(verify(), started_at=now())
    inspected()
    sessions.pool_reset()
    assert calls(bank_db, visitor, "/admin/integrity") == few
