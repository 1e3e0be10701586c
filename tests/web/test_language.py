"""The language of a page: what was chosen, else what the browser asks for, else English; programs get English."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.http import HttpRequest, StreamingHttpResponse
from django.test import RequestFactory
from django.utils.translation import get_language, override

from accounts.models import User
from accounts.profile import language_choose
from banking.web.language import LanguageMiddleware
from tests.cast import PASSWORD
from tests.web.test_components import shown
from tests.web.visitor import Visitor

PORTUGUESE = {"Accept-Language": "pt-BR,pt;q=0.9,en;q=0.5"}


def language_of(visitor: Visitor) -> str:
    language = str(visitor.response["Content-Language"])
    assert f'<html lang="{language}"' in visitor.response.content.decode()
    return language


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("", "en"), ("pt-BR", "pt-br"), ("pt", "pt-br"), ("pt-PT,en;q=0.1", "pt-br"), ("ja", "en"), ("x" * 900, "en")],
)
def test_a_page_comes_in_the_language_of_the_browser(visitor: Visitor, accepted: str, language: str) -> None:
    assert language_of(visitor.get("/login", **{"Accept-Language": accepted})) == language


def test_caches_are_told_what_the_language_depends_on(visitor: Visitor) -> None:
    for address in ("/", "/login", "/no-such-page", "/logout"):
        varies = {name.strip() for name in visitor.get(address).response["Vary"].split(",")}
        assert varies >= {"Accept-Language", "Cookie"}, address


def test_the_choice_in_the_footer_wins_over_the_browser(visitor: Visitor) -> None:
    visitor.get("/register?next=/send")
    visitor.send("/language", step="pt-br")
    assert visitor.address.endswith("/register?next=/send")
    assert language_of(visitor) == "pt-br"
    assert language_of(visitor.get("/login", **{"Accept-Language": "en"})) == "pt-br"
    visitor.send("/language", step="en")
    assert language_of(visitor.get("/login", **PORTUGUESE)) == "en"


def test_a_new_browser_follows_what_its_person_has_chosen_elsewhere(owner: User) -> None:
    at_home = Visitor(owner).get("/dashboard")
    at_home.send("/language", step="pt-br")
    fresh = Visitor().get("/login", **{"Accept-Language": "en"})
    assert language_of(fresh) == "en"
    fresh.send("/login", email=owner.email, password=PASSWORD)
    assert language_of(fresh) == "pt-br"


def test_what_was_chosen_in_a_browser_stays_after_signing_in(owner: User) -> None:
    language_choose(user=owner, language="pt-br")
    visitor = Visitor().get("/login").send("/language", step="en")
    visitor.send("/login", email=owner.email, password=PASSWORD)
    assert (visitor.path, language_of(visitor)) == ("/dashboard", "en")


def test_a_language_that_is_not_offered_is_not_remembered(visitor: Visitor) -> None:
    visitor.get("/login").send("/language", language="tlh", next="https://evil.example/")
    assert visitor.path == "/"
    assert "language" not in visitor.client.cookies
    visitor.client.cookies["language"] = "../../etc"
    assert language_of(visitor.get("/login")) == "en"


def test_the_language_is_chosen_by_a_form_alone(visitor: Visitor) -> None:
    assert visitor.get("/language").status == 405
    assert visitor.post("/language", {"language": "pt-br"}).status == 403


def test_programs_are_answered_in_english(visitor: Visitor) -> None:
    visitor.get("/login", **PORTUGUESE)
    for address in ("/api/transactions", "/api/nothing", "/graphql"):
        plain, asked = visitor.client.get(address), visitor.client.get(address, headers=PORTUGUESE)
        assert asked.content == plain.content, address
        assert "Content-Language" not in asked


def test_no_language_is_left_to_the_next_request(visitor: Visitor) -> None:
    visitor.get("/login", **PORTUGUESE)
    assert get_language() == "en"


def test_a_long_answer_stays_in_its_language_while_it_is_written() -> None:
    def parts() -> Any:
        yield str(get_language())
        yield str(get_language())

    def view(request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(parts())

    answer: Any = LanguageMiddleware(view)(RequestFactory().get("/", headers=PORTUGUESE))
    assert b"".join(answer.streaming_content) == b"pt-brpt-br"
    assert get_language() == "en"


@pytest.mark.parametrize(
    ("source", "english", "portuguese"),
    [
        ("{{ 10000000|as_money:'INR' }}", "₹1,00,000.00", "₹ 100.000,00"),
        ("{{ 10000000|as_money:'BRL' }}", "R$ 100.000,00", "R$ 100.000,00"),
        ("{{ 123456|as_money:'USD' }}", "$1,234.56", "US$ 1.234,56"),
        ("{{ 123456|as_money:'EUR' }}", "€1,234.56", "€ 1.234,56"),
        ("{{ 1234567|as_money:'JPY' }}", "￥1,234,567", "JP¥ 1.234.567"),
        ("{{ 10000|counted }}", "10,000", "10.000"),
        ("{{ day|as_day }}", "3 Nov", "3 de nov."),
        ("{{ day|as_day:'long' }}", "3 Nov 2026", "3 de nov. de 2026"),
        ("{{ day|as_month }}", "Nov", "nov."),
        ("{{ day|as_month:'long' }}", "Nov 2026", "nov. de 2026"),
        ("{% moment day 'long' %}", "3 Nov 2026, 09:30 UTC", "3 de nov. de 2026, 09:30 UTC"),
    ],
)
def test_money_numbers_and_days_follow_the_language(source: str, english: str, portuguese: str) -> None:
    for language, expected in (("en", english), ("pt-br", portuguese)):
        with override(language):
            text = shown(source, day=datetime(2026, 11, 3, 9, 30, tzinfo=UTC))
        assert expected in text.replace("\N{NO-BREAK SPACE}", " "), language
