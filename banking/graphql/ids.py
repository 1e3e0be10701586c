"""Ids that are opaque: the kind of a thing and its id in the database, as one text."""

import re

from bson.objectid import ObjectId

from banking.errors import FieldsInvalid
from ledger.cursors import cursor_read, cursor_write
from ledger.errors import CursorInvalid

ACCOUNT, TRANSACTION = "Account", "Transaction"
_GLOBAL = re.compile(rf"({ACCOUNT}|{TRANSACTION}):([0-9a-f]{{24}})", re.ASCII)
_PLAIN = re.compile(r"[0-9a-f]{24}", re.ASCII)


def id_write(kind: str, id: ObjectId) -> str:
    """Return the opaque id of a thing."""
    return cursor_write(f"{kind}:{id}")


def id_read(text: str, name: str = "id") -> tuple[str, ObjectId]:
    """Return the kind and the id that an opaque id names.

    Args:
        text: as it was sent.
        name: of the field that it was sent in.

    Raises:
        FieldsInvalid: it was not made here.
    """
    try:
        kind, plain = cursor_read(text, _GLOBAL)
    except CursorInvalid as error:
        raise FieldsInvalid({name: ["This is not an id of this bank."]}) from error
    found = kind, ObjectId(plain)
    if id_write(*found) != text:
        # The same id in another spelling would be another key for whoever caches by it.
        raise FieldsInvalid({name: ["This is not an id of this bank."]})
    return found


def id_of_kind(text: str, kind: str, name: str = "id") -> ObjectId:
    """Return the id of a thing of this kind, from its opaque id or as REST and the pages write it.

    Account numbers are what people tell one another, so whoever wants to be paid need not know of opaque ids.

    Raises:
        FieldsInvalid: it is no id, or that of something else.
    """
    if _PLAIN.fullmatch(text):
        return ObjectId(text)
    found, id = id_read(text, name)
    if found != kind:
        raise FieldsInvalid({name: [f"This is not the id of {'an account' if kind == ACCOUNT else 'a transaction'}."]})
    return id
