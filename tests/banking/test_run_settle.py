"""Lines of a list that failed and were paid another way: they are noted as paid, and paid once."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from bson.int64 import Int64

from banking.errors import RunChanged
from banking.run_records import line_key, lines, runs
from banking.selectors.runs import result_rows, run_get_for_user, run_lines_page, unpaid_rows
from banking.services import run_drive
from banking.services.payments import transfer_send
from banking.services.run_settle import run_settle
from ledger.audit import COMMAND
from ledger.records import Account
from ledger.transfers import funding_execute
from tests.banking.runs import ORIGIN, balance, confirm, customer, quiet, states, upload
from tests.ledger.conftest import books_are_right


@pytest.fixture(autouse=True)
def _quiet_afterwards(bank_db: object) -> Iterator[None]:
    yield
    quiet()


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
