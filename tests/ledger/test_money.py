"""Amounts at the edge: accepted exactly or refused clearly."""

from decimal import Decimal
from typing import Any

import pytest

from ledger.errors import AmountInvalid, CurrencyNotOffered
from ledger.money import (
    MAX_MINOR,
    currency_check,
    decimals,
    format_for_people,
    format_plain,
    int64,
    parse_amount,
    transfer_cap_minor,
)


@pytest.mark.parametrize(
    ("value", "currency", "minor"),
    [
        ("0.01", "INR", 1),
        (Decimal("0.01"), "INR", 1),
        ("33.33", "INR", 3333),
        (Decimal("33.33"), "INR", 3333),
        (Decimal("0.3"), "INR", 30),
        (10000, "INR", 1_000_000),
        ("10000.01", "INR", 1_000_001),
        ("007", "INR", 700),
        ("5", "JPY", 5),
        ("1.234", "KWD", 1234),
        ("92233720368547758.07", "INR", MAX_MINOR),
    ],
)
def test_an_amount_is_read_exactly(value: object, currency: str, minor: int) -> None:
    assert parse_amount(value, currency) == minor


@pytest.mark.parametrize(
    "value",
    [
        *[
            "1e3",
            "1,000",
            "-5",
            "+5",
            "NaN",
            "Infinity",
            "",
            " 1",
            "1 ",
            "1.",
            ".5",
            "0x10",
            "١٢",
            "1_000",
            "0",
            "0.00",
        ],
        *["33.333", "92233720368547758.08", "9" * 30, "1" * 5000],
        *[0, -5, True, False, None, 10**30, 1.5, float("nan"), [], {"$gt": 0}, b"5"],
        *[Decimal("1E+3"), Decimal("NaN"), Decimal("-1"), Decimal("0"), Decimal("Infinity")],
        Decimal("0.1") + Decimal("0.2000000000000000444"),
    ],
)
def test_what_is_no_plain_positive_amount_is_refused(value: Any) -> None:
    with pytest.raises(AmountInvalid) as refused:
        parse_amount(value, "INR")
    assert refused.value.message.endswith(".")


def test_decimals_come_from_iso_4217() -> None:
    assert (decimals("INR"), decimals("JPY"), decimals("KWD")) == (2, 0, 3)
    with pytest.raises(CurrencyNotOffered):
        decimals("XQQ")


def test_money_is_written_as_people_of_the_currency_write_it() -> None:
    assert format_for_people(10_000_000, "INR") == "₹1,00,000.00"
    assert format_for_people(10_000_000, "BRL").replace("\xa0", " ") == "R$ 100.000,00"
    assert format_for_people(-150, "USD") == "-$1.50"


@pytest.mark.parametrize(
    ("minor", "currency", "text"), [(150_000, "INR", "1500.00"), (5, "JPY", "5"), (-1, "EUR", "-0.01")]
)
def test_money_for_programs_has_all_decimals(minor: int, currency: str, text: str) -> None:
    assert format_plain(minor, currency) == text


def test_a_large_amount_is_never_written_with_an_exponent() -> None:
    assert format_plain(MAX_MINOR, "JPY") == str(MAX_MINOR)


def test_the_cap_is_a_setting_per_currency(settings: Any) -> None:
    settings.TRANSFER_CAP = "100, USD=5"
    assert (transfer_cap_minor("INR"), transfer_cap_minor("USD")) == (10_000, 500)
    settings.TRANSFER_CAP = "USD=7"
    assert (transfer_cap_minor("USD"), transfer_cap_minor("INR")) == (700, MAX_MINOR)


def test_only_offered_currencies_pass() -> None:
    assert currency_check("INR") == "INR"
    for other in ("JPY", "inr", None, {"$ne": 1}):
        with pytest.raises(CurrencyNotOffered):
            currency_check(other)


def test_money_beyond_64_bits_is_never_stored() -> None:
    with pytest.raises(OverflowError):
        int64(2**63)
