"""One style sheet and one script for every page, made of the parts in `static/` whenever they are looked for.

Small files, one for each component, are good to write and slow to fetch. There is still no build step: Django asks the
finder below as it asks any other, so `collectstatic` names and compresses what it finds in production, and in
development an edited part is there with the next page. What was measured stands in docs/decisions/one-style-sheet.md.
"""

import os
import posixpath
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

# Not those that begin with / or #, nor data: what is named from where the part lies.
_RELATIVE_ADDRESS = re.compile(r'url\("(?![/#]|\w+:)([^"]+)"\)')


@dataclass(frozen=True)
class Bundle:
    """A file that is made of others.

    Args:
        name: below `static/`.
        patterns: of its parts below `static/`, in the order in which they stand; those of one pattern by name.
        adapt: turns a part's name and text into what stands in the bundle.
    """

    name: str
    patterns: tuple[str, ...]
    adapt: Callable[[str, str], str]

    def parts(self, root: Path) -> list[Path]:
        """Return the files it is made of."""
        return [path for pattern in self.patterns for path in sorted(root.glob(pattern))]

    def text(self, root: Path) -> str:
        """Return what it contains now."""
        return "".join(self.adapt(str(path.relative_to(root)), path.read_text()) for path in self.parts(root))


def _style(name: str, text: str) -> str:
    """Let the addresses in a style sheet be right from the folder of the bundle."""

    def moved(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), found[1]))
        return f'url("{posixpath.relpath(target, posixpath.dirname(STYLES.name))}")'

    return _RELATIVE_ADDRESS.sub(moved, text)


def _script(name: str, text: str) -> str:
    """Give each of our scripts a scope of its own, as two may call different things by one name."""
    return f"{text};\n" if name.startswith("vendor/") else f"{{\n{text}}}\n"


STYLES = Bundle(
    "css/site.css",
    (
        "css/tokens.css",
        "css/base.css",
        "css/layout.css",
        "css/components/*.css",
        "css/pages/*.css",
        "css/print.css",
    ),
    _style,
)
SCRIPTS = Bundle("js/site.js", ("vendor/*.js", "js/*.js"), _script)
BUNDLES = {bundle.name: bundle for bundle in (STYLES, SCRIPTS)}


class BundleFinder(BaseFinder):
    """Finds the bundles, and makes them first."""

    def __init__(self, *args: Any, **values: Any) -> None:
        self._source = Path(settings.STATIC_SOURCE)
        self._storage = FileSystemStorage(location=settings.BUNDLES_ROOT)
        super().__init__(*args, **values)

    def check(self, **values: Any) -> list[Any]:
        """There is nothing to set that could be wrong."""
        return []

    def find(self, path: str, find_all: bool = False) -> Any:
        """Return where a bundle lies, as a list where all finds are asked for; nothing for any other file."""
        if path not in BUNDLES:
            return []
        made = self._made(BUNDLES[path])
        return [made] if find_all else made

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, FileSystemStorage]]:
        """Yield every bundle."""
        for bundle in BUNDLES.values():
            self._made(bundle)
            yield bundle.name, self._storage

    def _made(self, bundle: Bundle) -> str:
        """Write a bundle where it has changed, for other processes at one stroke, and return its path."""
        path = Path(self._storage.path(bundle.name))
        text = bundle.text(self._source)
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
                file.write(text)
            os.chmod(file.name, 0o644)
            os.replace(file.name, path)
        return str(path)
