"""What services say is told in the reader's language, also what was kept in English; no sentence is forgotten."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils.translation import override

from banking.sentences import SENTENCES, told
from ledger.money import format_for_people

ROOT = Path(__file__).resolve().parent.parent.parent
# What speaks to programs and to operators at a command line stays English; pages and letters mark their texts.
_ENGLISH = (
    *("accounts/management", "accounts/managers.py", "accounts/migrations", "ledger/management", "ledger/migrations"),
    *("banking/api", "banking/backup", "banking/bench", "banking/graphql", "banking/management", "banking/openapi"),
    *("banking/demo.py", "banking/sentences.py", "banking/web", "banking/templatetags", "banking/outbox/letters.py"),
    *("ledger/proof.py", "ledger/receipt_check.py", "banking/apps.py"),
    *(
        "banking/amounts.py",
        "banking/statements",
        "banking/outbox/place.py",
        "ledger/checkpoints.py",
        "ledger/signing.py",
    ),
)
SOURCES = [
    path
    for app in ("accounts", "banking", "ledger")
    for path in sorted((ROOT / app).rglob("*.py"))
    if not str(path.relative_to(ROOT)).startswith(_ENGLISH)
]
_SENTENCE = re.compile(r"[A-Z_“].*\s.*[.?…]", re.DOTALL)


def sentences(tree: ast.AST) -> Iterator[str]:
    """Yield what is written as a sentence and is no docstring; `_` stands for what is put in."""
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "_" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner | docs:
            text = node.value
        else:
            continue
        if _SENTENCE.fullmatch(text):
            yield text


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_sentence_of_a_service_is_in_the_table(path: Path) -> None:
    with override("pt-br"):
        missing = [text for text in sentences(ast.parse(path.read_text())) if told(text) == text]
    assert missing == []


def test_the_search_for_sentences_finds_them() -> None:
    code = (
        'def f():\n    """A docstring here."""\n'
        '    raise X("Not so. " "But so.", f"It has {count} lines.", f"{name} has none.", "no", "A heading")\n'
    )
    assert sorted(sentences(ast.parse(code))) == ["It has _ lines.", "Not so. But so.", "_ has none."]


@pytest.mark.parametrize(
    ("english", "portuguese"),
    [
        ("There is no such account.", "Esta conta não existe."),
        ("It has more than 10,000 lines. Split it into several files.", "Há mais de 10.000 linhas. Divida em vários"),
        ("USD has 2 decimals; the amount has 3.", "USD tem 2 casas decimais; o valor tem 3."),
        # Two sentences of the table, of which the first itself is two.
        ("There is no account with this number. Check it with the payee. There is no amount.", "Falta o valor."),
        ("The server answered 503.", "O servidor respondeu 503."),
        ("An operator's own words. And more.", "An operator's own words. And more."),
        ("", ""),
    ],
)
def test_a_sentence_is_told_in_the_language_of_the_page(english: str, portuguese: str) -> None:
    assert told(english) == english
    with override("pt-br"):
        assert portuguese in told(english)


@pytest.mark.parametrize(("currency", "written"), [("INR", "₹ 10.000,00"), ("USD", "US$ 10.000,00")])
def test_an_amount_in_a_sentence_is_written_by_the_language(currency: str, written: str) -> None:
    sentence = f"One transfer can be at most {format_for_people(1_000_000, currency)}. Split it into several lines."
    with override("pt-br"):
        assert written in told(sentence).replace("\N{NO-BREAK SPACE}", " ")


def test_no_sentence_of_the_table_is_taken_for_another() -> None:
    from banking.sentences import _told

    with override("pt-br"):
        assert len({_told(sentence) for sentence in SENTENCES}) == len(set(SENTENCES))
