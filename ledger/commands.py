"""Reading and writing the ledger's collections in a transaction, by the database's own commands.

A round trip of the driver's convenient helpers takes half as much of Python's time again as the plain command, and a
transfer makes half a dozen of them. The session says which transaction they belong to, and with which guarantees.
"""

import time
from collections.abc import Sequence
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError

from ledger import instruments
from ledger.records import Document


def find(in_: Collection[Document], query: Document, at_most: int, session: ClientSession) -> list[Document]:
    """Return the documents of a query, as the session's transaction sees them.

    Args:
        in_: the collection.
        query: finds no more than `at_most` documents, which fit into one answer of the database.
        at_most: from 1.
        session: the transaction's.
    """
    reply = _run(in_, session, "find", filter=query, batchSize=at_most, limit=at_most, singleBatch=True)
    found: list[Document] = reply["cursor"]["firstBatch"]
    return found


def insert(into: Collection[Document], documents: Sequence[Document], session: ClientSession) -> None:
    """Insert documents, all of them, as part of the session's transaction.

    Raises:
        BulkWriteError: one was refused, by a unique index or by the validator; the transaction is lost.
    """
    _run(into, session, "insert", documents=documents)


def update(into: Collection[Document], updates: Sequence[Document], session: ClientSession) -> int:
    """Make updates, each `{"q": query, "u": change}` for at most one document, as part of the session's transaction.

    Returns:
        How many of them found their document.

    Raises:
        BulkWriteError: one was refused by the validator; the transaction is lost.
    """
    return int(_run(into, session, "update", updates=updates)["n"])


def _run(into: Collection[Document], session: ClientSession, command: str, **arguments: Any) -> Document:
    began = time.monotonic()
    try:
        reply: Document = into.database.command(
            command, into.name, codec_options=into.codec_options, session=session, **arguments
        )
    finally:
        instruments.database_called(command, into.name, time.monotonic() - began)
    if reply.get("writeErrors"):
        raise BulkWriteError(reply)
    return reply
