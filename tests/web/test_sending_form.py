"""The form that sends money, without JavaScript: who can be found and chosen, which amounts and notes it takes."""

import pytest
from pytest_django.fixtures import Settings

from accounts.models import User
from ledger.accounts import account_close, account_freeze, account_unfreeze
from ledger.audit import COMMAND
from tests.web.conftest import Bank, account_with, balance, to_review, transfers
from tests.web.visitor import Visitor


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


def test_money_is_paid_from_the_account_that_was_chosen(bank: Bank) -> None:
    mine, theirs = account_with(bank.owner, 20, "EUR"), account_with(bank.second, currency="EUR")
    visitor = Visitor(bank.owner).get(f"/send?account={mine.id}&to={theirs.id}")
    assert "€" in visitor.text
    visitor.send(visitor.path, step="review", amount="5").send("/confirm")
    assert (balance(mine), balance(theirs)) == (1_500, 500)
    assert bank.nothing_moved()


def test_who_has_no_account_is_told_to_open_one(owner: User) -> None:
    assert "no account to pay from" in Visitor(owner).get("/send").text
