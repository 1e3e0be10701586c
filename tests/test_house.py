"""Rules of the house that no linter knows: no float holds money, nothing is printed, HTTP stays out of the ledger."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ("ledger", "banking", "accounts")
SOURCES = [path for app in APPS for path in sorted((ROOT / app).rglob("*.py"))]
_HTTP = ("django.http", "django.views", "django.template", "django.shortcuts", "django.urls", "rest_framework")


def floats_of_money(tree: ast.AST) -> Iterator[int]:
    """Yield the lines where money could become a float: `float(…)`, or a division of an amount."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float":
            yield node.lineno
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and _names_money(node):
            yield node.lineno
        if isinstance(node, ast.AnnAssign | ast.arg) and _annotates_money_as_float(node):
            yield node.lineno


def _names_money(node: ast.AST) -> bool:
    names = {getattr(inner, "id", None) or getattr(inner, "attr", None) for inner in ast.walk(node)}
    words = {str(inner.value) for inner in ast.walk(node) if isinstance(inner, ast.Constant)}
    return any(name is not None and name.endswith("_minor") for name in names | words)


def _annotates_money_as_float(node: ast.AnnAssign | ast.arg) -> bool:
    name = node.arg if isinstance(node, ast.arg) else getattr(node.target, "id", "")
    annotation = "" if node.annotation is None else ast.unparse(node.annotation)
    return name.endswith("_minor") and "float" in annotation


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_float_ever_holds_money(path: Path) -> None:
    assert list(floats_of_money(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize(
    "line",
    ["x = float(y)", "x = amount_minor / 100", "x = row['balance_minor'] / 2", "def f(amount_minor: float): ..."],
)
def test_the_check_for_floats_finds_them(line: str) -> None:
    assert list(floats_of_money(ast.parse(line))) == [1]


def test_http_stays_out_of_the_ledger() -> None:
    found = {name for path in (ROOT / "ledger").rglob("*.py") for name in imports(ast.parse(path.read_text()))}
    assert [name for name in found if name.startswith(_HTTP)] == []


def test_every_requirement_is_pinned_and_says_what_it_is_for() -> None:
    lines = [
        line
        for name in ("requirements.txt", "requirements-dev.txt")
        for line in (ROOT / name).read_text().splitlines()
        if line and not line.startswith(("#", "-r "))
    ]
    assert all("==" in line.split("#")[0] and line.partition("#")[2].strip() for line in lines)
