"""Finding people. Nothing is written here, and what people type never becomes a pattern: it is compared as a range
of an index."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId
from bson.codec_options import CodecOptions
from django_mongodb_backend.queryset import RawQuerySet
from pymongo.errors import AutoReconnect

from accounts.errors import UserNotFound
from accounts.models import EMAIL_LENGTH, Role, User
from accounts.mongo import raw_collection
from accounts.rules import email_clean
from accounts.text import TextRefused, search_form, text_clean

# The largest number of people that a search for administrators looks at; with one more to know, it is the database's
# first batch.
MOST_FOUND = 100
# As far as this row pages have numbers, for what is skipped is counted one by one.
NUMBERED_ROWS = 10_000
# Among how many people a request looks for administrators at most, who have no index of their own.
MOST_EXAMINED = 10_000
_PAGE_LARGEST = 100
# No text that begins with the words sorts behind them followed by the last character there is.
_LAST_CHARACTER = "\U0010ffff"

Query = dict[str, Any]
_AWARE: CodecOptions[Query] = CodecOptions(tz_aware=True, tzinfo=UTC)


def user_get(user_id: ObjectId | str) -> User:
    """Return the person with this id.

    Raises:
        UserNotFound: there is none, or it is not an id.
    """
    return user_and_marks(user_id, collection=User._meta.db_table, marks=[])[0]


def user_and_marks(user_id: ObjectId | str, *, collection: str, marks: Sequence[str]) -> tuple[User, bool]:
    """Return the person with this id, and whether another collection has one of the marks as its `_id`.

    Every request of somebody who is signed in begins with this. So it is one round trip for both questions, and goes
    to the driver directly: the ORM takes twice the time to build and run the same query.

    Raises:
        UserNotFound: there is no such person, or it is not an id.
    """
    if not isinstance(user_id, ObjectId | str) or not ObjectId.is_valid(user_id):
        raise UserNotFound
    marked = {"$unionWith": {"coll": collection, "pipeline": [{"$match": {"_id": {"$in": list(marks)}}}]}}
    pipeline: list[Query] = [{"$match": {"_id": ObjectId(user_id)}}, *([marked] if marks else [])]
    found = {document["_id"]: document for document in _few_users(pipeline)}
    if ObjectId(user_id) not in found:
        raise UserNotFound
    return _user_of(found[ObjectId(user_id)]), len(found) > 1


def _few_users(pipeline: list[Query]) -> list[Query]:
    """Return all that an aggregation of people gives, which fits into one answer of the database.

    The plain command takes half of Python's time for `aggregate`, which is only better at a connection that broke.
    """
    users = raw_collection(User._meta.db_table).with_options(codec_options=_AWARE)
    majority = {"level": "majority"}
    try:
        reply = users.database.command(
            "aggregate", users.name, pipeline=pipeline, cursor={}, readConcern=majority, codec_options=_AWARE
        )
    except AutoReconnect:
        return list(users.aggregate(pipeline))
    found: list[Query] = reply["cursor"]["firstBatch"]
    return found


def _user_of(document: Query) -> User:
    fields = User._meta.concrete_fields
    return User.from_db(
        "default", [field.attname for field in fields], [document.get(str(field.column)) for field in fields]
    )


def user_by_email(*, email: object) -> User:
    """Return who has this address, in any case.

    Raises:
        UserNotFound: nobody has, or it is not an address.
    """
    try:
        return User.objects.get(email=email_clean(email))
    except (User.DoesNotExist, TextRefused):
        raise UserNotFound from None


def user_by_document(*, document: str) -> User:
    """Return who has this tax document, as it is stored.

    Raises:
        UserNotFound: nobody has.
    """
    # The index has only people with a document in it, and the planner takes it only for a question that says so.
    query = {"document": {"$eq": document, "$type": "string"}}
    users = raw_collection(User._meta.db_table).with_options(codec_options=_AWARE)
    found = users.find_one(query)
    if found is None:
        raise UserNotFound
    return _user_of(found)


def users_by_ids(ids: Iterable[ObjectId]) -> dict[ObjectId, User]:
    """Return the people with these ids by id, in one query; who does not exist is left out.

    Every list with names asks this, so it goes to the driver directly, as `user_and_marks` does.
    """
    wanted = list(set(ids))
    if not wanted:
        return {}
    users = raw_collection(User._meta.db_table).with_options(codec_options=_AWARE)
    return {document["_id"]: _user_of(document) for document in users.find({"_id": {"$in": wanted}})}


@dataclass(frozen=True, slots=True)
class Named:
    """An active person by id and name: all that is read of the thousands in a file of payees."""

    id: ObjectId
    name: str


def people_by_emails(emails: Iterable[str]) -> dict[str, Named]:
    """Return the active people with these addresses, in any case, by the address in lower case, in one query."""
    query = {"email": {"$in": sorted({email.lower() for email in emails})}}
    return {document["email"]: named for document, named in _named(query)}


def people_by_names(names: Iterable[str]) -> dict[str, list[Named]]:
    """Return the active people who are called like this, in two queries.

    Args:
        names: whole names in their search form (`accounts.text.search_form`).

    Returns:
        The people by that form; two of those whom several people share, for more would not help.
    """
    wanted = set(names) - {""}
    single = {name for name in wanted if " " not in name}
    found: dict[str, list[Named]] = {}
    # A single word is also the last name of many, who are not meant.
    for query in (
        {"search_names": {"$in": sorted(single)}, "last_name": ""},
        {"search_names": {"$in": sorted(wanted - single)}},
    ):
        for _, named in _named(query):
            called = search_form(named.name)
            namesakes = found.setdefault(called, []) if called in wanted else []
            if len(namesakes) < 2:
                namesakes.append(named)
    return found


def _named(query: Query) -> Iterator[tuple[Query, Named]]:
    fields = {"email": 1, "first_name": 1, "last_name": 1}
    active = {**query, "is_active": True, "is_system": False}
    for document in raw_collection(User._meta.db_table).find(active, fields):
        yield document, Named(document["_id"], f"{document['first_name']} {document['last_name']}".strip())


def people_search(*, words: str, exclude: ObjectId | None, limit: int = 20) -> list[User]:
    """Return active people whose first, last or whole name begins with the words, or whose e-mail address they are.

    Args:
        words: as typed, in any case, with or without accents.
        exclude: somebody to leave out, usually the one who asks.
        limit: the largest number of people.
    """
    matches = _name_or(words, lambda address: address)
    if matches is None:
        return []
    query: Query = {"is_active": True, "is_system": False, **matches}
    # Who is left out is left out here: as a condition on the id it would tempt the planner to walk through all ids.
    found = _people([{"$match": query}, {"$limit": _bounded(limit) + 1}])
    people = [user for user in found if user.pk != exclude][: _bounded(limit)]
    return sorted(people, key=lambda user: (search_form(user.name), str(user.pk)))


@dataclass(frozen=True, slots=True)
class UsersPage:
    """Some people, newest first.

    Args:
        total: how many there are in all; None when more than `MOST_FOUND` match the words.
        has_next: whether others follow, among those that were found.
    """

    users: list[User]
    total: int | None
    has_next: bool


def users_page(*, words: str, page: int = 1, after: tuple[datetime, ObjectId] | None = None, limit: int) -> UsersPage:
    """Return a page of all people for administrators, newest first.

    It costs the same however many people there are: without words it is read from an index, and with words at most
    `MOST_FOUND` are looked at, which are any when more match; whoever asks has to type more.

    Args:
        words: the beginning of a name or of an e-mail address; empty for everybody.
        page: from 1, as far as row `NUMBERED_ROWS`; the last such page stands for those behind it.
        after: when the last person of the page before joined, and their id, instead of `page`.
        limit: people on a page, at most 100.
    """
    limit = _bounded(limit)
    skipped = 0 if after else (min(max(page, 1), NUMBERED_ROWS // limit) - 1) * limit
    if words.strip():
        found, total = _users_named(words)
        left = [user for user in found if after is None or _place(user) < after][skipped:]
    else:
        left, total = _users_newest(after, skipped, limit + 1), users_count()
    return UsersPage(left[:limit], total, len(left) > limit)


@dataclass(frozen=True, slots=True)
class AdminsPage:
    """Some administrators, newest first; `end` is where to go on looking, None after the last person of the bank."""

    users: list[User]
    end: tuple[datetime, ObjectId] | None


def admins_page(*, after: tuple[datetime, ObjectId] | None, limit: int) -> AdminsPage:
    """Return administrators, newest first, looked for among `MOST_EXAMINED` people.

    Args:
        after: `end` of the page before.
        limit: people on a page, at most 100.
    """
    limit = _bounded(limit)
    people = _newest_from(after)
    looked_for: list[Query] = [{"$limit": MOST_EXAMINED}, {"$match": {"role": str(Role.ADMIN)}}, {"$limit": limit + 1}]
    found = _people([*people, *looked_for])
    if len(found) > limit:
        return AdminsPage(found[:limit], _place(found[limit - 1]))
    last = _people([*people, {"$skip": MOST_EXAMINED - 1}, {"$limit": 1}])
    return AdminsPage(found, _place(last[0]) if last else None)


def users_count() -> int:
    """Return how many people there are, as the collection counts them itself; after a crash it may be a few off."""
    return raw_collection(User._meta.db_table).estimated_document_count()


def users_count_between(*, since: datetime, until: datetime) -> int:
    """Return how many people joined from a time (included) to another (excluded)."""
    joined = {"created_at": {"$gte": since, "$lt": until}}
    return raw_collection(User._meta.db_table).count_documents(joined, hint="accounts_newest")


def first_user_at() -> datetime | None:
    """Return when the first person joined; None while there is nobody."""
    users = raw_collection(User._meta.db_table).with_options(codec_options=_AWARE)
    found = users.find_one({}, {"created_at": 1}, sort=[("created_at", 1), ("_id", 1)])
    return None if found is None else found["created_at"]


def _users_newest(after: tuple[datetime, ObjectId] | None, skipped: int, wanted: int) -> list[User]:
    return _people([*_newest_from(after), {"$skip": skipped}, {"$limit": wanted}])


def _newest_from(after: tuple[datetime, ObjectId] | None) -> list[Query]:
    """Return how people are read from the newest, or from a place on."""
    query: Query = {}
    if after is not None:
        # The first condition bounds the index, the second leaves out who joined in the same millisecond before.
        joined, last = after
        query = {"created_at": {"$lte": joined}, "$or": [{"created_at": {"$lt": joined}}, {"_id": {"$lt": last}}]}
    return [{"$match": query}, {"$sort": {"created_at": -1, "_id": -1}}]


def _users_named(words: str) -> tuple[list[User], int | None]:
    query = _name_or(words, _beginning)
    if query is None:
        return [], 0
    found = _people([{"$match": query}, {"$limit": MOST_FOUND + 1}])
    newest_first = sorted(found[:MOST_FOUND], key=_place, reverse=True)
    return newest_first, len(found) if len(found) <= MOST_FOUND else None


def _place(user: User) -> tuple[datetime, ObjectId]:
    """Return what people are sorted by."""
    return user.created_at, user.pk


def _name_or(words: object, email_condition: Any) -> Query | None:
    """Return the query for the words as a name or an e-mail address; None when nobody can be found by them."""
    try:
        text = text_clean(words, longest=EMAIL_LENGTH)
    except TextRefused:
        return None
    conditions: list[Query] = [{"email": email_condition(text.lower())}]
    if name := search_form(text):
        conditions.append({"search_names": {"$elemMatch": _beginning(name)}})
    return {"$or": conditions}


def _beginning(text: str) -> Query:
    return {"$gte": text, "$lt": text + _LAST_CHARACTER}


def _bounded(limit: int) -> int:
    return min(max(limit, 1), _PAGE_LARGEST)


def _people(pipeline: list[Query]) -> list[User]:
    return list(RawQuerySet(pipeline, model=User, using="default"))
