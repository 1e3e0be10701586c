"""Sending money without JavaScript: find, review, confirm, result; and everything that must move it once or never."""

from typing import Any
from uuid import uuid4

import pytest
from pytest_django.fixtures import Settings

from accounts.models import User
from banking.services.payments import transfer_send
from banking.web.views import sending
from ledger.accounts import account_close, account_freeze, account_unfreeze
from ledger.audit import COMMAND
from ledger.errors import TryAgain
from tests.cast import PASSWORD
from tests.web.conftest import Bank, account_with, balance, transfers
from tests.web.visitor import Visitor


def to_review(bank: Bank, amount: str = "250.75", **more: str) -> Visitor:
    """Fill in the form as the owner, paying the second customer."""
    visitor = Visitor(bank.owner).get(f"/send?to={bank.seconds.id}")
    return visitor.send(visitor.path, step="review", amount=amount, **more)


def test_a_friend_is_found_by_first_name_and_paid(bank: Bank) -> None:
    visitor = Visitor(bank.owner).get("/send")
    visitor.send(visitor.path, step="search", words="sam", amount="250.75", note="Dinner")
    assert "Samir Second" in visitor.text
    assert visitor.form(visitor.path).values["amount"] == "250.75"
    visitor.send(visitor.path, step="review", person=str(bank.seconds.id))
    assert "Balance after ₹749.25" in visitor.text
    assert bank.nothing_moved()
    visitor.send("/confirm")
    assert visitor.path.endswith("/result")
    assert "Money sent ₹250.75 to Samir Second" in visitor.text
    assert "New balance ₹749.25" in visitor.text
    assert "Dinner" in visitor.text
    assert (balance(bank.owners), balance(bank.seconds)) == (74_925, 25_075)
    assert "+₹250.75" in Visitor(bank.second).get("/dashboard").text


def test_an_account_number_may_be_typed_in_groups_as_on_the_card(bank: Bank) -> None:
    number = str(bank.seconds.id)
    typed = " ".join(number[start : start + 4] for start in range(0, 24, 4))
    visitor = Visitor(bank.owner).get("/send")
    visitor.send(visitor.path, step="review", to_account=typed, amount="1")
    assert "You send Samir Second" in visitor.text


def test_enter_in_the_search_searches_until_somebody_is_chosen(bank: Bank) -> None:
    visitor = Visitor(bank.owner).get("/send")
    address = visitor.path
    assert visitor.form(address).buttons[0] == ("step", "enter")
    visitor.send(address, step="enter", words="sam")
    assert visitor.status == 200
    assert "Samir Second" in visitor.text
    visitor.send(address, step="review", words="sam", amount="1")
    assert visitor.status == 422
    assert "Choose who gets the money" in visitor.text
    visitor.send(address, step="enter", words="sam", amount="1", person=str(bank.seconds.id))
    assert "You send Samir Second" in visitor.text


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


@pytest.mark.parametrize(
    ("amount", "sentence"),
    [
        ("", "has to be filled in"),
        ("0", "greater than zero"),
        ("-5", "plain positive number"),
        ("10,00", "“10,00” could mean 1,000.00 or 10.00"),
        ("1,2,3", "Write the amount such as 1,234.56"),
        ("\N{DEVANAGARI DIGIT ONE}", "digits 0 to 9"),
        ("1e3", "plain positive number"),
        ("NaN", "plain positive number"),
        ("33.333", "“33.333” could mean 33,333.00 or 33.33"),
        ("10000.01", "This is ₹10,000.01. One transfer can be at most ₹10,000.00"),
        ("1" + "0" * 16, "at most ₹10,000.00"),
        ("1" + "0" * 18, "too large"),
        ("1" + "0" * 19, "plain positive number"),
    ],
)
def test_an_amount_that_cannot_be_is_refused_at_its_field(bank: Bank, amount: str, sentence: str) -> None:
    visitor = to_review(bank, amount)
    assert visitor.status == 422
    assert sentence in visitor.text
    assert visitor.form(visitor.path).values["person"] == str(bank.seconds.id)
    assert transfers(bank.owners) == 0


@pytest.mark.parametrize("amount", ["0.01", "33.33", "0.3", "1000", "1,000", "999.5", "1,000.00"])
def test_an_amount_that_can_be_is_taken_exactly(bank: Bank, amount: str) -> None:
    to_review(bank, amount).send("/confirm")
    whole, _, fraction = amount.replace(",", "").partition(".")
    assert balance(bank.seconds) == int(whole) * 100 + int(fraction.ljust(2, "0"))


def test_nobody_chosen_unknown_oneself_or_another_currency(bank: Bank, settings: Settings) -> None:
    euros = account_with(bank.stranger, currency="EUR")
    visitor = Visitor(bank.owner).get("/send")
    address = visitor.path
    for number, sentence in [
        ("", "Choose who gets the money"),
        ("nonsense", "no account with this number"),
        ("0" * 24, "no account with this number"),
        (str(bank.owners.id), "account that pays"),
        (str(euros.id), "cannot receive INR"),
    ]:
        visitor.get(address).send(address, step="review", to_account=number, amount="1")
        assert visitor.status == 422
        assert sentence in visitor.text
    both = {"to_account": str(bank.seconds.id), "person": str(bank.strangers.id)}
    assert "not both" in visitor.get(address).send(address, step="review", amount="1", **both).text
    assert transfers(bank.owners) == 0


def test_a_note_is_at_most_140_characters_on_one_line(bank: Bank) -> None:
    assert "at most 140" in to_review(bank, note="x" * 141).text
    assert "at most 140" in to_review(bank, note="a\x07b").text
    assert to_review(bank, note="x" * 140).path.endswith("/review")


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


def test_only_who_can_receive_the_currency_can_be_chosen(bank: Bank) -> None:
    account_freeze(account_id=bank.strangers.id, reason="secret", origin=COMMAND)
    visitor = Visitor(bank.owner).get("/send")
    visitor.send(visitor.path, step="search", words="stella")
    assert "Stella Stranger" not in visitor.text
    assert "somebody who can receive INR" in visitor.text
    assert str(bank.strangers.id) not in visitor.response.content.decode()
    assert "secret" not in visitor.text


def test_the_search_shows_no_addresses_no_balances_and_never_oneself(bank: Bank) -> None:
    visitor = Visitor(bank.owner)
    for words in ("st", "stella@example.com", "Stella Str", "sa"):
        part = visitor.get(f"/send/people?account={bank.owners.id}&words={words}", **{"HX-Request": "true"})
        assert part.status == 200
        assert "@" not in part.text.replace(words, "")
        assert "50.00" not in part.text
        assert "Olivia" not in part.text
    assert "Stella" in visitor.get(f"/send/people?account={bank.owners.id}&words=stella@example.com").text
    assert "Nobody" in visitor.get(f"/send/people?account={bank.owners.id}&words=.*").text


def test_who_is_paid_in_another_currency_is_offered_from_that_account(bank: Bank) -> None:
    theirs = account_with(bank.admin, currency="EUR")
    visitor = Visitor(bank.owner)
    address = f"/send/people?account={bank.owners.id}&words={bank.admin.first_name}"
    assert "Nobody found" in visitor.get(address).text
    mine = account_with(bank.owner, 20, "EUR")
    assert f"{bank.admin.name} Cannot receive INR. Pay from your EUR account" in visitor.get(address).text
    (link,) = [one for one in visitor.page.links if "to=" in one]
    form = visitor.get(link).form(visitor.path)
    assert (form.values["account"], form.values["person"]) == (str(mine.id), str(theirs.id))


def test_whose_a_typed_account_number_is_shows_before_the_rest(bank: Bank) -> None:
    euros = account_with(bank.second, currency="EUR")
    visitor = Visitor(bank.owner)
    part = f"/send/payee?account={bank.owners.id}&to_account="
    assert "This is the INR account of Samir Second" in visitor.get(f"{part}{bank.seconds.id}").text
    assert "This account is in EUR" in visitor.get(f"{part}{euros.id}").text
    assert "no account with this number" in visitor.get(f"{part}123").text
    assert visitor.get(part).text == ""
    assert Visitor(bank.stranger).get(f"{part}{bank.seconds.id}").status == 404
    assert Visitor().get(f"{part}{bank.seconds.id}").path == "/login"


def test_the_limit_and_the_fee_are_told_before(bank: Bank, settings: Settings) -> None:
    settings.TRANSFER_CAP = "INR=500"
    visitor = Visitor(bank.owner).get(f"/send?to={bank.seconds.id}")
    assert "At most ₹500.00 in one transfer." in visitor.text
    visitor.send(visitor.path, step="review", amount="500.01")
    assert (visitor.status, transfers(bank.owners)) == (422, 0)
    assert "This is ₹500.01. One transfer can be at most ₹500.00" in visitor.text
    visitor.send(visitor.path, step="review", amount="500")
    assert "Fee None" in visitor.text


def test_in_portuguese_the_comma_is_the_decimal_mark(bank: Bank) -> None:
    visitor = Visitor(bank.owner)
    visitor.client.cookies["language"] = "pt-br"
    visitor.get(f"/send?to={bank.seconds.id}")
    address = visitor.path
    visitor.send(address, step="review", amount="1,234")
    assert visitor.status == 422
    assert "1.234,00" in visitor.text
    assert "1,23" in visitor.text
    visitor.get(f"/send?to={bank.seconds.id}").send(visitor.path, step="review", amount="250,75")
    assert "250,75" in visitor.text
    assert visitor.form("/confirm").values["amount"] == "250.75"
    form_address = visitor.path.removesuffix("/review")
    assert visitor.get(form_address).form(form_address).values["amount"] == "250,75"


def test_the_first_account_that_can_pay_is_offered_and_closed_ones_are_not(bank: Bank) -> None:
    account_freeze(account_id=bank.seconds.id, reason="", origin=COMMAND)
    euros = account_with(bank.second, 20, "EUR")
    visitor = Visitor(bank.second).get("/send")
    assert visitor.form(visitor.path).values["account"] == str(euros.id)
    account_unfreeze(account_id=bank.seconds.id, reason="", origin=COMMAND)
    account_close(account_id=bank.seconds.id, reason="", origin=COMMAND)
    assert str(bank.seconds.id) not in visitor.get("/send").response.content.decode()


def test_one_letter_lists_nobody_and_oneself_is_told_so(bank: Bank) -> None:
    visitor = Visitor(bank.owner)
    part = f"/send/people?account={bank.owners.id}&words="
    assert "at least two letters" in visitor.get(f"{part}s").text
    assert "Samir" not in visitor.text
    assert "That is you." in visitor.get(f"{part}olivia").text
    assert "That is you." not in visitor.get(f"{part}zz").text


def test_administrators_without_an_account_are_not_offered(bank: Bank) -> None:
    words = bank.admin.first_name
    visitor = Visitor(bank.owner).get(f"/send/people?account={bank.owners.id}&words={words}")
    assert bank.admin.name not in visitor.text


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


def test_money_is_paid_from_the_account_that_was_chosen(bank: Bank) -> None:
    mine, theirs = account_with(bank.owner, 20, "EUR"), account_with(bank.second, currency="EUR")
    visitor = Visitor(bank.owner).get(f"/send?account={mine.id}&to={theirs.id}")
    assert "€" in visitor.text
    visitor.send(visitor.path, step="review", amount="5").send("/confirm")
    assert (balance(mine), balance(theirs)) == (1_500, 500)
    assert bank.nothing_moved()


def test_who_has_no_account_is_told_to_open_one(owner: User) -> None:
    assert "no account to pay from" in Visitor(owner).get("/send").text


def test_a_review_that_is_forgotten_begins_again(bank: Bank) -> None:
    visitor = Visitor(bank.owner).get(f"/send/{uuid4().hex}/review")
    assert visitor.path.startswith("/send/")
    assert "nothing was sent" in visitor.text


@pytest.mark.parametrize("key", ["short", "G" * 32, "a" * 33, "../admin"])
def test_a_key_that_was_not_made_here_is_no_address(bank: Bank, key: str) -> None:
    assert Visitor(bank.owner).get(f"/send/{key}").status == 404
