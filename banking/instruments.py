"""What banking tells Prometheus while it works: lines of payment runs, and requests. Every label has few values."""

from prometheus_client import Counter, Histogram

from ledger.errors import TransactionInProgress, TryAgain
from ledger.rules import Answer, Outcome

RUN_LINES = Counter("florin_payment_run_lines_total", "Lines of payment runs by what became of them", ["outcome"])
REQUEST_SECONDS = Histogram(
    "florin_request_seconds",
    "Seconds until a request was answered",
    ["method", "route", "status"],
    buckets=(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)


def payment_run_line(answer: Answer) -> None:
    """Count a line of a payment run; one without an answer is tried again and counted again."""
    if isinstance(answer, Outcome):
        outcome = "replayed" if answer.replayed else "paid"
    else:
        outcome = "waiting" if isinstance(answer, TryAgain | TransactionInProgress) else "failed"
    RUN_LINES.labels(outcome).inc()
