"""kill -9 in the middle of a transaction: its accounts are usable again within five seconds."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from bson.objectid import ObjectId
from pymongo.database import Database

from ledger import sessions
from ledger.rules import Outcome
from ledger.store import PROCESSES, database
from tests.database import admin_client
from tests.ledger.conftest import Opener, attempt, balance, books_are_right
from tests.ledger.test_failpoints import failing

pytestmark = pytest.mark.usefixtures("alone")

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
# Writes both balances inside a transaction and then hangs, as a process does that is killed before its commit.
STUCK = """
import sys, time
import django
django.setup()
from bson.objectid import ObjectId
from django.db import connections
connections["default"].settings_dict["NAME"] = sys.argv[1]
from ledger import atomic, posting
from ledger.audit import COMMAND
from ledger.rules import Instruction

def hang(session, plan, write=posting._write):
    write(session, plan)
    print("in the middle", flush=True)
    time.sleep(600)

posting._write = hang
sender, receiver, owner = map(ObjectId, sys.argv[2:5])
stuck = Instruction(sender, receiver, 100, "INR", "TRANSFER", "", "stuck", owner, COMMAND)
posting.post([stuck], deadline_seconds=500)
"""


@pytest.fixture
def long_transactions(ledger_db: Database[dict[str, Any]]) -> Any:
    """Let the server keep abandoned transactions for a minute, as a production database does."""
    name = "transactionLifetimeLimitSeconds"
    before = admin_client().admin.command({"getParameter": 1, name: 1})[name]
    admin_client().admin.command({"setParameter": 1, name: 60})
    yield
    admin_client().admin.command({"setParameter": 1, name: before})


def stuck_process(one: Any, two: Any) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", STUCK, database().name, str(one.id), str(two.id), str(one.owner)]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "in the middle\n"
    return process


@pytest.mark.usefixtures("long_transactions")
@pytest.mark.parametrize("is_running_already", [True, False])
def test_accounts_of_a_killed_process_are_usable_within_five_seconds(
    open_account: Opener, is_running_already: bool
) -> None:
    one, two = open_account(100), open_account()
    if not is_running_already:
        sessions.pool_reset()
    process = stuck_process(one, two)
    process.send_signal(signal.SIGKILL)
    process.wait()
    began = time.monotonic()
    outcome = attempt(one, two, 1, "mine", deadline_seconds=5)
    assert isinstance(outcome, Outcome)
    assert time.monotonic() - began < 5
    assert balance(two) == 100
    books_are_right()


@pytest.mark.usefixtures("long_transactions")
def test_a_stopped_process_is_taken_for_dead_and_finds_its_work_undone(open_account: Opener) -> None:
    """A process of another machine cannot be looked at; its silence tells. Here one is silenced by SIGSTOP."""
    one, two = open_account(100), open_account()
    process = stuck_process(one, two)
    database()[PROCESSES].update_many({"pid": process.pid}, {"$set": {"machine": "another"}})
    process.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert isinstance(attempt(one, two, 1, "mine", deadline_seconds=8), Outcome)
        assert time.monotonic() - began < sessions.SILENCE_SECONDS + 2 * sessions.HEARTBEAT_SECONDS + 1
    finally:
        process.kill()
        process.wait()
    books_are_right()


def test_a_living_process_keeps_its_sessions(open_account: Opener) -> None:
    open_account(1)
    assert sessions.sessions_of_the_dead_end() == 0
    (mine,) = database()[PROCESSES].find()
    assert mine["pid"] == os.getpid()
    assert len(mine["sessions"]) >= 1


def test_a_later_process_with_the_same_number_is_not_taken_for_the_dead_one(open_account: Opener) -> None:
    open_account(1)
    database()[PROCESSES].insert_one(
        {
            "_id": ObjectId(),
            "machine": sessions._machine(),
            "pid": os.getpid(),
            "started": "1",
            "sessions": [],
        }
    )
    assert sessions.sessions_of_the_dead_end() == 1
    assert database()[PROCESSES].count_documents({}) == 1


def test_a_process_that_ends_leaves_nothing(open_account: Opener) -> None:
    open_account(1)
    sessions.pool_reset()
    assert database()[PROCESSES].count_documents({}) == 0


def test_a_process_that_was_taken_for_dead_writes_its_sessions_down_again(open_account: Opener) -> None:
    open_account(1)
    (before,) = database()[PROCESSES].find()
    database()[PROCESSES].delete_one({"_id": before["_id"]})
    deadline = time.monotonic() + 3 * sessions.HEARTBEAT_SECONDS
    while not (after := database()[PROCESSES].find_one({"_id": before["_id"]})) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert after is not None
    assert (after["pid"], after["machine"], after["sessions"]) == (os.getpid(), before["machine"], before["sessions"])


def test_nobody_is_taken_for_dead_because_the_database_was_away(
    open_account: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "HEARTBEAT_SECONDS", 0.2)
    monkeypatch.setattr(sessions, "SILENCE_SECONDS", 0.8)
    sessions.pool_reset()
    open_account(1)
    with failing(["update"], times=None, closeConnection=True):
        time.sleep(1)
        silent = {"machine": "another", "pid": 1, "started": "1", "sessions": [], "seen_at": LONG_AGO}
        other = database()[PROCESSES].insert_one(silent)
        beat = last_beat()
    while last_beat() == beat:
        time.sleep(0.02)
    back = time.monotonic()
    time.sleep(0.4)  # two beats, in each of which it could be judged
    assert database()[PROCESSES].find_one({"_id": other.inserted_id})
    while database()[PROCESSES].find_one({"_id": other.inserted_id}):
        assert time.monotonic() - back < 3, "silence does not count any more"
        time.sleep(0.02)


def last_beat() -> Any:
    found = database()[PROCESSES].find_one({"pid": os.getpid()})
    return found and found.get("seen_at")
