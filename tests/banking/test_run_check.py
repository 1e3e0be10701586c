"""The check of a list: whom each line means, what is wrong with it, in few queries, and nothing moves."""

from typing import Any

import pytest
from bson.objectid import ObjectId
from pytest_django.fixtures import Settings

from accounts.models import User
from banking.bulk_files import Row, rows_of_text
from banking.services.run_check import Checked, rows_check
from banking.services.runs import run_check_again
from ledger.accounts import account_freeze
from ledger.audit import COMMAND
from ledger.records import Account
from tests.asked import calls_watch
from tests.banking.runs import account_with, confirm, customer, upload


@pytest.fixture
def payer(bank_db: object) -> tuple[User, Account]:
    return customer("Paula Payer", 1_000)


def check(payer: tuple[User, Account], text: str, **more: Any) -> list[Checked]:
    return rows_check(account=payer[1], rows=rows_of_text(text), is_repeated=more.pop("is_repeated", False))


def codes(checked: list[Checked]) -> list[list[str]]:
    return [[problem.code for problem in line.problems] for line in checked]


def test_a_payee_is_an_address_a_number_or_a_whole_name(payer: tuple[User, Account]) -> None:
    _, account = customer("João Sá", 0)
    number = str(account.id)
    grouped = " ".join(number[start : start + 4] for start in range(0, 24, 4))
    typed = ["Joao.Sa@EXAMPLE.com", number, number.upper(), grouped, "João Sá", "JOAO  SA", "joão sá"]
    checked = check(payer, "\n".join(f"{payee},1.50,Note {place}" for place, payee in enumerate(typed)))
    assert codes(checked) == [[]] * len(typed)
    assert {(line.receiver, line.name, line.amount_minor) for line in checked} == {(account.id, "João Sá", 150)}


def test_each_thing_that_can_be_wrong_is_said_at_its_line(payer: tuple[User, Account]) -> None:
    customer("Bruno Silva")
    customer("Euro Only", currency="EUR")
    _, frozen = customer("Fro Zen")
    account_freeze(account_id=frozen.id, reason="Lost", origin=COMMAND)
    _, euros = customer("Eva Euro", currency="EUR")
    text = f"""
        Bruno Silva,1
        Bruno,1
        Silva,1
        nobody@example.com,1
        {ObjectId()},1
        ,1
        Paula Payer,1
        {payer[1].id},1
        paula.payer@example.com,1
        Euro Only,1
        {euros.id},1
        Fro Zen,1
        Bruno Silva,
        Bruno Silva,0
        Bruno Silva,-5
        Bruno Silva,1.001
        Bruno Silva,"12,34"
        Bruno Silva,1e3
        Bruno Silva,10000.01
        Bruno Silva,1,{"x" * 141}
        Nobody Here,x,{"x" * 141}
    """
    assert codes(check(payer, text)) == [
        [],
        ["payee_unknown"],
        ["payee_unknown"],
        ["payee_unknown"],
        ["payee_unknown"],
        ["payee_missing"],
        ["same_account"],
        ["same_account"],
        ["same_account"],
        ["currency_mismatch"],
        ["currency_mismatch"],
        ["receiver_not_active"],
        ["amount_missing"],
        ["invalid_amount"],
        ["invalid_amount"],
        ["invalid_amount"],
        ["decimal_comma"],
        ["invalid_amount"],
        ["limit_exceeded"],
        ["note_invalid"],
        ["payee_unknown", "invalid_amount", "note_invalid"],
    ]


def test_a_name_that_several_have_is_never_guessed(payer: tuple[User, Account]) -> None:
    customer("Ada Silva")
    namesake, _ = customer("Ada Silvà")
    checked = check(payer, f"ada silva,1\n{namesake.email},1")
    assert codes(checked) == [["payee_ambiguous"], []]
    assert checked[0].receiver is None


def test_the_system_account_cannot_be_paid(payer: tuple[User, Account], system_user: User) -> None:
    from ledger.accounts import system_account_id

    checked = check(payer, f"{system_account_id('INR')},1\n{system_user.email},1\nSys Tem,1")
    assert codes(checked) == [["payee_unknown"]] * 3


@pytest.mark.parametrize(
    ("currency", "text", "minor"),
    [("INR", "1234.5", 123_450), ("INR", '"1,234.50"', 123_450), ("BRL", '"1.234,50"', 123_450), ("EUR", "7", 700)],
)
def test_amounts_are_read_in_the_currency_of_the_account(
    bank_db: object, currency: str, text: str, minor: int
) -> None:
    payer = customer("Paula Payer", 10, currency)
    customer("Bruno Silva", 0, currency)
    (line,) = check(payer, f"Bruno Silva,{text}")
    assert (codes([line]), line.amount_minor) == ([[]], minor)


def test_a_doubtful_comma_is_never_paid_and_stays_doubtful(payer: tuple[User, Account]) -> None:
    customer("Bruno Silva")
    text = "Bruno Silva;1,500\nLate Comer;5,41\nBruno Silva;1.50"
    assert codes(check(payer, text)) == [["decimal_comma"], ["decimal_comma"], []]
    run = upload(*payer, text)
    customer("Late Comer")
    again = run_check_again(user=payer[0], run=run)
    assert (again.ready_count, again.ready_minor) == (1, 150)


def test_a_currency_with_a_decimal_comma_keeps_it(bank_db: object) -> None:
    payer = customer("Paula Payer", 10, "BRL")
    customer("Bruno Silva", 0, "BRL")
    (line,) = check(payer, "Bruno Silva;1.234,50")
    assert (codes([line]), line.amount_minor) == ([[]], 123_450)


def test_a_line_break_and_extra_cells_are_the_trouble_of_their_line(payer: tuple[User, Account]) -> None:
    customer("Bruno Silva")
    text = 'Bruno Silva,1,"two\nlines"\nBruno Silva,1,234,567\nBruno Silva,5'
    assert codes(check(payer, text)) == [["line_break"], ["too_many_cells"], []]
    again = run_check_again(user=payer[0], run=upload(*payer, text))
    assert (again.ready_count, again.ready_minor) == (1, 500)


def test_headings_in_another_language_and_a_number_cut_short_are_told(payer: tuple[User, Account]) -> None:
    _, account = customer("Bruno Silva")
    checked = check(payer, f"Empfänger,Betrag\nBruno Silva,5\n{str(account.id)[:-1]},5\nDeadbeef,5")
    assert codes(checked) == [["headings"], [], ["payee_unknown"], ["payee_unknown"]]
    assert "Line 1 looks like headings" in checked[0].problems[0].sentence
    assert "24 characters; this one has 23" in checked[2].problems[0].sentence
    assert "Nobody here is called" in checked[3].problems[0].sentence
    # Somebody who is known is no heading, whatever stands beside the name.
    assert codes(check(payer, "Bruno Silva,five\nBruno Silva,5")) == [["invalid_amount"], []]


def test_the_cap_is_the_one_of_the_settings(payer: tuple[User, Account], settings: Settings) -> None:
    settings.TRANSFER_CAP = "INR=5"
    customer("Bruno Silva")
    assert codes(check(payer, "Bruno Silva,5\nBruno Silva,5.01")) == [[], ["limit_exceeded"]]


def test_the_same_payee_and_amount_twice_is_pointed_out(payer: tuple[User, Account]) -> None:
    customer("Bruno Silva")
    customer("Chitra Rao")
    text = "Bruno Silva,5,May\nbruno.silva@example.com,5.00,Bonus\nBruno Silva,6\nChitra Rao,5\nNobody,5\nNobody,5"
    assert [line.twin for line in check(payer, text)] == [True, True, False, False, False, False]


def test_what_an_earlier_list_has_paid_is_pointed_out_unless_it_is_on_purpose(payer: tuple[User, Account]) -> None:
    customer("Bruno Silva")
    customer("Chitra Rao")
    confirm(payer[0], upload(*payer, "Bruno Silva,5,May\nChitra Rao,1,May"))
    text = "Bruno Silva,5,May\nBruno Silva,5,June\nBruno Silva,6,May\nChitra Rao,5,May"
    assert [line.repeats for line in check(payer, text)] == [True, False, False, False]
    assert [line.repeats for line in check(payer, text, is_repeated=True)] == [False] * 4
    other = customer("Otto Other", 100)
    assert [line.repeats for line in check(other, text)] == [False] * 4


def test_however_long_the_list_is_the_queries_are_a_handful(
    payer: tuple[User, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, account = customer("Bruno Silva")
    account_with(customer("Chitra Rao")[0], 0, "EUR")
    asked = calls_watch(monkeypatch, "find", "aggregate", "find_one")
    kinds = ("bruno.silva@example.com", "Chitra Rao", str(account.id), "Nobody Here", "x@example.com")
    payees = [kinds[number % 5] + (str(number) if number % 5 == 3 else "") for number in range(3_000)]
    rows = [Row(number, payee, "1", "") for number, payee in enumerate(payees, start=1)]
    checked = rows_check(account=payer[1], rows=rows, is_repeated=False)
    assert len(asked) <= 8
    assert sum(not line.problems for line in checked) == 1_800
