"""Payment runs: the same list is one run, it is confirmed once, and whatever dies or comes twice pays nobody twice."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from bson.objectid import ObjectId

from accounts.models import User
from banking.bulk_files import Row
from banking.errors import PayerNotActive, RunChanged, RunNotFound
from banking.run_records import CHECKED, CHECKING, DONE, PAYING, lines, runs
from banking.selectors.runs import result_rows, run_get_for_user, run_lines_page, run_tally, runs_page, unpaid_rows
from banking.services import run_drive
from banking.services import runs as services
from banking.services.run_drive import run_pay
from banking.services.runs import run_check_again, run_confirm, run_discard, run_repeat, run_upload
from ledger.accounts import account_freeze, account_unfreeze
from ledger.audit import COMMAND
from ledger.committer import MAX_GROUP
from ledger.records import Account, now
from ledger.store import books
from tests.banking.runs import (
    ORIGIN,
    Person,
    balance,
    confirm,
    customer,
    everybody_was_paid_once,
    paying,
    quiet,
    rows_for,
    settled,
    states,
    upload,
)
from tests.ledger.conftest import books_are_right


@pytest.fixture(autouse=True)
def _quiet_afterwards(bank_db: object) -> Iterator[None]:
    yield
    quiet()


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
