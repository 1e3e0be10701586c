"""Payment runs as they are kept: a document for each run, and one for each of its lines.

A *payment run* is a list of payees that a customer uploaded to pay in one go. Ten thousand lines are too much for one
document, so each line is its own, and says by itself what became of it: what a run has done so far is never counted
anywhere but in its lines.

The lines belong to a *check* of the run. Checking again writes new lines under a new check and then points the run to
them in one write, so nobody ever sees, or pays, half of a check.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson.objectid import ObjectId
from pymongo.collection import Collection

from ledger.store import database

RUNS = "banking_payment_runs"
LINES = "banking_payment_lines"

# States of a run. CHECKING is one whose lines are still being written; nobody sees it.
CHECKING, CHECKED, PAYING, DONE = "CHECKING", "CHECKED", "PAYING", "DONE"

# States of a line. WRONG cannot be paid, LEFT_OUT was paid by an earlier run and is not to be paid again.
WRONG, READY, LEFT_OUT, PAID, FAILED = "WRONG", "READY", "LEFT_OUT", "PAID", "FAILED"

Document = dict[str, Any]


def runs() -> Collection[Document]:
    return database()[RUNS]


def lines() -> Collection[Document]:
    return database()[LINES]


@dataclass(frozen=True, slots=True)
class Run:
    """A payment run as it stood when it was read.

    Args:
        name: of the file.
        digest: tells the content from every other one.
        occurrence: 1, or how often the same content has been uploaded to be paid again on purpose.
        check: the check whose lines count.
        line_count, ready_count, ready_minor: what the check found, in lines and minor units.
        paid_count, paid_minor: what was paid, once the run is done.
        address: from where it was confirmed.
        lease_until: until when somebody is at work on it.
        stalled_at: since when nobody is, because the database did not answer for too long.
    """

    id: ObjectId
    owner: ObjectId
    account: ObjectId
    currency: str
    name: str
    digest: str
    occurrence: int
    status: str
    check: ObjectId
    line_count: int
    ready_count: int
    ready_minor: int
    paid_count: int
    paid_minor: int
    address: str
    created_at: datetime
    checked_at: datetime | None
    confirmed_at: datetime | None
    done_at: datetime | None
    lease_until: datetime | None
    stalled_at: datetime | None

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Run:
        values = {name: document[name] for name in cls.__slots__ if name != "id"}
        for name in ("occurrence", "line_count", "ready_count", "ready_minor", "paid_count", "paid_minor"):
            values[name] = int(values[name])
        return cls(id=document["_id"], **values)

    @property
    def is_repeated(self) -> bool:
        """Whether the same list had been paid before, and is to be paid again on purpose."""
        return self.occurrence > 1


@dataclass(frozen=True, slots=True)
class RunLine:
    """One line of a run.

    Args:
        number: of the line in the file.
        payee, amount, note: as typed.
        receiver, name: whose account it is, when it was found.
        amount_minor: minor units of the run's currency, when it could be read.
        code, problem: why it was not paid: for programs, and as sentences for people.
        twin: another line pays the same account the same amount.
        repeats: an earlier run has paid the same account the same amount with the same note.
        transaction: what the ledger recorded.
        twin_number, is_copy: which line it resembles, and whether even the note is the same; where it was looked up.
    """

    id: ObjectId
    number: int
    payee: str
    amount: str
    note: str
    receiver: ObjectId | None
    name: str
    amount_minor: int | None
    state: str
    code: str | None
    problem: str
    twin: bool
    repeats: bool
    transaction: ObjectId | None
    twin_number: int | None = None
    is_copy: bool = False

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> RunLine:
        values = {name: document[name] for name in cls.__slots__ if name in document}
        if values["amount_minor"] is not None:
            values["amount_minor"] = int(values["amount_minor"])
        return cls(id=document["_id"], **values)


def line_key(run: ObjectId, number: int) -> str:
    """Return the idempotency key of a line: always the same one, so that no line is ever paid twice."""
    return f"run-{run}-{number}"
