"""Finding people. Nothing is written here, and what people type never becomes a pattern: it is compared as a range
of an index."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from bson import ObjectId
from bson.codec_options import CodecOptions
from django_mongodb_backend.queryset import RawQuerySet

from accounts.errors import UserNotFound
from accounts.models import EMAIL_LENGTH, User
from accounts.mongo import raw_collection
from accounts.rules import email_clean
from accounts.text import TextRefused, search_form, text_clean

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
    users = raw_collection(User._meta.db_table).with_options(codec_options=_AWARE)
    marked = {"$unionWith": {"coll": collection, "pipeline": [{"$match": {"_id": {"$in": list(marks)}}}]}}
    pipeline: list[Query] = [{"$match": {"_id": ObjectId(user_id)}}, *([marked] if marks else [])]
    found = {document["_id"]: document for document in users.aggregate(pipeline)}
    if ObjectId(user_id) not in found:
        raise UserNotFound
    return _user_of(found[ObjectId(user_id)]), len(found) > 1


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


def users_by_ids(ids: Iterable[ObjectId]) -> dict[ObjectId, User]:
    """Return the people with these ids by id, in one query; who does not exist is left out."""
    wanted = set(ids)
    if not wanted:
        return {}
    return {user.pk: user for user in User.objects.filter(pk__in=wanted)}


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
    if exclude is not None:
        query["_id"] = {"$ne": exclude}
    people = _people([{"$match": query}, {"$limit": _bounded(limit)}])
    return sorted(people, key=lambda user: (search_form(user.name), str(user.pk)))


def users_page(*, words: str, page: int, limit: int) -> tuple[list[User], int]:
    """Return a page of all people for administrators, newest first, and how many there are in all.

    Args:
        words: the beginning of a name or of an e-mail address; empty for everybody.
        page: from 1.
        limit: people on a page, at most 100.
    """
    query: Query | None = _name_or(words, _beginning) if words.strip() else {}
    if query is None:
        return [], 0
    limit = _bounded(limit)
    newest_first = {"$sort": {"created_at": -1, "_id": -1}}
    people = _people([{"$match": query}, newest_first, {"$skip": (max(page, 1) - 1) * limit}, {"$limit": limit}])
    return people, raw_collection(User._meta.db_table).count_documents(query)


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
