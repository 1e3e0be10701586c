"""Every page under /admin is for administrators alone; what is refused has not happened and is not seen."""

from collections.abc import Iterator

import pytest
from bson.objectid import ObjectId
from django.urls import URLPattern, get_resolver

from accounts.models import User
from ledger.accounts import account_get
from ledger.store import books
from tests.web.conftest import Bank
from tests.web.visitor import Visitor

# Every address under /admin as it is written in the urls, and as one opens it.
PAGES = {
    "admin": "/admin",
    "admin/users": "/admin/users",
    "admin/users/<str:user_id>": "/admin/users/{user}",
    "admin/transactions": "/admin/transactions",
    "admin/transactions/<str:transaction_id>": "/admin/transactions/{transaction}",
    "admin/transactions/<str:transaction_id>/receipts/<str:account_id>.json": (
        "/admin/transactions/{transaction}/receipts/{account}.json"
    ),
    "admin/audit": "/admin/audit",
    "admin/integrity": "/admin/integrity",
    "admin/dead-letters": "/admin/dead-letters",
    "admin/dead-letters/requeue-all": "/admin/dead-letters/requeue-all",
    "admin/dead-letters/requeue/<str:delivery_id>": "/admin/dead-letters/requeue/{nothing}",
    "admin/accounts/<str:account_id>/freeze": "/admin/accounts/{account}/freeze",
    "admin/accounts/<str:account_id>/unfreeze": "/admin/accounts/{account}/unfreeze",
}
SENT_ONLY = {"/admin/dead-letters/requeue/{nothing}"}
# What names something: an id that is not there has to look the same to whoever may not look.
NAMING = [address for address in PAGES.values() if "{" in address]


def _patterns() -> Iterator[str]:
    """Yield every address of the site that is for administrators."""
    for one in get_resolver().url_patterns:
        patterns = [one] if isinstance(one, URLPattern) else one.url_patterns
        for pattern in patterns:
            if isinstance(pattern, URLPattern) and str(pattern.pattern).split("/")[0] == "admin":
                yield str(pattern.pattern)


def here(address: str, bank: Bank, *, known: bool = True) -> str:
    """Return the address with what it names, or with what nobody has."""
    strange = {"user": ObjectId(), "account": ObjectId(), "transaction": ObjectId(), "nothing": ObjectId()}
    real = {"user": bank.owner.pk, "account": bank.owners.id, "transaction": bank.pay("1", key="one")}
    return address.format(**(strange | real if known else strange))


def exists(address: str) -> bool:
    return address.lstrip("/") in set(_patterns())


def test_the_list_is_whole() -> None:
    assert set(_patterns()) <= set(PAGES)
    assert set(PAGES) - set(_patterns()) <= {"admin"}


@pytest.mark.parametrize("address", PAGES.values())
def test_nobody_else_gets_in(bank: Bank, visitor: Visitor, address: str) -> None:
    if address == "/admin" and not exists(address):
        pytest.skip("There is no overview.")
    found = here(address, bank)
    before = books().audit.count_documents({"action": {"$ne": "logout"}})
    assert visitor.get(found).path == "/login" or address in SENT_ONLY
    customer = Visitor(bank.second)
    token = customer.get("/dashboard").form("/logout").values
    answers = [customer.get(found).status, customer.post(found, {**token, "reason": "Mine"}).status]
    assert set(answers) <= {403, 405}
    assert 403 in answers
    assert "Olivia" not in customer.text
    assert account_get(bank.owners.id).status == "ACTIVE"
    assert books().audit.count_documents({"action": {"$ne": "logout"}}) - before == 1  # the sign-in for this test


@pytest.mark.parametrize("address", NAMING)
def test_a_refusal_does_not_tell_what_is_there(bank: Bank, address: str) -> None:
    customer = Visitor(bank.owner)
    token = customer.get("/dashboard").form("/logout").values
    for ask in (customer.get, lambda found: customer.post(found, token)):
        real, strange = here(address, bank), here(address, bank, known=False)
        assert ask(real).status == ask(strange).status


@pytest.mark.parametrize("address", PAGES.values())
def test_the_system_user_looks_at_what_an_administrator_looks_at_or_at_nothing(
    bank: Bank, system_user: User, address: str
) -> None:
    if address == "/admin" and not exists(address):
        pytest.skip("There is no overview.")
    status = Visitor(system_user).get(here(address, bank)).status
    assert status == (405 if address in SENT_ONLY else 403)


@pytest.mark.parametrize("address", [address for address in PAGES.values() if address not in SENT_ONLY])
def test_administrators_see_all_of_them_with_the_way_to_the_others(bank: Bank, address: str) -> None:
    if address == "/admin" and not exists(address):
        pytest.skip("There is no overview.")
    visitor = Visitor(bank.admin).get(here(address, bank))
    # Without a worker nothing is signed, so there is no receipt yet.
    assert visitor.status == (409 if "receipts" in address else 200)
    if visitor.status == 200:
        for tab in ("/admin/users", "/admin/transactions", "/admin/audit", "/admin/integrity", "/admin/dead-letters"):
            assert tab in visitor.page.links


def test_customers_have_no_way_there(bank: Bank) -> None:
    customer = Visitor(bank.owner).get("/dashboard")
    assert "Admin" not in customer.text
    assert not [link for link in customer.page.links if link.startswith("/admin")]
    assert "Admin" in Visitor(bank.admin).get("/dashboard").text
