"""Statements as files: the CSV file and the PDF file say what the ledger does, and do no harm."""

import io
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils.translation import override
from pypdf import PdfReader

from accounts.models import User
from banking.locales import figure_text, money_text
from banking.selectors.statements import statement_get
from banking.statements import pdf_file
from banking.statements.periods import Period
from banking.statements.wording import period_text
from ledger.accounts import system_account_id
from ledger.store import books
from tests.web.conftest import Bank
from tests.web.downloads import DASH, Downloader, rename, words_of


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
