"""Django's cache on MongoDB, for all processes: the counters of the request limits.

One document for a key: `_id` is the key, `expires_at` the time after which it does not exist any more, `value` an
integer as it is or anything else as JSON; nothing is ever unpickled. A TTL index, made by a migration, removes expired
documents within a minute or so; no operation waits for that, each looks at `expires_at` itself.

Each operation is one command to the database, and atomic there, so `add` and `incr` count exactly from any number of
processes. If the database is down they raise: a limit that cannot count must not let everybody through.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from bson.codec_options import CodecOptions
from bson.int64 import Int64
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.db import connections
from pymongo import ReplaceOne, ReturnDocument
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

Document = dict[str, Any]
_AWARE: CodecOptions[Document] = CodecOptions(tz_aware=True, tzinfo=UTC)
_FAST = {"write_concern": WriteConcern(w=1, j=False), "read_concern": ReadConcern("local")}
_INT64 = range(-(2**63), 2**63)


class MongoCache(BaseCache):
    """A cache whose `LOCATION` names a collection.

    The option `DURABLE` (true unless set otherwise) says whether a write waits until a majority of the replica set
    has it in its journal. Counters need not, and are several times faster without.
    """

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self._collection_name = location
        durable = (params.get("OPTIONS") or {}).get("DURABLE", True)
        self._concerns: dict[str, Any] = {} if durable else _FAST

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Store a value unless the key has one; return whether it was stored."""
        expired = {"_id": self.make_key(key, version), "expires_at": {"$lte": _now()}}
        try:
            # A living document is not matched, and the insert of the upsert then collides with it.
            self._collection.update_one(expired, {"$set": self._content(value, timeout)}, upsert=True)
        except DuplicateKeyError:
            return False
        return True

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """Return the value of a key, or the default."""
        document = self._collection.find_one({"_id": self.make_key(key, version)})
        return _decoded(document["value"]) if document and _lives(document) else default

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        """Store a value, whatever was there."""
        self._collection.replace_one({"_id": self.make_key(key, version)}, self._content(value, timeout), upsert=True)

    def replace(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Store a value only if the key has one; return whether it was stored."""
        result = self._collection.update_one(
            _living(self.make_key(key, version)), {"$set": self._content(value, timeout)}
        )
        return result.matched_count == 1

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Give a key a new time to live; return whether it was there."""
        result = self._collection.update_one(
            _living(self.make_key(key, version)), {"$set": {"expires_at": self._expires_at(timeout)}}
        )
        return result.matched_count == 1

    def delete(self, key: Any, version: int | None = None) -> bool:
        """Remove a key; return whether it was there."""
        return self._collection.delete_one(_living(self.make_key(key, version))).deleted_count == 1

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Add to an integer and return the sum; the time to live stays.

        Raises:
            ValueError: the key is not there or its value is not an integer.
        """
        countable = {**_living(self.make_key(key, version)), "value": {"$type": ["int", "long"]}}
        document = self._collection.find_one_and_update(
            countable, {"$inc": {"value": Int64(delta)}}, {"value": 1}, return_document=ReturnDocument.AFTER
        )
        if document is None:
            raise ValueError(f"Key '{key}' is not there or does not count.")
        return int(document["value"])

    def get_many(self, keys: Iterable[Any], version: int | None = None) -> dict[Any, Any]:
        """Return the values of those keys that have one."""
        names = {self.make_key(key, version): key for key in keys}
        found = self._collection.find({"_id": {"$in": list(names)}})
        return {names[document["_id"]]: _decoded(document["value"]) for document in found if _lives(document)}

    def set_many(
        self, data: Mapping[Any, Any], timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> list[Any]:
        """Store several values; return the keys that failed, which are none: a failure raises."""
        writes = [
            ReplaceOne({"_id": self.make_key(key, version)}, self._content(value, timeout), upsert=True)
            for key, value in data.items()
        ]
        if writes:
            self._collection.bulk_write(writes, ordered=False)
        return []

    def delete_many(self, keys: Iterable[Any], version: int | None = None) -> None:
        """Remove several keys."""
        self._collection.delete_many({"_id": {"$in": [self.make_key(key, version) for key in keys]}})

    def clear(self) -> None:
        """Remove everything in this collection."""
        self._collection.delete_many({})

    @property
    def _collection(self) -> Collection[Document]:
        # Looked up at every call: bound once, it would belong to another database in tests.
        database = cast(Any, connections["default"]).database
        return cast(
            Collection[Document],
            database[self._collection_name].with_options(codec_options=_AWARE, **self._concerns),
        )

    def _content(self, value: Any, timeout: Any) -> Document:
        return {"value": _encoded(value), "expires_at": self._expires_at(timeout)}

    def _expires_at(self, timeout: Any) -> datetime | None:
        seconds = self.get_backend_timeout(timeout)
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


class CountingCache(MongoCache):
    """The cache of django-ratelimit, which counts with `add` and, if somebody has counted before, with `incr`.

    Here `add` alone does both in one command: the key gets the value, or the value is added to its integer. The
    `incr` that follows in the same thread is answered from that, so a request is counted in one round trip, not two.
    Django makes one such object for each thread.
    """

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(location, params)
        self._counted: tuple[str, int] | None = None

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Count; return whether this was the first."""
        name = self.make_key(key, version)
        count = self._count(name, Int64(value), self._expires_at(timeout))
        self._counted = None if count == value else (name, count)
        return self._counted is None

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Return what `add` has just counted, else count."""
        counted, self._counted = self._counted, None
        if counted is not None and counted[0] == self.make_key(key, version) and delta == 1:
            return counted[1]
        return super().incr(key, delta, version)

    def _count(self, name: str, value: Int64, expires_at: datetime | None) -> int:
        lives = {"$gt": ["$expires_at", _now()]}
        change = {
            "value": {"$cond": [lives, {"$add": ["$value", value]}, value]},
            "expires_at": {"$cond": [lives, "$expires_at", expires_at]},
        }
        document: Any = self._collection.find_one_and_update(
            {"_id": name}, [{"$set": change}], {"value": 1}, upsert=True, return_document=ReturnDocument.AFTER
        )
        return int(document["value"])


def _encoded(value: Any) -> Int64 | str:
    # Integers stay integers, so that the database can add to them; a bool is not one.
    if type(value) is int and value in _INT64:
        return Int64(value)
    return json.dumps(value, separators=(",", ":"))


def _decoded(stored: int | str) -> Any:
    return json.loads(stored) if isinstance(stored, str) else int(stored)


def _living(name: str) -> Document:
    return {"_id": name, "$or": [{"expires_at": None}, {"expires_at": {"$gt": _now()}}]}


def _lives(document: Document) -> bool:
    expires_at: datetime | None = document["expires_at"]
    return expires_at is None or expires_at > _now()


def _now() -> datetime:
    return datetime.now(UTC)
