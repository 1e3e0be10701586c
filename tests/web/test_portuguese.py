"""Every page in Portuguese says nothing in English; it is compared to the same page in English."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from accounts.models import User
from banking.outbox.records import notifications
from banking.run_records import lines, runs
from ledger.store import books
from tests.database import clean
from tests.e2e.places import PLACES, Place, Who
from tests.e2e.stage import Stage, stage_set
from tests.web.texts import texts

if TYPE_CHECKING:
    from pytest_django.plugin import DjangoDbBlocker

READ = [pytest.param(place, id=place.name) for place in PLACES if not place.act and not place.answer]
# What is written alike in both languages.
_ALIKE = {
    *(
        "Admin",
        "API",
        "E-mail",
        "Florin",
        "INR",
        "BRL",
        "EUR",
        "USD",
        "Status",
        "Webhook",
        "Webhooks",
        "Worker",
        "PDF",
    ),
    *("PDF", "CSV", "CPF", "CNPJ", "HTTP", "JSON", "UTC", "Total", "Volume", "Euro", "Pix", "Hash"),
    # Codes of what must hold, and what a command says.
    *("chain", "checkpoint", "totals", "PROVED"),
}
# Identifiers, addresses, kinds of events and the first letters of names are in no language.
_NO_WORDS = re.compile(r"[0-9a-f… ]+|https?://\S+|[a-z]+\.[a-z]+|[A-Z]{2,3}|[A-Z]{3} [0-9a-f]{4}….*|[0-9]+ min")


@pytest.fixture(autouse=True)
def _clean_bank() -> None:
    """Leave the bank as it is between the pages."""


@pytest.fixture(scope="module")
def stage(django_db_setup: None, django_db_blocker: "DjangoDbBlocker") -> Iterator[Stage]:
    """A bank that is set up once for all pages, and only looked at."""
    from django.db import connection

    with django_db_blocker.unblock():
        clean(connection.database)  # type: ignore[attr-defined]
        yield stage_set()


def page_of(stage: Stage, place: Place, language: str) -> str:
    client = Client(raise_request_exception=False)
    if place.who is not Who.NOBODY:
        client.force_login(stage.people[place.who])
    response = client.get(place.path.format_map(stage.ids), headers={"Accept-Language": language}, follow=True)
    assert response.status_code == place.status
    return str(response.content.decode())


def written_by_people() -> set[str]:
    """Return what people have written: names, notes, reasons, addresses. It stays as they wrote it."""
    words = {*runs().distinct("name"), *books().transactions.distinct("note")}
    words |= {*books().accounts.distinct("status_reason"), *notifications().distinct("data.reason")}
    words |= {value for name in ("payee", "amount", "note") for value in lines().distinct(name)}
    for user in User.objects.all():
        words |= {user.first_name, user.last_name, user.name, user.email}
    return words


def own_words(html: str) -> set[str]:
    """Return what a page says in words of the bank's own."""
    pieces = {part.strip(" ·").removesuffix(" - Florin") for piece in texts(html) for part in piece.split(" · ")}
    return {piece for piece in pieces if not _NO_WORDS.fullmatch(piece)}


@pytest.mark.parametrize("place", READ)
def test_no_text_of_a_page_stays_english(stage: Stage, place: Place) -> None:
    english, portuguese = (own_words(page_of(stage, place, language)) for language in ("en", "pt-BR"))
    assert sorted((english & portuguese) - _ALIKE - written_by_people()) == []
    dates = re.findall(r'<input type="date"[^>]*? value="([^"]*)"', page_of(stage, place, "pt-BR"))
    # A browser takes a date in this form alone.
    assert [date for date in dates if not re.fullmatch(r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2})?", date)] == []
