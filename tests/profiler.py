"""What the database really did: every command that was sent to it, with what it examined, by its own profiler."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pymongo.database import Database

from ledger.store import PROCESSES
from tests.database import owner_database

Document = dict[str, Any]

_READS = ("find", "aggregate", "count", "distinct")
# What a command says besides its question, which `explain` does not take.
_MANNERS = {"lsid", "readConcern", "txnNumber", "maxTimeMS", "autocommit", "startTransaction"}


@dataclass
class Operation:
    """One command as it was run.

    Args:
        kind: `find`, `aggregate`, `update`, ...
        command: exactly what was sent.
        keys, documents: how many index keys and documents were examined for it.
        sorted_in_memory: whether its result was collected and sorted instead of being read in order.
    """

    kind: str
    command: Document
    keys: int
    documents: int
    sorted_in_memory: bool

    @property
    def is_read(self) -> bool:
        return self.kind in _READS or self.goes_on

    @property
    def goes_on(self) -> bool:
        """Whether it fetches what did not fit into the first answer of another."""
        return self.kind == "getmore"


@contextmanager
def watched(database: Database[Document]) -> Iterator[list[Operation]]:
    """Give a list that has the operations on this database when the block has ended."""
    found: list[Operation] = []
    database = owner_database(database.name)
    database["system.profile"].drop()
    database.command("profile", 2)
    try:
        yield found
    finally:
        database.command("profile", 0)
    found += [_operation(entry) for entry in database["system.profile"].find().sort("$natural", 1) if _counts(entry)]
    database["system.profile"].drop()


def explained(database: Database[Document], operation: Operation) -> Document:
    """Run exactly this command again and return how the database did it."""
    command = {
        name: value
        for name, value in operation.command.items()
        if name not in _MANNERS and not name.startswith("$") and name != "cursor"
    }
    if operation.kind == "aggregate":
        command["cursor"] = {}
    found: Document = database.command("explain", command, verbosity="executionStats")
    return found


def stages_of(plan: object) -> Iterator[str]:
    """Yield the names of all stages of what `explained` returned, of plans that lost not."""
    if isinstance(plan, dict):
        for name, value in plan.items():
            if name in {"stage", "stages"} and isinstance(value, str):
                yield value
            elif name == "collectionScans" and value:
                yield "COLLSCAN"
            elif name != "rejectedPlans":
                yield from stages_of(value)
    elif isinstance(plan, list):
        for inner in plan:
            yield from stages_of(inner)


def _counts(entry: Document) -> bool:
    # A process says now and then that it lives, whatever the test does.
    if entry["ns"].endswith(f".{PROCESSES}"):
        return False
    return not any(name in entry["command"] for name in ("profile", "endSessions", "abortTransaction"))


def _operation(entry: Document) -> Operation:
    command = entry["command"]
    return Operation(
        kind=entry["op"] if entry["op"] != "command" and entry["op"] != "query" else next(iter(command)),
        command=command,
        keys=entry.get("keysExamined", 0),
        documents=entry.get("docsExamined", 0),
        sorted_in_memory=entry.get("hasSortStage", False),
    )
