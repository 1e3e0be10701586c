"""The cache of the limits: it counts in one command what django-ratelimit asks for in two."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import caches
from pymongo.errors import PyMongoError

from config import cache as cache_module
from config.cache import CountingCache


@pytest.fixture
def cache(bank_db: object) -> CountingCache:
    made = caches["limits"]
    assert isinstance(made, CountingCache)
    return made


def test_add_counts_and_incr_says_what_was_counted(cache: CountingCache) -> None:
    assert cache.add("key", 1, 60)
    assert not cache.add("key", 1, 60)
    assert cache.incr("key") == 2
    # Not asked for twice in a row as django-ratelimit does: then it counts, as in any cache.
    assert cache.incr("key") == 3
    assert cache.get("key") == 3


def test_what_was_counted_is_told_for_its_own_key_only(cache: CountingCache) -> None:
    for name in ("a", "a", "b"):
        cache.add(name, 1, 60)
    assert cache.incr("a") == 3
    cache.add("b", 1, 60)
    assert cache.incr("b", 5) == 7


def test_an_expired_key_begins_anew(cache: CountingCache, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.add("key", 1, 60)
    cache.add("key", 1, 3_600)
    later = datetime.now(UTC) + timedelta(seconds=61)
    monkeypatch.setattr(cache_module, "_now", lambda: later)
    assert cache.add("key", 1, 3_600)
    assert not cache.add("key", 1, 3_600)
    assert cache.incr("key") == 2


def test_many_at_once_are_given_every_number_once(cache: CountingCache) -> None:
    def count(number: int) -> int:
        mine: Any = caches["limits"]
        # Many begin a new key together, which the database must not refuse to any of them.
        key = f"key {number // 100}"
        return 1 if mine.add(key, 1, 60) else int(mine.incr(key))

    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(count, range(1_000)))
    assert sorted(found) == sorted([*range(1, 101)] * 10)


def test_a_dead_database_raises(cache: CountingCache, monkeypatch: pytest.MonkeyPatch) -> None:
    def dead(*args: Any, **options: Any) -> None:
        raise PyMongoError("away")

    monkeypatch.setattr(type(cache._collection), "find_one_and_update", dead)
    with pytest.raises(PyMongoError):
        cache.add("key", 1, 60)
