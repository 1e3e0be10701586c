"""On paper: the receipt and the statement without the house around them, all facts there, nothing cut off."""

import io
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from accounts.models import User
from ledger.audit import COMMAND
from ledger.transfers import transfer_execute
from tests.web.conftest import account_with

SignIn = Callable[[Page, User], None]

# A4 between margins of 18 mm, in CSS pixels.
_PAPER_WIDTH = round((210 - 2 * 18) / 25.4 * 96)


def printed(page: Page) -> list[str]:
    """Return the text of each sheet that comes out of the printer, without spaces: each sign of money has some."""
    document = PdfReader(io.BytesIO(page.pdf(format="A4", prefer_css_page_size=True, print_background=False)))
    return [closed(sheet.extract_text()) for sheet in document.pages]


def closed(text: str) -> str:
    return "".join(text.split())


def widest(page: Page) -> int:
    """Return how wide the content is on paper, in CSS pixels."""
    page.set_viewport_size({"width": _PAPER_WIDTH, "height": 1_000})
    page.emulate_media(media="print")
    return int(page.evaluate("document.documentElement.scrollWidth"))


@pytest.fixture
def paid(owner: User, second: User) -> str:
    """The address of a transfer with a long note."""
    account, other = account_with(owner, 1_000), account_with(second)
    note = "For the long week-end by the lake: the boat, the tents, both dinners and the lantern that fell in"
    outcome = transfer_execute(
        sender=account, receiver=other.id, amount="250.75", key="week-end", owner=owner.pk, origin=COMMAND, note=note
    )
    return f"/transactions/{outcome.transaction.id}"


def test_a_receipt_fits_one_sheet_with_all_its_facts(page: Page, owner: User, sign_in: SignIn, paid: str) -> None:
    sign_in(page, owner)
    page.emulate_media(color_scheme="dark")
    page.goto(paid)
    (sheet,) = printed(page)
    facts = ["₹250.75", "Olivia Owner", "Samir Second", "the lantern that fell in", "Completed", "week-end"]
    for fact in (*facts, paid.rpartition("/")[2], "balance after ₹749.25", "Debit", "Credit"):
        assert closed(fact) in sheet
    for house in ("Home", "Activity", "Sign out", "Print receipt", "Signed"):
        assert closed(house) not in sheet
    assert widest(page) <= _PAPER_WIDTH
    expect(page.get_by_role("navigation")).to_have_count(0)
    colours = page.evaluate("[document.body, document.querySelector('h1')].map(one => getComputedStyle(one).color)")
    # Ink stays dark in the dark theme, too.
    assert all(max(map(int, colour[4:-1].split(","))) < 64 for colour in colours)


def test_a_statement_prints_its_sums(page: Page, owner: User, sign_in: SignIn, paid: str) -> None:
    sign_in(page, owner)
    page.goto("/statements")
    (sheet,) = printed(page)
    for fact in ("Statements", "Olivia Owner", "Opening balance", "₹1,000.00", "₹250.75", "₹749.25"):
        assert closed(fact) in sheet
    for house in ("Home", "Show these days", "Download", "This year"):
        assert closed(house) not in sheet
    assert widest(page) <= _PAPER_WIDTH


def test_a_statement_is_downloaded_as_it_was_shown(page: Page, owner: User, sign_in: SignIn, paid: str) -> None:
    sign_in(page, owner)
    page.goto("/transactions")
    page.get_by_role("link", name="Statement").click()
    page.get_by_role("link", name="This year").click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download PDF").click()
    text = " ".join(sheet.extract_text() for sheet in PdfReader(waiting.value.path()).pages)
    assert waiting.value.suggested_filename.startswith("florin-statement-INR-")
    assert "749.25" in text
    assert "Olivia Owner" in text
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download CSV").click()
    assert ",250.75,,749.25," in waiting.value.path().read_text()
