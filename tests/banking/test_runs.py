"""Payment runs: the same list is one run, it is confirmed once, and whatever dies or comes twice pays nobody twice."""

import http.client
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from bson.int64 import Int64
from bson.objectid import ObjectId
from django.conf import settings
from django.test import Client
from pymongo.errors import AutoReconnect, DuplicateKeyError, WriteError

from accounts.models import User
from banking.bulk_files import Row
from banking.errors import PayerNotActive, RunChanged, RunNotFound
from banking.run_records import CHECKED, CHECKING, DONE, PAYING, Run, line_key, lines, runs
from banking.selectors.runs import result_rows, run_get_for_user, run_lines_page, run_tally, runs_page, unpaid_rows
from banking.services import run_drive
from banking.services import runs as services
from banking.services.payments import transfer_send
from banking.services.run_drive import run_pay
from banking.services.run_settle import run_settle
from banking.services.runs import run_check_again, run_confirm, run_discard, run_go_on, run_repeat, run_upload
from ledger.accounts import account_freeze, account_unfreeze
from ledger.audit import COMMAND
from ledger.committer import MAX_GROUP
from ledger.errors import AccountNotFound, TryAgain
from ledger.records import Account, now
from ledger.store import books
from ledger.transfers import funding_execute
from tests.banking.runs import ORIGIN, balance, confirm, customer, quiet, settled, states, upload
from tests.ledger.conftest import books_are_right
from tests.servers import Server

Person = tuple[User, Account]


@pytest.fixture(autouse=True)
def _quiet_afterwards(bank_db: object) -> Iterator[None]:
    yield
    quiet()


@pytest.fixture
def payer(bank_db: object) -> Person:
    return customer("Paula Payer", 10_000)


@pytest.fixture
def payees(bank_db: object) -> list[Account]:
    return [customer(f"Payee {chr(65 + number)}")[1] for number in range(5)]


def rows_for(payees: list[Account], count: int, amount: str = "1") -> list[Row]:
    """Return a long list that pays the payees in turns."""
    return [Row(number + 1, str(payees[number % len(payees)].id), amount, f"{number}") for number in range(count)]


def paying(user: User, run: Run) -> Run:
    """Confirm a run without having it paid."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_drive, "drive_soon", lambda run: None)
        return run_confirm(user=user, run=run, check=str(run.check), leave_out=False, origin=ORIGIN)


def everybody_was_paid_once(payer: Person, payees: list[Account], run: Run, count: int, minor: int = 100) -> None:
    """Assert that each line moved its money once, and that the ledger and the run say the same."""
    assert [balance(account) for account in payees] == [count // len(payees) * minor] * len(payees)
    assert balance(payer[1]) == 1_000_000 - count * minor
    recorded = list(books().transactions.find({"sender": payer[1].id, "status": "COMPLETED"}))
    assert sorted(one["key"] for one in recorded) == sorted(line_key(run.id, n + 1) for n in range(count))
    assert {one["_id"] for one in recorded} == {one["transaction"] for one in lines().find({"run": run.id})}
    assert states(run) == {"PAID": count}
    books_are_right()


def test_a_list_is_checked_confirmed_and_paid(payer: Person, payees: list[Account]) -> None:
    user, account = payer
    run = upload(user, account, "Payee A,10,Salary\nNobody,5\npayee.b@example.com,20.50", name="may.csv")
    assert (run.status, run.name, run.line_count) == (CHECKED, "may.csv", 3)
    assert (run.ready_count, run.ready_minor) == (2, 3_050)
    assert balance(account) == 1_000_000
    done = confirm(user, run)
    assert (done.status, done.paid_count, done.paid_minor) == (DONE, 2, 3_050)
    assert states(done) == {"PAID": 2, "WRONG": 1}
    assert [balance(account) for account in payees[:2]] == [1_000, 2_050]
    transactions = list(books().transactions.find({"sender": account.id}))
    assert {one["note"] for one in transactions} == {"Salary", ""}
    assert {one["actor"] for one in transactions} == {user.pk}
    books_are_right()


def test_confirmation_and_end_stand_in_the_audit_log_once(payer: Person, payees: list[Account]) -> None:
    run = upload(*payer, "Payee A,10\nPayee B,99999\nPayee C,1")
    confirm(payer[0], run)
    found = list(books().audit.find({"subject": run.id}).sort("at", 1))
    assert [one["action"] for one in found] == ["payment_run.confirmed", "payment_run.done"]
    assert [one["details"] for one in found] == [
        {"lines": 3, "ready": 2, "occurrence": 1},
        {"paid": 2, "wrong": 1},
    ]
    assert {one["address"] for one in found} == {"192.0.2.7"}
    assert found[0]["accounts"] == [payer[1].id]
    assert books().audit.count_documents({"action": "transfer.completed", "address": "192.0.2.7"}) == 2


def test_the_same_list_is_the_same_run_whatever_the_file_is_called(payer: Person, payees: list[Account]) -> None:
    user, account = payer
    first = upload(user, account, "payee,amount\nPayee A,10\n", name="a.csv")
    again, known = run_upload(user=user, account=account, name="b.csv", rows=[Row(1, "Payee A", "10", "")])
    assert (again.id, known) == (first.id, True)
    confirm(user, again)
    assert upload(user, account, "Payee A;10\n").id == first.id
    assert upload(user, account, "Payee A,11\n").id != first.id
    assert balance(payees[0]) == 1_000


def test_uploading_a_list_again_checks_it_again_until_it_is_confirmed(payer: Person, payees: list[Account]) -> None:
    first = upload(*payer, "Payee A,10\nLate Comer,5")
    customer("Late Comer")
    again = upload(*payer, "Payee A,10\nLate Comer,5")
    assert (first.id, first.ready_count, again.id, again.ready_count) == (again.id, 1, first.id, 2)


def test_two_uploads_at_once_are_one_run(payer: Person, payees: list[Account]) -> None:
    rows = rows_for(payees, 200)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: upload(*payer, rows), range(4)))
    assert len({run.id for run in found}) == 1
    assert (runs().count_documents({}), lines().count_documents({})) == (1, 200)


def test_paying_a_list_again_on_purpose_is_a_run_of_its_own(payer: Person, payees: list[Account]) -> None:
    user, account = payer
    first = confirm(user, upload(user, account, "Payee A,10,Salary"))
    with ThreadPoolExecutor(2) as pool:
        second, same = pool.map(lambda _: run_repeat(user=user, run=first), range(2))
    assert second.id == same.id != first.id
    assert (second.status, second.occurrence, second.is_repeated) == (CHECKED, 2, True)
    assert run_tally(second).repeat_count == 0
    # Uploaded once more it leads to the one that is waiting, and pressed on the old one too.
    again = upload(user, account, "Payee A,10,Salary")
    assert (again.id, run_repeat(user=user, run=first).id) == (second.id, second.id)
    confirm(user, again)
    assert balance(payees[0]) == 2_000
    books_are_right()


def test_lines_of_an_earlier_list_are_left_out_if_one_wants(payer: Person, payees: list[Account]) -> None:
    user, account = payer
    confirm(user, upload(user, account, "Payee A,10,Salary\nPayee B,x,Salary"))
    corrected = "Payee A,10,Salary\nPayee B,20,Salary"
    run = upload(user, account, corrected)
    assert (run_tally(run).repeat_count, run_tally(run).repeat_minor) == (1, 1_000)
    done = confirm(user, run, leave_out=True)
    assert states(done) == {"LEFT_OUT": 1, "PAID": 1}
    assert [balance(one) for one in payees[:2]] == [1_000, 2_000]
    other = upload(user, account, corrected + "\nPayee C,1")
    confirm(user, other, leave_out=False)
    assert [balance(one) for one in payees[:3]] == [2_000, 4_000, 100]


def test_checking_again_finds_who_has_come_meanwhile(payer: Person, payees: list[Account]) -> None:
    user, account = payer
    run = upload(user, account, "Payee A,10\nLate Comer,5")
    customer("Late Comer")
    again = run_check_again(user=user, run=run)
    assert (again.id, again.ready_count, again.ready_minor) == (run.id, 2, 1_500)
    assert again.check != run.check
    assert lines().count_documents({"run": run.id}) == 2
    with pytest.raises(RunChanged):
        run_confirm(user=user, run=again, check=str(run.check), leave_out=False, origin=ORIGIN)
    with pytest.raises(RunChanged):
        run_confirm(user=user, run=run, check=str(run.check), leave_out=False, origin=ORIGIN)
    assert balance(account) == 1_000_000
    assert confirm(user, again).paid_count == 2


def test_two_checks_at_once_leave_one_set_of_lines(payer: Person, payees: list[Account]) -> None:
    run = upload(*payer, rows_for(payees, 300))

    def check(_: int) -> bool:
        try:
            run_check_again(user=payer[0], run=run)
        except RunChanged:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(check, range(4))) == 1
    with pytest.raises(RunChanged):
        run_check_again(user=payer[0], run=run)
    now_checked = run_get_for_user(user=payer[0], run_id=run.id)
    assert (lines().count_documents({}), states(now_checked)) == (300, {"READY": 300})


def test_a_check_that_comes_too_late_changes_nothing(payer: Person, payees: list[Account]) -> None:
    user, account = payer
    run = upload(user, account, "Payee A,10")
    confirm(user, run)
    with pytest.raises(RunChanged):
        run_check_again(user=user, run=run)
    with pytest.raises(RunChanged):
        run_discard(user=user, run=run)
    assert states(run) == {"PAID": 1}
    assert lines().count_documents({"run": run.id}) == 1


def test_a_list_can_be_removed_until_it_is_confirmed(payer: Person, payees: list[Account]) -> None:
    run = upload(*payer, "Payee A,10")
    run_discard(user=payer[0], run=run)
    assert (runs().count_documents({}), lines().count_documents({})) == (0, 0)
    assert upload(*payer, "Payee A,10").id != run.id


def test_confirming_many_times_at_once_pays_once(payer: Person, payees: list[Account]) -> None:
    user, account = payer
    run = upload(user, account, rows_for(payees, 50))

    def press(_: int) -> str:
        return run_confirm(user=user, run=run, check=str(run.check), leave_out=False, origin=ORIGIN).status

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(press, range(8))) <= {PAYING, DONE}
    done = settled(user, run)
    run_confirm(user=user, run=done, check=str(run.check), leave_out=False, origin=ORIGIN)
    quiet()
    everybody_was_paid_once(payer, payees, run, 50)
    assert books().audit.count_documents({"action": "payment_run.confirmed"}) == 1
    assert books().audit.count_documents({"action": "payment_run.done"}) == 1


def test_nothing_to_pay_and_a_frozen_account_cannot_be_confirmed(payer: Person, payees: list[Account]) -> None:
    user, account = payer
    nothing = upload(user, account, "Nobody,1")
    with pytest.raises(RunChanged):
        run_confirm(user=user, run=nothing, check=str(nothing.check), leave_out=False, origin=ORIGIN)
    run = upload(user, account, "Payee A,1")
    account_freeze(account_id=account.id, reason="Lost", origin=COMMAND)
    with pytest.raises(PayerNotActive):
        run_confirm(user=user, run=run, check=str(run.check), leave_out=False, origin=ORIGIN)
    assert run_get_for_user(user=user, run_id=run.id).status == CHECKED
    account_unfreeze(account_id=account.id, reason="", origin=COMMAND)
    assert confirm(user, run).paid_count == 1


def test_lines_that_the_ledger_refuses_say_why_and_the_others_go(payees: list[Account], bank_db: object) -> None:
    user, account = customer("Poor Payer", 10)
    account_of_b = payees[1]
    run = paying(user, upload(user, account, "Payee A,6\nPayee B,1\nPayee C,5\nPayee D,4"))
    account_freeze(account_id=account_of_b.id, reason="Lost", origin=COMMAND)
    run_pay(run.id)
    found = run_lines_page(run=run, show="all", page=1).items
    assert [(line.state, line.code) for line in found] == [
        ("PAID", None),
        ("FAILED", "receiver_not_active"),
        ("FAILED", "insufficient_funds"),
        ("PAID", None),
    ]
    assert found[2].problem == "There is not enough money in the account."
    assert all(line.transaction for line in found)
    assert balance(account) == 0
    rows = list(unpaid_rows(run))
    assert [row[:3] for row in rows] == [("payee", "amount", "note"), ("Payee B", "1", ""), ("Payee C", "5", "")]
    books_are_right()


def test_the_account_frozen_in_the_middle_fails_the_rest(payer: Person, payees: list[Account]) -> None:
    user, account = payer
    run = paying(user, upload(user, account, rows_for(payees, 2 * MAX_GROUP)))
    holder = ObjectId()
    assert run_drive._step(run.id, holder) == MAX_GROUP
    account_freeze(account_id=account.id, reason="Lost", origin=COMMAND)
    assert run_drive._step(run.id, holder) == MAX_GROUP
    assert run_drive._step(run.id, holder) is None
    assert states(run) == {"PAID": MAX_GROUP, "FAILED": MAX_GROUP}
    assert {line["code"] for line in lines().find({"state": "FAILED"})} == {"sender_not_active"}
    assert run_get_for_user(user=user, run_id=run.id).status == DONE
    books_are_right()


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


def test_ten_thousand_lines_fit(payer: Person, payees: list[Account]) -> None:
    run = upload(*payer, rows_for(payees, 10_000, "0.10"))
    assert (run.line_count, run.ready_count, run.ready_minor) == (10_000, 10_000, 100_000)
    last = run_lines_page(run=run, show="all", page=10_000)
    assert (last.page, last.pages, last.next_page, last.items[-1].number) == (200, 200, None, 10_000)
    assert sum(1 for _ in result_rows(run)) == 10_001


def test_a_twin_says_which_line_it_resembles(payer: Person, payees: list[Account]) -> None:
    run = upload(*payer, "Payee A,5,May\nPayee B,5,May\nPayee A,5,June\nPayee A,5,May\nPayee A,6,May")
    found = run_lines_page(run=run, show="all", page=1).items
    assert [(line.twin_number, line.is_copy) for line in found] == [
        (4, True),
        (None, False),
        (1, False),
        (1, True),
        (None, False),
    ]


def test_strangers_find_nothing(payer: Person, payees: list[Account], stranger: User, admin: User) -> None:
    run = upload(*payer, "Payee A,10")
    for somebody in (stranger, admin):
        with pytest.raises(RunNotFound):
            run_get_for_user(user=somebody, run_id=str(run.id))
        assert runs_page(user=somebody, page=1).items == []
    for nonsense in ("", "x", "0" * 24, str(run.id)[:-1], {"$gt": ""}, None, str(ObjectId())):
        with pytest.raises(RunNotFound):
            run_get_for_user(user=payer[0], run_id=nonsense)


def test_earlier_lists_are_paged_newest_first(payer: Person, payees: list[Account]) -> None:
    made = [upload(*payer, f"Payee A,{number}") for number in range(1, 13)]
    first, second = (runs_page(user=payer[0], page=number) for number in (1, 2))
    assert [run.id for run in first.items + second.items] == [run.id for run in reversed(made)]
    assert (first.pages, first.next_page, second.previous_page, second.next_page) == (2, 2, 1, None)


def test_a_run_whose_process_died_while_it_was_written_is_removed(
    payer: Person, payees: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(BaseException):
        pass

    def die(*_: Any) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(services, "_found_by", die)
        with pytest.raises(Died):
            upload(*payer, "Payee A,10")
    assert (runs().count_documents({"status": CHECKING}), lines().count_documents({})) == (1, 1)
    assert runs_page(user=payer[0], page=1).items == []
    run = upload(*payer, "Payee A,10")
    assert run.status == CHECKED
    runs().update_many({"status": CHECKING}, {"$set": {"created_at": now() - timedelta(hours=2)}})
    upload(*payer, "Payee A,11")
    assert (runs().count_documents({"status": CHECKING}), lines().count_documents({})) == (0, 2)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "ELSE"},
        {"status": DONE, "done_at": None},
        {"status": PAYING, "confirmed_at": None},
        {"status": CHECKED, "checked_at": None},
        {"paid_minor": Int64(-1)},
        {"ready_minor": 1.5},
        {"occurrence": Int64(0)},
        {"extra": 1},
    ],
)
def test_the_database_refuses_a_run_that_cannot_be(
    payer: Person, payees: list[Account], change: dict[str, Any]
) -> None:
    run = upload(*payer, "Payee A,10")
    with pytest.raises(WriteError):
        runs().update_one({"_id": run.id}, {"$set": change})


@pytest.mark.parametrize(
    "change",
    [
        {"state": "ELSE"},
        {"state": "PAID"},
        {"state": "PAID", "paid_at": now()},
        {"amount_minor": Int64(0)},
        {"amount_minor": 5.0},
        {"receiver": None},
        {"amount_minor": None},
    ],
)
def test_the_database_refuses_a_line_that_cannot_be(
    payer: Person, payees: list[Account], change: dict[str, Any]
) -> None:
    run = upload(*payer, "Payee A,10")
    with pytest.raises(WriteError):
        lines().update_one({"run": run.id}, {"$set": change})


def test_the_database_refuses_the_same_content_and_the_same_line_twice(payer: Person, payees: list[Account]) -> None:
    run = upload(*payer, "Payee A,10")
    document = runs().find_one({"_id": run.id})
    line = lines().find_one({"run": run.id})
    assert document
    assert line
    with pytest.raises(DuplicateKeyError):
        runs().insert_one({**document, "_id": ObjectId()})
    with pytest.raises(DuplicateKeyError):
        lines().insert_one({**line, "_id": ObjectId()})


def test_money_that_comes_later_pays_what_failed_from_a_new_list(payees: list[Account], bank_db: object) -> None:
    user, account = customer("Poor Payer", 1)
    done = confirm(user, upload(user, account, "Payee A,1\nPayee B,1"))
    assert states(done) == Counter({"PAID": 1, "FAILED": 1})
    funding_execute(receiver=account.id, amount=5, key="more", origin=COMMAND)
    left = "\n".join(",".join(row[:3]) for row in unpaid_rows(done))
    again = confirm(user, upload(user, account, left))
    assert states(again) == {"PAID": 1}
    assert [balance(one) for one in payees[:2]] == [100, 100]


def test_a_line_that_failed_and_was_tried_again_counts_as_paid(payees: list[Account], bank_db: object) -> None:
    user, account = customer("Poor Payer", 1)
    done = confirm(user, upload(user, account, "Payee A,1,May\nPayee B,1,May\nPayee C,1,May"))
    old = "\n".join(",".join(row[:3]) for row in unpaid_rows(done))
    funding_execute(receiver=account.id, amount=10, key="more", origin=COMMAND)
    failed = lines().find_one({"run": done.id, "name": "Payee B"})
    assert failed
    transfer_send(
        user=user,
        from_account=str(account.id),
        to_account=str(payees[1].id),
        amount="1",
        note="May",
        key=line_key(done.id, failed["number"]),
        origin=ORIGIN,
    )
    # What was downloaded before comes back: the one who has the money is pointed out and left out.
    again = upload(user, account, old)
    assert [(one.name, one.repeats) for one in run_lines_page(run=again, show="all", page=1).items] == [
        ("Payee B", True),
        ("Payee C", False),
    ]
    confirm(user, again, leave_out=True)
    assert [balance(one) for one in payees[:3]] == [100, 100, 100]
    settled_run = run_settle(run_get_for_user(user=user, run_id=done.id))
    assert (settled_run.paid_count, settled_run.paid_minor) == (2, 200)
    assert [row[0] for row in unpaid_rows(done)] == ["payee", "Payee C"]
    assert [row[7] for row in result_rows(done)][1:] == ["paid", "paid", "failed"]
    books_are_right()


def test_what_was_paid_between_check_and_confirmation_is_seen(payees: list[Account], bank_db: object) -> None:
    """Two lists with the same payment are both checked before either is paid; the second has to be looked at again."""
    user, account = customer("Careful Payer", 100)
    first = upload(user, account, "Payee A,1,May\nPayee B,1,May", name="first.csv")
    second = upload(user, account, "Payee B,1,May\nPayee C,1,May", name="second.csv")
    confirm(user, first)
    with pytest.raises(RunChanged):
        confirm(user, second)
    quiet()
    assert [balance(one) for one in payees[:3]] == [100, 100, 0]
    second = run_get_for_user(user=user, run_id=second.id)
    repeats = [(one.name, one.repeats) for one in run_lines_page(run=second, show="all", page=1).items]
    assert repeats == [("Payee B", True), ("Payee C", False)]
    confirm(user, second, leave_out=True)
    assert [balance(one) for one in payees[:3]] == [100, 100, 100]


def test_two_who_look_at_once_note_the_same(payees: list[Account], bank_db: object) -> None:
    user, account = customer("Poor Payer", 1)
    done = confirm(user, upload(user, account, "Payee A,1\nPayee B,1"))
    funding_execute(receiver=account.id, amount=10, key="more", origin=COMMAND)
    chunk = run_lines_page(run=done, show="unpaid", page=1).items
    run_drive._pay(done, chunk)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(run_settle, [done, done]))
    assert [(one.paid_count, one.paid_minor) for one in found] == [(2, 200)] * 2
    assert states(done) == {"PAID": 2}
    # A run that died between the two writes is put right by the next look.
    runs().update_one({"_id": done.id}, {"$set": {"paid_count": Int64(1), "paid_minor": Int64(100)}})
    assert run_settle(run_get_for_user(user=user, run_id=done.id)).paid_count == 2
