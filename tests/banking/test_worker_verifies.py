"""A real worker checks the books, and stops at once when it is asked to."""

import signal

import pytest

from ledger.verifications import round_latest
from tests.banking.outbox.processes import WorkerProcess, wait_until
from tests.ledger.conftest import busy, ledger_db, open_account

__all__ = ["busy", "ledger_db", "open_account"]


@pytest.mark.usefixtures("busy")
def test_a_worker_checks_the_books_and_stops_in_order() -> None:
    worker = WorkerProcess(VERIFICATION_STEP_SECONDS="0.1", VERIFICATION_STEP_ENTRIES="10")
    try:
        wait_until(lambda: round_latest() is not None)
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait(timeout=15) == 0
    finally:
        worker.stop()
    found = round_latest()
    assert found is not None
    assert (found.report.violations, found.report.entries) == ([], 24)
