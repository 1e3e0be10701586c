"""All that a page says: what can be read on it, and what is read out or shown on demand."""

import re
from html.parser import HTMLParser

_SAID = {"aria-label", "title", "placeholder", "alt", "data-copied", "data-label", "content"}
_VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
_SILENT = {"script", "style", "code", "pre"}
_WORD = re.compile(r"[^\W\d_]{2,}")


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._open: list[tuple[str, bool]] = []

    @property
    def _is_silent(self) -> bool:
        return any(silent for _, silent in self._open)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        # What says that it is in a language of its own is meant to be in it.
        foreign = "lang" in values and tag != "html"
        if tag not in _VOID:
            self._open.append((tag, tag in _SILENT or foreign or "translate" in values))
        is_described = tag != "meta" or values.get("name") == "description"
        if not self._is_silent and is_described:
            self.found += [values[name] for name in _SAID if values.get(name)]

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not self._is_silent:
            self.found.append(data)


def texts(html: str) -> list[str]:
    """Return what a page says, piece by piece, without what has no words: numbers, signs, single letters.

    What is in a language of its own (`lang`), code and commands are left out.
    """
    reader = _Texts()
    reader.feed(html)
    pieces = (" ".join(piece.split()) for piece in reader.found)
    return [piece for piece in pieces if _WORD.search(piece)]
