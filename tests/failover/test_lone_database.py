"""A database of one node: its disk is full in the middle of work, or it is not there when the bank starts.

As for the disk: a limit on the size of files (RLIMIT_FSIZE) makes every write of the running database fail, as a full
disk does, and needs no root: MongoDB then ends itself, because it cannot keep its journal.
"""

import resource
import time
from collections.abc import Iterator

import pytest

from config.embedded import EmbeddedDatabase
from tests.failover.bank import Bank
from tests.failover.books import books_are_right
from tests.failover.replica import wait_until
from tests.failover.storm import Storm

pytestmark = pytest.mark.timeout(120)

NO_LIMIT = resource.RLIM_INFINITY


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedDatabase]:
    found = EmbeddedDatabase(tmp_path_factory.mktemp("lone"), test_mode=True, cache_gigabytes=0.25)
    found.start()
    yield found
    found.kill()


@pytest.fixture(scope="module")
def lone_bank(database: EmbeddedDatabase) -> Iterator[Bank]:
    bank = Bank(database.uris, customers=6)
    try:
        bank.open()
        yield bank
    finally:
        bank.close()


def test_a_full_disk_in_a_storm_loses_nothing(lone_bank: Bank, database: EmbeddedDatabase) -> None:
    with Storm(lone_bank, seed=1) as storm:
        wait_until(lambda: storm.everybody_paid(3, since=0), "the storm rages")
        storm.event()
        assert database.pid
        resource.prlimit(database.pid, resource.RLIMIT_FSIZE, (0, NO_LIMIT))
        wait_until(lambda: not database.is_alive, "the database ends because it cannot write")
        assert lone_bank.customers[0].ask(lone_bank.server.port, "GET", "/readyz").status == 503
        assert database.start() == database.uri
        back = time.monotonic()
        wait_until(lambda: storm.everybody_paid(3, since=back), "everybody pays again")
        storm.stop()
    assert storm.unexpected == []
    assert storm.figures().unanswered > 0
    books_are_right(lone_bank, storm)
    lone_bank.verify()


def test_a_bank_that_starts_without_its_database_says_so_and_serves_when_it_comes(
    lone_bank: Bank, database: EmbeddedDatabase
) -> None:
    payer, payee = lone_bank.customers[:2]
    order = {"fromAccount": payer.account, "toAccount": payee.account, "amount": 1, "idempotencyKey": "early"}
    server = lone_bank.server
    server.kill()
    database.kill()
    server.launch()
    wait_until(lambda: payer.ask(server.port, "GET", "/healthz").status == 200, "the process lives")
    assert payer.ask(server.port, "GET", "/readyz").status == 503
    answer = payer.ask(server.port, "POST", "/api/transactions", order)
    assert (answer.status, answer.headers.get("retry-after")) == (503, "1")
    assert database.start() == database.uri
    back = time.monotonic()
    wait_until(lambda: payer.ask(server.port, "GET", "/readyz").status == 200, "it is ready")
    assert payer.became_of(server.port, "early").status == 404
    assert payer.ask(server.port, "POST", "/api/transactions", order).status == 201
    assert time.monotonic() - back < 10
