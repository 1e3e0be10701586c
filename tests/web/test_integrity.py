"""Administrators see at a glance whether the books are right, and what to do when they are not; nobody else does."""

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from ledger import sessions
from ledger.inspection import inspection_step
from tests.ledger.conftest import inspected
from tests.ledger.damages import damaged
from tests.web.conftest import Bank
from tests.web.visitor import Visitor

PAGE = "/admin/integrity"


@pytest.fixture(autouse=True)
def quick(settings: Settings, bank_db: object) -> Iterator[None]:
    settings.VERIFICATION_STEP_SECONDS = 0
    settings.VERIFICATION_ROUND_SECONDS = 0
    yield
    sessions.pool_reset()


def test_nobody_but_administrators_sees_it(bank: Bank) -> None:
    for user in (bank.owner, bank.second, bank.stranger):
        visitor = Visitor(user).get(PAGE)
        assert visitor.status == 403
        assert "What must hold" not in visitor.text
    assert Visitor().get(PAGE).path == "/login"
    assert Visitor(bank.admin).post(PAGE, {}).status in {403, 405}


def test_before_anybody_has_looked_it_says_so(bank: Bank) -> None:
    visitor = Visitor(bank.admin).get(PAGE)
    assert "Not everything is known yet" in visitor.text
    assert "No round has begun" in visitor.text
    assert "All is well" not in visitor.text
    assert visitor.page.inline == []


def test_a_round_is_shown_while_it_runs_and_after(bank: Bank, settings: Settings) -> None:
    settings.VERIFICATION_STEP_ENTRIES = 1
    inspection_step()
    visitor = Visitor(bank.admin).get(PAGE)
    assert "Round 1 since" in visitor.text
    assert "<progress" in visitor.response.content.decode()
    inspected()
    visitor.get(PAGE)
    assert "1, nothing found" in visitor.text
    assert visitor.text.count("Holds") >= 8
    assert "The next one begins in a moment" in visitor.text
    settings.VERIFICATION_ROUND_SECONDS = 86_400
    tomorrow = visitor.get(PAGE).text
    assert "None is running. The next one begins: " in tomorrow
    assert "in a moment" not in tomorrow


def test_a_violation_is_shown_with_what_to_do(bank: Bank) -> None:
    damaged("ledger_accounts", {"_id": bank.owners.id}, {"$set": {"head_hash": bytes(32)}})
    inspected()
    visitor = Visitor(bank.admin).get(PAGE)
    assert "Something is wrong" in visitor.text
    assert f"account {bank.owners.id} has another head" in visitor.text
    assert "What to do" in visitor.text
    assert visitor.text.count("Violated") == 1


def test_it_is_found_from_every_page_of_an_administrator(bank: Bank) -> None:
    assert PAGE in Visitor(bank.admin).get("/admin/users").page.links
    assert PAGE not in Visitor(bank.owner).get("/dashboard").page.links
