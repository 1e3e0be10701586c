"""The books are checked in small parts all the time: nothing is missed, nothing is invented, nothing is lost."""

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from bson.int64 import Int64
from bson.objectid import ObjectId
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, WriteError
from pytest_django.fixtures import Settings
from structlog.testing import capture_logs

from ledger import inspection, store
from ledger.accounts import account_close, account_freeze, account_open, account_unfreeze
from ledger.checkpoints import checkpoint_append
from ledger.findings import CHAIN, CHECKPOINT, I1, I2, I3, I4, I5, I6, TOTALS, Report
from ledger.inspection import LEASE, LEASE_SECONDS, inspection_step
from ledger.leases import lease_take
from ledger.records import Account, now
from ledger.signing import PrivateKey, key_make
from ledger.verifications import full_record, round_begin, round_latest, round_running, round_update
from tests.ledger.conftest import ORIGIN, Opener, attempt, inspected, send
from tests.ledger.damages import damaged, drop, entry_at, rechained

Books = Database[dict[str, Any]]
EVERYTHING = {I1, I2, I3, I4, I5, I6, CHAIN, TOTALS}


@pytest.fixture(autouse=True)
def quick(settings: Settings) -> None:
    """Small parts, no rest between rounds."""
    settings.VERIFICATION_STEP_ENTRIES = 7
    settings.VERIFICATION_STEP_SECONDS = 0
    settings.VERIFICATION_ROUND_SECONDS = 0


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("entries", [1, 2, 11, 12, 1_000])
def test_a_round_checks_everything_whatever_its_parts_are(entries: int, settings: Settings) -> None:
    settings.VERIFICATION_STEP_ENTRIES = entries
    for number in (1, 2):
        round_ = inspected()
        assert (round_.number, round_.is_right, round_.percent) == (number, True, 100)
        report = round_.report
        assert (report.accounts, report.transactions, report.entries) == (6, 13, 24)
        assert set(round_.proved) == EVERYTHING


@pytest.mark.usefixtures("busy")
def test_a_round_that_another_version_has_begun_goes_on(ledger_db: Books) -> None:
    inspection_step()
    ledger_db["ledger_verifications"].update_one({}, {"$set": {"phase": "of long ago", "cursor": {"a": 1}}})
    assert set(inspected().proved) == EVERYTHING


def test_a_part_costs_what_the_setting_says(open_account: Opener, settings: Settings) -> None:
    one, two = open_account(100), open_account()
    for number in range(40):
        send(one, two, 1, str(number))
    settings.VERIFICATION_STEP_ENTRIES = 10
    before = Report()
    while (round_ := round_running()) is None or round_.phase in {"accounts", "transactions"}:
        inspection_step()
        round_ = round_running()
        assert round_ is not None
        assert round_.report.entries - before.entries <= 10
        assert round_.report.transactions - before.transactions <= 10
        before = round_.report
    assert before.entries == 82


def test_what_comes_in_behind_a_part_is_no_violation(open_account: Opener) -> None:
    one, two = open_account(100), open_account(100)
    for number in range(30):
        inspection_step()
        send(one, two, 1, f"a{number}")
        attempt(one, two, 5_000, f"b{number % 3}")
        if number % 5 == 0:
            open_account()
    round_ = inspected()
    assert round_.report.violations == []


def test_a_violation_is_recorded_and_logged_when_it_is_found(busy: tuple[ObjectId, ObjectId]) -> None:
    damaged("ledger_entries", {"account": busy[1], "seq": 3}, {"$set": {"note": "rent"}})
    with capture_logs() as logs:
        while (round_ := round_running()) is None or not round_.report.counts:
            inspection_step()
    assert not round_.is_right
    assert round_.finished_at is None
    (violation,) = round_.report.violations
    assert violation.code == CHAIN
    assert f"account {busy[1]} entry 3 (transaction {entry_at(busy[1], 3)['transaction']})" in violation.text
    (event,) = [event for event in logs if event["event"] == "ledger_violation"]
    assert (event["log_level"], event["invariant"]) == ("error", CHAIN)
    assert event["violation"] == violation.text
    assert inspected().report.violations == [violation]


def test_what_was_signed_is_compared_in_every_round(busy: tuple[ObjectId, ObjectId], signing_key: PrivateKey) -> None:
    assert checkpoint_append(signing_key) is not None
    assert set(inspected().proved) == {*EVERYTHING, CHECKPOINT}
    rechained(busy[0])
    round_ = inspected()
    assert {violation.code for violation in round_.report.violations} == {CHECKPOINT}
    assert f"account {busy[0]} entry 11" in round_.report.violations[0].text


def test_many_checkpoints_are_walked_in_parts(open_account: Opener, signing_key: PrivateKey) -> None:
    one, two = open_account(100), open_account()
    for number in range(8):
        send(one, two, 1, str(number))
        assert checkpoint_append(signing_key) is not None
    assert inspected().report.violations == []
    drop("ledger_checkpoints", {"_id": Int64(6)})
    assert "checkpoint 6 is missing" in {violation.text for violation in inspected().report.violations}


def test_without_keys_nobody_says_that_signatures_are_good(busy: object, settings: Settings) -> None:
    key = PrivateKey(key_make())
    assert checkpoint_append(key) is not None
    assert CHECKPOINT not in inspected().proved
    settings.CHECKPOINT_PUBLIC_KEYS = [PrivateKey(key_make()).public_text]
    assert {violation.code for violation in inspected().report.violations} == {CHECKPOINT}


def test_the_next_round_waits_until_it_is_due(ledger_db: Books, settings: Settings) -> None:
    settings.VERIFICATION_ROUND_SECONDS = 3_600
    inspected()
    assert inspection_step() == LEASE_SECONDS / 2
    assert round_running() is None
    store.verifications().update_many({}, [{"$set": {"started_at": {"$subtract": ["$started_at", 3_600_000]}}}])
    inspection_step()
    assert round_running() is not None


def test_there_is_a_rest_after_every_part(ledger_db: Books, settings: Settings) -> None:
    settings.VERIFICATION_STEP_SECONDS = 3
    assert inspection_step() >= 3


def test_only_one_process_does_it(ledger_db: Books) -> None:
    assert lease_take(LEASE, holder=ObjectId(), seconds=60)
    assert inspection_step() == LEASE_SECONDS / 2
    assert round_running() is None


def test_a_part_that_was_made_twice_counts_once(busy: object, monkeypatch: pytest.MonkeyPatch) -> None:
    inspection_step()
    slow = round_running()
    assert slow is not None
    inspection_step()
    kept = round_running()
    inspection._part(slow)
    assert round_running() == kept
    assert inspected().report.entries == 24


def test_there_is_one_round_at_a_time(ledger_db: Books) -> None:
    assert round_begin() is not None
    assert round_begin() is None
    assert full_record(Report(), started_at=now()) == 2


# Makes one part after the other until it is killed.
INSPECTOR = """
import sys
import django
django.setup()
from django.conf import settings
from django.db import connections
connections["default"].settings_dict["NAME"] = sys.argv[1]
settings.VERIFICATION_STEP_ENTRIES = 1
settings.VERIFICATION_ROUND_SECONDS = 0
from ledger.inspection import inspection_step
while True:
    inspection_step()
    print("part", flush=True)
"""


def test_killed_at_any_moment_it_goes_on_where_it_was(busy: object, ledger_db: Books) -> None:
    seed = random.randrange(2**32)  # noqa: S311 - no secret
    chance = random.Random(seed)  # noqa: S311 - no secret
    for _ in range(3):
        arguments = [sys.executable, "-c", INSPECTOR, store.database().name]
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for _ in range(chance.randint(1, 30)):
            assert process.stdout.readline() == "part\n"
        time.sleep(chance.uniform(0, 0.01))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        # Its lease would end by itself, only later than a test waits.
        store.leases().delete_many({})
    before = round_latest()
    last = inspected()
    assert (last.report.violations, last.report.entries, last.report.transactions) == ([], 24, 13), seed
    assert last.number == (1 if before is None else before.number + 1), seed
    whole = list(store.verifications().find({}))
    assert all((round_["entries"], round_["transactions"]) == (24, 13) for round_ in whole), seed


def test_no_false_alarm_in_a_storm(open_account: Opener, settings: Settings) -> None:
    settings.VERIFICATION_STEP_ENTRIES = 15
    seed = random.randrange(2**32)  # noqa: S311 - no secret
    accounts = [open_account(100) for _ in range(6)]
    stop, failures = threading.Event(), []

    def storm(number: int, act: Callable[[random.Random, int], None]) -> None:
        chance, count = random.Random(f"{seed}-{number}"), 0  # noqa: S311 - no secret
        try:
            while not stop.is_set():
                count += 1
                act(chance, number * 1_000_000 + count)
        except Exception as error:
            failures.append(error)

    def pay(chance: random.Random, key: int) -> None:
        payer, payee = chance.sample(accounts, 2)
        attempt(payer, payee, chance.choice([1, 2, 3, 900]), str(key % 7) if chance.random() < 0.1 else str(key))

    acts = [pay, pay, pay, lambda chance, key: freeze_and_thaw(chance, accounts), come_and_go]
    threads = [threading.Thread(target=storm, args=arguments) for arguments in enumerate(acts)]
    for thread in threads:
        thread.start()
    try:
        rounds = [inspected() for _ in range(6)]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == [], seed
    assert [str(violation) for round_ in rounds for violation in round_.report.violations] == [], seed
    assert rounds[-1].report.entries > rounds[0].report.entries, seed
    assert inspected().report.violations == [], seed


def freeze_and_thaw(chance: random.Random, accounts: list[Account]) -> None:
    account = chance.choice(accounts).id
    account_freeze(account_id=account, reason="storm", origin=ORIGIN)
    time.sleep(chance.uniform(0, 0.02))
    account_unfreeze(account_id=account, reason="storm", origin=ORIGIN)


def come_and_go(chance: random.Random, key: int) -> None:
    """Open an account, with an opening balance or empty, and close the empty one."""
    opening_minor = chance.choice([0, 500])
    account = account_open(owner=ObjectId(), currency="INR", origin=ORIGIN, opening_minor=opening_minor)
    if not opening_minor:
        account_close(account_id=account.id, reason="storm", origin=ORIGIN)
    time.sleep(chance.uniform(0, 0.02))


@pytest.mark.parametrize(
    "change",
    [{"phase": None}, {"kind": "full"}, {"finished_at": None, "phase": None}, {"entries": 1.5}, {"more": 1}],
)
def test_the_database_refuses_what_is_no_verification(ledger_db: Books, change: dict[str, Any]) -> None:
    begun = round_begin()
    assert begun is not None
    with pytest.raises(WriteError):
        store.verifications().update_one({"_id": Int64(begun.number)}, {"$set": change})
    assert round_update(begun)


def test_the_database_refuses_a_second_running_round(ledger_db: Books) -> None:
    begun = round_begin()
    assert begun is not None
    with pytest.raises(DuplicateKeyError):
        store.verifications().insert_one({**begun.document, "_id": Int64(9)})
