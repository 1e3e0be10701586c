"""Proof that a load left the books right: nothing acknowledged is missing, nothing is there twice."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bson.objectid import ObjectId

from banking.bench.people import Customer
from banking.bench.plans import AMOUNT_MINOR
from banking.bench.series import Turn
from banking.bench.server import BenchError
from ledger.records import CREDIT
from ledger.store import books
from ledger.verify import verify


@contextmanager
def proven(customers: Sequence[Customer], *, each: int = 1) -> Iterator[list[Turn]]:
    """Compare what the customers received in the block with what its turns had acknowledged, and verify the books.

    Args:
        customers: everybody who is paid in the block.
        each: how many transfers a request makes.

    Yields:
        A list for the block's turns.

    Raises:
        BenchError: money was lost or came twice, or the books are wrong.
    """
    accounts = [customer.account for customer in customers]
    before = _received_minor(accounts)
    turns: list[Turn] = []
    yield turns
    received = (_received_minor(accounts) - before) // AMOUNT_MINOR
    least = each * sum(turn.acknowledged for turn in turns)
    # What was asked for and not answered may have been done.
    most = least + each * sum(turn.lost for turn in turns)
    if not least <= received <= most:
        raise BenchError(f"{least} transfers were acknowledged, and the accounts received {received}.")
    books_check()


def books_check() -> None:
    """Raise BenchError when the ledger's own proof finds anything wrong."""
    violations = verify().violations
    if violations:
        raise BenchError(f"The books are wrong after the load: {violations[0]}")


def _received_minor(accounts: list[ObjectId]) -> int:
    credits = {"$match": {"account": {"$in": accounts}, "direction": CREDIT}}
    rows = books().entries.aggregate([credits, {"$group": {"_id": None, "sum": {"$sum": "$amount_minor"}}}])
    return sum(int(row["sum"]) for row in rows)
