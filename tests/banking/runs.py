"""What the tests of payment runs share: people with accounts, lists of payees, and waiting for the background."""

import time
from collections import Counter
from collections.abc import Sequence

import pytest

from accounts.models import User
from accounts.services import user_register
from accounts.text import search_form
from banking.bulk_files import Row, rows_of_text
from banking.run_records import DONE, Run, line_key, lines
from banking.selectors.runs import run_get_for_user
from banking.services import run_drive
from banking.services.runs import run_confirm, run_upload
from ledger.accounts import account_get, account_open
from ledger.audit import COMMAND, Origin
from ledger.records import Account
from ledger.store import books
from ledger.transfers import funding_execute
from tests.cast import PASSWORD
from tests.ledger.conftest import books_are_right

ORIGIN = Origin(actor=None, address="192.0.2.7", surface="browser")
SETTLE_SECONDS = 60
Person = tuple[User, Account]


def customer(name: str, amount: object = 0, currency: str = "INR") -> tuple[User, Account]:
    """Register a customer called like this, with an account and money on it."""
    first, _, last = name.partition(" ")
    email = f"{search_form(name).replace(' ', '.')}@example.com"
    if User.objects.filter(email=email).exists():
        email = f"second.{email}"
    user = user_register(email=email, first_name=first, last_name=last, password=PASSWORD)
    return user, account_with(user, amount, currency)


def account_with(user: User, amount: object = 0, currency: str = "INR") -> Account:
    account = account_open(owner=user.pk, currency=currency, origin=COMMAND)
    if amount:
        funding_execute(receiver=account.id, amount=amount, key=f"fund:{account.id}", origin=COMMAND)
    return account_get(account.id)


def balance(account: Account) -> int:
    return account_get(account.id).balance_minor


def upload(user: User, account: Account, rows: str | Sequence[Row], name: str = "payees.csv") -> Run:
    """Upload a list, as text or as rows, and return its run."""
    read = rows_of_text(rows) if isinstance(rows, str) else rows
    return run_upload(user=user, account=account, name=name, rows=read)[0]


def confirm(user: User, run: Run, *, leave_out: bool = False) -> Run:
    """Confirm a run as it was just seen, and wait until it is done."""
    run_confirm(user=user, run=run, check=str(run.check), leave_out=leave_out, origin=ORIGIN)
    return settled(user, run)


def settled(user: User, run: Run) -> Run:
    """Wait until a run is done, and return it."""
    ends = time.monotonic() + SETTLE_SECONDS
    while (found := run_get_for_user(user=user, run_id=run.id)).status != DONE:
        assert time.monotonic() < ends, f"the run is {found}, its lines {states(found)}"
        time.sleep(0.02)
    quiet()
    return found


def quiet() -> None:
    """Wait until this process pays no run any more, so that nothing of it reaches into the next test."""
    ends = time.monotonic() + SETTLE_SECONDS
    while run_drive._drivers._threads:
        assert time.monotonic() < ends, "a run is still being paid"
        time.sleep(0.01)


def states(run: Run) -> Counter[str]:
    """Return how many lines of the run are in each state."""
    return Counter(line["state"] for line in lines().find({"run": run.id, "check": run.check}))


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
