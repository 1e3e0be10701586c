"""The health checks: one asks only the process, the other the database."""

import pytest
from django.test import Client
from pymongo import MongoClient

from banking import health
from config.embedded import free_port


@pytest.fixture
def dead_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Point the checks at a port on which nobody listens."""
    monkeypatch.setattr(health, "client", lambda: MongoClient("127.0.0.1", free_port(), connect=False))
    monkeypatch.setattr(health, "DATABASE_SECONDS", 0.2)


def test_a_living_process_needs_no_database(dead_database: None) -> None:
    response = Client().get("/healthz")
    assert (response.status_code, response.json()) == (200, {"success": True})
    assert "no-store" in response["Cache-Control"]


def test_ready_with_a_writable_database(bank_db: object) -> None:
    response = Client().get("/readyz")
    assert (response.status_code, response.json()) == (200, {"success": True})


def test_not_ready_without_a_database(dead_database: None) -> None:
    response = Client().get("/readyz")
    assert (response.status_code, response.json()) == (503, {"success": False})


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_only_asking_is_allowed(path: str) -> None:
    assert Client().post(path).status_code == 405
