"""What the ledger tells about itself while it works: counters and times for Prometheus, spans for OpenTelemetry.

Without a tracer, which `config.tracing` sets up when it is asked to, and outside a request that is traced, no span is
made at all. Every label has a few fixed values.
"""

import contextlib
import time
from collections.abc import Iterator, Sequence

import structlog
from django.conf import settings
from opentelemetry import trace
from opentelemetry.trace import INVALID_SPAN, Link, Span
from prometheus_client import Counter, Gauge, Histogram
from structlog.contextvars import bind_contextvars, bound_contextvars, get_contextvars, unbind_contextvars

from ledger import errors
from ledger.rules import Answer, Outcome

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

TRANSFERS = Counter("florin_transfers_total", "Transfers and fundings by what became of them", ["outcome", "reason"])
BATCH_SIZE = Histogram(
    "florin_posting_batch_size",
    "Instructions in one database transaction",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 250, 500, 1_000),
)
POSTING_SECONDS = Histogram(
    "florin_posting_seconds", "Seconds until a batch was posted, its retries included", buckets=_SECONDS
)
RETRIES = Counter("florin_transaction_retries_total", "Transactions that were decided again, by cause", ["cause"])
GIVEN_UP = Counter("florin_transactions_given_up_total", "Transactions without an answer at their deadline")
WAITING = Gauge("florin_committer_waiting", "Requests that wait for their group now", multiprocess_mode="livesum")
GROUP_WAIT_SECONDS = Histogram(
    "florin_committer_wait_seconds",
    "Seconds from a request's transfers to the beginning of their group",
    buckets=_SECONDS,
)
TURN_WAIT_SECONDS = Histogram(
    "florin_turn_wait_seconds", "Seconds that a group waited for its turn on this machine", buckets=_SECONDS
)

_REFUSALS: dict[type[errors.LedgerError], str] = {
    errors.TryAgain: "try_again",
    errors.IdempotencyKeyReused: "key_reused",
    errors.TransactionInProgress: "in_progress",
    errors.RetryLimitExceeded: "retry_limit",
    errors.AccountNotFound: "not_found",
    errors.SameAccount: "same_account",
}
_log = structlog.get_logger(__name__)
_tracer = trace.get_tracer("florin.ledger")


def transfers_answered(answers: Sequence[Answer]) -> None:
    """Count what became of transfers."""
    for answer in answers:
        TRANSFERS.labels(*_outcome(answer)).inc()


def transfers_broken(number: int) -> None:
    """Count transfers that ended in an error that is none of the ledger's."""
    TRANSFERS.labels("error", "").inc(number)


def _outcome(answer: Answer) -> tuple[str, str]:
    if isinstance(answer, Outcome):
        return "replayed" if answer.replayed else "completed", ""
    if isinstance(answer, errors.TransferRefused):
        return "refused", answer.transaction.failure_reason or ""
    return _REFUSALS.get(type(answer), "error"), ""


def database_called(command: str, collection: str, seconds: float) -> None:
    """Tell of a command of a transaction that took long."""
    most = settings.SLOW_DATABASE_MS
    if most and seconds * 1_000 >= most:
        _log.warning("database_slow", command=command, collection=collection, ms=round(seconds * 1_000))


class Wait:
    """Somebody's wait for the beginning of a group: a time, and a span of the request that waits."""

    __slots__ = ("_began", "_span", "request")

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.request = trace.get_current_span().get_span_context()
        self._span = _tracer.start_span("committer.wait") if self.request.is_valid else INVALID_SPAN

    def begun(self, posting: Span) -> None:
        """The group begins; the request's trace leads on to that of the group."""
        GROUP_WAIT_SECONDS.observe(time.monotonic() - self._began)
        if self._span.is_recording():
            self._span.add_link(posting.get_span_context())
        self.over()

    def over(self) -> None:
        """Nothing is waited for any more, whether or not a group has begun."""
        if self._span.is_recording():
            self._span.end()


@contextlib.contextmanager
def group_posting(waits: Sequence[Wait], size: int) -> Iterator[None]:
    """Post a group in its leader's thread: one span, with links to the requests of all members.

    Args:
        waits: of those whose group it is.
        size: how many instructions they brought.
    """
    links = [Link(wait.request) for wait in waits if wait.request.is_valid]
    if len(waits) == 1 and not links:
        # The usual case with one customer at a time; the rest would only cost.
        waits[0].begun(INVALID_SPAN)
        yield
        return
    with _group_logged(len(waits), size), _posting_span(links, len(waits), size) as posting:
        for wait in waits:
            wait.begun(posting)
        yield


@contextlib.contextmanager
def _posting_span(links: Sequence[Link], requests: int, size: int) -> Iterator[Span]:
    if not links:
        yield INVALID_SPAN
        return
    attributes = {"florin.group.requests": requests, "florin.group.instructions": size}
    with _tracer.start_as_current_span("committer.post", links=links, attributes=attributes) as span:
        yield span


@contextlib.contextmanager
def _group_logged(requests: int, size: int) -> Iterator[None]:
    """What is logged about several requests names their number instead of the one that leads."""
    if requests == 1:
        yield
        return
    leader = get_contextvars().get("request_id")
    unbind_contextvars("request_id")
    try:
        with bound_contextvars(group_requests=requests, group_size=size):
            yield
    finally:
        if leader is not None:
            bind_contextvars(request_id=leader)
