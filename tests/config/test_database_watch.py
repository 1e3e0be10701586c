"""Slow commands to the database are told, without what was sent."""

from typing import Any

import pytest
import structlog
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import ExecutionTimeout
from structlog.testing import LogCapture

from config.database_watch import SlowCommands


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    capture = LogCapture()
    logger = structlog.wrap_logger(None, processors=[capture], wrapper_class=structlog.make_filtering_bound_logger(0))
    monkeypatch.setattr("config.database_watch._log", logger)
    return capture.entries


def watched(database: Database[dict[str, Any]], slow_ms: int) -> MongoClient[dict[str, Any]]:
    from django.conf import settings

    return MongoClient(settings.DATABASES["default"]["HOST"], event_listeners=[SlowCommands(slow_ms)])


def test_a_slow_command_is_told(bank_db: Database[dict[str, Any]], lines: list[Any]) -> None:
    with watched(bank_db, 20) as client:
        client[bank_db.name]["ledger_accounts"].find_one(
            {"note": {"$ne": "for the flat"}, "$where": "sleep(50) || true"}
        )
    (line,) = lines
    assert (line["event"], line["command"], line["collection"]) == ("database_slow", "find", "ledger_accounts")
    assert line["ms"] >= 50
    assert "for the flat" not in str(line)


def test_a_failed_one_with_its_code(bank_db: Database[dict[str, Any]], lines: list[Any]) -> None:
    waits = {"$where": "sleep(2000) || true"}
    with watched(bank_db, 20) as client, pytest.raises(ExecutionTimeout):
        client[bank_db.name]["ledger_accounts"].find_one(waits, max_time_ms=50)
    assert [(line["command"], line["code"]) for line in lines] == [("find", 50)]


def test_a_quick_one_is_not(bank_db: Database[dict[str, Any]], lines: list[Any]) -> None:
    with watched(bank_db, 5_000) as client:
        client[bank_db.name]["ledger_accounts"].find_one({})
    assert lines == []
