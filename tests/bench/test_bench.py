"""The small bench for real: nothing fails, nothing is lost, every row is there. No time is ever asserted."""

import os
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pymongo.database import Database
from pytest_django.fixtures import Settings

from banking.bench import proof, run
from banking.bench.people import customers_make
from banking.bench.plans import random_pairs, transfer
from banking.bench.series import Turn
from banking.bench.server import BenchError
from banking.bench.table import text_table, verdicts
from config.uris import ADMIN_URI
from ledger.accounts import account_get
from ledger.store import books
from tests.config.test_run import environment_of, running_pids
from tests.database import admin_client
from tests.environment import ADMIN_URI as TESTS_ADMIN_URI
from tests.environment import has_users
from tests.servers import ROOT

pytestmark = pytest.mark.timeout(240)

ROWS = [
    "bare PyMongo",
    "service",
    "1 client",
    "16 clients, no-op",
    "16 clients, random pairs",
    "64 clients, no-op",
    "64 clients, random pairs",
    "64 clients, one account",
]
READ = ["history, first page", "balance", "balance at a past time"]


@pytest.fixture(autouse=True)
def administrator(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who makes the users and roles of the bench's databases, as `python -m config.run manage bench` says it."""
    if has_users():
        monkeypatch.setenv(ADMIN_URI, os.environ[TESTS_ADMIN_URI])


def bench(*arguments: str) -> str:
    out = StringIO()
    call_command("bench", *arguments, stdout=out)
    return out.getvalue()


def databases_of_the_bench(database: Database[dict[str, Any]]) -> list[str]:
    return [name for name in admin_client().list_database_names() if name.startswith(f"{database.name}_bench")]


def test_the_quick_bench_measures_everything_and_loses_nothing(bank_db: Database[dict[str, Any]]) -> None:
    measures = run.measure(run.QUICK, lambda line: None)
    one, many, bulk, small, large = measures
    assert [series.name for series in [*one.series, *many.series]] == ROWS
    assert [series.name for series in small.series if series.name in READ] == READ
    assert [series.name for series in large.series if series.name in READ] == READ
    assert any(series.name.endswith("by cursor") for series in large.series)
    assert bool(bulk.series) != bool(bulk.notes)
    for series in (series for measure in measures for series in measure.series):
        assert series.failed == 0, [turn.refusals for turn in series.turns]
        assert series.rate > 0
        assert 0 < series.milliseconds(50) <= series.milliseconds(95) <= series.milliseconds(99)
        assert (series.cpu("generator") or 0) > 0
    assert all(verdict.ratio > 0 for measure in measures for verdict in measure.verdicts)
    assert verdicts(measures)[-1].is_met
    assert text_table(measures)
    assert databases_of_the_bench(bank_db) == []
    assert (connection_name(), books().transactions.count_documents({})) == (bank_db.name, 0)


def connection_name() -> str:
    from django.db import connection

    return str(connection.settings_dict["NAME"])


def test_the_command_prints_the_machine_and_the_table(bank_db: object) -> None:
    text = bench("--quick", "--only", "one")
    for words in ("Processor:", "MongoDB:", "bare PyMongo", "1 client: rate", "failed or lost"):
        assert words in text
    assert "64 clients" not in text


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--seconds", "0"], "--seconds must be 0.5 to 600"),
        (["--seconds", "nan"], "--seconds must be 0.5 to 600"),
        (["--entries", "999"], "--entries must be 1000 to"),
        (["--seconds", "x"], "invalid float value"),
        (["--only", "nothing"], "invalid choice"),
        (["--write", "--quick"], "--write is for the whole bench"),
        (["--write", "--only", "one"], "--write is for the whole bench"),
    ],
)
def test_a_mistake_is_told_in_one_line_before_anything_is_made(arguments: list[str], told: str) -> None:
    with pytest.raises(CommandError, match=told) as refused:
        bench(*arguments)
    assert "\n" not in str(refused.value)


def test_production_has_no_bench(settings: Settings) -> None:
    settings.IS_PRODUCTION = True
    with pytest.raises(CommandError, match="not for production"):
        bench("--quick")


def test_a_server_that_does_not_start_is_told_and_leaves_nothing(
    bank_db: Database[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RATE_LIMIT_API", "off")
    monkeypatch.setenv("CURRENCIES", "NOPE")
    with pytest.raises(CommandError, match="did not start"):
        bench("--quick", "--only", "one")
    assert databases_of_the_bench(bank_db) == []


def test_money_that_is_acknowledged_and_not_there_is_found(bank_db: object) -> None:
    customers = customers_make(2)
    with (
        pytest.raises(BenchError, match="3 transfers were acknowledged, and the accounts received 0"),
        proof.proven(customers) as turns,
    ):
        turns.append(Turn(1, 3, [1] * 3, acknowledged=3))


def test_wrong_books_are_found(bank_db: object) -> None:
    customers = customers_make(2)
    books().accounts.update_one({"_id": customers[0].account}, {"$inc": {"balance_minor": 1}})
    with pytest.raises(BenchError, match="The books are wrong after the load: I"):
        proof.books_check()


def test_random_pairs_are_everybody_to_everybody_else(bank_db: object) -> None:
    customers = customers_make(3)
    pairs = random_pairs(customers)
    assert len(pairs) == 6
    assert transfer(customers[2], customers[0]) in pairs
    assert account_get(customers[0].account).balance_minor == 100_000_000


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_in_the_middle_it_leaves_no_process_and_no_database(
    bank_db: Database[dict[str, Any]], tmp_path: Path, number: signal.Signals
) -> None:
    own = {"DATA_DIR": str(tmp_path), "MONGODB_DATABASE": bank_db.name}
    command = [sys.executable, "-m", "config.run", "manage", "bench", "--only", "one", "--seconds", "60"]
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **own}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert "round 1" in process.stdout.readline()
    time.sleep(0.5)
    assert databases_of_the_bench(bank_db) != []
    process.send_signal(number)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)  # somebody impatient
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" not in errors
    assert databases_of_the_bench(bank_db) == []
    mark = f"DATA_DIR={tmp_path}\0".encode()
    assert [pid for pid in running_pids() if mark in environment_of(pid)] == []
