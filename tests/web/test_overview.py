"""The overview for administrators: its figures are the bank's, it keeps itself up to date, and its cost stays flat."""

import re
from datetime import timedelta
from typing import Any

import pytest
from pymongo.database import Database

from banking.jobs import days_keep
from banking.selectors.days import days_forget
from ledger.accounts import account_freeze, system_account_id
from ledger.audit import COMMAND
from ledger.errors import TransferRefused
from ledger.posting import post
from ledger.records import now
from ledger.rules import Instruction
from ledger.store import books
from tests.profiler import Operation, watched
from tests.web.conftest import Bank, account_with
from tests.web.visitor import Visitor

PAGE = "/admin"
DAYS = 500
HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/admin"}


@pytest.fixture(autouse=True)
def fresh() -> None:
    days_forget()


def html(visitor: Visitor) -> str:
    return str(visitor.response.content.decode())


def refused(bank: Bank) -> str:
    with pytest.raises(TransferRefused):
        bank.pay("5000", key="too-much")
    found = books().transactions.find_one({"key": "too-much"})
    assert found is not None
    return str(found["_id"])


def mark_of(page: str) -> str:
    found = re.search(r"seen=(\w+)", page)
    assert found
    return found[1]


def test_it_shows_the_figures_of_now(bank: Bank) -> None:
    bank.pay("250", key="one")
    refused(bank)
    account_freeze(account_id=bank.strangers.id, reason="", origin=COMMAND)
    visitor = Visitor(bank.admin).get(PAGE)
    assert visitor.status == 200
    assert visitor.page.inline == []
    text = " ".join(visitor.text.split())
    assert "2 active 1 frozen, 0 closed" in text
    assert "Transactions 4 1 failed, 25.0 %" in text
    assert "Volume ₹250.00" in text
    assert "Not everything is known yet" in text


def test_charts_say_what_happened_today(bank: Bank) -> None:
    bank.pay("250", key="one")
    visitor = Visitor(bank.admin)
    for by in ("day", "month"):
        page = html(visitor.get(f"{PAGE}?by={by}"))
        assert "3 transactions, of which 0 failed" in page
        assert "Customers moved ₹250.00 in all" in page
        assert "4 people joined in all" in page
    assert "Customers moved €0.00 in all" in html(visitor.get(f"{PAGE}?currency=EUR"))
    assert "Customers moved ₹250.00 in all" in html(visitor.get(f"{PAGE}?currency=XXX&by=never"))


def test_the_latest_failures_lead_to_their_pages(bank: Bank) -> None:
    visitor = Visitor(bank.admin)
    assert "Nothing has failed" in visitor.get(PAGE).text
    failed, paid = refused(bank), bank.pay("1", key="one")
    visitor.get(PAGE)
    assert f"/admin/transactions/{failed}" in visitor.page.links
    assert f"/admin/transactions/{paid}" not in visitor.page.links
    assert "/admin/transactions?status=FAILED" in visitor.page.links
    assert "₹5,000.00" in html(visitor)


def test_it_leads_to_integrity(bank: Bank) -> None:
    assert "/admin/integrity" in Visitor(bank.admin).get(PAGE).page.links


def test_it_comes_again_only_when_something_changed(bank: Bank) -> None:
    visitor = Visitor(bank.admin)
    mark = mark_of(html(visitor.get(PAGE)))
    again = visitor.client.get(PAGE, {"seen": mark}, headers=HTMX)
    assert (again.status_code, again.content) == (204, b"")
    refused(bank)
    news = visitor.client.get(PAGE, {"seen": mark}, headers=HTMX)
    assert news.status_code == 200
    assert news.content.decode().lstrip().startswith('<div id="overview-news"')
    assert "33.3 %" in news.content.decode()
    assert mark_of(news.content.decode()) != mark


def test_after_signing_out_the_asking_ends(bank: Bank) -> None:
    visitor = Visitor(bank.admin)
    mark = mark_of(html(visitor.get(PAGE)))
    visitor.client.logout()
    answer = visitor.client.get(PAGE, {"seen": mark}, headers=HTMX)
    assert (answer.status_code, answer.content) == (286, b"")


def test_an_administrator_without_accounts_begins_here(bank: Bank) -> None:
    visitor = Visitor(bank.admin)
    assert visitor.get("/login").path == PAGE
    assert PAGE in visitor.page.links


def test_a_bank_without_anything_has_an_overview(admin: Any) -> None:
    visitor = Visitor(admin).get(PAGE)
    assert visitor.status == 200
    assert "None yet" in visitor.text


def years_of_history(bank: Bank) -> None:
    """Have the owner and the second customer pay each other, or fail to, every day for more than a year."""
    one, two = account_with(bank.owner, 0, "EUR"), account_with(bank.second, 0, "EUR")
    begin = now() - timedelta(days=DAYS)
    funding = (system_account_id("EUR"), one.id, 5_000_00, "EUR", "FUNDING", "", "begin", None, COMMAND)
    instructions = [Instruction(*funding, at=begin)]
    for day in range(DAYS):
        what = (one.id, two.id, 100 if day % 2 else 5_500_00, "EUR", "TRANSFER", "", f"day-{day}", bank.owner.pk)
        instructions.append(Instruction(*what, COMMAND, at=begin + timedelta(days=day)))
    for first in range(0, len(instructions), 200):
        post(instructions[first : first + 200])
    assert books().transactions.count_documents({"sender": one.id}) == DAYS


@pytest.mark.parametrize("by", ["day", "month"])
def test_with_years_of_history_the_database_is_asked_no_more(
    bank: Bank, bank_db: Database[dict[str, Any]], by: str
) -> None:
    def asked() -> list[Operation]:
        while days_keep() < 60:
            pass
        visitor = Visitor(bank.admin)
        days_forget()
        with watched(bank_db) as operations:
            assert visitor.get(f"{PAGE}?by={by}").status == 200
        return operations

    refused(bank)
    before = asked()
    years_of_history(bank)
    after = asked()
    assert [one.kind for one in after] == [one.kind for one in before]
    # The outbox has not been relayed here; what it looks into is bounded by itself.
    read = {one.command.get("aggregate") or one.command.get("find"): one.documents for one in after}
    read.pop("ledger_audit")
    assert read.pop("banking_days") <= {"day": 30, "month": 366}[by]
    assert sum(read.values()) <= 60, read


@pytest.mark.parametrize("query", ["by=week", "currency=XXX", "currency=", "by=&currency=%00", "seen=abc", "seen="])
def test_nonsense_in_the_address_is_the_whole_page(bank: Bank, query: str) -> None:
    page = html(Visitor(bank.admin).get(f"{PAGE}?{query}"))
    assert "<html" in page
    assert re.search(r'id="by-day"[^>]*aria-current', page)
    assert re.search(r'id="in-INR"[^>]*aria-current', page)


def test_times_are_in_the_readers_zone(bank: Bank) -> None:
    refused(bank)
    visitor = Visitor(bank.admin)
    time = re.compile(r"\d{2}:\d{2}( UTC)?")
    visitor.get(PAGE)
    assert time.findall(visitor.text[visitor.text.index("Latest failures") :]) == [" UTC"]
    visitor.client.cookies["timezone"] = "Asia/Kolkata"
    visitor.get(PAGE)
    assert time.findall(visitor.text[visitor.text.index("Latest failures") :]) == [""]


def test_customers_get_no_news_of_the_bank(bank: Bank) -> None:
    headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in HTMX.items()}
    answer = Visitor(bank.owner).client.get(PAGE, {"seen": "1"}, **headers)  # type: ignore[arg-type]
    assert answer.status_code == 403
