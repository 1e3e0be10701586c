"""What a collection is without its documents: options (with the validator) and indexes (with their times to live).

It is kept as mongodump keeps it, in MongoDB's extended JSON (version 2, canonical), which tells 32 from 64 bits.
"""

import json
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from bson import json_util
from pymongo.database import Database

from banking.backup.errors import BackupDamaged, BackupRefused

Bank = Database[dict[str, Any]]

_CANONICAL = json_util.CANONICAL_JSON_OPTIONS
_READING = json_util.JSONOptions(json_mode=json_util.JSONMode.CANONICAL, document_class=dict)
# Options that make a view or a collection of time series.
_OTHER_KINDS = {"viewOn", "timeseries"}
_DURABLE = {"w": "majority", "j": True}


@dataclass(frozen=True, slots=True)
class Shape:
    """One collection: its name, the options it was made with, its indexes, and the id of this very collection."""

    name: str
    options: dict[str, Any]
    indexes: list[dict[str, Any]]
    uuid: str = ""

    @property
    def rules(self) -> str:
        """Options and indexes in a form that can be compared; the order of the keys counts in an index alone."""
        indexes = sorted(_comparable(index) for index in self.indexes)
        return _text(self.options, sort=True) + "".join(indexes)

    @property
    def validator(self) -> dict[str, Any]:
        """The rules that each document has to obey; empty when there are none."""
        found: dict[str, Any] = self.options.get("validator", {})
        return found


def shapes_of(database: Bank) -> list[Shape]:
    """Return the shapes of all collections of a database, by name; the server's own ones are left out.

    Raises:
        BackupRefused: there is a view, or a kind of collection that is not known here.
    """
    found = [info for info in database.list_collections() if not info["name"].startswith("system.")]
    for info in found:
        if info["type"] != "collection":
            raise BackupRefused(f"{info['name']} is a {info['type']}, which only mongodump can back up.")
    return sorted((_shape(database, info) for info in found), key=lambda shape: shape.name)


def _shape(database: Bank, info: MutableMapping[str, Any]) -> Shape:
    indexes = [dict(index) for index in database[info["name"]].list_indexes()]
    return Shape(info["name"], dict(info["options"]), indexes, bytes(info["info"]["uuid"]).hex())


def shape_write(shape: Shape) -> bytes:
    """Return the shape as mongodump's metadata."""
    document = {
        "options": shape.options,
        "indexes": shape.indexes,
        "uuid": shape.uuid,
        "collectionName": shape.name,
        "type": "collection",
    }
    return _text(document).encode()


def shape_read(content: bytes, *, name: str) -> Shape:
    """Return the shape that stands in mongodump's metadata.

    Args:
        content: the file's.
        name: of the collection by the file's name; what stands inside counts more.

    Raises:
        BackupDamaged: it cannot be read.
    """
    try:
        document = json_util.loads(content.decode(), json_options=_READING)
        indexes = [{key: value for key, value in index.items() if key != "ns"} for index in document["indexes"]]
        found = Shape(document.get("collectionName", name), document.get("options") or {}, indexes)
        # Older tools name no type.
        is_known = document.get("type", "collection") == "collection" and not _OTHER_KINDS & found.options.keys()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupDamaged(f"The metadata of {name} cannot be read.") from error
    if not is_known:
        raise BackupDamaged(f"{name} is no ordinary collection; only mongorestore can bring it back.")
    return found


def shape_make(database: Bank, shape: Shape) -> None:
    """Make the collection, with nothing in it and no index but the one of its ids."""
    # `autoIndexId` was an option of servers that are long gone, and mongodump still finds it in old collections.
    options = {name: value for name, value in shape.options.items() if name != "autoIndexId"}
    database.command({"create": shape.name, **options, "writeConcern": _DURABLE})


def indexes_make(database: Bank, shape: Shape) -> None:
    """Make the collection's indexes, all in one command."""
    wanted = [index for index in shape.indexes if list(index["key"]) != ["_id"]]
    if wanted:
        database.command({"createIndexes": shape.name, "indexes": wanted, "writeConcern": _DURABLE})


def _comparable(index: dict[str, Any]) -> str:
    # Numbers that an older server kept as a double mean the same.
    key = [(name, int(way) if isinstance(way, int | float) else way) for name, way in index["key"].items()]
    rest = {name: value for name, value in index.items() if name not in ("key", "v", "background")}
    return _text(rest, sort=True) + _text({"key": key})


def _text(document: Any, *, sort: bool = False) -> str:
    text = json_util.dumps(document, json_options=_CANONICAL)
    return json.dumps(json.loads(text), sort_keys=True) if sort else text
