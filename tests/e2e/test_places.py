"""Every row of the table of pages, in both themes: axe-core, sizes at three widths, no error and no report."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser

from banking.web.urls import urlpatterns
from tests.database import clean
from tests.e2e.conftest import HEIGHTS, Watch
from tests.e2e.looking import misplaced, violations
from tests.e2e.places import NO_PAGES, PLACES, Place, Who
from tests.e2e.stage import Stage, stage_set
from tests.e2e.visits import Visits, name_of
from tests.servers import Server

if TYPE_CHECKING:
    from pytest_django.plugin import DjangoDbBlocker

# What axe-core looks at. The structure is the same in both themes and the colours are at both widths, and measuring
# contrasts is most of its time, so each theme does so at one width.
AXE = {
    ("light", 1440): {"colours": True, "rest": True},
    ("light", 360): {"colours": False, "rest": True},
    ("dark", 360): {"colours": True, "rest": False},
}
ROWS = [pytest.param(place, id=place.name) for place in PLACES]
UNSCRIPTED = [pytest.param(place, id=place.name) for place in PLACES if not place.is_scripted]


@pytest.fixture(autouse=True)
def _clean_bank() -> None:
    """Leave the bank as it is between the rows."""


@pytest.fixture(scope="module")
def stage(server_process: Server, django_db_blocker: "DjangoDbBlocker") -> Iterator[Stage]:
    """A bank that is set up once for all rows, and only looked at."""
    from django.db import connection

    with django_db_blocker.unblock():
        clean(connection.database)  # type: ignore[attr-defined]
        yield stage_set()


@pytest.fixture(scope="module")
def lasting_watch(server_process: Server) -> Watch:
    """The watch over the browsers that stay open from row to row."""
    return Watch(server_process.url)


@pytest.fixture(scope="module")
def visits(browser: Browser, server_process: Server, stage: Stage, lasting_watch: Watch) -> Iterator[Visits]:
    """The browsers, with scripts."""
    visits = _visits(browser, server_process, stage, lasting_watch)
    yield visits
    visits.close()


@pytest.fixture(scope="module")
def plain_visits(browser: Browser, server_process: Server, stage: Stage, lasting_watch: Watch) -> Iterator[Visits]:
    """The browsers, without scripts."""
    visits = _visits(browser, server_process, stage, lasting_watch, java_script_enabled=False)
    yield visits
    visits.close()


def _visits(browser: Browser, server: Server, stage: Stage, watch: Watch, **options: Any) -> Visits:
    return Visits(browser, url=server.url, stage=stage, watch=watch, **options)


@pytest.fixture
def silence(lasting_watch: Watch) -> Iterator[None]:
    """Fail the row that the browser complains about."""
    lasting_watch.forget()
    yield
    assert lasting_watch.complaints() == []


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
    assert problems == []


@pytest.mark.usefixtures("silence")
@pytest.mark.parametrize("place", UNSCRIPTED)
def test_a_place_needs_no_script(plain_visits: Visits, place: Place) -> None:
    page = plain_visits.go(place, theme="light", width=360)
    assert misplaced(page) == []


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
