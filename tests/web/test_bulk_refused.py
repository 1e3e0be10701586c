"""Paying many: what is refused, whose lists nobody else sees, and what a list may do to nobody."""

import pytest
from bson.objectid import ObjectId
from pytest_django.fixtures import Settings

from accounts.models import User
from banking.run_records import CHECKED, runs
from ledger.accounts import account_freeze
from ledger.audit import COMMAND
from tests.web.conftest import Bank, balance
from tests.web.lists import TWO, done, uploaded
from tests.web.visitor import Visitor

pytestmark = pytest.mark.usefixtures("quiet_afterwards")


def test_a_list_that_is_too_much_says_by_how_much(bank: Bank) -> None:
    visitor = uploaded(Visitor(bank.owner), "Samir Second,900,\nSamir Second,900,\nStella Stranger,100,\n")
    assert "This is more than you have ₹900.00 is missing" in visitor.text
    assert "Pay up to ₹1,000.00" in visitor.text
    assert "Exactly the same as line 2, note and all." in visitor.text
    assert "Look twice 2 lines with the same payee and amount" in visitor.text
    visitor.send("/confirm")
    done(visitor, bank.owner)
    assert "2 of 3 lines paid ₹1,000.00" in visitor.text
    assert "There is not enough money in the account." in visitor.text
    assert balance(bank.owners) == 0


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no payees"),
        (b"PK\x03\x04", "This is a spreadsheet"),
        ("José,1".encode("latin-1"), "not in UTF-8"),
        (b"a,1,2,3\n", "Line 1 has 4 columns"),
        (b"a@b.example,1\n" * 10_001, "more than 10,000 lines"),
    ],
)
def test_a_file_that_cannot_be_read_says_why_at_the_field(bank: Bank, content: bytes, sentence: str) -> None:
    visitor = uploaded(Visitor(bank.owner), content)
    assert (visitor.status, visitor.path) == (422, "/send/many")
    assert sentence in visitor.text
    assert runs().count_documents({}) == 0


def test_neither_and_both_are_asked_for(bank: Bank) -> None:
    visitor = Visitor(bank.owner).get("/send/many")
    visitor.send("/send/many", text="  ")
    assert (visitor.status, "Choose a file, or paste lines below." in visitor.text) == (422, True)
    uploaded(visitor, TWO, text="Samir Second,1")
    assert (visitor.status, "not both" in visitor.text) == (422, True)


def test_what_is_too_large_is_refused_before_it_is_read(bank: Bank) -> None:
    visitor = uploaded(Visitor(bank.owner), b"x" * (3 * 1024 * 1024))
    assert (visitor.status, "more than 2 MB" in visitor.text) == (413, True)
    uploaded(visitor, b"x" * (2 * 1024 * 1024 + 1))
    assert (visitor.status, "larger than 2 MB" in visitor.text) == (422, True)
    visitor.send("/send/many", text="Samir Second,1\n" * 80_000)
    assert (visitor.status, "more than 1 MB of text" in visitor.text) == (413, True)
    assert runs().count_documents({}) == 0


def test_the_upload_is_protected_against_forged_forms(bank: Bank) -> None:
    visitor = Visitor(bank.owner).get("/send/many")
    values = {
        name: value for name, value in visitor.form("/send/many").values.items() if name != "csrfmiddlewaretoken"
    }
    for sent in (values, {**values, "csrfmiddlewaretoken": "x" * 64}):
        visitor.post("/send/many", {**sent, "text": "Samir Second,1"})
        assert visitor.status == 403
    assert runs().count_documents({}) == 0


def test_strangers_and_operators_find_no_run_and_change_none(bank: Bank) -> None:
    run = uploaded(Visitor(bank.owner), TWO).path
    for somebody in (bank.stranger, bank.admin):
        visitor = Visitor(somebody)
        token = visitor.get("/transactions").form("/logout").values["csrfmiddlewaretoken"]
        for part in ("", "/progress", "/result.csv", "/unpaid.csv"):
            assert visitor.get(f"{run}{part}").status == 404
        check = str(runs().find_one({})["check"])  # type: ignore[index]
        for part in ("/confirm", "/check", "/go-on", "/again", "/discard"):
            assert visitor.post(f"{run}{part}", {"csrfmiddlewaretoken": token, "check": check}).status == 404
        assert "may.csv" not in visitor.get("/send/many").text
    assert runs().count_documents({"status": CHECKED}) == 1
    assert bank.nothing_moved()


def test_somebody_elses_account_cannot_be_the_one_that_pays(bank: Bank) -> None:
    visitor = Visitor(bank.stranger)
    for account in (str(bank.owners.id), str(ObjectId()), "x", ""):
        assert uploaded(visitor, TWO, account=account).status == 404
    assert visitor.get(f"/send/many?account={bank.owners.id}").status == 404
    assert runs().count_documents({}) == 0


def test_who_is_not_signed_in_is_asked_to(bank: Bank, visitor: Visitor) -> None:
    run = uploaded(Visitor(bank.owner), TWO).path
    for address in ("/send/many", run, f"{run}/result.csv", "/send/many/sample.csv"):
        assert visitor.get(address).path == "/login"
    token = visitor.get("/login").form("/login").values["csrfmiddlewaretoken"]
    visitor.post(f"{run}/confirm", {"csrfmiddlewaretoken": token})
    assert (visitor.path, visitor.form("/login").values["next"]) == ("/login", run)
    assert "Nothing was sent" in visitor.text
    visitor.post("/send/many", {"csrfmiddlewaretoken": token, "text": "Samir Second,1"})
    assert visitor.path == "/login"
    assert bank.nothing_moved()


def test_what_changes_something_cannot_be_opened(bank: Bank) -> None:
    visitor = uploaded(Visitor(bank.owner), TWO)
    run = visitor.path
    for part in ("/confirm", "/check", "/go-on", "/again", "/discard"):
        assert visitor.get(f"{run}{part}").status == 405
    for address in ("/send/many/x", f"/send/many/{ObjectId()}", "/send/many/%7B%24gt%3A1%7D"):
        assert visitor.get(address).status == 404


def test_a_frozen_account_closes_form_and_confirmation_and_says_why(bank: Bank) -> None:
    visitor = uploaded(Visitor(bank.owner), TWO)
    run, values = visitor.path, visitor.form("/confirm").values
    account_freeze(account_id=bank.owners.id, reason="Lost card", origin=COMMAND)
    assert visitor.get("/send/many").form("/send/many").disabled
    assert "Lost card" in visitor.text
    assert "Lost card" in visitor.get(run).text
    visitor.post(f"{run}/confirm", values)
    assert "is not active. Nothing was paid." in visitor.text
    assert runs().count_documents({"status": CHECKED}) == 1
    assert bank.nothing_moved()


def test_uploads_and_confirmations_are_limited(bank: Bank, settings: Settings) -> None:
    settings.RATE_LIMIT_STRICT = "2/15m"
    visitor = uploaded(Visitor(bank.owner), TWO)
    values, run = visitor.form("/confirm").values, visitor.path
    uploaded(visitor, TWO)
    assert visitor.post(f"{run}/confirm", values).status == 429
    assert uploaded(visitor, TWO).status == 429
    assert visitor.get(run).status == 200
    assert bank.nothing_moved()


def test_who_has_no_account_is_told_to_open_one(bank: Bank, system_user: User) -> None:
    for somebody in (bank.admin, system_user):
        assert "no account to pay from" in Visitor(somebody).get("/send/many").text


def test_names_with_markup_are_shown_as_they_are(bank: Bank) -> None:
    visitor = uploaded(Visitor(bank.owner), "<script>alert(1)</script>,<b>5</b>,<i>x</i>", name="<img src=x>.csv")
    html = visitor.response.content.decode()
    assert "<script>alert" not in html
    assert "&lt;b&gt;5" in html
    assert "<img src=x>" not in html
