"""Amounts as people of a currency write them."""

import pytest

from banking.amounts import amount_hint, plain_amount


@pytest.mark.parametrize(
    ("text", "currency", "plain"),
    [
        ("1,234.56", "USD", "1234.56"),
        ("1,234.5", "USD", "1234.50"),
        ("1,234", "USD", "1234.00"),
        ("1,00,000.00", "INR", "100000.00"),
        ("1.234,56", "BRL", "1234.56"),
        ("1.234", "BRL", "1234.00"),
        ("33,33", "BRL", "33.33"),
        ("1,234", "JPY", "1234"),
    ],
)
def test_an_amount_that_is_grouped_as_its_people_do_is_read(text: str, currency: str, plain: str) -> None:
    assert plain_amount(text, currency) == plain


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("12,34", "USD"),
        ("100,000", "INR"),
        ("1.234,56", "USD"),
        ("33.333", "USD"),
        ("33.33", "BRL"),
        ("1,,234", "USD"),
        (",", "USD"),
        ("", "USD"),
        ("-1,234", "USD"),
        ("\N{ARABIC-INDIC DIGIT ONE}", "USD"),
    ],
)
def test_every_other_amount_is_left_as_it_is(text: str, currency: str) -> None:
    assert plain_amount(text, currency) == text


def test_the_hint_shows_both_ways() -> None:
    assert amount_hint("BRL") == "Write the amount plainly, without commas, such as 1234.56, or 1.234,56."
