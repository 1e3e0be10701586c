"""Browser sessions: there, gone at once when ended, and never mistaken for empty when the database pauses."""

from typing import Any

import pytest
from django.contrib.sessions.backends.base import CreateError, UpdateError
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import PyMongoError

from accounts import session_records
from accounts.session_records import record_find, record_id
from accounts.session_store import SessionStore

Document = dict[str, Any]


@pytest.fixture
def stored(bank_db: object) -> SessionStore:
    """A session of somebody."""
    session = SessionStore()
    session["who"] = "Olivia"
    session.save()
    return session


def test_session_is_read_back(stored: SessionStore) -> None:
    again = SessionStore(stored.session_key)
    assert again["who"] == "Olivia"
    again["more"] = [1, {"a": None}]
    again.save()
    assert SessionStore(stored.session_key)["more"] == [1, {"a": None}]


def test_unknown_key_is_an_empty_session_under_another_key(bank_db: object) -> None:
    session = SessionStore("k" * 32)
    assert session.get("who") is None
    assert session.session_key is None


@pytest.mark.parametrize("key", ["../../etc/passwd", "\x00" * 32, "k" * 5000, '{"$gt": ""}', "é" * 32])
def test_nonsense_key_is_an_empty_session(stored: SessionStore, key: str) -> None:
    assert SessionStore(key).get("who") is None


def test_ended_session_is_gone_at_once(bank_db: Database[Document], stored: SessionStore) -> None:
    key = stored.session_key
    stored.flush()
    assert SessionStore(key).get("who") is None
    assert bank_db["accounts_sessions"].count_documents({}) == 0


def test_ended_session_is_not_brought_back_by_a_slower_request(stored: SessionStore) -> None:
    slower = SessionStore(stored.session_key)
    slower["late"] = True
    stored.flush()
    with pytest.raises(UpdateError):
        slower.save()
    assert record_find(record_id(str(slower.session_key))) is None


def test_taken_key_is_not_overwritten(stored: SessionStore) -> None:
    with pytest.raises(CreateError):
        SessionStore(stored.session_key).save(must_create=True)
    assert SessionStore(stored.session_key)["who"] == "Olivia"


def test_key_changes_at_sign_in_and_keeps_the_content(stored: SessionStore) -> None:
    old = stored.session_key
    stored.cycle_key()
    assert stored.session_key != old
    assert SessionStore(stored.session_key)["who"] == "Olivia"
    assert SessionStore(old).get("who") is None


def test_dead_database_is_not_an_empty_session(stored: SessionStore, monkeypatch: pytest.MonkeyPatch) -> None:
    client: MongoClient[Document] = MongoClient("mongodb://127.0.0.1:1/", serverSelectionTimeoutMS=20)
    monkeypatch.setattr(session_records, "_records", lambda: client["test_dead"]["sessions"])
    with pytest.raises(PyMongoError):
        SessionStore(stored.session_key).load()
