"""The catalogues of translations are whole: every text is in them, translated, with its places, and compiled."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

from banking.catalogue import (
    as_mo,
    catalogue_read,
    catalogue_updated,
    languages,
    po_path,
    texts_found,
    untranslated,
)

# `%(name)s` of Django, `{name}` of format, and the marks of a text that has them.
_PLACES = re.compile(r"%\(\w+\)s|\{\w+\}|%%|</?\w+[^>]*>")
LANGUAGES = pytest.mark.parametrize("language", languages())


def messages(catalogue: Catalog) -> Iterator[Message]:
    return (message for message in catalogue if message.id)


def forms(message: Message) -> list[tuple[str, str]]:
    """Return each text with its translation; the first of a plural with its singular."""
    if isinstance(message.id, str):
        return [(message.id, str(message.string))]
    singular, plural = message.id
    first, *others = list(message.string or ())
    return [(singular, first), *((plural, text) for text in others)]


def places(text: str) -> list[str]:
    return sorted(_PLACES.findall(text))


@LANGUAGES
def test_the_catalogue_has_every_text_of_the_sources_and_no_other(language: str) -> None:
    known, found = (
        {(message.id, message.context) for message in messages(one)}
        for one in (catalogue_read(language), texts_found())
    )
    assert (sorted(map(str, found - known)), sorted(map(str, known - found))) == ([], []), "run make messages"


@LANGUAGES
def test_every_text_is_translated_in_all_its_forms(language: str) -> None:
    assert [message.id for message in untranslated(catalogue_read(language))] == []


@LANGUAGES
def test_the_compiled_catalogue_is_that_of_the_text(language: str) -> None:
    assert po_path(language).with_suffix(".mo").read_bytes() == as_mo(catalogue_read(language)), "run make messages"


@LANGUAGES
def test_a_translation_has_the_places_and_marks_of_its_text(language: str) -> None:
    wrong = [
        (text, translation)
        for message in messages(catalogue_read(language))
        for text, translation in forms(message)
        if places(text) != places(translation)
    ]
    assert wrong == []


@LANGUAGES
def test_a_translation_ends_as_its_text_does(language: str) -> None:
    ends = (".", "?", "…", ":")
    wrong = [
        (text, translation)
        for message in messages(catalogue_read(language))
        for text, translation in forms(message)
        if text.endswith(ends) and not translation.endswith(text[-1])
    ]
    assert wrong == []


def test_texts_are_found_in_templates_and_in_code() -> None:
    found = texts_found()
    assert found.get("There is not enough money in the account.")
    assert found.get(("%(shown)s line", "%(shown)s lines"))
    assert found.get("To", context="day")
    webhooks = found.get("Webhooks")
    assert webhooks
    assert "templates/pages/webhooks.html" in [path for path, _ in webhooks.locations]


def test_a_text_without_a_translation_or_with_half_a_plural_is_found() -> None:
    catalogue = Catalog(locale="pt_BR")
    catalogue.add("Send", "Enviar")
    catalogue.add("Balance", "")
    catalogue.add(("line", "lines"), ("linha", ""))
    catalogue.add("Guessed", "Achado", flags=["fuzzy"])
    assert [message.id for message in untranslated(catalogue)] == ["Balance", ("line", "lines"), "Guessed"]


def test_a_language_that_is_new_begins_with_nothing_translated(tmp_path: Path, settings: object) -> None:
    settings.LOCALE_PATHS = [tmp_path]  # type: ignore[attr-defined]
    fresh = catalogue_updated("de")
    assert len(untranslated(fresh)) == len(fresh) == len(texts_found())
