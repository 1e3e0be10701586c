"""What others have made is there as they made it, with its licence, and is named in static/vendor/README.md."""

import hashlib
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parents[2] / "static"
README = (STATIC / "vendor" / "README.md").read_text()
SUMS = {
    "vendor/htmx-2.0.11.min.js": "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717",
    "fonts/geist-latin-wght-normal.woff2": "19f9c92546aa300c312235e3125af1b81394d8db9a4bc4a425cd5b641d2d54e1",
    "fonts/geist-latin-ext-wght-normal.woff2": "824f485b5d26e2f2da3c2b236132ece1bc8e4e43373452950bb0e40548b4313f",
}
LICENCES = {"vendor/htmx-LICENSE.txt": "Zero-Clause BSD", "fonts/geist-LICENSE.txt": "SIL OPEN FONT LICENSE"}


@pytest.mark.parametrize("name", SUMS)
def test_a_vendored_file_is_unchanged_and_named(name: str) -> None:
    assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == SUMS[name]
    assert f"`{name}`" in README


@pytest.mark.parametrize("name", LICENCES)
def test_its_licence_is_beside_it(name: str) -> None:
    assert LICENCES[name] in (STATIC / name).read_text()
    assert f"`{name}`" in README


def test_nothing_of_others_is_missing_in_the_list() -> None:
    files = {str(path.relative_to(STATIC)) for folder in ("vendor", "fonts") for path in (STATIC / folder).iterdir()}
    assert files == {*SUMS, *LICENCES, "vendor/README.md"}


def test_the_version_of_htmx_is_the_one_it_says() -> None:
    version = "2.0.11"
    assert f'version:"{version}"' in (STATIC / f"vendor/htmx-{version}.min.js").read_text()
