"""The dashboard: what it shows over which time, that it keeps itself up to date, and what it costs the database."""

import re
from datetime import timedelta
from typing import Any

import pytest
from pymongo.database import Database

from ledger.accounts import account_freeze, account_get, system_account_id
from ledger.audit import COMMAND
from ledger.posting import post
from ledger.records import Account, now
from ledger.rules import Instruction, Outcome
from tests.profiler import watched
from tests.web.conftest import Bank, account_with
from tests.web.visitor import Visitor

HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/dashboard"}
DAYS = 400


def account_with_a_year(bank: Bank) -> Account:
    """Return an account of the owner's that was paid and has paid every day for more than a year."""
    one, two = account_with(bank.owner, 0, "EUR"), account_with(bank.second, 0, "EUR")
    begin = now() - timedelta(days=DAYS)
    funding = Instruction(
        system_account_id("EUR"), one.id, 5_000_00, "EUR", "FUNDING", "", "begin", None, COMMAND, at=begin
    )
    days = [
        Instruction(
            *((one.id, two.id) if day % 3 else (two.id, one.id)),
            100 if day % 3 else 150,
            "EUR",
            "TRANSFER",
            "",
            f"day-{day}",
            (bank.owner if day % 3 else bank.second).pk,
            COMMAND,
            at=begin + timedelta(days=day),
        )
        for day in range(1, DAYS)
    ]
    instructions = [funding, *days]
    for start in range(0, len(instructions), 200):
        assert all(isinstance(answer, Outcome) for answer in post(instructions[start : start + 200]))
    return account_get(one.id)


def news(visitor: Visitor, account: Account, **more: str) -> Any:
    """Ask as the page does by itself."""
    question = {"account": str(account.id), "period": "month", **more}
    return visitor.client.get("/dashboard", question, headers=HTMX)


def mark_of(page: str) -> str:
    found = re.search(r"seen=([\w-]+)", page)
    assert found
    return found[1]


def test_with_a_year_of_history_the_database_is_asked_no_more(bank: Bank, bank_db: Database[dict[str, Any]]) -> None:
    bank.pay("1")
    account = account_with_a_year(bank)
    visitor = Visitor(bank.owner)
    visitor.get("/dashboard")
    counts = []
    for one in (bank.owners, account):
        with watched(bank_db) as operations:
            assert visitor.get(f"/dashboard?account={one.id}").status == 200
        counts.append(len(operations))
        # Sixty of them are the looks at days and months, each of one entry.
        assert sum(operation.documents for operation in operations) <= 700
    assert counts[0] == counts[1]
    assert counts[1] <= 11


@pytest.mark.parametrize(("period", "figures"), [("month", 30), ("quarter", 31), ("year", 53), ("nonsense", 30)])
def test_the_balance_is_shown_over_the_chosen_time(bank: Bank, period: str, figures: int) -> None:
    account = account_with_a_year(bank)
    page = Visitor(bank.owner).get(f"/dashboard?account={account.id}&period={period}").response.content.decode()
    picture = page[page.index("chart-wide") : page.index("chart-narrow")]
    assert picture.count("chart-hit") == figures
    chosen = re.findall(r'period-(\w+)"[^>]*aria-current', page)
    assert chosen == [period if period != "nonsense" else "month"]


def test_months_say_what_came_in_and_went_out(bank: Bank) -> None:
    account = account_with_a_year(bank)
    page = Visitor(bank.owner).get(f"/dashboard?account={account.id}").response.content.decode()
    months = page[page.rindex("Money in and out by month") :]
    rows = re.findall(r'<th scope="row">([^<]+)</th><td>([^<]+)</td><td>([^<]+)</td>', months)
    assert len(rows) == 12
    assert all(money_in != "€0.00" != money_out for _, money_in, money_out in rows[1:])


def test_nothing_comes_while_nothing_has_changed(bank: Bank, bank_db: Database[dict[str, Any]]) -> None:
    visitor = Visitor(bank.owner)
    mark = mark_of(visitor.get("/dashboard").response.content.decode())
    with watched(bank_db) as operations:
        answer = news(visitor, bank.owners, seen=mark)
    assert (answer.status_code, answer.content) == (204, b"")
    assert len(operations) <= 4


def test_what_has_changed_comes_and_is_said_once(bank: Bank) -> None:
    visitor = Visitor(bank.owner)
    mark = mark_of(visitor.get("/dashboard").response.content.decode())
    bank.pay("12.50", note="Tea")
    answer = news(visitor, bank.owners, seen=mark)
    part = answer.content.decode()
    assert answer.status_code == 200
    assert "<html" not in part
    assert "Tea" in part
    assert "Your balance is now ₹987.50." in part.replace("\N{NO-BREAK SPACE}", " ")
    assert news(visitor, bank.owners, seen=mark_of(part)).status_code == 204


def test_a_freeze_is_seen_without_a_reload(bank: Bank) -> None:
    visitor = Visitor(bank.owner)
    mark = mark_of(visitor.get("/dashboard").response.content.decode())
    account_freeze(account_id=bank.owners.id, reason="Lost card", origin=COMMAND)
    assert "frozen" in news(visitor, bank.owners, seen=mark).content.decode()


def test_who_has_signed_out_is_asked_no_more(bank: Bank) -> None:
    visitor = Visitor(bank.owner)
    visitor.get("/dashboard")
    visitor.client.logout()
    answer = news(visitor, bank.owners, seen="1-ACTIVE")
    assert (answer.status_code, answer.content) == (286, b"")


def test_somebody_elses_account_is_no_news(bank: Bank) -> None:
    assert news(Visitor(bank.owner), bank.seconds, seen="0-ACTIVE").status_code == 404


def test_without_a_script_the_address_of_the_news_is_the_whole_page(bank: Bank) -> None:
    page = Visitor(bank.owner).get("/dashboard?seen=1-ACTIVE").response.content.decode()
    assert "<html" in page
    assert "Your balance is now" not in page
