"""Sending money without JavaScript: review, confirm, result; and everything that must move it once or never."""

from typing import Any
from uuid import uuid4

import pytest
from pytest_django.fixtures import Settings

from banking.services.payments import transfer_send
from banking.web.views import sending
from ledger.accounts import account_freeze, account_unfreeze
from ledger.audit import COMMAND
from ledger.errors import TryAgain
from tests.cast import PASSWORD
from tests.web.conftest import Bank, balance, to_review, transfers
from tests.web.visitor import Visitor


def test_the_same_form_sent_many_times_moves_money_once(bank: Bank) -> None:
    visitor = to_review(bank)
    form = visitor.form("/confirm")
    results = {visitor.post(form.action, form.values).address for _ in range(3)}
    assert len(results) == 1
    assert (balance(bank.owners), transfers(bank.owners)) == (74_925, 1)
    assert "Money sent" in visitor.get(results.pop()).text


def test_going_back_and_sending_the_first_form_again_moves_money_once(bank: Bank) -> None:
    visitor = Visitor(bank.owner).get(f"/send?to={bank.seconds.id}")
    first_form, address = visitor.form(visitor.path), visitor.path
    visitor.send(address, step="review", amount="250.75")
    visitor.send("/confirm")
    visitor.post(address, {**first_form.values, "step": "review", "amount": "250.75"})
    assert visitor.path.endswith("/result")
    assert "had been sent before" in visitor.text
    assert visitor.get(address).form(address).values["amount"] == "250.75"
    assert (balance(bank.owners), transfers(bank.owners)) == (74_925, 1)


def test_going_back_to_the_review_of_what_was_sent_shows_what_became_of_it(bank: Bank) -> None:
    visitor = to_review(bank)
    review, form = visitor.path, visitor.form("/confirm")
    assert "no-store" in visitor.response["Cache-Control"]
    assert "had been sent before" not in visitor.send("/confirm").text
    visitor.get(review)
    assert visitor.path.endswith("/result")
    assert "had been sent before" in visitor.text
    assert "had been sent before" in visitor.post(form.action, form.values).text
    assert "Money sent" in visitor.text
    assert (balance(bank.owners), transfers(bank.owners)) == (74_925, 1)


def test_a_session_that_ends_before_the_confirmation_sends_nothing_and_leads_to_the_form(bank: Bank) -> None:
    visitor = to_review(bank)
    form = visitor.form("/confirm")
    del visitor.client.cookies["florin_session"]
    visitor.post(form.action, form.values)
    assert visitor.path == "/login"
    assert "Nothing was sent" in visitor.text
    visitor.send("/login", email=bank.owner.email, password=PASSWORD)
    assert (visitor.status, visitor.path) == (200, f"/send/{form.values['key']}")
    assert visitor.form(visitor.path).values["person"] == str(bank.seconds.id)
    assert bank.nothing_moved()


def test_a_failure_for_lack_of_money_offers_another_amount_first(bank: Bank) -> None:
    visitor = to_review(bank, "2000", note="Dinner")
    key = visitor.form("/confirm").values["key"]
    visitor.send("/confirm")
    for _ in range(2):
        (again,) = [link for link in visitor.page.links if "again=" in link]
        assert "Change the amount" in visitor.text
        visitor.send("/retry")
    assert "cannot be tried again" in visitor.text
    visitor.get(again)
    values = visitor.form(visitor.path).values
    assert values["key"] != key
    assert (values["person"], values["amount"], values["note"]) == (str(bank.seconds.id), "", "Dinner")
    assert visitor.get(f"{visitor.path}/review").path != f"/send/{values['key']}/review"
    stranger = Visitor(bank.stranger)
    assert stranger.get(again).status == 404


def test_a_final_failure_for_another_reason_offers_the_same_transfer_anew(bank: Bank) -> None:
    visitor = to_review(bank, "10", note="Dinner")
    account_freeze(account_id=bank.seconds.id, reason="", origin=COMMAND)
    visitor.send("/confirm")
    assert not [link for link in visitor.page.links if "again=" in link]
    visitor.send("/retry").send("/retry")
    account_unfreeze(account_id=bank.seconds.id, reason="", origin=COMMAND)
    (again,) = [link for link in visitor.page.links if "again=" in link]
    values = visitor.get(again).form(visitor.path).values
    assert (values["person"], values["amount"], values["note"]) == (str(bank.seconds.id), "10.00", "Dinner")


def test_what_did_not_fail_is_not_begun_again(bank: Bank) -> None:
    assert Visitor(bank.owner).get(f"/send?again={bank.pay('1')}").status == 404


def test_going_back_and_changing_the_amount_is_another_transfer_that_is_reviewed(bank: Bank) -> None:
    visitor = to_review(bank)
    first_key = visitor.form("/confirm").values["key"]
    address = visitor.path.removesuffix("/review")
    visitor.send("/confirm")
    visitor.get(address).send(address, step="review", amount="10")
    assert visitor.path.endswith("/review")
    assert visitor.form("/confirm").values["key"] != first_key
    assert balance(bank.owners) == 74_925
    visitor.send("/confirm")
    assert (balance(bank.owners), transfers(bank.owners)) == (73_925, 2)


def test_a_key_that_was_used_for_something_else_sends_nothing(bank: Bank) -> None:
    visitor = to_review(bank)
    form = visitor.form("/confirm")
    visitor.send("/confirm")
    visitor.post(form.action, {**form.values, "amount": "11.00"})
    assert visitor.path.endswith("/review")
    assert "Nothing was sent" in visitor.text
    assert (balance(bank.owners), transfers(bank.owners)) == (74_925, 1)


def test_a_failure_says_why_and_can_be_tried_three_times(bank: Bank) -> None:
    visitor = to_review(bank, "2000")
    assert "more than you have" in visitor.text
    key = visitor.form("/confirm").values["key"]
    visitor.send("/confirm")
    assert "did not go through" in visitor.text
    assert "There is not enough money in the account." in visitor.text
    assert "Attempt 1 of 3" in visitor.text
    assert f"{key[:4]}…{key[-4:]}" in visitor.text
    visitor.send("/retry")
    assert "Attempt 2 of 3" in visitor.text
    retry = visitor.form("/retry")
    visitor.send("/retry")
    assert "Attempt 3 of 3" in visitor.text
    assert "failed for good" in visitor.text
    assert "Send less, or wait" in visitor.text
    assert not [form for form in visitor.page.forms if form.action.endswith("/retry")]
    assert "Attempt 3 of 3" in visitor.post(retry.action, retry.values).text
    assert bank.nothing_moved()
    assert transfers(bank.owners) == 1


def test_a_failed_transfer_succeeds_under_its_own_key_once_the_cause_is_gone(bank: Bank) -> None:
    account_freeze(account_id=bank.seconds.id, reason="", origin=COMMAND)
    visitor = Visitor(bank.owner).get("/send")
    visitor.send(visitor.path, step="review", to_account=str(bank.seconds.id), amount="10")
    visitor.send("/confirm")
    assert "receive the money is not active" in visitor.text
    account_unfreeze(account_id=bank.seconds.id, reason="", origin=COMMAND)
    visitor.get("/transactions/failed")
    assert "Attempt 1 of 3" in visitor.text
    visitor.send("/retry")
    assert "Money sent" in visitor.text
    assert "New balance ₹990.00" in visitor.text
    assert "Nothing has failed" in visitor.get("/transactions/failed").text
    assert (balance(bank.owners), transfers(bank.owners)) == (99_000, 1)


def test_a_frozen_account_cannot_send_and_the_form_says_why(bank: Bank) -> None:
    ready = to_review(bank)
    account_freeze(account_id=bank.owners.id, reason="Lost card", origin=COMMAND)
    visitor = Visitor(bank.owner).get("/send")
    assert "This account is frozen" in visitor.text
    assert "“Lost card”" in visitor.text
    dashboard = Visitor(bank.owner).get("/dashboard")
    assert "Not available while frozen" in dashboard.text
    assert "1,000.00 available" not in dashboard.text
    assert visitor.form(visitor.path).disabled
    typed = {**visitor.form(visitor.path).values, "to_account": str(bank.seconds.id), "amount": "1", "step": "review"}
    assert visitor.post(visitor.path, typed).status == 422
    ready.send("/confirm")
    assert "account that pays is not active" in ready.text
    assert bank.nothing_moved()


def test_nobody_pays_from_somebody_elses_account(bank: Bank) -> None:
    form = to_review(bank).form("/confirm")
    thief = Visitor(bank.stranger).get("/dashboard")
    token = thief.form("/logout").values["csrfmiddlewaretoken"]
    stolen = {**form.values, "csrfmiddlewaretoken": token, "to": str(bank.strangers.id)}
    assert thief.post(form.action, stolen).status == 404
    assert thief.get(f"/send?account={bank.owners.id}").status == 404
    assert thief.get(f"/send/people?account={bank.owners.id}&words=s").status == 404
    assert bank.nothing_moved()


def test_a_stranger_learns_nothing_about_a_key(bank: Bank) -> None:
    visitor = to_review(bank).send("/confirm")
    address = visitor.address
    assert Visitor(bank.stranger).get(address).status == 404
    assert Visitor(bank.second).get(address).status == 404
    assert visitor.get(f"/send/{uuid4().hex}/result?account={bank.owners.id}").status == 404


def test_a_confirmation_without_its_token_moves_nothing(bank: Bank) -> None:
    visitor = to_review(bank)
    form = visitor.form("/confirm")
    values = {name: value for name, value in form.values.items() if name != "csrfmiddlewaretoken"}
    assert visitor.post(form.action, values).status == 403
    assert visitor.get(form.action).status == 405
    assert bank.nothing_moved()


def test_while_nobody_knows_what_became_of_it_a_page_finds_out_and_asks_for_nothing(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = to_review(bank)
    form = visitor.form("/confirm")
    with monkeypatch.context() as patched:
        patched.setattr(sending, "transfer_send", _answer_lost)
        visitor.send("/confirm")
    assert (visitor.status, visitor.response["Retry-After"]) == (503, "1")
    assert "do not know yet" in visitor.text
    assert form.values["key"] in visitor.text
    assert visitor.page.forms == []
    (address,) = {link for link in visitor.page.links if "/outcome" in link}
    asked = visitor.client.get(address, headers={"HX-Request": "true"})
    assert asked["HX-Redirect"] == f"/send/{form.values['key']}/result?account={bank.owners.id}"
    assert "Money sent" in visitor.get(address).text
    assert "New balance ₹749.25" in visitor.text
    assert (balance(bank.owners), transfers(bank.owners)) == (74_925, 1)


def test_what_was_not_made_is_confirmed_again_under_the_same_key(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = to_review(bank)
    key = visitor.form("/confirm").values["key"]
    with monkeypatch.context() as patched:
        patched.setattr(sending, "transfer_send", _busy)
        visitor.send("/confirm")
    (address,) = {link for link in visitor.page.links if "/outcome" in link}
    assert "has not been made" in visitor.get(address).text
    assert visitor.form("/confirm").values["key"] == key
    visitor.send("/confirm")
    assert "Money sent" in visitor.text
    assert (balance(bank.owners), transfers(bank.owners)) == (74_925, 1)


def test_who_is_signed_out_meanwhile_is_not_asked_for_a_password_by_a_part(bank: Bank) -> None:
    address = f"/send/{uuid4().hex}/outcome?account={bank.owners.id}"
    visitor = Visitor()
    asked = visitor.client.get(address, headers={"HX-Request": "true"})
    assert (asked.status_code, asked["HX-Reswap"], asked.content) == (286, "none", b"")
    assert visitor.get(address).path == "/login"
    assert Visitor(bank.stranger).get(address).status == 404


def _answer_lost(**values: Any) -> None:
    """Send the money, and lose the answer."""
    transfer_send(**values)
    raise TryAgain


def _busy(**_: Any) -> None:
    raise TryAgain


def test_too_many_transfers_are_told_to_wait(bank: Bank, settings: Settings) -> None:
    settings.RATE_LIMIT_STRICT = "1/15m"
    to_review(bank, "1").send("/confirm")
    visitor = to_review(bank, "2").send("/confirm")
    assert visitor.status == 429
    assert int(visitor.response["Retry-After"]) > 0
    assert balance(bank.seconds) == 100


def test_a_review_that_is_forgotten_begins_again(bank: Bank) -> None:
    visitor = Visitor(bank.owner).get(f"/send/{uuid4().hex}/review")
    assert visitor.path.startswith("/send/")
    assert "nothing was sent" in visitor.text


@pytest.mark.parametrize("key", ["short", "G" * 32, "a" * 33, "../admin"])
def test_a_key_that_was_not_made_here_is_no_address(bank: Bank, key: str) -> None:
    assert Visitor(bank.owner).get(f"/send/{key}").status == 404
