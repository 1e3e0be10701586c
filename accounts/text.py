"""The rules for text that people type: one place, so that a form, the API and a command refuse the same things."""

import unicodedata

# Control characters and line separators have no place in a name; lone surrogates cannot even be stored as UTF-8.
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Marks that turn the direction of writing round let one name look like another.
_DIRECTION_MARKS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class TextRefused(ValueError):
    """The text breaks a rule; the sentence of the exception says which."""


def text_clean(value: object, *, longest: int) -> str:
    """Return the text without space around it, in Unicode's composed form.

    Args:
        value: what was received; anything but a string is refused, because an operator of the database may hide in it.
        longest: the largest number of characters.

    Raises:
        TextRefused: it is no text, empty, too long, or has characters that do not belong in it.
    """
    if not isinstance(value, str):
        raise TextRefused("This has to be text.")
    if has_forbidden_characters(value.strip()):
        raise TextRefused("This has characters that cannot be used here.")
    text = unicodedata.normalize("NFC", value.strip())
    if not text:
        raise TextRefused("This has to be filled in.")
    if len(text) > longest:
        raise TextRefused(f"This can have at most {longest} characters.")
    return text


def has_forbidden_characters(text: str) -> bool:
    """Tell whether the text has control characters, lone surrogates or marks of writing direction."""
    return any(unicodedata.category(char) in _FORBIDDEN_CATEGORIES or char in _DIRECTION_MARKS for char in text)


def search_form(text: str) -> str:
    """Return the text as it is searched for: without case, accents and repeated spaces (`João  Sá` is `joao sa`)."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return " ".join(plain.split())
