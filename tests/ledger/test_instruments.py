"""What the ledger tells about its work is what it did, and is told of the request that asked for it."""

import dataclasses
import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest
import structlog
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import REGISTRY
from pytest_django import Settings
from structlog.testing import LogCapture

from ledger import instruments
from ledger.committer import Committer
from ledger.errors import TryAgain
from ledger.records import Account
from ledger.rules import Instruction
from ledger.store import books
from tests.ledger.conftest import Opener, attempt, send
from tests.ledger.test_committer import Gate, gate, order, pair, submit_behind  # noqa: F401 - the fixtures
from tests.ledger.test_failpoints import failing

_EVERY = structlog.make_filtering_bound_logger(0)


def number(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


def asked_as(instruction: Instruction, request_id: str) -> Instruction:
    return dataclasses.replace(instruction, origin=dataclasses.replace(instruction.origin, request_id=request_id))


@pytest.fixture
def orders(pair: tuple[Account, Account]) -> list[Instruction]:  # noqa: F811
    """Four orders of four requests."""
    return [asked_as(order(*pair, key=f"k{index}"), f"request-{index}") for index in range(4)]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The log lines of the committer and of transactions, as they are told of a request."""
    capture = LogCapture()
    told: list[Any] = [structlog.contextvars.merge_contextvars, capture]
    logger = structlog.wrap_logger(None, processors=told, wrapper_class=_EVERY)
    monkeypatch.setattr("ledger.committer._log", logger)
    monkeypatch.setattr("ledger.atomic._log", logger)
    return capture.entries


# --- request ids ------------------------------------------------------------------------------------------------


def test_in_a_group_each_audit_record_names_its_own_request(gate: Gate, orders: list[Instruction]) -> None:  # noqa: F811
    submit_behind(gate, orders[0], orders[1:])
    assert [len(group) for group in gate.groups] == [1, 3]
    keys = {document["_id"]: document["key"] for document in books().transactions.find()}
    told = {
        keys.get(record["subject"]): record["request_id"] for record in books().audit.find({"event": {"$ne": None}})
    }
    assert {key: told[key] for key in ("k0", "k1", "k2", "k3")} == {f"k{n}": f"request-{n}" for n in range(4)}


def test_what_is_logged_of_a_group_names_its_size_and_no_request(
    gate: Gate,  # noqa: F811
    orders: list[Instruction],
    lines: list[Any],
) -> None:
    def break_groups(batch: Sequence[Instruction]) -> None:
        if len(batch) > 1:
            raise RuntimeError("a group that cannot be posted")

    gate.before = break_groups
    submit_behind(gate, orders[0], orders[1:])
    (line,) = [line for line in lines if line["event"] == "group_broken"]
    assert (line["group_requests"], line["group_size"], line["size"]) == (3, 3, 3)
    assert "request_id" not in line


def test_what_is_logged_of_one_request_names_it(open_account: Opener, lines: list[Any]) -> None:
    one, two = open_account(100), open_account()
    with structlog.contextvars.bound_contextvars(request_id="request-1"), _conflicts(None):
        attempt(one, two, 1, "k", deadline_seconds=0.3)
    (line,) = lines
    # Which of the two depends on where the deadline finds it: between two tries, or in one.
    assert line["event"] in {"transaction_gave_up", "transaction_not_confirmed"}
    assert line["request_id"] == "request-1"


# --- metrics ----------------------------------------------------------------------------------------------------


def _conflicts(times: int | None) -> Any:
    return failing(["update"], times=times, errorCode=112, errorLabels=["TransientTransactionError"])


def retries(cause: str) -> float:
    return number("florin_transaction_retries_total", cause=cause)


def test_write_conflicts_are_counted(open_account: Opener) -> None:
    one, two = open_account(100), open_account()
    before = retries("write_conflict")
    with _conflicts(2):
        send(one, two, 1, "k")
    assert retries("write_conflict") == before + 2


def test_a_key_that_is_sent_again_is_a_duplicate(open_account: Opener) -> None:
    one, two = open_account(100), open_account()
    send(one, two, 1, "k")
    before = retries("duplicate_key")
    assert send(one, two, 1, "k").replayed
    assert retries("duplicate_key") == before + 1


def test_a_wrong_guess_is_found_by_the_guard(open_account: Opener) -> None:
    one, two = open_account(100), open_account()
    send(one, two, 1, "k")
    books().accounts.update_one({"_id": one.id}, {"$inc": {"version": 1}})
    before = retries("guard")
    send(one, two, 1, "k2")
    assert retries("guard") == before + 1


def test_giving_up_is_counted(open_account: Opener) -> None:
    one, two = open_account(100), open_account()
    before = (
        number("florin_transactions_given_up_total"),
        number("florin_transfers_total", outcome="try_again", reason=""),
    )
    with _conflicts(None):
        assert isinstance(attempt(one, two, 1, "k", deadline_seconds=0.3), TryAgain)
    after = (
        number("florin_transactions_given_up_total"),
        number("florin_transfers_total", outcome="try_again", reason=""),
    )
    assert after == (before[0] + 1, before[1] + 1)


def test_sizes_and_waits_of_groups_are_counted(gate: Gate, orders: list[Instruction]) -> None:  # noqa: F811
    names = ("florin_posting_batch_size_sum", "florin_posting_batch_size_count", "florin_posting_seconds_count")
    waits = ("florin_committer_wait_seconds_count", "florin_turn_wait_seconds_count")
    before = [number(name) for name in (*names, *waits)]
    submit_behind(gate, orders[0], orders[1:])
    assert [number(name) - was for name, was in zip((*names, *waits), before, strict=True)] == [4, 2, 2, 4, 2]


def test_who_waits_is_seen_while_waiting(gate: Gate, orders: list[Instruction]) -> None:  # noqa: F811
    committer = Committer()
    threads = [threading.Thread(target=committer.submit, args=[one]) for one in orders[:3]]
    threads[0].start()
    assert gate.entered.wait(10)
    for thread in threads[1:]:
        thread.start()
    deadline = time.monotonic() + 10
    while number("florin_committer_waiting") != 2:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    gate.open.set()
    for thread in threads:
        thread.join(20)
    assert number("florin_committer_waiting") == 0


# --- traces -----------------------------------------------------------------------------------------------------


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """The spans that end, as a receiver would get them."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(instruments, "_tracer", provider.get_tracer("tests"))
    return exporter


def named(spans: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in spans.get_finished_spans() if span.name == name]


def traces(links: Any) -> set[int]:
    return {link.context.trace_id for link in links}


def test_a_groups_posting_is_linked_with_the_requests_of_all_members(
    gate: Gate,  # noqa: F811
    orders: list[Instruction],
    spans: InMemorySpanExporter,
) -> None:
    committer = Committer()

    def request(instruction: Instruction) -> None:
        with instruments._tracer.start_as_current_span(instruction.key):
            committer.submit(instruction)

    threads = [threading.Thread(target=request, args=[one]) for one in orders]
    threads[0].start()
    assert gate.entered.wait(10)
    for waiting, thread in enumerate(threads[1:], start=1):
        thread.start()
        while len(committer._waiting) < waiting:
            time.sleep(0.001)
    gate.open.set()
    for thread in threads:
        thread.join(20)
    requests = {span.name: span.context.trace_id for span in spans.get_finished_spans() if span.name.startswith("k")}
    alone, together = named(spans, "committer.post")
    assert traces(alone.links) == {requests["k0"]}
    assert traces(together.links) == {requests[key] for key in ("k1", "k2", "k3")}
    assert together.context.trace_id == requests["k1"]
    assert dict(together.attributes or {}) == {"florin.group.requests": 3, "florin.group.instructions": 3}
    waits = {span.context.trace_id: traces(span.links) for span in named(spans, "committer.wait")}
    assert waits[requests["k3"]] == {requests["k1"]}
    assert len(waits) == 4


def test_without_a_request_that_is_traced_there_is_no_span(open_account: Opener, spans: InMemorySpanExporter) -> None:
    one, two = open_account(100), open_account()
    send(one, two, 1, "k")
    assert spans.get_finished_spans() == ()
    assert not trace.get_current_span().get_span_context().is_valid


# --- slow commands ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slow", "told"),
    [
        ("insert", ("insert", "ledger_entries")),
        ("update", ("update", "ledger_accounts")),
        ("commitTransaction", ("commitTransaction", "")),
    ],
)
def test_a_slow_command_of_a_transfer_is_told(
    open_account: Opener,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    slow: str,
    told: tuple[str, str],
) -> None:
    capture = LogCapture()
    monkeypatch.setattr(instruments, "_log", structlog.wrap_logger(None, processors=[capture], wrapper_class=_EVERY))
    settings.SLOW_DATABASE_MS = 200
    one, two = open_account(100), open_account()
    with failing([slow], blockConnection=True, blockTimeMS=300):
        send(one, two, 1, "k")
    found = {(line["command"], line["collection"]): line["ms"] for line in capture.entries}
    assert found[told] >= 300
