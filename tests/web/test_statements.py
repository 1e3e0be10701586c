"""Statements on the page and as files: what stands in them, whose they are, and that they do no harm."""

import csv
import io
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils.translation import override
from pymongo.database import Database
from pypdf import PdfReader
from pytest_django import Settings

from accounts.models import User
from banking.locales import figure_text, money_text
from banking.selectors.statements import statement_get
from banking.statements import pdf_file
from banking.statements.periods import Period, period_named
from banking.statements.wording import period_text
from ledger.accounts import system_account_id
from ledger.audit import COMMAND
from ledger.records import Account
from ledger.store import books
from ledger.transfers import funding_execute
from tests.profiler import watched
from tests.web.conftest import Bank, account_with
from tests.web.visitor import Visitor

DASH = "\N{EN DASH}"
YEARS = "from=2000-01-01&to=2999-12-31"


class Downloader(Visitor):
    """A visitor whose browser keeps what it downloads."""

    def fetch(self, account: Account | str, kind: str, days: str = YEARS) -> "Downloader":
        number = account if isinstance(account, str) else account.id
        response: Any = self.client.get(f"/statements/{number}.{kind}?{days}")
        self.address, self.status, self.response = response.request["PATH_INFO"], response.status_code, response
        if response.streaming:
            response.content_kept = b"".join(response.streaming_content)
            response.close()
        return self

    @property
    def content(self) -> bytes:
        kept: bytes = getattr(self.response, "content_kept", b"") or self.response.content
        return kept

    def csv(self, account: Account, days: str = YEARS) -> tuple[dict[str, str], list[dict[str, str]]]:
        self.fetch(account, "csv", days)
        assert self.status == 200, self.response
        head, _, table = self.content.decode("utf-8-sig").partition("\r\n\r\n")
        return dict(csv.reader(io.StringIO(head))), list(csv.DictReader(io.StringIO(table)))

    def pdf(self, account: Account, days: str = YEARS) -> PdfReader:
        self.fetch(account, "pdf", days)
        assert self.status == 200, self.response
        return PdfReader(io.BytesIO(self.content))


def words_of(document: PdfReader) -> str:
    """Return all that can be read in a document."""
    return " ".join(" ".join(page.extract_text() for page in document.pages).split())


def fund(account: Account, amount: str, at: datetime, note: str = "") -> None:
    funding_execute(receiver=account.id, amount=amount, key=f"{at.isoformat()}", origin=COMMAND, note=note, at=at)


def rename(user: User, first_name: str, last_name: str) -> None:
    user.first_name, user.last_name = first_name, last_name
    user.save()


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


def test_the_csv_file_is_the_ledger_line_by_line(bank: Bank) -> None:
    for number in range(1, 8):
        bank.pay(f"{number}.05", f"Meal {number}")
    downloader = Downloader(bank.owner)
    head, lines = downloader.csv(bank.owners)
    assert downloader.content.startswith(b"\xef\xbb\xbfHolder,Olivia Owner\r\n")
    assert head["Account number"] == str(bank.owners.id)
    assert (head["Currency"], head["From"], head["To"]) == ("INR", "2000-01-01", "2999-12-31")
    assert (head["Opening balance"], head["Money in"], head["Entries"]) == ("0.00", "1000.00", "8")
    assert (head["Money out"], head["Closing balance"]) == ("28.35", "971.65")
    opening, *entries, closing = lines
    assert (opening["Booking text"], opening["Balance"]) == ("Opening balance", "0.00")
    assert (closing["Booking text"], closing["Balance"]) == ("Closing balance", "971.65")
    raw = list(books().entries.find({"account": bank.owners.id}).sort("seq", 1))
    assert [line["Transaction"] for line in entries] == [str(entry["transaction"]) for entry in raw]
    assert [datetime.fromisoformat(line["Time"]) for line in entries] == [entry["created_at"] for entry in raw]
    for line, entry in zip(entries, raw, strict=True):
        side, other = ("Debit", "Credit") if entry["direction"] == "DEBIT" else ("Credit", "Debit")
        assert (line[side], line[other]) == (f"{entry['amount_minor'] / 100:.2f}", "")
        assert line["Balance"] == f"{entry['balance_after_minor'] / 100:.2f}"
        assert (line["Note"], line["Entry"]) == (entry["note"], str(entry["seq"]))
    assert {line["Counterparty"] for line in entries} == {"Florin", "Samir Second"}
    disposition = downloader.response["Content-Disposition"]
    assert disposition == 'attachment; filename="florin-statement-INR-2000-01-01-2999-12-31.csv"'


@pytest.mark.parametrize("note", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x.example";"y")'])
def test_no_note_becomes_a_formula(bank: Bank, note: str) -> None:
    bank.pay("1", note, key="k")
    _, lines = Downloader(bank.owner).csv(bank.owners)
    assert lines[-2]["Note"] == f"'{note}"


def test_no_name_becomes_a_formula(bank: Bank) -> None:
    rename(bank.second, "=cmd|' /C calc'!A0", "Second")
    bank.pay("1")
    _, lines = Downloader(bank.owner).csv(bank.owners)
    assert lines[-2]["Counterparty"].startswith("'=cmd")
    assert Downloader(bank.second).csv(bank.seconds)[0]["Holder"].startswith("'=cmd")


def test_a_balance_below_zero_is_a_number_for_programs(bank: Bank, system_user: User) -> None:
    number = system_account_id("INR")
    downloader = Downloader(system_user)
    downloader.fetch(str(number), "csv")
    assert "Closing balance,-1050.00\r\n" in downloader.content.decode()
    text = words_of(PdfReader(io.BytesIO(downloader.fetch(str(number), "pdf").content)))
    assert "−1,050.00" in text
    assert "Olivia Owner" in text


def test_the_pdf_file_says_all_that_the_ledger_does(bank: Bank) -> None:
    for number in range(1, 41):
        bank.pay(f"{number}.05", f"Meal {number}")
    document = Downloader(bank.owner).pdf(bank.owners)
    text = words_of(document)
    grouped = " ".join(re.findall("....", str(bank.owners.id)))
    for fact in ("Account statement", "Olivia Owner", grouped, "INR", "₹1,000.00", "₹822.00", "₹178.00"):
        assert fact in text
    for entry in books().entries.find({"account": bank.owners.id}):
        assert f" {entry['amount_minor'] / 100:,.2f} " in text
        assert f" {entry['balance_after_minor'] / 100:,.2f} " in text
        assert entry["note"] in text
    pages = [page.extract_text() for page in document.pages]
    assert len(pages) == 2
    for index, page in enumerate(pages, start=1):
        assert f"Page {index} of" in page
        assert page.count("Who and what") == 1
        assert "Olivia Owner" in page
        # The number of pages is a picture of its own, which one reads on each.
        assert re.search(rf"Page {index} of\s+2", page)


def test_the_pdf_file_has_the_properties_of_a_document(bank: Bank) -> None:
    downloader = Downloader(bank.owner)
    document = downloader.pdf(bank.owners, "from=2026-01-01&to=2026-12-31")
    assert document.metadata is not None
    assert document.metadata.title == f"Florin {DASH} Account statement, 1 Jan 2026 {DASH} 31 Dec 2026"
    assert document.metadata.author == "Florin"
    root: Any = document.trailer["/Root"]
    assert root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    pages: list[Any] = list(document.pages)
    fonts = {font["/BaseFont"] for page in pages for font in page["/Resources"]["/Font"].values()}
    assert any("SourceSansPro" in font for font in fonts)
    assert downloader.response["Content-Type"] == "application/pdf"
    assert "no-store" in downloader.response["Cache-Control"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Željko Đorđević", "Željko Đorđević"),
        ("Łukasz Şafak", "Łukasz Şafak"),
        ("Αλέξης Ιωάννου", "Αλέξης Ιωάννου"),
        ("Иван Петров", "Иван Петров"),
        ("आशा राव", "☐☐"),
        ("山田 太郎", "☐☐ ☐☐"),
        ("محمد علي", "☐☐☐☐ ☐☐☐"),
        ("Zoë 🦊", "Zoë ☐"),
        ("e\u0301 combining", "é combining"),
        ("<b>&amp;</b> (\\)", "<b>&amp;</b> (\\)"),
    ],
)
def test_names_in_any_script_are_written_or_stand_as_boxes(bank: Bank, name: str, shown: str) -> None:
    first, _, last = name.partition(" ")
    rename(bank.second, first, last)
    bank.pay("1", f"To {name}", key="k")
    text = words_of(Downloader(bank.owner).pdf(bank.owners))
    assert shown in text


def test_a_note_that_is_one_long_word_stays_in_its_column(bank: Bank) -> None:
    bank.pay("1", "W" * 140, key="k")
    document = Downloader(bank.owner).pdf(bank.owners)
    assert words_of(document).replace(" ", "").count("W") >= 140


def test_a_time_without_entries_gives_a_statement_too(bank: Bank) -> None:
    downloader = Downloader(bank.second)
    head, lines = downloader.csv(bank.seconds)
    assert (head["Entries"], len(lines)) == ("0", 2)
    assert "Nothing was posted in this time." in words_of(downloader.pdf(bank.seconds))


def test_figures_are_written_as_the_language_does(bank: Bank) -> None:
    period = Period(datetime(2026, 5, 1, tzinfo=UTC).date(), datetime(2026, 5, 31, tzinfo=UTC).date())
    written = [
        figure_text(minor, currency) for minor, currency in [(-12_345_678, "INR"), (12_345, "JPY"), (1_234, "KWD")]
    ]
    assert written == ["−1,23,456.78", "12,345", "1.234"]
    for language in ("en", "pt-br"):
        with override(language):
            for currency in ("INR", "BRL", "EUR", "USD", "GBP", "JPY", "KWD"):
                for minor in (0, 1, 100, 99_999, 123_456_789, 10**17 + 7):
                    assert figure_text(minor, currency) in money_text(minor, currency)
                    assert figure_text(-minor, currency).lstrip("\N{MINUS SIGN}") == figure_text(minor, currency)
    with override("pt-br"):
        assert figure_text(-12_345_678, "INR") == "−123.456,78"
        assert period_text(period) == f"1 de mai. de 2026 {DASH} 31 de mai. de 2026"
        personal = statement_get(account=bank.owners, period=period, zone=UTC)
        assert pdf_file.statement_sheet(personal).language == "pt-br"


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
