"""Paying many in a real browser: upload, check, confirm, progress, download; with JavaScript and without."""

import csv
import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import User
from banking.run_records import PAYING, runs
from ledger.records import Account
from ledger.verify import verify
from tests.e2e.conftest import Watch
from tests.e2e.keyboard import tab_to
from tests.e2e.story import account_with, balance, transfers

SignIn = Callable[[Page, User], None]


@pytest.fixture(autouse=True)
def _nothing_is_left_to_pay(server: object) -> Iterator[None]:
    """The server pays in the background; nothing of it may reach into the next test."""
    yield
    ends = time.monotonic() + 60
    while runs().count_documents({"status": PAYING, "stalled_at": None}):
        assert time.monotonic() < ends
        time.sleep(0.05)


@pytest.fixture
def accounts(owner: User, second: User, stranger: User) -> tuple[Account, Account, Account]:
    return account_with(owner, 5_000), account_with(second), account_with(stranger)


def file_of(folder: Path, text: str) -> Path:
    path = folder / "payees.csv"
    path.write_text(text, encoding="utf-8")
    return path


def upload(page: Page, path: Path) -> None:
    page.goto("/send/many")
    page.get_by_label("CSV file").set_input_files(path)
    page.get_by_role("button", name="Check the list").click()
    expect(page.get_by_role("heading", name="Check the list")).to_be_visible()


def test_a_list_is_uploaded_checked_confirmed_watched_and_downloaded(
    page: Page, owner: User, accounts: tuple[Account, ...], sign_in: SignIn, tmp_path: Path
) -> None:
    payer, one, two = accounts
    lines = [f"samir@example.com,1.25,Salary {number}" for number in range(1_500)]
    path = file_of(tmp_path, "\n".join(["payee,amount,note", *lines, "Stella Stranger,10,=1+1", "Nobody,5,x"]))
    sign_in(page, owner)
    page.goto("/send")
    page.get_by_role("link", name="Pay many").click()
    upload(page, path)
    expect(page.get_by_text("1 line cannot be paid")).to_be_visible()
    expect(page.get_by_text("1,501 of 1,502 lines")).to_be_visible()
    page.get_by_role("link", name="Ready").click()
    expect(page.get_by_text("Page 1 of 31")).to_be_visible()
    page.get_by_role("button", name="Pay ₹1,885.00").dblclick()
    expect(page.get_by_role("progressbar", name="Lines done")).to_be_visible()
    expect(page.get_by_role("heading", name="Payments made")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("1,501 of 1,502 lines paid")).to_be_visible()
    assert (balance(payer), balance(one), balance(two)) == (500_000 - 188_500, 187_500, 1_000)
    assert transfers(payer) == 1_501
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the result").click()
    rows = list(csv.reader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8-sig"))))
    assert len(rows) == 1_503
    assert (rows[1501][6], rows[1501][7], rows[1502][7]) == ("'=1+1", "paid", "not paid")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download what was not paid").click()
    assert "Nobody,5,x" in Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert verify().violations == []


def test_back_and_refresh_after_confirming_pay_nobody_twice(
    page: Page, owner: User, accounts: tuple[Account, ...], sign_in: SignIn, tmp_path: Path
) -> None:
    payer, one, _ = accounts
    sign_in(page, owner)
    upload(page, file_of(tmp_path, "samir@example.com,1.25,Salary"))
    page.get_by_role("button", name="Pay ₹1.25").click()
    expect(page.get_by_role("heading", name="Payments made")).to_be_visible(timeout=30_000)
    page.go_back()
    page.go_forward()
    page.reload()
    expect(page.get_by_text("1 line paid")).to_be_visible()
    page.goto("/send/many")
    page.get_by_label("CSV file").set_input_files(tmp_path / "payees.csv")
    page.get_by_role("button", name="Check the list").click()
    expect(page.get_by_text("You uploaded this list before")).to_be_visible()
    assert (balance(one), transfers(payer)) == (125, 1)


def test_what_is_left_out_changes_what_is_paid(
    page: Page, owner: User, accounts: tuple[Account, ...], sign_in: SignIn, tmp_path: Path
) -> None:
    sign_in(page, owner)
    upload(page, file_of(tmp_path, "samir@example.com,1,\nStella Stranger,2,\n"))
    page.get_by_role("button", name="Pay ₹3.00").click()
    expect(page.get_by_role("heading", name="Payments made")).to_be_visible(timeout=30_000)
    upload(page, file_of(tmp_path, "samir@example.com,1,\nsamir@example.com,2,\n"))
    expect(page.get_by_role("checkbox", name="Leave it out and pay ₹2.00")).to_be_checked()
    expect(page.get_by_role("button", name="Pay ₹2.00")).to_be_visible()
    page.get_by_role("checkbox").uncheck()
    expect(page.get_by_role("button", name="Pay ₹3.00")).to_be_visible()


def test_a_list_is_paid_with_the_keyboard_alone(
    page: Page, owner: User, accounts: tuple[Account, ...], sign_in: SignIn
) -> None:
    sign_in(page, owner)
    page.goto("/send/many")
    tab_to(page, "input[type=file]")
    tab_to(page, "form summary")
    page.keyboard.press("Enter")
    tab_to(page, "textarea")
    page.keyboard.type("Samir Second,12.50,Tea")
    tab_to(page, "form[action='/send/many'] button")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Check the list")).to_be_visible()
    tab_to(page, "form[action$='/confirm'] button")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Payments made")).to_be_visible(timeout=30_000)
    assert balance(accounts[1]) == 1_250


def test_all_of_it_works_without_javascript(
    new_context: Callable[..., BrowserContext],
    watch: Watch,
    owner: User,
    accounts: tuple[Account, ...],
    sign_in: SignIn,
    tmp_path: Path,
) -> None:
    context = new_context(java_script_enabled=False)
    watch.attach(context)
    page = context.new_page()
    sign_in(page, owner)
    path = file_of(tmp_path, "".join(f"samir@example.com,1,Salary {number}\n" for number in range(2_000)))
    upload(page, path)
    page.get_by_role("button", name="Pay ₹2,000.00").click()
    expect(page.get_by_text("of 2,000 lines")).to_be_visible()
    ends = time.monotonic() + 60
    while page.get_by_role("link", name="Refresh").count():
        assert time.monotonic() < ends
        page.get_by_role("link", name="Refresh").click()
    expect(page.get_by_role("heading", name="Payments made")).to_be_visible()
    expect(page.get_by_text("2,000 lines paid")).to_be_visible()
    assert balance(accounts[1]) == 200_000


def test_a_bank_that_does_not_answer_is_told_until_it_answers_again(
    page: Page, watch: Watch, owner: User, accounts: tuple[Account, ...], sign_in: SignIn, tmp_path: Path
) -> None:
    watch.allow("503")
    sign_in(page, owner)
    lines = "".join(f"samir@example.com,1,Salary {number}\n" for number in range(1_500))
    upload(page, file_of(tmp_path, lines))
    page.route("**/progress", lambda route: route.fulfill(status=503))
    page.get_by_role("button", name="Pay ₹1,500.00").click()
    expect(page.get_by_text("The bank does not answer")).to_be_visible()
    page.unroute("**/progress")
    expect(page.get_by_text("The bank does not answer")).not_to_be_visible()
    expect(page.get_by_role("heading", name="Payments made")).to_be_visible(timeout=60_000)


def test_a_file_that_is_far_too_large_is_answered(
    page: Page, owner: User, accounts: tuple[Account, ...], sign_in: SignIn, tmp_path: Path
) -> None:
    sign_in(page, owner)
    page.goto("/send/many")
    path = tmp_path / "large.csv"
    path.write_bytes(b"samir@example.com,1,x\n" * 500_000)
    page.get_by_label("CSV file").set_input_files(path)
    page.get_by_role("button", name="Check the list").click()
    expect(page.get_by_text("This is more than 2 MB.")).to_be_visible()
    assert runs().count_documents({}) == 0
