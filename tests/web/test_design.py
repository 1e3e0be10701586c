"""The style page: there in development only, with every component on it, and without the database."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.fallback import FallbackStorage
from django.template import engines
from django.test import RequestFactory
from pytest_django.fixtures import Settings

from banking.web.states import LOOKS, look_of
from banking.web.views import design
from tests.web.visitor import Visitor

COMPONENTS = Path(__file__).resolve().parents[2] / "templates" / "components"


@pytest.fixture
def html(settings: Settings, rf: RequestFactory) -> str:
    """The page, made where every query is refused."""
    settings.FLORIN_ENV = "development"
    request: Any = rf.get("/design")
    request.user = AnonymousUser()
    request.session = {}
    request._messages = FallbackStorage(request)
    response = design.design(request)
    assert response.status_code == 200
    return str(getattr(response, "content", b"").decode())


@pytest.mark.parametrize("environment", ["test", "production"])
def test_there_is_no_such_page_outside_development(bank_db: object, settings: Settings, environment: str) -> None:
    settings.FLORIN_ENV = environment
    assert Visitor().get("/design").status == 404


@pytest.mark.parametrize("path", sorted(COMPONENTS.glob("*.html")), ids=lambda path: path.name)
def test_every_component_is_on_it_in_both_themes(html: str, path: Path) -> None:
    assert f"<code>components/{path.name}</code>" in html
    states = engines["django"].get_template(f"pages/design/{path.name}").template  # type: ignore[attr-defined]
    # Shown by a tag of the same name, or included.
    assert re.search(rf"components/{path.name}|component \"{path.stem}\"|{{% {path.stem} ", states.source)


def test_it_shows_every_token_and_state(html: str) -> None:
    names = design.tokens()
    assert {"paper", "accent", "danger-soft", "coin-ink"} <= set(names["colours"])
    assert all(names.values())
    for name in names["colours"]:
        assert html.count(f'fill="var(--{name})"') == 2
    for look in LOOKS.values():
        assert f"{look.label}</span>" in html


def test_ids_are_not_repeated(html: str) -> None:
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert {id_ for id_ in ids if ids.count(id_) > 1} == set()


def test_its_dialog_is_a_page_without_script_and_a_part_with_it(bank_db: object, settings: Settings) -> None:
    settings.FLORIN_ENV = "development"
    assert "<h1>Freeze this account?</h1>" in Visitor().get("/design?dialog").response.content.decode()
    part = Visitor().get("/design?dialog", **{"HX-Request": "true"}).response.content.decode()
    assert 'id="dialog-heading"' in part
    assert "<html" not in part


def test_a_state_that_nobody_has_named_is_written_as_it_is() -> None:
    assert look_of("HALF_WAY").label == "Half way"
