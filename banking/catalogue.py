"""The catalogues of translations: found in the sources, kept as .po for translators, compiled to .mo for Django.

Babel does it all, so no tools of gettext are needed on the machine. Templates are read as Django's own `makemessages`
reads them. What is not used any more is dropped, and nothing is ever guessed from similar texts.
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation import to_locale
from django.utils.translation.template import templatize

_ROOT = Path(__file__).resolve().parent.parent
_APPS = ("accounts", "banking", "config", "ledger")
_WIDTH = 119
_CALLS = (
    *("_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"),
    *("pgettext", "pgettext_lazy", "npgettext", "npgettext_lazy"),
)


def languages() -> list[str]:
    """Return the languages that need a catalogue, as Django names them: all but the one the sources are in."""
    return [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


def po_path(language: str) -> Path:
    """Return where the catalogue for translators is; the compiled one is beside it."""
    return Path(settings.LOCALE_PATHS[0]) / to_locale(language) / "LC_MESSAGES" / "django.po"


def catalogue_read(language: str) -> Catalog:
    """Return the catalogue as it is kept; an empty one for a new language."""
    path = po_path(language)
    if not path.exists():
        return Catalog(locale=to_locale(language), project="Florin", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=to_locale(language))


def catalogue_updated(language: str) -> Catalog:
    """Return the catalogue with all texts of the sources and no others; the new ones wait for their translation."""
    catalogue, found = catalogue_read(language), texts_found()
    # The file changes when texts do, not when time passes.
    found.creation_date = catalogue.creation_date
    catalogue.update(found, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    return catalogue


def catalogue_write(catalogue: Catalog, language: str) -> None:
    """Keep a catalogue, for translators and for Django."""
    path = po_path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(as_po(catalogue))
    path.with_suffix(".mo").write_bytes(as_mo(catalogue))


def as_po(catalogue: Catalog) -> bytes:
    """Return the catalogue as text in the order of the sources, without line numbers, which would change often."""
    file = BytesIO()
    write_po(file, catalogue, width=_WIDTH, include_lineno=False, sort_by_file=True, ignore_obsolete=True)
    return file.getvalue()


def as_mo(catalogue: Catalog) -> bytes:
    """Return the catalogue compiled."""
    file = BytesIO()
    write_mo(file, catalogue)
    return file.getvalue()


def untranslated(catalogue: Catalog) -> list[Message]:
    """Return the texts without a translation, or without one of its plural forms."""
    return [message for message in catalogue if message.id and (message.fuzzy or not _is_whole(message, catalogue))]


def _is_whole(message: Message, catalogue: Catalog) -> bool:
    forms = message.string
    if not isinstance(message.id, tuple | list):
        return bool(forms)
    return isinstance(forms, tuple | list) and len(forms) == catalogue.num_plurals and all(forms)


def texts_found() -> Catalog:
    """Return all texts of the sources that are marked for translation."""
    catalogue = Catalog()
    for path, source in _sources():
        # Babel describes what this yields otherwise than it is.
        found: Any = extract_python(BytesIO(source), dict.fromkeys(_CALLS), ["Translators:"], {})
        for line, call, texts, comments in found:
            message, context = _message(call, texts)
            if message:
                catalogue.add(
                    message, locations=[(str(path.relative_to(_ROOT)), line)], auto_comments=comments, context=context
                )
    return catalogue


def _sources() -> Iterator[tuple[Path, bytes]]:
    for app in _APPS:
        for path in sorted((_ROOT / app).rglob("*.py")):
            yield path, path.read_bytes()
    for path in sorted((_ROOT / "templates").rglob("*.*")):
        if path.suffix in {".html", ".txt"}:
            yield path, _as_python(path)


def _as_python(path: Path) -> bytes:
    """Return the marked texts of a template as calls; without indentation, which Python would take seriously."""
    calls = templatize(path.read_text(), origin=str(path))
    return "\n".join(line.strip() for line in calls.splitlines()).encode()


def _message(call: str, texts: str | tuple[str | None, ...] | None) -> tuple[str | tuple[str, ...], str | None]:
    """Return the text, or the two of a plural, and the context of a call."""
    given = [text for text in (texts if isinstance(texts, tuple) else (texts,)) if text is not None]
    context = given.pop(0) if call.startswith(("pgettext", "npgettext")) else None
    if "ngettext" in call or "npgettext" in call:
        return tuple(given[:2]), context
    return (given[0] if given else ""), context
