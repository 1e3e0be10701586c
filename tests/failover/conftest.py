"""One replica set of three nodes and one bank on it for all tests of this folder; each storm keeps its own books."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.failover.bank import Bank
from tests.failover.replica import ReplicaSet

CLIENTS = 16


@pytest.fixture(scope="session")
def replica_set_process() -> Iterator[ReplicaSet]:
    folder = Path(tempfile.mkdtemp(prefix="florin-failover-"))
    replica_set = ReplicaSet(folder)
    try:
        replica_set.start()
        yield replica_set
    finally:
        replica_set.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def bank_process(replica_set_process: ReplicaSet) -> Iterator[Bank]:
    bank = Bank(replica_set_process.uris, customers=CLIENTS)
    try:
        bank.open()
        yield bank
    finally:
        bank.close()


@pytest.fixture
def replica_set(replica_set_process: ReplicaSet) -> Iterator[ReplicaSet]:
    """A whole set with a primary."""
    replica_set_process.wait_until_whole()
    yield replica_set_process
    replica_set_process.recover()


@pytest.fixture
def bank(bank_process: Bank, replica_set: ReplicaSet) -> Bank:
    """A bank on the whole set, in good order."""
    return bank_process
