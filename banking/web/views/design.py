"""The style page: every token and every component in its states, in both themes. For developers alone.

A component is found by its file; its states stand in a template of the same name in `templates/pages/design/`, where
there are also patterns that are a class and no partial. What they show is made up (`banking.web.samples`): nothing is
asked of the database.
"""

import re
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from banking.web.methods import reads
from banking.web.samples import samples
from banking.web.states import LOOKS
from banking.web.viewer import THEMES

_TEMPLATES = Path(settings.BASE_DIR) / "templates"
_TOKEN = re.compile(r"^    --([\w-]+): ", re.MULTILINE)
# What the tokens that are no colours begin with, and those among them that are shown.
_OTHERS = ("font", "weight", "leading", "gutter", "inset", "page", "control", "ring", "quick", "calm", "ease")
_SCALES = {"sizes": "text-", "spaces": "space-", "radii": "radius-", "shadows": "shadow-"}
_NO_SIZE = "text-width"


@reads
def design(request: HttpRequest) -> HttpResponse:
    """All of the design on one page, in development; elsewhere there is no such page."""
    if settings.FLORIN_ENV != "development":
        raise Http404
    if "dialog" in request.GET:
        return _dialog(request)
    page = {
        "themes": THEMES,
        "tokens": tokens(),
        "components": components(),
        "patterns": [name for name in _names("pages/design") if name not in components()],
        "states": list(LOOKS),
        "samples": {theme: samples(theme) for theme in THEMES},
    }
    return render(request, "pages/design.html", page)


def components() -> list[str]:
    """Return the names of all partials in `templates/components/`."""
    return _names("components")


def tokens() -> dict[str, list[str]]:
    """Return the names of the tokens by what they are, as they stand in the style sheet."""
    names = _TOKEN.findall((Path(settings.STATIC_SOURCE) / "css" / "tokens.css").read_text())
    scales = {kind: [name for name in names if name.startswith(start)] for kind, start in _SCALES.items()}
    scales["sizes"].remove(_NO_SIZE)
    return {"colours": [name for name in names if not name.startswith((*_OTHERS, *_SCALES.values()))], **scales}


def _names(folder: str) -> list[str]:
    return [path.stem for path in sorted((_TEMPLATES / folder).glob("*.html"))]


def _dialog(request: HttpRequest) -> HttpResponse:
    """A question as it comes into the dialog; where no script loads it, a page."""
    is_part = getattr(request, "htmx", False)
    return render(request, "pages/design-dialog-part.html" if is_part else "pages/design-dialog.html")
