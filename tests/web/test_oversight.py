"""Administrators find transactions and audit records by filters, and see all that is known of one transaction."""

from datetime import UTC, datetime, timedelta

import pytest

from ledger.errors import TransferRefused
from ledger.store import books
from tests.web.conftest import Bank, account_with
from tests.web.visitor import Visitor

HTMX = {"HX-Request": "true"}


def html(visitor: Visitor) -> str:
    return str(visitor.response.content.decode())


def refused(bank: Bank, key: str = "too-much") -> str:
    with pytest.raises(TransferRefused):
        bank.pay("5000", note="Too much", key=key)
    found = books().transactions.find_one({"key": key})
    assert found is not None
    return str(found["_id"])


def test_transactions_are_found_by_status(bank: Bank) -> None:
    bank.pay("10", note="For lunch")
    refused(bank)
    visitor = Visitor(bank.admin).get("/admin/transactions")
    assert "For lunch" in visitor.text
    assert "not enough" in visitor.text
    failed = visitor.get("/admin/transactions?status=FAILED").text
    assert ("₹5,000.00" in failed, "For lunch" in failed) == (True, False)
    completed = visitor.get("/admin/transactions?status=COMPLETED").text
    assert ("₹5,000.00" in completed, "For lunch" in completed) == (False, True)
    assert "Nothing matches" in visitor.get("/admin/transactions?status=PENDING").text
    assert visitor.get("/admin/transactions?status=NONSENSE").status == 422


@pytest.mark.parametrize("who", ["olivia@example.com", "Olivia", "{account}", "{user}"])
def test_transactions_are_found_by_account(bank: Bank, who: str) -> None:
    bank.pay("10", note="For lunch")
    refused(bank)
    words = who.format(account=bank.owners.id, user=bank.owner.pk)
    text = Visitor(bank.admin).get(f"/admin/transactions?who={words}").text
    assert "Of the INR account of Olivia Owner" in text
    assert ("For lunch" in text, "₹5,000.00" in text, "Stella" in text) == (True, True, False)


def test_where_several_accounts_are_meant_one_is_chosen(bank: Bank) -> None:
    other = account_with(bank.owner, currency="EUR")
    visitor = Visitor(bank.admin).get("/admin/transactions?who=olivia")
    assert "Which account is meant?" in visitor.text
    (link,) = [link for link in visitor.page.links if f"who={other.id}" in link]
    assert "Of the EUR account of Olivia Owner" in visitor.get(f"/admin/transactions{link}").text


@pytest.mark.parametrize("who", ["zzz", "0" * 24, "$ne", "x" * 254])
def test_who_is_not_found_is_said_at_the_field(bank: Bank, who: str) -> None:
    visitor = Visitor(bank.admin).get(f"/admin/transactions?who={who}")
    assert visitor.status == 422
    assert 'id="id_who_error"' in html(visitor)


def test_transactions_are_found_by_amount(bank: Bank) -> None:
    for amount in ("10", "20", "30"):
        bank.pay(amount, note=f"Note {amount}")
    for who in ("", bank.owners.id):
        text = Visitor(bank.admin).get(f"/admin/transactions?least=15&most=25&who={who}").text
        assert [f"Note {amount}" in text for amount in (10, 20, 30)] == [False, True, False]
    assert "Nothing matches" in Visitor(bank.admin).get("/admin/transactions?least=15&currency=EUR").text
    for query in ("least=abc", "least=30&most=20", "least=1.234"):
        assert Visitor(bank.admin).get(f"/admin/transactions?{query}").status == 422


def test_days_are_the_readers(bank: Bank) -> None:
    bank.pay("10", note="For lunch")
    visitor = Visitor(bank.admin)
    visitor.client.cookies["timezone"] = "Pacific/Kiritimati"
    day = (datetime.now(UTC) + timedelta(hours=14)).date()
    text = visitor.get(f"/admin/transactions?since={day}&until={day}").text
    assert "For lunch" in text
    later = day + timedelta(days=1)
    for who in ("", bank.owners.id):
        assert "Nothing matches" in visitor.get(f"/admin/transactions?since={later}&who={who}").text
        assert "Nothing matches" in visitor.get(f"/admin/transactions?until={day - timedelta(days=1)}&who={who}").text
    assert visitor.get(f"/admin/transactions?since={later}&until={day}").status == 422


def test_transactions_go_on(bank: Bank) -> None:
    for number in range(1, 31):
        bank.pay("1", note=f"Number {number}.", key=f"k{number}")
    visitor = Visitor(bank.admin).get("/admin/transactions?currency=INR")
    assert ("Number 30." in visitor.text, "Number 5." in visitor.text) == (True, False)
    (more,) = [link for link in visitor.page.links if "cursor=" in link]
    assert "currency=INR" in more
    part = visitor.get(f"/admin/transactions{more}", **HTMX)
    assert html(part).lstrip().startswith("<tbody")
    assert "Number 5." in part.text
    assert Visitor(bank.admin).get("/admin/transactions?cursor=rubbish").status == 400


def test_a_transaction_is_shown_whole(bank: Bank) -> None:
    number = bank.pay("10", note="For lunch", key="lunch-1")
    visitor = Visitor(bank.admin).get(f"/admin/transactions/{number}")
    for words in ("₹10.00", "Completed", "For lunch", "Transfer", "Debit · Olivia Owner", "Credit · Samir Second"):
        assert words in visitor.text
    for words in ("₹990.00", "Sent money", "Not signed yet"):
        assert words in visitor.text
    entry = books().entries.find_one({"_id": f"{number}:DEBIT"})
    assert entry is not None
    for value in ("lunch-1", number, str(bank.owners.id), entry["hash"].hex(), entry["previous_hash"].hex()):
        assert f'data-copy="{value}"' in html(visitor)
    assert f"/admin/users/{bank.owner.pk}" in visitor.page.links
    assert f"/admin/users/{bank.second.pk}" in visitor.page.links


def test_a_refused_transaction_says_why_and_how_often(bank: Bank) -> None:
    number = refused(bank)
    refused(bank)
    text = Visitor(bank.admin).get(f"/admin/transactions/{number}").text
    for words in ("No money has moved", "insufficient_funds", "2 of 3", "None: no money has moved."):
        assert words in text
    assert text.count("Sent money in vain") == 2


def test_a_dialog_gets_the_transaction_alone(bank: Bank) -> None:
    part = Visitor(bank.admin).get(f"/admin/transactions/{bank.pay('10')}", **HTMX)
    assert "<html" not in html(part)
    assert 'id="dialog-heading"' in html(part)


@pytest.mark.parametrize("number", ["nonsense", "0" * 24])
def test_what_is_not_there_is_not_found(bank: Bank, number: str) -> None:
    assert Visitor(bank.admin).get(f"/admin/transactions/{number}").status == 404
    assert Visitor(bank.admin).get(f"/admin/transactions/{number}/receipts/{bank.owners.id}.json").status == 404


def test_the_audit_log_says_who_did_what_to_whom(bank: Bank) -> None:
    frozen = Visitor(bank.admin).get(f"/admin/accounts/{bank.owners.id}/freeze")
    frozen.send("/freeze", reason="Lost card")
    visitor = frozen.get("/admin/audit")
    for words in (
        "Froze an account",
        "Active → Frozen",
        "Reason: Lost card",
        "Ada Admin",
        "Olivia Owner",
        "127.0.0.1",
    ):
        assert words in visitor.text
    record = books().audit.find_one({"action": "account.frozen"})
    assert record is not None
    assert f'data-copy="{record["request_id"]}"' in html(visitor)
    assert "<script>" not in html(visitor)


def test_audit_records_are_found_by_action_actor_object_and_time(bank: Bank) -> None:
    paid = bank.pay("10")
    Visitor(bank.admin).get(f"/admin/accounts/{bank.owners.id}/freeze").send("/freeze", reason="Lost card")
    visitor = Visitor(bank.admin)

    def found(query: str) -> list[bool]:
        text = html(visitor.get(f"/admin/audit?{query}")).split("<tbody", 1)[-1]
        return ["Froze an account" in text, "Sent money" in text, "Opened an account" in text]

    assert found("") == [True, True, True]
    assert found("action=account.frozen") == [True, False, False]
    assert found("action=transfer.completed") == [False, True, False]
    assert found("actor=ada@example.com") == [True, False, False]
    assert found(f"subject={paid}") == [False, True, False]
    assert found(f"subject={bank.owners.id}") == [True, False, True]
    later = (datetime.now(UTC) + timedelta(days=2)).date()
    assert "Nothing matches" in visitor.get(f"/admin/audit?since={later}").text
    for query in ("action=nonsense", "actor=nobody@example.com", "subject=x", f"since={later}&until=2020-01-01"):
        assert visitor.get(f"/admin/audit?{query}").status == 422


def test_the_audit_log_goes_on(bank: Bank) -> None:
    for number in range(1, 31):
        bank.pay("1", key=f"k{number}")
    visitor = Visitor(bank.admin).get("/admin/audit?action=transfer.completed")
    (more,) = [link for link in visitor.page.links if "cursor=" in link]
    part = visitor.get(f"/admin/audit{more}", **HTMX)
    assert html(part).lstrip().startswith("<tbody")
    assert html(part).count("<tr") == 10
    assert Visitor(bank.admin).get("/admin/audit?cursor=rubbish").status == 400


def test_what_others_wrote_into_a_record_is_only_ever_text(bank: Bank, visitor: Visitor) -> None:
    visitor.get("/login").send("/login", email="<b>x</b>@example.com", password="wrong")
    page = Visitor(bank.admin).get("/admin/audit?action=login")
    assert "Could not sign in" in page.text
    assert "<b>x</b>" not in html(page)
