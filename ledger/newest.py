"""Reading a collection of the whole bank from its newest end, a page at a time.

Ids go in the order of time (`ledger.records.id_at`), so a list is read from the end of an index that ends in the id,
and a cursor is an id: the first page and the thousandth cost the same. What no index answers is looked for among a
bounded number of documents in each request, and the cursor leads on from there.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime

from bson.objectid import ObjectId
from pymongo.collection import Collection

from ledger.cursors import cursor_read, cursor_write
from ledger.errors import RequestInvalid
from ledger.history import MAX_LIMIT
from ledger.records import Document, first_id_at

# How many documents one request reads at most when it looks for what no index answers.
MOST_EXAMINED = 10_000
# As far as this row pages have numbers, for what is skipped is counted one by one; the cursor has no such end.
NUMBERED_ROWS = 10_000
_FEW = 10
_CURSOR = re.compile(r"id:([0-9a-f]{24})", re.ASCII)
_TOO_DEEP = "There are no page numbers this deep; go on with the cursor."


@dataclass(frozen=True, slots=True)
class Question:
    """What is wanted of a collection.

    Args:
        hint: the index to read; said, because the planner would also try others and sort what they find.
        indexed: conditions that this index answers.
        looked_for: conditions for which documents have to be read.
    """

    hint: str = "_id_"
    indexed: Document = field(default_factory=dict)
    looked_for: Document = field(default_factory=dict)


def limit_bounded(limit: int) -> int:
    """Return how many rows a page has: 1 to 50."""
    return min(max(limit, 1), MAX_LIMIT)


def rows_skipped(*, page: int | None, limit: int) -> int:
    """Return how many rows lie before a page.

    Args:
        page: from 1; None for a list that goes on at a cursor.
        limit: rows a page.

    Raises:
        RequestInvalid: it ends behind row `NUMBERED_ROWS`.
    """
    number = max(page or 1, 1)
    if number * limit > NUMBERED_ROWS:
        raise RequestInvalid("page", _TOO_DEEP)
    return (number - 1) * limit


def ids_between(since: datetime | None, until: datetime | None) -> Document:
    """Return the time from `since` (included) to `until` (excluded) as a condition on ids; nothing without both."""
    bounds = {"$gte": since, "$lt": until}
    ids = {operator: first_id_at(moment) for operator, moment in bounds.items() if moment is not None}
    return {"_id": ids} if ids else {}


def newest(
    collection: Collection[Document], question: Question, *, page: int | None, cursor: str | None, limit: int
) -> tuple[list[Document], str | None]:
    """Return a page of documents, newest first, and the cursor that leads on, None after the last one.

    Args:
        collection: has an index that ends in `_id`, newest first.
        question: what is wanted.
        page: from 1, unless there is a cursor.
        cursor: as it was returned with an earlier page.
        limit: rows a page, 1 to 50.

    Raises:
        CursorInvalid: the cursor was not made here.
        RequestInvalid: the page lies too deep for a number.
    """
    skipped = 0 if cursor else rows_skipped(page=page, limit=limit)
    before: list[Document] = [{"_id": {"$lt": _id_of(cursor)}}] if cursor else []
    where = {"$and": [question.indexed, *before]}
    found = _find(collection, question, where, skipped, limit + 1)
    if len(found) > limit:
        return found[:limit], _cursor_after(found[limit - 1]["_id"])
    end = _end_of_search(collection, question, where) if question.looked_for else None
    if end is None:
        return found, None
    if skipped and not found:
        raise RequestInvalid("page", _TOO_DEEP)
    # What came in meanwhile moves the end towards the newest; nothing that was found is shown again for it.
    return found, _cursor_after(min([end, *(document["_id"] for document in found)]))


def _find(
    collection: Collection[Document], question: Question, where: Document, skipped: int, wanted: int
) -> list[Document]:
    rest: list[Document] = [{"$skip": skipped}, {"$limit": wanted}]
    if not question.looked_for:
        return _newest_of(collection, question, where, rest)
    found: list[Document] = []
    # The database reads all that it may look into at once, so a few are tried first: mostly they hold the page.
    for examined in (min(skipped + _FEW * wanted, MOST_EXAMINED), MOST_EXAMINED):
        search: list[Document] = [{"$limit": examined}, {"$match": question.looked_for}]
        found = _newest_of(collection, question, where, [*search, *rest])
        if len(found) == wanted:
            break
    return found


def _newest_of(
    collection: Collection[Document], question: Question, where: Document, stages: list[Document]
) -> list[Document]:
    pipeline: list[Document] = [{"$match": where}, {"$sort": {"_id": -1}}, *stages]
    return list(collection.aggregate(pipeline, hint=question.hint))


def _end_of_search(collection: Collection[Document], question: Question, where: Document) -> ObjectId | None:
    """Return the id of the last document that a search looked into, None if it reached the end of the list."""
    last = collection.find(where, {"_id": 1}, hint=question.hint).sort("_id", -1).skip(MOST_EXAMINED - 1).limit(1)
    return next((document["_id"] for document in last), None)


def _cursor_after(last: ObjectId) -> str:
    return cursor_write(f"id:{last}")


def _id_of(cursor: str) -> ObjectId:
    (text,) = cursor_read(cursor, _CURSOR)
    return ObjectId(text)
