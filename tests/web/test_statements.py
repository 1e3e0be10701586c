"""Statements on the page and as files: what stands in them, whose they are, and that they do no harm."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.database import Database
from pytest_django import Settings

from accounts.models import User
from banking.statements import pdf_file
from banking.statements.periods import period_named
from ledger.accounts import system_account_id
from ledger.records import Account
from tests.profiler import watched
from tests.web.conftest import Bank, account_with
from tests.web.downloads import YEARS, Downloader, fund, words_of
from tests.web.visitor import Visitor


@pytest.fixture
def old(second: User) -> Account:
    """An account on which money arrived at four moments of the past, round midnight in India and round a new year."""
    account = account_with(second, 0)
    moments = [
        datetime(2025, 12, 31, 18, 29, 59, tzinfo=UTC),  # 23:59 in India
        datetime(2025, 12, 31, 18, 30, tzinfo=UTC),  # midnight
        datetime(2026, 1, 31, 18, 29, tzinfo=UTC),
        datetime(2026, 1, 31, 18, 30, tzinfo=UTC),
    ]
    for number, at in enumerate(moments, start=1):
        fund(account, str(number), at, note=f"Number {number}")
    return account


def test_the_page_shows_the_sums_of_this_month_and_leads_to_both_files(bank: Bank) -> None:
    bank.pay("250.75", "Dinner")
    visitor = Visitor(bank.owner).get("/statements")
    assert (
        "Opening balance ₹0.00 Money in ₹1,000.00 Money out ₹250.75 Entries 2 Closing balance ₹749.25" in visitor.text
    )
    links = [link for link in visitor.page.links if str(bank.owners.id) in link]
    assert [link.partition("?")[0][-4:] for link in links if "from=" in link] == [".pdf", ".csv"]
    assert "/statements?account=" in " ".join(Visitor(bank.owner).get("/transactions").page.links)


@pytest.mark.parametrize(
    ("query", "opening", "entries", "closing"),
    [
        ("from=2026-01-01&to=2026-01-31", "₹1.00", "2", "₹6.00"),
        ("from=2025-12-31&to=2025-12-31", "₹0.00", "1", "₹1.00"),
        ("from=2026-01-10&to=2026-01-20", "₹3.00", "0", "₹3.00"),
        ("from=1900-01-01&to=2999-12-31", "₹0.00", "4", "₹10.00"),
    ],
)
def test_days_begin_at_the_readers_midnight(
    old: Account, second: User, query: str, opening: str, entries: str, closing: str
) -> None:
    visitor = Visitor(second)
    visitor.client.cookies["timezone"] = "Asia/Kolkata"
    text = visitor.get(f"/statements?{query}").text
    assert f"Opening balance {opening} " in text
    assert f"Entries {entries} Closing balance {closing}" in text
    assert "Days begin at midnight in Asia/Kolkata." in text


def test_a_reader_without_a_zone_is_told_that_days_are_those_of_utc(old: Account, second: User) -> None:
    text = Visitor(second).get("/statements?from=2026-01-01&to=2026-01-31").text
    assert "Entries 2" in text
    assert "Opening balance ₹3.00" in text
    assert "Days begin at midnight in UTC." in text


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("this-month", "2024-03-01", "2024-03-31"),
        ("last-month", "2024-02-01", "2024-02-29"),
        ("this-year", "2024-01-01", "2024-03-31"),
        ("last-year", "2023-01-01", "2023-12-31"),
    ],
)
def test_periods_are_called_by_name(name: str, first: str, last: str) -> None:
    period = period_named(name, today=datetime(2024, 3, 31, tzinfo=UTC).date())
    assert period is not None
    assert (period.first.isoformat(), period.last.isoformat()) == (first, last)
    assert period_named("own", today=period.last) is None


def test_last_month_in_january_is_december() -> None:
    period = period_named("last-month", today=datetime(2026, 1, 5, tzinfo=UTC).date())
    assert period is not None
    assert (period.first.isoformat(), period.last.isoformat()) == ("2025-12-01", "2025-12-31")


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("from=2026-05-02&to=2026-05-01", "to", "before the first one"),
        ("from=&to=2026-05-01", "from", "Choose the first day"),
        ("from=2026-02-31&to=2026-05-01", "from", "valid date"),
        ("from=2026-01-01", "to", "Choose the last day"),
        ("from=0001-01-01&to=2026-01-01", "from", "1900 to 2999"),
        ("from=2026-01-01&to=9999-12-31", "to", "1900 to 2999"),
        ("period=nonsense", "from", "Choose the first day"),
    ],
)
def test_what_is_no_period_is_said_at_its_field(bank: Bank, query: str, field: str, words: str) -> None:
    visitor = Visitor(bank.owner).get(f"/statements?{query}")
    assert visitor.status == 422
    assert f'id="id_{field}_error"' in visitor.response.content.decode()
    assert words in visitor.text
    assert not [link for link in visitor.page.links if ".pdf" in link]
    if "period" not in query:
        # A file that somebody asks for by hand leads to the same words.
        assert words in visitor.get(f"/statements/{bank.owners.id}.pdf?{query}").text
        assert visitor.path == "/statements"


@pytest.mark.parametrize("kind", ["csv", "pdf"])
def test_nobody_has_the_statement_of_somebody_else(bank: Bank, kind: str) -> None:
    bank.pay("1")
    own = f"/statements/{bank.owners.id}.{kind}?{YEARS}"
    for address in (own, f"/statements?account={bank.owners.id}"):
        for other in (bank.stranger, bank.second):
            visitor = Visitor(other).get(address)
            assert visitor.status == 404
            assert "Olivia" not in visitor.text
        assert Visitor().get(address).path == "/login"
    for nothing in ("nonsense", "0" * 24, f"{bank.owners.id}x", str(system_account_id("INR"))):
        assert Downloader(bank.owner).fetch(nothing, kind).status == 404


def test_an_administrator_has_the_statement_of_any_account(bank: Bank) -> None:
    bank.pay("1", "Tea")
    downloader = Downloader(bank.admin)
    assert downloader.csv(bank.owners)[0]["Holder"] == "Olivia Owner"
    assert "Tea" in words_of(downloader.pdf(bank.owners))
    assert downloader.fetch(str(system_account_id("INR")), "csv").status == 200
    visitor = Visitor(bank.admin).get(f"/statements?account={bank.owners.id}")
    assert "of Olivia Owner" in visitor.text
    assert "You have no account yourself" in visitor.get("/statements").text


def test_without_an_account_one_is_told_how_to_open_one(second: User) -> None:
    visitor = Visitor(second).get("/statements")
    assert "You have no account yet" in visitor.text
    assert "/dashboard" in visitor.page.links


@pytest.mark.parametrize("kind", ["csv", "pdf"])
def test_downloads_are_counted(bank: Bank, settings: Settings, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    settings.RATE_LIMIT_STRICT = "2/15m"
    downloader = Downloader(bank.owner)
    assert [downloader.fetch(bank.owners, kind).status for _ in range(2)] == [200, 200]
    monkeypatch.setattr(subprocess, "Popen", None)
    refused = downloader.fetch(bank.owners, kind)
    assert refused.status == 429
    assert int(refused.response["Retry-After"]) > 0
    # Looking at the page is not downloading.
    assert Visitor(bank.owner).get("/statements").status == 200


def test_a_pdf_file_that_would_be_too_long_is_not_begun(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    bank.pay("1")
    bank.pay("2")
    monkeypatch.setattr("banking.web.views.statements.MOST_ENTRIES", 2)
    monkeypatch.setattr(subprocess, "Popen", None)
    visitor = Visitor(bank.owner).get(f"/statements?{YEARS}")
    assert "A PDF has at most 2 entries. Choose fewer days" in visitor.text
    assert [
        link[-3:] for link in (link.partition("?")[0] for link in visitor.page.links) if "/statements/" in link
    ] == ["csv"]
    assert "A PDF has at most 2 entries" in visitor.get(f"/statements/{bank.owners.id}.pdf?{YEARS}").text
    assert len(Downloader(bank.owner).csv(bank.owners)[1]) == 5


@pytest.fixture
def all_turns_taken(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Other statements are being set."""
    monkeypatch.setattr(pdf_file, "_PATIENCE_SECONDS", 0.01)
    taken = [turns for turns in pdf_file._TURNS.values() for _ in range(2) if turns.acquire(blocking=False)]
    yield
    for turns in taken:
        turns.release()


@pytest.mark.usefixtures("all_turns_taken")
def test_who_comes_while_others_are_being_set_is_asked_to_come_again(bank: Bank) -> None:
    busy = Downloader(bank.owner).fetch(bank.owners, "pdf")
    assert busy.status == 503
    assert "Retry-After" in busy.response
    assert Downloader(bank.owner).fetch(bank.owners, "csv").status == 200


@pytest.mark.parametrize("command", [["false"], ["sh", "-c", "cat > /dev/null; exit 3"], ["sh", "-c", "kill -9 $$"]])
def test_a_typesetter_that_dies_is_a_crash_and_gives_its_turn_back(
    bank: Bank, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    for number in range(3):
        bank.pay("1", f"{number}")
    monkeypatch.setattr(pdf_file, "_COMMAND", command)
    for _ in range(4):
        assert Downloader(bank.owner).fetch(bank.owners, "pdf").status == 500
    monkeypatch.undo()
    assert Downloader(bank.owner).fetch(bank.owners, "pdf").status == 200


def test_a_statement_that_was_cut_off_is_none(bank: Bank) -> None:
    whole = b'{"language": "en", "heading": "", "period": "", "title": "", "author": "", "running": "", "facts": [], '
    whole += b'"summary": [["a", "b"]], "columns": ["", "", "", "", ""], "opening": ["", ""], "closing": ["", ""], '
    whole += b'"empty": "", "page": "{page}{pages}", "closing_words": ""}\n'
    done = subprocess.run(pdf_file._COMMAND, input=whole + b"null\n", capture_output=True, check=False)
    assert done.returncode == 0
    assert done.stdout.startswith(b"%PDF-")
    cut = subprocess.run(pdf_file._COMMAND, input=whole, capture_output=True, check=False)
    assert cut.returncode != 0
    assert cut.stdout == b""


def test_the_page_asks_the_same_of_the_database_after_a_year(bank: Bank, bank_db: Database[dict[str, Any]]) -> None:
    reads = []
    for number in range(31):
        bank.pay("1", f"{number}")
        if number in {0, 30}:
            with watched(bank_db) as operations:
                assert Visitor(bank.owner).get(f"/statements?{YEARS}").status == 200
            reads.append(len([one for one in operations if one.is_read]))
    assert reads[0] == reads[1] <= 12
