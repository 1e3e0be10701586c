"""Payment runs as their owner reads them. Fetching a run is authorising it; strangers find nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bson.int64 import Int64
from bson.objectid import ObjectId

from accounts.models import User
from banking.errors import RunNotFound
from banking.run_records import (
    CHECKING,
    DONE,
    FAILED,
    LEFT_OUT,
    PAID,
    READY,
    WRONG,
    Document,
    Run,
    RunLine,
    lines,
    runs,
)
from ledger.money import format_plain

LINES_A_PAGE = 50
RUNS_A_PAGE = 10
_LARGEST_PAGE = 10_000

# What of the lines is wanted, by the word in the address.
SHOWS: dict[str, Document] = {
    "all": {},
    "wrong": {"state": WRONG},
    "doubtful": {"state": READY, "$or": [{"twin": True}, {"repeats": True}]},
    "ready": {"state": READY},
    "unpaid": {"state": {"$in": [FAILED, WRONG, LEFT_OUT]}},
    "paid": {"state": PAID},
}
RESULT_COLUMNS = ("line", "payee", "name", "account", "amount", "currency", "note", "status", "reason", "transaction")
UNPAID_COLUMNS = ("payee", "amount", "note", "problem")
_STATUSES = {PAID: "paid", FAILED: "failed", WRONG: "not paid", LEFT_OUT: "left out", READY: "not paid yet"}


@dataclass(frozen=True, slots=True)
class Tally:
    """How many lines of a run are in each state, and their sums in minor units; counted in the lines themselves."""

    counts: dict[str, int]
    sums_minor: dict[str, int]
    doubtful_count: int
    twin_count: int
    repeat_count: int
    repeat_minor: int

    @property
    def line_count(self) -> int:
        return sum(self.counts.values())

    @property
    def ready_count(self) -> int:
        return self.counts.get(READY, 0)

    @property
    def ready_minor(self) -> int:
        return self.sums_minor.get(READY, 0)

    @property
    def rest_minor(self) -> int:
        """What is to be paid without the lines that an earlier run has paid."""
        return self.ready_minor - self.repeat_minor

    @property
    def wrong_count(self) -> int:
        return self.counts.get(WRONG, 0)

    @property
    def paid_count(self) -> int:
        return self.counts.get(PAID, 0)

    @property
    def paid_minor(self) -> int:
        return self.sums_minor.get(PAID, 0)

    @property
    def failed_count(self) -> int:
        return self.counts.get(FAILED, 0)

    @property
    def failed_minor(self) -> int:
        return self.sums_minor.get(FAILED, 0)

    @property
    def left_out_count(self) -> int:
        return self.counts.get(LEFT_OUT, 0)

    @property
    def unpaid_count(self) -> int:
        return self.failed_count + self.wrong_count + self.left_out_count

    @property
    def correctable_count(self) -> int:
        """How many lines could be corrected and uploaded again."""
        return self.failed_count + self.wrong_count

    @property
    def done_count(self) -> int:
        """How many of those that are to be paid have been decided."""
        return self.paid_count + self.failed_count

    @property
    def due_count(self) -> int:
        """How many are to be paid in all."""
        return self.done_count + self.ready_count


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a list, and where in it they are."""

    items: list[Any]
    page: int
    pages: int

    @property
    def previous_page(self) -> int | None:
        return self.page - 1 if self.page > 1 else None

    @property
    def next_page(self) -> int | None:
        return self.page + 1 if self.page < self.pages else None


def run_get_for_user(*, user: User, run_id: object) -> Run:
    """Return a person's own run.

    Raises:
        RunNotFound: there is none, or it is somebody else's; the two look the same.
    """
    if not isinstance(run_id, ObjectId):
        if not isinstance(run_id, str) or len(run_id) != 24 or not ObjectId.is_valid(run_id):
            raise RunNotFound
        run_id = ObjectId(run_id)
    document = runs().find_one({"_id": run_id, "owner": user.pk, "status": {"$ne": CHECKING}})
    if document is None:
        raise RunNotFound
    return Run.of(document)


def runs_page(*, user: User, page: int) -> Page:
    """Return a page of a person's runs, newest first."""
    mine = {"owner": user.pk, "status": {"$ne": CHECKING}}
    total = runs().count_documents(mine)
    pages, number = _bounded(page, total, RUNS_A_PAGE)
    newest = runs().find(mine).sort([("created_at", -1), ("_id", -1)])
    found = newest.skip((number - 1) * RUNS_A_PAGE).limit(RUNS_A_PAGE)
    return Page([Run.of(document) for document in found], number, pages)


def run_paid_before(run: Run) -> Run | None:
    """Return the latest earlier run of the same list that paid something, None when there is none."""
    same = {"account": run.account, "digest": run.digest, "checked_at": {"$type": "date"}}
    earlier = {**same, "occurrence": {"$lt": run.occurrence}, "status": DONE, "paid_count": {"$gt": 0}}
    document = runs().find_one(earlier, sort=[("occurrence", -1)])
    return None if document is None else Run.of(document)


def run_count_of(run: Run, code: str) -> int:
    """Return how many lines of a run cannot be paid for this reason."""
    return lines().count_documents({"run": run.id, "check": run.check, "state": WRONG, "code": code})


def run_tally(run: Run) -> Tally:
    """Count the lines of a run by what became of them."""
    sums = {"count": {"$sum": 1}, "minor": {"$sum": {"$ifNull": ["$amount_minor", 0]}}}
    groups = {"_id": {"state": "$state", "twin": "$twin", "repeats": "$repeats"}, **sums}
    found = list(lines().aggregate([{"$match": {"run": run.id, "check": run.check}}, {"$group": groups}]))
    counts: dict[str, int] = {}
    minor: dict[str, int] = {}
    for group in found:
        state = group["_id"]["state"]
        counts[state] = counts.get(state, 0) + group["count"]
        minor[state] = minor.get(state, 0) + int(group["minor"])
    ready = [group for group in found if group["_id"]["state"] == READY]
    repeated = [group for group in ready if group["_id"]["repeats"]]
    return Tally(
        counts=counts,
        sums_minor=minor,
        doubtful_count=sum(one["count"] for one in ready if one["_id"]["twin"] or one["_id"]["repeats"]),
        twin_count=sum(one["count"] for one in ready if one["_id"]["twin"]),
        repeat_count=sum(one["count"] for one in repeated),
        repeat_minor=sum(int(one["minor"]) for one in repeated),
    )


def run_lines_page(*, run: Run, show: str, page: int) -> Page:
    """Return a page of a run's lines in the order of the file.

    Args:
        run: fetched for its owner.
        show: one of SHOWS.
        page: from 1; one behind the last is the last.
    """
    wanted = {"run": run.id, "check": run.check, **SHOWS[show]}
    pages, number = _bounded(page, lines().count_documents(wanted), LINES_A_PAGE)
    found = lines().find(wanted).sort("number", 1).skip((number - 1) * LINES_A_PAGE).limit(LINES_A_PAGE)
    return Page(_with_twins(run, [RunLine.of(document) for document in found]), number, pages)


def _with_twins(run: Run, found: Sequence[RunLine]) -> list[RunLine]:
    """Say of each line of a page that has a twin which one it is, in two queries for all of them."""
    twins = [line for line in found if line.twin and line.state == READY]
    if not twins:
        return list(found)
    copies = _numbers(run, twins, ("receiver", "amount_minor", "note"))
    alike = _numbers(run, twins, ("receiver", "amount_minor"))
    return [_with_twin(line, copies, alike) if line in twins else line for line in found]


def _numbers(run: Run, twins: Sequence[RunLine], names: Sequence[str]) -> dict[tuple[Any, ...], list[int]]:
    """Return the first two of the lines that are the same in these fields, one of which is another line, by them."""
    same = [{name: _stored(getattr(line, name)) for name in names} for line in twins]
    wanted = {"run": run.id, "check": run.check, "state": READY, "$or": same}
    group = {"_id": {name: f"${name}" for name in names}, "numbers": {"$firstN": {"input": "$number", "n": 2}}}
    steps: list[Document] = [{"$match": wanted}, {"$sort": {"number": 1}}, {"$group": group}]
    return {tuple(one["_id"][name] for name in names): one["numbers"] for one in lines().aggregate(steps)}


def _stored(value: Any) -> Any:
    return Int64(value) if isinstance(value, int) else value


def _with_twin(
    line: RunLine, copies: dict[tuple[Any, ...], list[int]], alike: dict[tuple[Any, ...], list[int]]
) -> RunLine:
    """Return the line with its exact copy, or else the first line with the same payee and amount."""
    payment = (line.receiver, line.amount_minor)
    copy = [number for number in copies.get((*payment, line.note), []) if number != line.number]
    others = copy or [number for number in alike.get(payment, []) if number != line.number]
    return replace(line, twin_number=int(others[0]), is_copy=bool(copy)) if others else line


def result_rows(run: Run) -> Iterator[tuple[str, ...]]:
    """Yield all lines of a run with what became of them, as text, headings first; read bit by bit."""
    yield RESULT_COLUMNS
    for document in lines().find({"run": run.id, "check": run.check}).sort("number", 1):
        line = RunLine.of(document)
        yield (
            str(line.number),
            line.payee,
            line.name,
            str(line.receiver or ""),
            line.amount if line.amount_minor is None else format_plain(line.amount_minor, run.currency),
            run.currency,
            line.note,
            _STATUSES[line.state],
            line.problem,
            str(line.transaction or ""),
        )


def unpaid_rows(run: Run) -> Iterator[tuple[str, ...]]:
    """Yield the lines that were not paid as a new file of payees, to be corrected and uploaded again."""
    yield UNPAID_COLUMNS
    wanted = {"run": run.id, "check": run.check, "state": {"$in": [FAILED, WRONG]}}
    for line in lines().find(wanted).sort("number", 1):
        yield (line["payee"], line["amount"], line["note"], line["problem"])


def _bounded(page: int, total: int, size: int) -> tuple[int, int]:
    """Return how many pages there are, and the one that was asked for or the nearest that there is."""
    pages = max(1, -(-total // size))
    return pages, min(max(page, 1), pages, _LARGEST_PAGE)
