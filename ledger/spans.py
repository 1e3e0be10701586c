"""Reading a list from any place in it in both directions, a bounded number of lines at a time.

A place is the key of a line and not a count of lines, so what is added between two pages moves nothing: no line is
shown twice and none is passed over. The key stands in an index, so every page costs the same at any depth.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from bson.objectid import ObjectId
from pymongo.collection import Collection

from ledger.cursors import cursor_read, cursor_write
from ledger.records import Document

Record = TypeVar("Record")

_PLACE = re.compile(r"id:([0-9a-f]{24})", re.ASCII)
_ANY_ID = {"$type": "objectId"}


@dataclass(frozen=True, slots=True)
class Span:
    """Which part of a list is wanted.

    Args:
        limit: lines at most, from 1.
        place: the cursor of the line to go on from, which is not read again; None to begin at the list's own end.
        backwards: read from there towards the beginning of the list.
    """

    limit: int
    place: str | None = None
    backwards: bool = False


@dataclass(frozen=True, slots=True)
class Line(Generic[Record]):
    """A record and the cursor of its place."""

    cursor: str
    record: Record


@dataclass(frozen=True, slots=True)
class Stretch(Generic[Record]):
    """Lines in the order of the list, whichever way they were read.

    Args:
        has_more: whether others follow in the direction of reading.
    """

    lines: Sequence[Line[Record]]
    has_more: bool


def stretch_of(read: Sequence[Line[Record]], span: Span) -> Stretch[Record]:
    """Return what was read for a span, one line more than wanted included if there is one."""
    kept = read[: span.limit]
    return Stretch(kept[::-1] if span.backwards else kept, len(read) > span.limit)


def documents_span(
    collection: Collection[Document], where: Document, *, hint: str, newest_first: bool, span: Span
) -> Stretch[Document]:
    """Return documents in the order of their ids.

    Args:
        collection: its ids are ObjectIds; documents with others are not among the lines.
        where: conditions that the index answers.
        hint: the index to read.
        newest_first: the order of the list, whichever way it is read.
        span: which part of it.

    Raises:
        CursorInvalid: the cursor was not made here.
    """
    downwards = newest_first != span.backwards
    bound = _ANY_ID if span.place is None else {"$lt" if downwards else "$gt": _id_of(span.place)}
    found = collection.find({**where, "_id": bound}, hint=hint).sort("_id", -1 if downwards else 1)
    return stretch_of([Line(_cursor_of(document), document) for document in found.limit(span.limit + 1)], span)


def _cursor_of(document: Document) -> str:
    return cursor_write(f"id:{document['_id']}")


def _id_of(cursor: str) -> ObjectId:
    (text,) = cursor_read(cursor, _PLACE)
    return ObjectId(text)
