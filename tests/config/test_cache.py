"""The cache on MongoDB: exact counts from any number of processes, expiry to the moment, nothing swallowed."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connections
from django.test import RequestFactory
from django_ratelimit.core import get_usage
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

from config import cache as cache_module
from config.cache import MongoCache
from tests.accounts.together import outcomes_together
from tests.asked import calls_watch

Document = dict[str, Any]
COUNTING = """
import sys, threading, django
django.setup()
from django.core.cache import caches
def count(seen):
    for _ in range(50):
        seen.append(caches["default"].incr("race"))
seen = []
threads = [threading.Thread(target=count, args=(seen,)) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
sys.stdout.write(" ".join(map(str, seen)))
"""


def counters(database: Database[Document]) -> Collection[Document]:
    """Return the collection below the cache; counters may be written without waiting for a majority."""
    return database["cache_counters"].with_options(read_concern=ReadConcern("local"))


class Clock:
    """The cache's idea of the time, which a test can move."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def cache(bank_db: object) -> MongoCache:
    """The cache of the counters."""
    made = caches["default"]
    assert isinstance(made, MongoCache)
    return made


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time, to be moved."""
    made = Clock()
    monkeypatch.setattr(cache_module, "_now", made.now)
    return made


@pytest.fixture
def dead_database(cache: MongoCache, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that does not answer."""
    client: MongoClient[Document] = MongoClient("mongodb://127.0.0.1:1/", serverSelectionTimeoutMS=20)
    monkeypatch.setattr(MongoCache, "_collection", client["test_dead"]["cache"])


@pytest.mark.parametrize(
    "value",
    [0, 7, -1, 2**62, 2**80, True, None, 1.5, "", "5", '"quoted"', "é", [1, "a", None], {"a": {"$gt": [1]}, "b.c": 2}],
)
def test_values_come_back_as_they_were(cache: MongoCache, value: Any) -> None:
    cache.set("key", value)
    got = cache.get("key", "missing")
    assert got == value
    assert type(got) is type(value)


def test_what_json_cannot_hold_is_refused(cache: MongoCache) -> None:
    with pytest.raises(TypeError):
        cache.set("key", object())
    assert "key" not in cache


def test_stored_form_is_no_pickle(bank_db: Database[Document], cache: MongoCache) -> None:
    cache.set("number", 5)
    cache.set("text", {"a": 1})
    stored = {document["_id"]: document["value"] for document in counters(bank_db).find()}
    assert stored == {":1:number": 5, ":1:text": '{"a":1}'}


def test_missing_key(cache: MongoCache) -> None:
    assert cache.get("key") is None
    assert cache.get("key", 3) == 3
    assert not cache.has_key("key")
    assert not cache.delete("key")
    assert not cache.touch("key")
    assert not cache.replace("key", 1)
    with pytest.raises(ValueError, match="key"):
        cache.incr("key")
    assert "key" not in cache


def test_add_only_stores_the_first(cache: MongoCache) -> None:
    assert cache.add("key", 1)
    assert not cache.add("key", 2)
    assert cache.get("key") == 1


def test_replace_only_stores_over_something(cache: MongoCache) -> None:
    cache.set("key", 1)
    assert cache.replace("key", 2)
    assert cache.get("key") == 2


def test_incr_and_decr(cache: MongoCache) -> None:
    cache.set("key", 2**31 - 1)
    assert cache.incr("key") == 2**31
    assert cache.incr("key", 10) == 2**31 + 10
    assert cache.decr("key", 11) == 2**31 - 1


def test_incr_keeps_the_time_to_live(cache: MongoCache, clock: Clock) -> None:
    cache.set("key", 1, timeout=100)
    clock.ahead = timedelta(seconds=60)
    cache.incr("key")
    clock.ahead = timedelta(seconds=110)
    assert cache.get("key") is None


@pytest.mark.parametrize("value", ["7", True, [1]])
def test_only_integers_count(cache: MongoCache, value: Any) -> None:
    cache.set("key", value)
    with pytest.raises(ValueError, match="count"):
        cache.incr("key")
    assert cache.get("key") == value


def test_expired_key_is_gone_before_the_database_removes_it(
    bank_db: Database[Document], cache: MongoCache, clock: Clock
) -> None:
    cache.set("key", 5, timeout=100)
    clock.ahead = timedelta(seconds=101)
    assert counters(bank_db).count_documents({}) == 1
    assert cache.get("key") is None
    assert cache.get_many(["key"]) == {}
    assert "key" not in cache
    assert not cache.touch("key", 1000)
    assert not cache.replace("key", 1)
    assert not cache.delete("key")
    with pytest.raises(ValueError, match="key"):
        cache.incr("key")


def test_add_takes_the_place_of_an_expired_key(cache: MongoCache, clock: Clock) -> None:
    cache.set("key", 5, timeout=100)
    clock.ahead = timedelta(seconds=101)
    assert cache.add("key", 1, timeout=1000)
    assert cache.get("key") == 1
    assert not cache.add("key", 2)


def test_touch_changes_the_time_to_live(cache: MongoCache, clock: Clock) -> None:
    cache.set("key", 5, timeout=100)
    assert cache.touch("key", 1000)
    clock.ahead = timedelta(seconds=900)
    assert cache.get("key") == 5


def test_without_a_timeout_a_key_stays(cache: MongoCache, clock: Clock) -> None:
    cache.set("key", 5, timeout=None)
    clock.ahead = timedelta(days=10_000)
    assert cache.get("key") == 5
    assert not cache.add("key", 1)
    assert cache.incr("key") == 6


def test_timeout_of_zero_is_over_at_once(cache: MongoCache) -> None:
    cache.set("key", 5, timeout=0)
    assert cache.get("key") is None


def test_many_keys_at_once(cache: MongoCache) -> None:
    assert cache.set_many({"a": 1, "b": [2], "c": "3"}) == []
    assert cache.set_many({}) == []
    assert cache.get_many(["a", "b", "missing"]) == {"a": 1, "b": [2]}
    cache.delete_many(["a", "missing"])
    assert cache.get_many(["a", "b", "c"]) == {"b": [2], "c": "3"}
    cache.clear()
    assert cache.get_many(["b", "c"]) == {}


def test_versions_are_apart(cache: MongoCache) -> None:
    cache.set("key", 1)
    cache.set("key", 2, version=2)
    assert (cache.get("key"), cache.get("key", version=2)) == (1, 2)


def winners_of_add(cache: MongoCache) -> list[int]:
    """Add sixteen numbers under one key at once and return those that were stored."""
    winners: list[int] = []

    def add(number: int) -> None:
        if cache.add("key", number, 1000):
            winners.append(number)

    assert outcomes_together(16, add) == {"ok": 16}
    return winners


def test_one_of_16_simultaneous_adds_wins(cache: MongoCache) -> None:
    assert winners_of_add(cache) == [cache.get("key")]


def test_one_of_16_simultaneous_adds_over_an_expired_key_wins(cache: MongoCache, clock: Clock) -> None:
    cache.set("key", -1, timeout=1)
    clock.ahead = timedelta(seconds=2)
    assert winners_of_add(cache) == [cache.get("key")]


def test_simultaneous_sets_of_a_new_key_all_succeed(cache: MongoCache) -> None:
    assert outcomes_together(16, lambda number: cache.set("key", number)) == {"ok": 16}


def test_two_processes_count_every_number_once(bank_db: Database[Document], cache: MongoCache) -> None:
    cache.add("race", 0, timeout=None)
    environment = os.environ | {
        "MONGODB_URI": str(connections["default"].settings_dict["HOST"]),
        "MONGODB_DATABASE": bank_db.name,
    }
    command = [sys.executable, "-c", COUNTING]
    processes = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert sorted(int(number) for output in outputs for number in output.split()) == list(range(1, 401))


def test_each_operation_is_one_command(cache: MongoCache, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("find_one", "update_one", "replace_one", "delete_one", "find_one_and_update", "find")
    calls = calls_watch(monkeypatch, *names)
    cache.add("key", 1)
    cache.add("key", 1)
    cache.incr("key")
    cache.touch("key")
    cache.delete("key")
    expected = ["update_one", "update_one", "find_one_and_update", "update_one", "delete_one"]
    assert [call.name for call in calls] == expected


def test_expired_documents_are_removed_by_the_database(owner_db: Database[Document]) -> None:
    assert owner_db["cache_counters"].index_information()["expires_at_1"]["expireAfterSeconds"] == 0


def test_request_limits_count_in_it(cache: MongoCache) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1")
    other = RequestFactory().get("/", REMOTE_ADDR="192.0.2.2")

    def usage(asking: Any) -> tuple[int, bool]:
        got = get_usage(asking, group="test", key="ip", rate="3/d", increment=True)
        return got["count"], got["should_limit"]

    assert [usage(request) for _ in range(4)] == [(1, False), (2, False), (3, False), (4, True)]
    assert usage(other) == (1, False)


def test_dead_database_raises(dead_database: None, cache: MongoCache) -> None:
    for name in ("get", "delete", "incr", "touch", "has_key"):
        with pytest.raises(PyMongoError):
            getattr(cache, name)("key")
    for name in ("add", "set", "replace"):
        with pytest.raises(PyMongoError):
            getattr(cache, name)("key", 1)


def test_dead_database_lets_no_request_pass_a_limit(dead_database: None) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1")
    with pytest.raises(PyMongoError):
        get_usage(request, group="test", key="ip", rate="3/d", increment=True)


@pytest.mark.parametrize(("options", "concern"), [({}, {}), ({"DURABLE": False}, {"w": 1, "j": False})])
def test_counters_may_skip_waiting_for_the_journal(bank_db: object, options: Document, concern: Document) -> None:
    collection = MongoCache("cache_counters", {"OPTIONS": options})._collection
    assert collection.write_concern.document == (concern or {"w": "majority", "j": True})
