"""Every row of the table of pages, in both themes: axe-core, sizes at three widths, no error and no report; and once
more without scripts, and in another language."""

import pytest

from banking.web.urls import urlpatterns
from tests.e2e.conftest import HEIGHTS
from tests.e2e.looking import misplaced, violations
from tests.e2e.places import NO_PAGES, PLACES, Place, Who
from tests.e2e.visits import Visits, name_of

# What axe-core looks at. The structure is the same in both themes and the colours are at both widths, and measuring
# contrasts is most of its time, so each theme does so at one width.
AXE = {
    ("light", 1440): {"colours": True, "rest": True},
    ("light", 360): {"colours": False, "rest": True},
    ("dark", 360): {"colours": True, "rest": False},
}
ROWS = [pytest.param(place, id=place.name) for place in PLACES]
READ = [pytest.param(place, id=place.name) for place in PLACES if place.act is None and place.answer is None]
UNSCRIPTED = [pytest.param(place, id=place.name) for place in PLACES if not place.is_scripted]


@pytest.mark.usefixtures("silence")
@pytest.mark.parametrize("place", ROWS)
def test_a_place_is_for_everybody(visits: Visits, place: Place, theme: str) -> None:
    page = visits.go(place, theme=theme, width=1440)
    problems = []
    for width in sorted(HEIGHTS, reverse=True):
        page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
        problems += [f"{width}: {problem}" for problem in misplaced(page)]
        if rules := AXE.get((theme, width)):
            problems += [f"{width}: {problem}" for problem in violations(page, **rules)]
    _assert_none(problems, place)


@pytest.mark.usefixtures("silence")
@pytest.mark.parametrize("place", UNSCRIPTED)
def test_a_place_needs_no_script(plain_visits: Visits, place: Place) -> None:
    page = plain_visits.go(place, theme="light", width=360)
    _assert_none(misplaced(page), place)


@pytest.mark.usefixtures("silence")
@pytest.mark.parametrize("place", READ)
def test_a_place_has_room_for_the_longer_words_of_portuguese(portuguese_visits: Visits, place: Place) -> None:
    page = portuguese_visits.open(place, theme="light", width=360)
    assert page.locator("html").get_attribute("lang") == "pt-br"
    _assert_none(misplaced(page), place)


def _assert_none(problems: list[str], place: Place) -> None:
    found = [problem for problem in problems if not any(words in problem for words in place.meant)]
    assert not found, "\n".join(found)


def test_every_page_is_in_the_table() -> None:
    known = {str(one.name) for one in urlpatterns}
    shown = {name for place in PLACES for name in (place.shows, name_of(place.path.format_map(_Anything())))}
    without = set().union(*NO_PAGES.values())
    assert without <= known
    assert not without & {place.shows for place in PLACES}
    assert known - without - shown == set()


class _Anything(dict[str, str]):
    """Stands for the ids of a bank: every one has the form that addresses ask for."""

    def __missing__(self, name: str) -> str:
        return "0" * 32


def test_names_of_places_are_told_apart() -> None:
    assert len({place.name for place in PLACES}) == len(PLACES)
    assert {place.who for place in PLACES} == set(Who)
