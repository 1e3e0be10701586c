"""The database resists, by its own fail points: the customer gets the one right answer, and nothing happens twice."""

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from pymongo.errors import OperationFailure

from ledger import posting, sessions
from ledger.accounts import account_freeze, account_get
from ledger.errors import TryAgain
from ledger.rules import Outcome
from ledger.store import books
from tests.database import admin_client
from tests.ledger.conftest import ORIGIN, Opener, attempt, balance, books_are_right, send

STEPS = ["find", "update", "insert", "commitTransaction"]


@contextmanager
def failing(commands: list[str], *, times: int | None = 1, skip: int = 0, **how: Any) -> Iterator[None]:
    """Make the server fail these commands of a transaction.

    There is one fail point for all tests that run at the same time, so they take turns.

    Args:
        commands: names of database commands.
        times: how often; None for always.
        skip: let this many pass first.
        how: the fail point's data, such as `errorCode` or `closeConnection`.
    """
    mode: Any = "alwaysOn" if times is None else {"times": times}
    if skip:
        mode = {"skip": skip}
    data = {"failCommands": commands, "appName": settings.DATABASES["default"]["OPTIONS"]["appname"], **how}
    server = admin_client()
    with _own_turn(server.address):
        server.admin.command({"configureFailPoint": "failCommand", "mode": mode, "data": data})
        try:
            yield
        finally:
            server.admin.command({"configureFailPoint": "failCommand", "mode": "off"})


@contextmanager
def _own_turn(server: tuple[str, int] | None) -> Iterator[None]:
    """Wait until no other test uses the server's fail point; the kernel gives the lock back with its holder."""
    assert server is not None
    lock = Path(tempfile.gettempdir()) / f"florin-failpoint-{server[1]}"
    with lock.open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("times", [1, 3])
def test_a_transient_error_at_any_step_is_not_the_customers_problem(
    open_account: Opener, step: str, times: int
) -> None:
    one, two = open_account(100), open_account()
    with failing([step], times=times, errorCode=251, errorLabels=["TransientTransactionError"]):
        outcome = send(one, two, 10, "k")
    assert not outcome.replayed
    assert (balance(one), balance(two)) == (9000, 1000)
    books_are_right()


@pytest.mark.parametrize("step", STEPS)
def test_a_write_conflict_at_any_step_is_retried(open_account: Opener, step: str) -> None:
    one, two = open_account(100), open_account()
    with failing([step], times=2, errorCode=112, errorLabels=["TransientTransactionError"]):
        assert not send(one, two, 10, "k").replayed
    assert balance(two) == 1000
    books_are_right()


@pytest.mark.parametrize("code", [91, 189, 11602, 10107, 64])
def test_an_unknown_commit_result_is_resolved(open_account: Opener, code: int) -> None:
    one, two = open_account(100), open_account()
    with failing(["commitTransaction"], times=2, errorCode=code, errorLabels=["UnknownTransactionCommitResult"]):
        assert not send(one, two, 10, "k").replayed
    assert balance(two) == 1000
    books_are_right()


def test_a_commit_that_happened_though_its_answer_was_an_error(open_account: Opener) -> None:
    one, two = open_account(100), open_account()
    # The server commits and then says that the write concern failed.
    lost = {"code": 91, "errmsg": "shutting down", "errorLabels": ["UnknownTransactionCommitResult"]}
    with failing(["commitTransaction"], times=1, writeConcernError=lost):
        assert not send(one, two, 10, "k").replayed
    assert (balance(one), balance(two)) == (9000, 1000)
    books_are_right()


@pytest.mark.parametrize("step", STEPS)
def test_a_connection_dropped_at_any_step(open_account: Opener, step: str) -> None:
    one, two = open_account(100), open_account()
    with failing([step], times=1, closeConnection=True):
        assert not send(one, two, 10, "k").replayed
    assert (balance(one), balance(two)) == (9000, 1000)
    books_are_right()


def test_when_the_deadline_passes_the_answer_is_try_again_and_a_retry_is_right(open_account: Opener) -> None:
    one, two = open_account(100), open_account()
    with failing(["insert"], times=None, errorCode=112, errorLabels=["TransientTransactionError"]):
        assert isinstance(attempt(one, two, 10, "k", deadline_seconds=0.3), TryAgain)
    assert balance(one) == 10_000
    assert books().transactions.count_documents({"sender": one.id}) == 0
    assert not send(one, two, 10, "k").replayed
    assert balance(one) == 9000
    books_are_right()


def test_a_commit_whose_answers_are_all_lost_is_read_back_and_never_executed_again(open_account: Opener) -> None:
    one, two = open_account(100), open_account()
    lost = {"code": 91, "errmsg": "shutting down", "errorLabels": ["UnknownTransactionCommitResult"]}
    with failing(["commitTransaction"], times=None, writeConcernError=lost):
        answer = attempt(one, two, 10, "k", deadline_seconds=1)
    # Committed, though no commit was ever acknowledged: the key itself tells.
    assert isinstance(answer, Outcome)
    assert not answer.replayed
    assert (balance(one), balance(two)) == (9000, 1000)
    assert send(one, two, 10, "k").replayed
    books_are_right()


def test_a_slow_database_is_bounded_by_the_deadline_and_leaves_nothing_locked(open_account: Opener) -> None:
    one, two = open_account(100), open_account()
    with failing(["commitTransaction"], times=1, blockConnection=True, blockTimeMS=2_000):
        answer = attempt(one, two, 10, "k", deadline_seconds=0.5)
    assert isinstance(answer, TryAgain | Outcome)
    assert send(one, two, 10, "k").transaction.amount_minor == 1000
    assert (balance(one), balance(two)) == (9000, 1000)
    books_are_right()


def test_what_is_no_passing_trouble_is_a_crash_and_moves_nothing(open_account: Opener) -> None:
    one, two = open_account(100), open_account()
    with failing(["insert"], times=1, errorCode=13), pytest.raises(OperationFailure):
        send(one, two, 10, "k")
    assert (balance(one), balance(two)) == (10_000, 0)
    assert not send(one, two, 10, "k").replayed
    books_are_right()


def test_a_freeze_survives_a_transient_error(open_account: Opener) -> None:
    one = open_account()
    with failing(["update"], times=2, errorCode=251, errorLabels=["TransientTransactionError"]):
        account_freeze(account_id=one.id, reason="", origin=ORIGIN)
    assert account_get(one.id).status == "FROZEN"
    assert books().audit.count_documents({"action": "account.frozen"}) == 1


def test_a_session_ended_under_a_living_transfer_costs_nothing(
    open_account: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = open_account(100), open_account()
    write = posting._write
    still_to_end = [True]

    def end_and_write(session: Any, plan: Any) -> None:
        if still_to_end:
            still_to_end.pop()
            sessions.session_end(session)
        write(session, plan)

    monkeypatch.setattr(posting, "_write", end_and_write)
    assert not send(one, two, 10, "k").replayed
    assert still_to_end == []
    assert balance(two) == 1000
    books_are_right()
