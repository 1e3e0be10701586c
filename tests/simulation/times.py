"""When the entries are of: of the time that was asked for, or of the step that made them, and never out of order."""

from datetime import datetime

from ledger.store import books
from tests.simulation.model import Line, Model
from tests.simulation.view import Names


class Times:
    """The times of all entries so far, by account and number."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._times: dict[tuple[str, int], datetime] = {}
        self._checked: dict[str, int] = {}

    def of(self, name: str, number: int) -> datetime:
        return self._times[name, number]

    def wrong(self, model: Model, began: datetime, ended: datetime) -> list[str]:
        """Check the times of the entries that are new since the last call; return a line for each that is wrong."""
        fresh = [name for name, account in model.accounts.items() if len(account.lines) > self._checked.get(name, 0)]
        for name in fresh:
            self._read(name)
        lines = []
        for name in fresh:
            account, known = model.accounts[name], self._checked.get(name, 0)
            for number, line in enumerate(account.lines[known:], start=known + 1):
                lines += self._line_wrong(model, name, number, line, began, ended)
            self._checked[name] = len(account.lines)
        return lines

    def _read(self, name: str) -> None:
        query = {"account": self._names.ids[name], "seq": {"$gt": self._checked.get(name, 0)}}
        for entry in books().entries.find(query):
            self._times[name, int(entry["seq"])] = entry["created_at"]

    def _line_wrong(
        self, model: Model, name: str, number: int, line: Line, began: datetime, ended: datetime
    ) -> list[str]:
        found = self._times[name, number]
        mirror = next(at for at, its in enumerate(model.accounts[line.other].lines, 1) if its.payment == line.payment)
        before = [self._times[key] for key in ((name, number - 1), (line.other, mirror - 1)) if key in self._times]
        # No entry is older than the one before it, on either account.
        earliest = max([line.at or began, *before])
        latest = earliest if line.at else ended
        if earliest <= found <= latest and found == self._times[line.other, mirror]:
            return []
        return [f"{name}: entry {number} is of {found}, should be of {earliest} to {latest}"]
