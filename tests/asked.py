"""What a test itself asked of PyMongo's collections. Other threads of the process, such as the one that says every few
seconds that it lives, ask too, and are not counted."""

import threading
from dataclasses import dataclass
from typing import Any

import pytest
from pymongo.collection import Collection


@dataclass(frozen=True)
class Call:
    """A method of a collection that was called, and what with."""

    name: str
    arguments: tuple[Any, ...]


def calls_watch(monkeypatch: pytest.MonkeyPatch, *names: str) -> list[Call]:
    """Return a list that grows by each call of these methods by this thread, until the patch is undone."""
    calls: list[Call] = []
    ours = threading.get_ident()
    for name in names:
        _watch(monkeypatch, name, calls, ours)
    return calls


def _watch(monkeypatch: pytest.MonkeyPatch, name: str, calls: list[Call], ours: int) -> None:
    original: Any = getattr(Collection, name)

    def called(self: Any, *arguments: Any, **options: Any) -> Any:
        if threading.get_ident() == ours:
            calls.append(Call(name, arguments))
        return original(self, *arguments, **options)

    monkeypatch.setattr(Collection, name, called)
