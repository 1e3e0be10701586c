"""The checks of a verification in the order in which they are made, each of which can stop and go on later.

A part begins at a cursor (None at first), costs what its budget says, and returns the cursor of the next part, or None
at the end. A cursor is a plain document, so that it can be kept. `ledger.verify` makes all parts on one snapshot,
`ledger.inspection` each on its own.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import NamedTuple

from bson.int64 import Int64
from pymongo.client_session import ClientSession

from ledger import store
from ledger.checkpoint_check import heads_check, latest_root_check, statements_check
from ledger.checkpoints import public_keys
from ledger.findings import CHAIN, CHECKPOINT, I1, I2, I3, I4, I5, I6, TOTALS, Report
from ledger.invariants import Place
from ledger.records import Document
from ledger.sums import balances_check, indexes_check, totals_check
from ledger.walk import ACCOUNTS_BEGIN, accounts_walk, transactions_walk

# A leaf and a signature cost several times as much as an entry.
_AS_DEAR_AS_ENTRIES = 5

Part = Callable[[ClientSession, Document | None, int, Report], Document | None]


class Phase(NamedTuple):
    """A part of a verification.

    Args:
        name: what is checked.
        part: checks some of it.
        proves: what is known when it is over (`proved_by`).
    """

    name: str
    part: Part
    proves: tuple[str, ...]


def _accounts(session: ClientSession, cursor: Document | None, budget: int, report: Report) -> Document | None:
    begin = ACCOUNTS_BEGIN if cursor is None else Place(**cursor)
    place = accounts_walk(session, begin=begin, budget=budget, report=report)
    return None if place is None else _place_document(place)


def _place_document(place: Place) -> Document:
    return {name: Int64(value) if type(value) is int else value for name, value in asdict(place).items()}


def _transactions(session: ClientSession, cursor: Document | None, budget: int, report: Report) -> Document | None:
    after = None if cursor is None else cursor["after"]
    last = transactions_walk(session, after=after, budget=budget, report=report)
    return None if last is None else {"after": last}


def _heads(session: ClientSession, cursor: Document | None, budget: int, report: Report) -> Document | None:
    limit, done, last = 1 + budget // _AS_DEAR_AS_ENTRIES, 0, ""
    for last, violation in heads_check(session, after=cursor["after"] if cursor else "", limit=limit):  # noqa: B007
        done += 1
        if violation is not None:
            report.add(*violation)
    return {"after": last} if done == limit else None


def _statements(session: ClientSession, cursor: Document | None, budget: int, report: Report) -> Document | None:
    limit, after = 1 + budget // _AS_DEAR_AS_ENTRIES, Int64(0) if cursor is None else cursor["after"]
    report.add_all(statements_check(session, public_keys(), after=after, limit=limit))
    numbers = store.at_moment(store.CHECKPOINTS, session).find({"_id": {"$gt": after}}, {"_id": 1}, session=session)
    last = next(numbers.sort("_id", 1).skip(limit - 1).limit(1), None)
    return None if last is None else {"after": last["_id"]}


def _sums(session: ClientSession, cursor: Document | None, budget: int, report: Report) -> Document | None:
    balances_check(session, report)
    totals_check(session, report)
    indexes_check(report)
    report.add_all(latest_root_check(session))
    return None


PHASES = (
    Phase("accounts", _accounts, (I2, I5, CHAIN)),
    Phase("transactions", _transactions, (I4,)),
    Phase("heads", _heads, ()),
    Phase("statements", _statements, ()),
    Phase("sums", _sums, (I1, I3, I6, TOTALS, CHECKPOINT)),
)


def proved_by(phase: Phase) -> tuple[str, ...]:
    """Return what holds, unless it was found broken, when a phase is over."""
    # Without keys nobody has looked at the signatures.
    return tuple(code for code in phase.proves if code != CHECKPOINT or public_keys())
