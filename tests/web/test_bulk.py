"""Paying many without JavaScript: upload, check, confirm, result; and everything that must pay once or never."""

import re

import pytest

from banking.run_records import PAYING, lines, runs
from banking.services import run_drive
from ledger.audit import COMMAND
from ledger.records import now
from ledger.transfers import funding_execute
from tests.banking.runs import quiet, states, upload
from tests.web.conftest import Bank, account_with, balance
from tests.web.lists import TWO, done, run_of, table, uploaded
from tests.web.visitor import Visitor

pytestmark = pytest.mark.usefixtures("quiet_afterwards")


def test_a_list_is_uploaded_checked_paid_and_accounted_for(bank: Bank) -> None:
    visitor = Visitor(bank.owner).get("/send")
    assert "/send/many" in visitor.page.links
    uploaded(visitor, TWO)
    assert re.fullmatch(r"/send/many/[0-9a-f]{24}", visitor.path)
    assert "Nothing has been paid yet" in visitor.text
    assert "To pay 2 of 2 lines Sum ₹15.50 Available ₹1,000.00" in visitor.text
    assert "Samir Second Line 2 · samir@example.com · Salary" in visitor.text
    assert bank.nothing_moved()
    visitor.send("/confirm")
    done(visitor, bank.owner)
    assert "Payments made" in visitor.text
    assert "2 lines paid ₹15.50" in visitor.text
    assert [balance(one) for one in (bank.owners, bank.seconds, bank.strangers)] == [98_450, 1_250, 5_300]
    head, first, second = table(visitor, f"{visitor.path}/result.csv")
    assert head[:4] == ["line", "payee", "name", "account"]
    assert first[:9] == [
        "2",
        "samir@example.com",
        "Samir Second",
        str(bank.seconds.id),
        "12.50",
        "INR",
        "Salary",
        "paid",
        "",
    ]
    assert "Samir Second" in visitor.get(f"/transactions/{first[9]}").text
    assert second[7] == "paid"
    assert "may.csv" in visitor.get("/send/many").text
    assert "2 of 2 paid" in visitor.text


def test_lines_can_be_pasted_instead(bank: Bank) -> None:
    visitor = Visitor(bank.owner).get("/send/many")
    visitor.send("/send/many", text="Samir Second; 5; Tea")
    assert "To pay 1 of 1 line" in visitor.text
    assert "Pasted list" in visitor.text


def test_wrong_lines_are_left_out_and_can_be_downloaded_corrected_and_uploaded(bank: Bank) -> None:
    visitor = uploaded(Visitor(bank.owner), TWO + "Samir,7,=SUM(A1)\nsamir@example.com,x,\n")
    assert "2 lines cannot be paid" in visitor.text
    assert "You can pay the others now" in visitor.text
    assert "Nobody here is called like this." in visitor.text
    assert "Samir Second Line 2" not in visitor.text
    run = visitor.path
    assert "Samir Second Line 2" in visitor.get(f"{run}?show=all").text
    visitor.send("/confirm")
    done(visitor, bank.owner)
    assert "2 of 4 lines paid" in visitor.text
    rows = table(visitor, f"{run}/unpaid.csv")
    assert [row[:3] for row in rows[1:]] == [["Samir", "7", "'=SUM(A1)"], ["samir@example.com", "x", ""]]
    text = "\n".join(",".join(f'"{cell}"' for cell in row) for row in rows)
    uploaded(visitor, text.replace('"Samir"', '"Samir Second"'))
    assert "1 line cannot be paid" in visitor.text
    visitor.send("/confirm")
    done(visitor, bank.owner)
    assert balance(bank.seconds) == 1_950
    found = lines().find_one({"payee": "Samir Second"})
    assert found
    assert found["note"] == "=SUM(A1)"


def test_uploading_the_same_list_again_leads_to_what_became_of_it(bank: Bank) -> None:
    visitor = uploaded(Visitor(bank.owner), TWO)
    run = visitor.path
    uploaded(visitor, TWO.replace(",", ";"), name="other.csv")
    assert visitor.path == run
    assert "You uploaded this list before" in visitor.text
    assert "Nothing of it has been paid" in visitor.text
    visitor.send("/confirm")
    done(visitor, bank.owner)
    uploaded(visitor, TWO)
    assert visitor.path == run
    assert "nobody has been paid again" in visitor.text
    assert balance(bank.seconds) == 1_250
    visitor.send("/again")
    assert visitor.path != run
    assert "paid again on purpose" in visitor.text
    assert "Nothing has been paid yet this time" in visitor.text
    assert re.search(r"Paid on .+: 2 lines, ₹15.50 ?\. Confirming pays them once more", visitor.text)
    assert balance(bank.seconds) == 1_250
    assert "to pay again, no. 2" in Visitor(bank.owner).get("/send/many").text
    visitor.send("/confirm")
    done(visitor, bank.owner)
    assert balance(bank.seconds) == 2_500


def test_confirming_twice_back_and_two_tabs_pay_once(bank: Bank) -> None:
    visitor = uploaded(Visitor(bank.owner), TWO)
    run, values = visitor.path, visitor.form("/confirm").values
    visitor.send("/confirm")
    visitor.post(f"{run}/confirm", values)
    done(visitor, bank.owner)
    visitor.post(f"{run}/confirm", values)
    assert "2 lines paid" in visitor.text
    assert (balance(bank.seconds), balance(bank.strangers)) == (1_250, 5_300)


def test_a_check_that_somebody_did_not_see_is_not_confirmed(bank: Bank) -> None:
    visitor = uploaded(Visitor(bank.owner), TWO)
    run, values = visitor.path, visitor.form("/confirm").values
    visitor.send("/check")
    assert "checked again" in visitor.text
    visitor.post(f"{run}/confirm", values)
    assert "nothing was paid" in visitor.text
    visitor.post(f"{run}/confirm", {**values, "check": "{$gt: 0}"})
    assert bank.nothing_moved()
    visitor.send("/confirm")
    done(visitor, bank.owner)
    assert balance(bank.seconds) == 1_250


def test_what_an_earlier_list_has_paid_is_left_out_unless_one_unticks_it(bank: Bank) -> None:
    visitor = uploaded(Visitor(bank.owner), TWO)
    visitor.send("/confirm")
    done(visitor, bank.owner)
    uploaded(visitor, TWO + "samir@example.com,1,\n")
    assert "2 lines for ₹15.50 were paid by an earlier list" in visitor.text
    assert "Pay ₹1.00" in visitor.text
    assert "Pay ₹16.50" in visitor.text
    assert visitor.form("/confirm").values["leave_out"] == "yes"
    visitor.send("/confirm")
    done(visitor, bank.owner)
    assert "Left out 2, paid by an earlier list" in visitor.text
    assert balance(bank.seconds) == 1_350
    uploaded(visitor, TWO + "samir@example.com,2,\n")
    visitor.send("/confirm", leave_out="")
    done(visitor, bank.owner)
    assert balance(bank.seconds) == 1_350 + 1_450


def test_a_list_is_removed_before_it_is_confirmed_and_kept_afterwards(bank: Bank) -> None:
    visitor = uploaded(Visitor(bank.owner), TWO)
    visitor.send("/discard")
    assert (visitor.path, "Nothing was paid" in visitor.text) == ("/send/many", True)
    assert (runs().count_documents({}), lines().count_documents({})) == (0, 0)
    uploaded(visitor, TWO)
    run, values = visitor.path, visitor.form("/discard").values
    visitor.send("/confirm")
    done(visitor, bank.owner)
    visitor.post(f"{run}/discard", values)
    assert (visitor.path, "it is kept" in visitor.text) == (run, True)


def test_the_page_shows_how_far_it_is_and_sends_a_script_to_the_end(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = uploaded(Visitor(bank.owner), TWO)
    run = visitor.path
    with monkeypatch.context() as patch:
        patch.setattr(run_drive, "drive_soon", lambda found: None)
        visitor.send("/confirm")
        assert "0 of 2 lines" in visitor.text
        assert "3Paying" in visitor.text.replace(" ", "")
        assert "Refresh" in visitor.text
        part = visitor.client.get(f"{run}/progress")
        assert b"<html" not in part.content
        assert b"every 1s" in part.content
    visitor.get(run)
    done(visitor, bank.owner)
    assert visitor.client.get(f"{run}/progress")["HX-Redirect"] == run
    assert balance(bank.seconds) == 1_250


def test_a_run_that_has_halted_goes_on_when_one_asks(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = uploaded(Visitor(bank.owner), TWO)
    with monkeypatch.context() as patch:
        patch.setattr(run_drive, "drive_soon", lambda found: None)
        visitor.send("/confirm")
    runs().update_many({"status": PAYING}, {"$set": {"stalled_at": now()}})
    visitor.get(visitor.path)
    assert "nobody is paid twice" in visitor.text
    quiet()
    assert bank.nothing_moved()
    visitor.send("/go-on")
    done(visitor, bank.owner)
    assert "2 lines paid" in visitor.text


def test_lines_and_earlier_lists_are_paged(bank: Bank) -> None:
    visitor = Visitor(bank.owner)
    text = "".join(f"Samir Second,{number}.01,\n" for number in range(1, 121))
    uploaded(visitor, text)
    run = visitor.path
    assert "Page 1 of 3" in visitor.text
    visitor.get(f"{run}?page=3&show=all")
    assert "₹120.01" in visitor.text
    assert "₹1.01" not in visitor.text
    for page in ("0", "-1", "x", "99999", "9" * 50):
        assert visitor.get(f"{run}?page={page}&show=nonsense").status == 200
    for number in range(1, 12):
        upload(bank.owner, bank.owners, f"Samir Second,{number}")
    assert "Page 1 of 2" in visitor.get("/send/many").text


def test_the_sample_is_a_list_that_can_be_uploaded(bank: Bank) -> None:
    visitor = Visitor(bank.owner).get("/send/many")
    assert "/send/many/sample.csv" in visitor.page.links
    rows = table(visitor, "/send/many/sample.csv")
    assert rows[0] == ["payee", "amount", "note"]
    uploaded(visitor, "\n".join(",".join(f'"{cell}"' for cell in row) for row in rows))
    assert "3 lines cannot be paid Nothing in the list can be paid. Correct the file" in visitor.text


def test_each_page_keeps_the_policy_and_has_one_heading(bank: Bank) -> None:
    visitor = uploaded(Visitor(bank.owner), TWO + "Nobody,1\n")
    run = visitor.path
    for address in ("/send/many", run, f"{run}?show=all"):
        visitor.get(address)
        assert visitor.page.inline == []
        assert visitor.response.content.decode().count("<h1") == 1
        assert "no-store" in visitor.response["Cache-Control"]
    visitor.send("/confirm")
    assert visitor.page.inline == []
    done(visitor, bank.owner)
    assert visitor.page.inline == []


def test_lists_are_paid_from_the_account_that_was_chosen(bank: Bank) -> None:
    euros = account_with(bank.owner, 50, "EUR")
    theirs = account_with(bank.second, 0, "EUR")
    visitor = Visitor(bank.owner).get(f"/send/many?account={euros.id}")
    visitor.send("/send/many", text="Samir Second,5\nStella Stranger,5")
    assert "Stella Stranger has no account in EUR." in visitor.text
    visitor.send("/confirm")
    done(visitor, bank.owner)
    assert (balance(euros), balance(theirs)) == (4_500, 500)
    assert bank.nothing_moved()
    assert states(run_of(visitor)) == {"PAID": 1, "WRONG": 1}


def test_a_payment_that_was_tried_again_is_paid_on_the_page_and_in_the_downloads(bank: Bank) -> None:
    visitor = uploaded(Visitor(bank.owner), "Samir Second,900,Rent\nStella Stranger,200,Rent\n")
    visitor.send("/confirm")
    done(visitor, bank.owner)
    run = visitor.path
    assert "1 of 2 lines paid" in visitor.text
    old = table(visitor, f"{run}/unpaid.csv")
    failed = lines().find_one({"state": "FAILED"})
    assert failed
    funding_execute(receiver=bank.owners.id, amount=500, key="more", origin=COMMAND)
    visitor.get(f"/transactions/{failed['transaction']}")
    visitor.send("/retry")
    assert balance(bank.strangers) == 5_000 + 20_000
    visitor.get(run)
    assert "2 lines paid ₹1,100.00" in visitor.text
    assert "Download what was not paid" not in visitor.text
    assert table(visitor, f"{run}/unpaid.csv") == [["payee", "amount", "note", "problem"]]
    assert [row[7] for row in table(visitor, f"{run}/result.csv")[1:]] == ["paid", "paid"]
    assert "2 of 2 paid" in visitor.get("/send/many").text
    uploaded(visitor, "\n".join(",".join(row[:3]) for row in old))
    assert "1 line for ₹200.00 was paid by an earlier list" in visitor.text
    assert visitor.form("/confirm").values["leave_out"] == "yes"
    visitor.send("/confirm")
    done(visitor, bank.owner)
    assert balance(bank.strangers) == 5_000 + 20_000


def test_a_cause_that_many_lines_share_is_said_once_at_the_top(bank: Bank) -> None:
    visitor = uploaded(Visitor(bank.owner), "Samir Second;1,500\nStella Stranger;5,41\nSamir Second;3\n")
    assert "In 2 of them the comma may be a decimal comma." in visitor.text
    assert "To pay 1 of 3 lines Sum ₹3.00" in visitor.text
