"""One style sheet and one script, made of all their parts."""

from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from pytest_django.fixtures import Settings

from config.bundles import BUNDLES, SCRIPTS, STYLES, BundleFinder

ROOT = Path(__file__).resolve().parents[2] / "static"


def found(name: str) -> str:
    path = finders.find(name)
    assert isinstance(path, str)
    return Path(path).read_text()


@pytest.mark.parametrize("kind", ["css", "js"])
def test_every_part_stands_in_a_bundle_once(kind: str) -> None:
    parts = [path for bundle in BUNDLES.values() for path in bundle.parts(ROOT)]
    assert sorted(path for path in parts if path.suffix == f".{kind}") == sorted(ROOT.rglob(f"*.{kind}"))


def test_the_tokens_come_first_because_they_order_the_layers() -> None:
    assert STYLES.parts(ROOT)[0].name == "tokens.css"
    assert found("css/site.css").index("@layer tokens, base, layout, components, pages, print;") < 1_000


def test_addresses_in_a_style_sheet_stay_right() -> None:
    text = found("css/site.css")
    assert 'url("../img/rosette.svg")' in text
    assert 'url("../../' not in text
    moved = STYLES.adapt(
        "css/components/a.css", 'url("../../img/a.svg") url("#b") url("/c") url("data:d") url("e.svg")'
    )
    assert moved == 'url("../img/a.svg") url("#b") url("/c") url("data:d") url("components/e.svg")'


def test_our_scripts_cannot_meet_and_those_of_others_stay_as_they_are() -> None:
    assert SCRIPTS.adapt("js/a.js", "const a = 1;\n") == "{\nconst a = 1;\n}\n"
    vendored = next(ROOT.glob("vendor/htmx*.js")).read_text()
    assert found("js/site.js").startswith(vendored)


def test_an_edited_part_is_there_with_the_next_page(settings: Settings, tmp_path: Path) -> None:
    settings.STATIC_SOURCE, settings.BUNDLES_ROOT = tmp_path / "static", tmp_path / "made"
    part = tmp_path / "static/css/base.css"
    part.parent.mkdir(parents=True)
    for colour in ("red", "blue"):
        part.write_text(f"a {{ color: {colour} }}")
        finder = BundleFinder()
        path = finder.find("css/site.css")
        assert isinstance(path, str)
        assert Path(path).read_text() == f"a {{ color: {colour} }}"
        assert [name for name, _ in finder.list(None)] == ["css/site.css", "js/site.js"]
    assert finder.find("css/base.css") == []
    assert [path.name for path in (tmp_path / "made/css").iterdir()] == ["site.css"]
