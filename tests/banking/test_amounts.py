"""Amounts as people type them: on a page in its language, in a file as people of the currency write."""

import pytest
from django.utils import translation

from banking.amounts import amount_hint, amount_read, amount_written, plain_amount
from ledger.errors import AmountInvalid


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


@pytest.mark.parametrize(
    ("language", "text", "currency", "minor"),
    [
        ("en", "1,234.56", "INR", 123_456),
        ("en", "1,234", "USD", 123_400),
        ("en", "1234.5", "USD", 123_450),
        ("en", "1,00,000.00", "INR", 10_000_000),
        ("en", "100,000", "INR", 10_000_000),
        ("en", "₹1,234.56", "INR", 123_456),
        ("en", " INR 12 ", "INR", 1_200),
        ("en", "R$\N{NO-BREAK SPACE}1.234,56", "BRL", 123_456),
        ("en", "33,33", "BRL", 3_333),  # letter for letter what the page shows
        ("en", "1.234,56", "USD", 123_456),  # can mean one thing only
        ("en", "1.234.567", "USD", 123_456_700),
        ("en", "1.234", "KWD", 1_234),
        ("en", "1,234", "JPY", 1_234),
        ("pt-br", "1.234,56", "BRL", 123_456),
        ("pt-br", "1.234,56", "USD", 123_456),
        ("pt-br", "1.234", "BRL", 123_400),
        ("pt-br", "1.234", "USD", 123_400),
        ("pt-br", "33,3", "INR", 3_330),
        ("pt-br", "1,234.56", "USD", 123_456),
    ],
)
def test_an_amount_is_read_by_the_marks_of_the_page(language: str, text: str, currency: str, minor: int) -> None:
    with translation.override(language):
        assert amount_read(text, currency) == minor


@pytest.mark.parametrize(
    ("language", "text", "currency", "first", "second"),
    [
        ("en", "1.234", "USD", "1,234.00", "1.23"),
        ("en", "1.234", "BRL", "1,234.00", "1.23"),
        ("en", "33,33", "USD", "3,333.00", "33.33"),
        ("en", "1,5", "INR", "15.00", "1.50"),
        ("en", "0,123", "USD", "123.00", "0.12"),
        ("pt-br", "1,234", "BRL", "1.234,00", "1,23"),
        ("pt-br", "33.33", "BRL", "3.333,00", "33,33"),
        ("pt-br", "1.5", "BRL", "15,00", "1,50"),
        ("pt-br", "33.33", "USD", "3.333,00", "33,33"),
    ],
)
def test_what_can_mean_two_things_is_refused_with_both(
    language: str, text: str, currency: str, first: str, second: str
) -> None:
    with translation.override(language), pytest.raises(AmountInvalid) as refused:
        amount_read(text, currency)
    assert f"“{text}”" in refused.value.message
    assert first in refused.value.message
    assert second in refused.value.message


@pytest.mark.parametrize(
    "text", ["1,,234", "1,2.3,4", ",", ".", "1,23,4", "1.234,567", "-1", "1e3", "", "NaN", "1 234"]
)
def test_what_is_no_amount_is_refused_in_both_languages(text: str) -> None:
    for language in ("en", "pt-br"):
        with translation.override(language), pytest.raises(AmountInvalid):
            amount_read(text, "USD")


@pytest.mark.parametrize("language", ["en", "pt-br"])
@pytest.mark.parametrize("currency", ["INR", "BRL", "KWD", "JPY"])
def test_more_digits_than_decimals_are_calculated_with_are_refused(language: str, currency: str) -> None:
    for digits in range(20, 31):
        for mark in ("", ".", ",", ".9", ",9", ".99", ",99"):
            text = "9" * (digits - len(mark)) + mark
            with translation.override(language), pytest.raises(AmountInvalid):
                amount_read(text, currency)
            assert plain_amount(text, currency) == text


@pytest.mark.parametrize("text", ["\N{ARABIC-INDIC DIGIT ONE}", "1\N{DEVANAGARI DIGIT TWO}", "²"])
def test_digits_of_other_scripts_are_refused_by_name(text: str) -> None:
    with pytest.raises(AmountInvalid, match="0 to 9"):
        amount_read(text, "INR")


@pytest.mark.parametrize(
    ("language", "minor", "currency", "written"),
    [
        ("en", 10_000_000, "INR", "1,00,000.00"),
        ("en", 12_345_678, "USD", "123,456.78"),
        ("en", 12_345_678, "BRL", "123,456.78"),
        ("en", 1_234, "JPY", "1,234"),
        ("en", 5, "USD", "0.05"),
        ("pt-br", 10_000_000, "INR", "100.000,00"),
        ("pt-br", 123_456, "BRL", "1.234,56"),
    ],
)
def test_what_is_written_is_read_again(language: str, minor: int, currency: str, written: str) -> None:
    with translation.override(language):
        assert amount_written(minor, currency) == written
        assert amount_read(written, currency) == minor
