"""What happened: history with filters and more of it, failed transfers, receipts, and who may see them."""

import contextlib
import json

import pytest
from pytest_django import Settings

from ledger.checkpoints import checkpoint_append, public_keys
from ledger.errors import TransferRefused
from ledger.proof import receipt_check
from ledger.signing import PrivateKey, key_make
from tests.web.conftest import Bank, account_with
from tests.web.visitor import Visitor


def test_history_shows_both_directions_with_the_running_balance(bank: Bank) -> None:
    bank.pay("250.75", "Dinner")
    mine = Visitor(bank.owner).get("/transactions").text
    assert "−₹250.75 Balance ₹749.25" in mine
    assert "+₹1,000.00 Balance ₹1,000.00" in mine
    theirs = Visitor(bank.second).get("/transactions").text
    assert "From Olivia Owner Dinner" in theirs
    assert "+₹250.75 Balance ₹250.75" in theirs
    assert "749.25" not in theirs


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ("direction=CREDIT", "1,000.00", "Dinner"),
        ("words=dinn", "Dinner", "Cinema"),
        ("words=samir", "Dinner", "Opening"),
        ("least=20&most=30", "Dinner", "Cinema"),
        ("since=2000-01-01&until=2999-12-31", "Cinema", "Nothing matches"),
        ("until=2000-01-01", "Nothing matches", "Dinner"),
        ("least=0", "Cinema", "Nothing matches"),
        ("least=1,000.00", "1,000.00", "Dinner"),
        ("words=.*", "Nothing matches", "Dinner"),
    ],
)
def test_history_is_filtered(bank: Bank, query: str, shown: str, hidden: str) -> None:
    bank.pay("25", "Dinner")
    bank.pay("7.50", "Cinema")
    visitor = Visitor(bank.owner).get(f"/transactions?{query}")
    assert visitor.status == 200
    assert shown in visitor.text
    assert hidden not in visitor.text


@pytest.mark.parametrize("query", ["least=1e3", "most=-1", "since=yesterday", "until=2026-02-31", "direction=UP"])
def test_a_malformed_filter_is_said_at_its_field(bank: Bank, query: str) -> None:
    visitor = Visitor(bank.owner).get(f"/transactions?{query}")
    assert visitor.status == 422
    assert f'id="id_{query.split("=")[0]}_error"' in visitor.response.content.decode()


@pytest.mark.parametrize("query", ["since=2026-05-02&until=2026-05-01", "least=20&most=10"])
def test_a_range_that_ends_before_it_begins_is_said_where_it_ends(bank: Bank, query: str) -> None:
    visitor = Visitor(bank.owner).get(f"/transactions?{query}")
    assert visitor.status == 422
    name = query.partition("&")[2].partition("=")[0]
    assert f'id="id_{name}_error"' in visitor.response.content.decode()


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "0001-01-02"])
def test_the_ends_of_the_calendar_are_days_too(bank: Bank, day: str) -> None:
    visitor = Visitor(bank.owner)
    visitor.client.cookies["timezone"] = "Pacific/Kiritimati"
    assert visitor.get(f"/transactions?since={day}&until={day}").status == 200


def test_more_is_loaded_by_link_and_by_script(bank: Bank) -> None:
    for number in range(25):
        bank.pay("1", f"Number {number}")
    visitor = Visitor(bank.owner).get("/transactions?direction=DEBIT")
    assert "25 entries" in visitor.text
    assert "Number 5 " in visitor.text
    assert "Number 4 " not in visitor.text
    (more,) = [link for link in visitor.page.links if "cursor=" in link]
    rows = visitor.get(f"/transactions{more}", **{"HX-Request": "true"})
    assert "Number 4 " in rows.text
    assert "Number 5 " not in rows.text
    assert "<html" not in rows.response.content.decode()
    whole = visitor.get(f"/transactions{more}")
    assert "Number 4 " in whole.text
    assert "<html" in whole.response.content.decode()
    assert "Newest" in whole.text
    assert "Newest" not in visitor.get("/transactions?direction=DEBIT").text


def test_a_long_search_goes_on_part_by_part(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.history.MOST_EXAMINED", 5)
    bank.pay("1", "Needle")
    for number in range(10):
        bank.pay("1", f"Hay {number}")
    visitor = Visitor(bank.owner).get("/transactions?words=needle")
    assert "entries are searched at a time" in visitor.text
    assert "Nothing so far" in visitor.text
    (further,) = [link for link in visitor.page.links if "cursor=" in link]
    rows = visitor.get(f"/transactions{further}", **{"HX-Request": "true"})
    assert "Nothing among these" in rows.text
    (further,) = [link for link in rows.page.links if "cursor=" in link]
    rows = visitor.get(f"/transactions{further}", **{"HX-Request": "true"})
    assert "Needle" in rows.text
    assert not [link for link in rows.page.links if "cursor=" in link]
    assert "Needle" in visitor.get(f"/transactions{further}").text


def test_a_long_search_that_ends_with_nothing_says_so(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.history.MOST_EXAMINED", 1)
    bank.pay("1", "Hay")
    visitor = Visitor(bank.owner).get("/transactions?words=needle")
    (further,) = [link for link in visitor.page.links if "cursor=" in link]
    rows = visitor.get(f"/transactions{further}", **{"HX-Request": "true"})
    assert "Nothing further back" in rows.text
    assert "Nothing matches" in visitor.get(f"/transactions{further}").text


def test_a_cursor_that_was_not_made_here_is_refused(bank: Bank) -> None:
    assert Visitor(bank.owner).get("/transactions?cursor=nonsense").status == 400


def test_a_receipt_shows_each_side_its_own_balance_alone(bank: Bank) -> None:
    number = bank.pay("250.75", "Dinner")
    mine = Visitor(bank.owner).get(f"/transactions/{number}").text
    assert "Money sent" in mine
    assert "balance after ₹749.25" in mine
    theirs = Visitor(bank.second).get(f"/transactions/{number}").text
    assert "Money received" in theirs
    assert "balance after ₹250.75" in theirs
    assert "749.25" not in theirs
    assert "Reference" in mine
    assert "Key" not in mine
    assert "Reference" not in theirs


def test_a_stranger_sees_no_receipt_and_cannot_try_again(bank: Bank) -> None:
    number = bank.pay("250.75")
    visitor = Visitor(bank.stranger)
    for address in (f"/transactions/{number}", "/transactions/nonsense", f"/transactions/{'0' * 24}"):
        assert visitor.get(address).status == 404
    assert visitor.get(f"/transactions?account={bank.owners.id}").status == 404
    assert visitor.get(f"/transactions/failed?account={bank.owners.id}").status == 404
    assert visitor.get(f"/dashboard?account={bank.owners.id}").status == 404


def test_a_receiver_never_hears_of_a_failed_transfer(bank: Bank) -> None:
    with contextlib.suppress(TransferRefused):
        bank.pay("5000", key="k")
    visitor = Visitor(bank.owner).get("/transactions/failed")
    assert "Samir Second" in visitor.text
    (address,) = [form.action for form in visitor.page.forms if form.action.endswith("/retry")]
    receiver = Visitor(bank.second).get("/dashboard")
    assert "Failed" not in receiver.text
    assert receiver.get(address.removesuffix("/retry")).status == 404
    token = Visitor(bank.second)
    page = token.get("/dashboard").form("/logout").values
    assert token.post(address, page).status == 404
    assert bank.nothing_moved()


def test_a_failed_transfer_of_a_program_is_tried_again_under_its_own_key(bank: Bank) -> None:
    with contextlib.suppress(TransferRefused):
        bank.pay("5000", key="any/key:of~a-program")
    visitor = Visitor(bank.owner).get("/transactions/failed").send("/retry")
    assert visitor.path.startswith("/transactions/")
    assert "Attempt 2 of 3" in visitor.text


def test_the_dashboard_shows_the_account_at_a_glance(bank: Bank) -> None:
    bank.pay("250.75", "Dinner")
    visitor = Visitor(bank.owner).get("/dashboard")
    number = str(bank.owners.id)
    assert f"{number[:4]} {number[4:8]}" in visitor.text
    assert "In this month ₹1,000.00 Out this month ₹250.75" in visitor.text
    assert "Completed" in visitor.text
    html = visitor.response.content.decode()
    assert f"/send?account={bank.owners.id}&amp;to={bank.seconds.id}" in html
    assert "to ₹749.25, lowest ₹749.25, highest ₹749.25" in html.replace("\N{NO-BREAK SPACE}", " ")


def test_times_come_in_the_readers_zone_once_it_is_known(bank: Bank) -> None:
    bank.pay("1")
    visitor = Visitor(bank.owner)
    assert " UTC" in visitor.get("/transactions").text
    for cookie, zone in [("Asia%2FKolkata", "Asia/Kolkata"), ("Etc%2FGMT%2B5", "Etc/GMT+5"), ("UTC", "UTC")]:
        visitor.client.cookies["timezone"] = cookie
        visitor.get("/transactions")
        assert " UTC" not in visitor.text
        assert f'data-zone="{zone}"' in visitor.response.content.decode()


@pytest.mark.parametrize("zone", ["Nowhere/City", "../../etc/passwd", "/etc/passwd", "a" * 99, "\x00", "localtime"])
def test_a_zone_that_is_none_does_no_harm(bank: Bank, zone: str) -> None:
    visitor = Visitor(bank.owner)
    visitor.client.cookies["timezone"] = zone
    assert visitor.get("/dashboard").status == 200


def test_each_account_has_its_own_history(bank: Bank) -> None:
    euros = account_with(bank.owner, 20, "EUR")
    text = Visitor(bank.owner).get(f"/transactions?account={euros.id}").text
    assert "€20.00" in text
    assert "₹" not in text


@pytest.fixture
def signing(settings: Settings) -> PrivateKey:
    private = PrivateKey(key_make())
    settings.CHECKPOINT_KEY, settings.CHECKPOINT_PUBLIC_KEYS = "", [private.public_text]
    return private


def test_a_signed_receipt_is_downloaded_by_either_side_and_nobody_else(bank: Bank, signing: PrivateKey) -> None:
    transaction = bank.pay("12.50", "Tea")
    owner = Visitor(bank.owner)
    assert "Not signed yet" in owner.get(f"/transactions/{transaction}").text
    assert owner.get(f"/transactions/{transaction}/receipt.json").status == 409
    assert "has not signed this transfer yet" in owner.text

    checkpoint_append(signing)
    assert "Checkpoint 1" in owner.get(f"/transactions/{transaction}").text
    for user, direction in ((bank.owner, "DEBIT"), (bank.second, "CREDIT")):
        response = Visitor(user).get(f"/transactions/{transaction}/receipt.json").response
        assert f"florin-receipt-{transaction}.json" in response["Content-Disposition"]
        assert "no-store" in response["Cache-Control"]
        entry = receipt_check(json.loads(response.content), public_keys())
        assert (entry["direction"], entry["amount_minor"], entry["transaction"]) == (direction, "1250", transaction)
    assert Visitor(bank.stranger).get(f"/transactions/{transaction}/receipt.json").status == 404
    assert Visitor(bank.admin).get(f"/transactions/{transaction}/receipt.json").status == 404
    assert Visitor().get(f"/transactions/{transaction}/receipt.json").address.startswith("/login?next=")


def test_a_bank_without_a_key_promises_no_signature(bank: Bank, settings: Settings) -> None:
    settings.CHECKPOINT_KEY, settings.CHECKPOINT_PUBLIC_KEYS = "", []
    assert "igned" not in Visitor(bank.owner).get(f"/transactions/{bank.pay('1', 'Tea')}").text
    assert "has no key to sign with" in Visitor().get("/proof").text


def test_everybody_can_read_how_a_receipt_is_checked(bank: Bank, signing: PrivateKey) -> None:
    assert "Nothing is signed yet" in Visitor().get("/proof").text
    checkpoint = checkpoint_append(signing)
    assert checkpoint is not None
    page = Visitor().get("/proof").text
    assert signing.public_text in page
    assert checkpoint.root.hex() in page
