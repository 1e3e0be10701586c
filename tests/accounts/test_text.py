"""Text that people type: what is taken as it is, what is tidied and what is refused."""

import pytest

from accounts.text import TextRefused, search_form, text_clean


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        ("  Ana ", "Ana"),
        ("Zoe\u0301", "Zoé"),
        ("O'Brien-Łukasz", "O'Brien-Łukasz"),
        ("李小龍", "李小龍"),
        ("x" * 60, "x" * 60),
    ],
)
def test_text_is_trimmed_and_composed(typed: str, clean: str) -> None:
    assert text_clean(typed, longest=60) == clean


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "x" * 61,
        "a\x00b",
        "line\nbreak",
        "lone \ud800 surrogate",
        "right \u202e to left",
        {"$gt": ""},
        ["a"],
        7,
        True,
        None,
        b"bytes",
    ],
)
def test_text_that_cannot_be_stored_or_trusted_is_refused(typed: object) -> None:
    with pytest.raises(TextRefused):
        text_clean(typed, longest=60)


def test_search_form_ignores_case_accents_and_spaces() -> None:
    assert search_form("  João  DA   Silva ") == "joao da silva"
    assert search_form("STRASSE") == search_form("Straße")
