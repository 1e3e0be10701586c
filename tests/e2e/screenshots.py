"""Takes the pictures of docs/screenshots: every row of the table of pages, at three widths and in both themes.

Run by `make screenshots`, not with the tests: a picture is there to be looked at by people. It is made of the same
rows in the same bank as `tests.e2e.test_places`.
"""

import io
from itertools import chain
from pathlib import Path
from typing import cast

import pytest
from PIL import Image

from tests.e2e.conftest import HEIGHTS
from tests.e2e.places import PLACES, Place
from tests.e2e.visits import Visits

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
# Flat areas and letters: more colours would not be seen, and each would make the file larger.
COLOURS = 72
PICTURED = [pytest.param(place, id=place.name) for place in PLACES if place.is_pictured]


@pytest.mark.parametrize("place", PICTURED)
def test_take_the_pictures(visits: Visits, place: Place, theme: str) -> None:
    page = visits.go(place, theme=theme, width=1440)
    for width, height in HEIGHTS.items():
        page.set_viewport_size({"width": width, "height": height})
        # As high as the page, or the bar at a telephone's foot would stand in its middle; a dialog hides the rest.
        whole = page.evaluate("document.querySelector('dialog[open]') ? 0 : document.documentElement.scrollHeight")
        page.set_viewport_size({"width": width, "height": whole or height})
        keep(page.screenshot(animations="disabled"), FOLDER / f"{place.name}-{width}-{theme}.png")


def keep(picture: bytes, path: Path) -> None:
    """Write a picture as a small file."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.quantize(palette=palette_of(image), dither=Image.Dither.NONE).save(path, optimize=True)


def palette_of(image: Image.Image) -> Image.Image:
    """Return few colours: the commonest, so that areas stay what they are, and the most distant, as a warning is."""
    counted = cast(list[tuple[int, tuple[int, int, int]]], image.getcolors(image.width * image.height))
    common = [colour for _, colour in sorted(counted, reverse=True)[: COLOURS // 2]]
    distant = image.quantize(COLOURS // 2, method=Image.Quantize.MAXCOVERAGE).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([*chain.from_iterable(common), *distant])
    return palette
