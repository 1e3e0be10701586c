"""The tags that templates show money, moments and components with."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.template import Context, Template

from banking.templatetags.florin import grouped, initials, shortened, symbol


def shown(source: str, **values: Any) -> str:
    return Template("{% load florin %}" + source).render(Context(values)).strip()


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{% money 10000000 'INR' %}", '<span class="money">₹1,00,000.00</span>'),
        ("{% money 25075 'INR' 'CREDIT' %}", '<span class="money money--in">+₹250.75</span>'),
        ("{% money 25075 'INR' 'DEBIT' %}", '<span class="money">−₹250.75</span>'),
        ("{% money 25075 'BRL' kind='big' %}", '<span class="money money--big">R$\N{NO-BREAK SPACE}250,75</span>'),
    ],
)
def test_money_is_written_as_people_of_its_currency_do(source: str, text: str) -> None:
    assert shown(source) == text


def test_a_component_wraps_what_is_safe_and_escapes_what_is_not() -> None:
    text = shown("{% component 'card' heading=name %}<b>{{ name }}</b>{% endcomponent %}", name="<i>")
    assert "<b>&lt;i&gt;</b>" in text
    assert "<i>" not in text


def test_a_component_sees_nothing_of_the_page() -> None:
    assert "leak" not in shown("{% component 'card' %}x{% endcomponent %}", heading="leak")


def test_a_moment_has_its_year_only_when_it_is_another_one() -> None:
    this_year = datetime.now(UTC).year
    assert "3 Jan, 09:30 UTC" in shown("{% moment at %}", at=datetime(this_year, 1, 3, 9, 30, tzinfo=UTC))
    assert f"3 Jan {this_year}, 09:30" in shown(
        "{% moment at 'long' %}", at=datetime(this_year, 1, 3, 9, 30, tzinfo=UTC)
    )
    past = shown("{% moment at 'day' %}", at=datetime(2001, 1, 3, 9, 30, tzinfo=UTC))
    assert past == '<time datetime="2001-01-03T09:30:00Z" data-moment="day">3 Jan 2001</time>'


def test_identifiers_are_shortened_and_grouped() -> None:
    assert shortened("0123456789abcdef01234567") == "0123…4567"
    assert shortened("short") == "short"
    assert grouped("0123456789ab") == "0123 4567 89ab"


@pytest.mark.parametrize(("name", "letters"), [("Asha Rao", "AR"), ("Cher", "C"), ("", ""), ("Ana de la Cruz", "AC")])
def test_a_person_in_two_letters(name: str, letters: str) -> None:
    assert initials(name) == letters


@pytest.mark.parametrize(("currency", "sign"), [("INR", "₹"), ("BRL", "R$"), ("EUR", "€"), ("USD", "$")])
def test_the_symbol_of_a_currency(currency: str, sign: str) -> None:
    assert symbol(currency) == sign
