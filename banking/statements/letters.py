"""The letters of a printed statement: its font, and what to do about letters that the font does not have.

Source Sans (SIL Open Font License) comes as a package, so nothing is vendored for paper: it has Latin with all
diacritics, Greek and Cyrillic, the signs of currencies and figures of one width. Names in other scripts are shown as
boxes, one for each letter; the account number beside them still says whose they are.
"""

import unicodedata
from functools import cache

from font_source_sans_pro import font_files_ttf
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

REGULAR, BOLD = "Source Sans", "Source Sans Semibold"
_FILES = {REGULAR: "SourceSansPro", BOLD: "SourceSansProSemibold"}
_BOX = "\N{BALLOT BOX}"


@cache
def fonts_load() -> None:
    """Make the fonts known to the library, once."""
    for name, file in _FILES.items():
        pdfmetrics.registerFont(TTFont(name, font_files_ttf[file]))


class _Known(dict[int, str | int]):
    """What becomes of each letter, found out when it first comes."""

    def __init__(self) -> None:
        super().__init__()
        fonts_load()
        self._glyphs = pdfmetrics.getFont(REGULAR).face.charToGlyph

    def __missing__(self, letter: int) -> str | int:
        self[letter] = letter if letter in self._glyphs else self._stand_in(chr(letter))
        return self[letter]

    def _stand_in(self, letter: str) -> str:
        # The wide yen sign is a yen sign, and an f with an i is both.
        alike = unicodedata.normalize("NFKC", letter)
        if all(ord(one) in self._glyphs for one in alike):
            return alike
        # Marks that belong to the letter before them, and signs of direction, take no place of their own.
        return "" if unicodedata.category(letter) in {"Mn", "Me", "Cf", "Cc"} else _BOX


@cache
def _known() -> _Known:
    return _Known()


def writable(text: str) -> str:
    """Return the text in letters that the font has."""
    return unicodedata.normalize("NFC", text).translate(_known())


def width_of(text: str, font: str, size: float) -> float:
    """Return how wide a text is, in points."""
    width: float = pdfmetrics.stringWidth(text, font, size)
    return width


def lines_of(text: str, font: str, size: float, width: float) -> list[str]:
    """Break a text into lines that fit a width: between words, or within one that is longer than a line."""
    if width_of(text, font, size) <= width:
        return [text] if text else []
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if width_of(longer, font, size) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        *full, line = _pieces(word, font, size, width)
        lines.extend(full)
    return [*lines, line]


def _pieces(word: str, font: str, size: float, width: float) -> list[str]:
    pieces, piece = [], ""
    for letter in word:
        if piece and width_of(piece + letter, font, size) > width:
            pieces.append(piece)
            piece = ""
        piece += letter
    return [*pieces, piece]
