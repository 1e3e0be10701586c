"""Whatever dies, waits or comes twice while a list is paid: everybody is paid once."""

import http.client
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from bson.objectid import ObjectId
from django.conf import settings
from django.test import Client
from pymongo.errors import AutoReconnect

from accounts.models import User
from banking.run_records import DONE, PAYING, Run, lines, runs
from banking.selectors.runs import run_get_for_user
from banking.services import run_drive
from banking.services.run_drive import run_pay
from banking.services.runs import run_go_on
from ledger.committer import MAX_GROUP
from ledger.errors import AccountNotFound, TryAgain
from ledger.records import Account, now
from ledger.store import books
from tests.banking.runs import (
    Person,
    balance,
    everybody_was_paid_once,
    paying,
    quiet,
    rows_for,
    settled,
    states,
    upload,
)
from tests.servers import Server


@pytest.fixture(autouse=True)
def _quiet_afterwards(bank_db: object) -> Iterator[None]:
    yield
    quiet()


def test_what_was_paid_but_not_noted_is_noted_and_not_paid_again(
    payer: Person, payees: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies between the ledger's commit and the note of it."""
    run = paying(payer[0], upload(*payer, rows_for(payees, 300)))

    def die(*_: Any) -> int:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(run_drive, "_note", die)
        with pytest.raises(SystemExit):
            run_pay(run.id)
    assert states(run) == {"READY": 300}
    assert balance(payer[1]) == 1_000_000 - MAX_GROUP * 100
    # The lease of the dead one still holds.
    run_pay(run.id)
    assert states(run) == {"READY": 300}
    runs().update_one({"_id": run.id}, {"$set": {"lease_until": now() - timedelta(seconds=1)}})
    run_pay(run.id)
    everybody_was_paid_once(payer, payees, run, 300)


def test_two_at_once_pay_everybody_once(payer: Person, payees: list[Account]) -> None:
    run = paying(payer[0], upload(*payer, rows_for(payees, 600)))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run_pay, [run.id, run.id]))
    everybody_was_paid_once(payer, payees, run, 600)
    assert books().audit.count_documents({"action": "payment_run.done"}) == 1


def test_even_without_the_lease_two_at_once_pay_everybody_once(
    payer: Person, payees: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_drive, "LEASE_SECONDS", 0)
    run = paying(payer[0], upload(*payer, rows_for(payees, 600)))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run_pay, [run.id, run.id]))
    run_pay(run.id)
    everybody_was_paid_once(payer, payees, run, 600)
    assert books().audit.count_documents({"action": "payment_run.done"}) == 1


def test_that_a_line_was_paid_counts_more_than_that_it_failed(payer: Person, payees: list[Account]) -> None:
    run = paying(payer[0], upload(*payer, rows_for(payees, 5)))
    chunk = run_drive._next_lines(run)
    lines().update_many({"run": run.id}, {"$set": {"state": "FAILED", "code": "insufficient_funds"}})
    run_drive._note(run, chunk, run_drive._pay(run, chunk))
    assert states(run) == {"PAID": 5}
    run_drive._note(run, chunk, [AccountNotFound()] * 5)
    assert states(run) == {"PAID": 5}


def test_a_busy_bank_is_asked_again_with_pauses_and_then_the_run_halts(
    payer: Person, payees: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = paying(payer[0], upload(*payer, rows_for(payees, 5)))
    pauses: list[float] = []
    with monkeypatch.context() as patch:
        # The module's own view of time: the driver's threads sleep too.
        patch.setattr(run_drive, "time", SimpleNamespace(sleep=pauses.append))
        patch.setattr(run_drive, "transfers_execute", lambda **more: [TryAgain()] * len(more["orders"]))
        run_pay(run.id)
    assert pauses == [0.25, 0.5, 1.0, 2.0, 2.0, 2.0]
    halted = run_get_for_user(user=payer[0], run_id=run.id)
    assert (halted.status, halted.stalled_at is not None, halted.lease_until) == (PAYING, True, None)
    assert states(run) == {"READY": 5}
    run_drive.drive_soon(halted)
    quiet()
    assert states(run) == {"READY": 5}
    run_go_on(run=halted)
    # The reader's copy says that it has halted; the next look says that it has not.
    run_drive.drive_soon(run_get_for_user(user=payer[0], run_id=run.id))
    settled(payer[0], run)
    everybody_was_paid_once(payer, payees, run, 5)


def test_one_lost_connection_does_not_stop_a_run(
    payer: Person, payees: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = paying(payer[0], upload(*payer, rows_for(payees, 300)))
    real, calls = run_drive._next_lines, []

    def lose_once(run: Run) -> Any:
        calls.append(run)
        if len(calls) == 2:
            raise AutoReconnect("gone")
        return real(run)

    monkeypatch.setattr(run_drive, "_next_lines", lose_once)
    run_pay(run.id)
    everybody_was_paid_once(payer, payees, run, 300)


def test_a_process_pays_two_runs_at_a_time_and_the_others_wait(
    payer: Person, payees: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, running = threading.Event(), []

    def pay(run: ObjectId) -> None:
        running.append(run)
        assert gate.wait(20)

    monkeypatch.setattr(run_drive, "run_pay", pay)
    monkeypatch.setattr(run_drive, "MOST_WAITING", 5)
    drivers = run_drive.Drivers()
    ids = [ObjectId() for _ in range(10)]
    for one in ids[: run_drive.THREADS]:
        drivers.wake(one)
    ends = time.monotonic() + 10
    while len(running) < run_drive.THREADS:
        assert time.monotonic() < ends
        time.sleep(0.01)
    for one in [*ids, *ids]:
        drivers.wake(one)
    assert len(running) == drivers._threads == run_drive.THREADS
    gate.set()
    ends = time.monotonic() + 10
    while drivers._threads:
        assert time.monotonic() < ends
        time.sleep(0.01)
    assert len(running) == len(set(running)) == run_drive.THREADS + 5


@pytest.mark.timeout(180)
def test_killed_in_the_middle_another_process_goes_on_and_everybody_is_paid_once(
    payer: Person, payees: list[Account], start_server: Callable[..., Server]
) -> None:
    """kill -9 of a real server while it pays; a second one takes the run over when somebody looks at it."""
    count = 4_000
    run = paying(payer[0], upload(*payer, rows_for(payees, count)))
    cookie = _session(payer[0])
    first = start_server(workers=1)
    _look(first, run, cookie)
    ends = _begun(run)
    for pid in [*first.worker_pids, first.pid]:
        os.kill(pid, signal.SIGKILL)
    paid = states(run)["PAID"]
    assert 0 < paid < count
    time.sleep(0.5)
    assert states(run)["PAID"] in range(paid, count)
    second = start_server(workers=2)
    while run_get_for_user(user=payer[0], run_id=run.id).status != DONE:
        assert time.monotonic() < ends + 60, states(run)
        _look(second, run, cookie)
        time.sleep(0.5)
    everybody_was_paid_once(payer, payees, run, count)
    assert books().audit.count_documents({"action": "payment_run.done"}) == 1


@pytest.mark.timeout(180)
def test_after_a_restart_a_run_goes_on_though_nobody_looks(
    payer: Person, payees: list[Account], start_server: Callable[..., Server]
) -> None:
    count = 4_000
    run = paying(payer[0], upload(*payer, rows_for(payees, count)))
    server = start_server(workers=2)
    _look(server, run, _session(payer[0]))
    ends = _begun(run)
    server.kill()
    assert states(run)["PAID"] < count
    server.start()
    while run_get_for_user(user=payer[0], run_id=run.id).status != DONE:
        assert time.monotonic() < ends + 60, states(run)
        time.sleep(0.2)
    everybody_was_paid_once(payer, payees, run, count)


def _begun(run: Run) -> float:
    """Wait until some lines are noted as paid, and return when the test has to be over."""
    ends = time.monotonic() + 60
    while not lines().count_documents({"run": run.id, "state": "PAID"}):
        assert time.monotonic() < ends, "nothing is paid"
        time.sleep(0.005)
    return ends


def _session(user: User) -> str:
    client = Client()
    client.force_login(user)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def _look(server: Server, run: Run, cookie: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", f"/send/many/{run.id}", headers={"Cookie": cookie})
    assert connection.getresponse().status == http.HTTPStatus.OK
    connection.close()
