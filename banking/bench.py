"""How fast one transfer is: by bare PyMongo, by the service and over HTTP, in turns in one run.

The machine's speed drifts, so the three are measured in short turns, one after the other, and compared as ratios.
Everything happens in a database of its own, which is dropped afterwards.
"""

import contextlib
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from bson.int64 import Int64
from bson.objectid import ObjectId
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from pymongo.client_session import ClientSession

from accounts.services import user_register
from accounts.tokens import pair_issue
from ledger import sessions
from ledger.accounts import account_get, account_open
from ledger.audit import COMMAND
from ledger.records import Account
from ledger.store import DURABLE, SNAPSHOT, client, database
from ledger.transfers import funding_execute, transfer_execute
from ledger.verify import verify

_READY_SECONDS = 30


@dataclass
class Series:
    """What one way of transferring took, in seconds a transfer."""

    name: str
    seconds: list[float] = field(default_factory=list)

    def milliseconds(self, percent: int) -> float:
        """Return a percentile of the times, in milliseconds."""
        return statistics.quantiles(self.seconds, n=100)[percent - 1] * 1_000

    @property
    def rate(self) -> float:
        """Transfers a second, one after the other."""
        return len(self.seconds) / sum(self.seconds)


def measure(*, rounds: int, turn: int, progress: Callable[[str], None]) -> list[Series]:
    """Measure a transfer three ways.

    Args:
        rounds: how often each way gets its turn; the first turn warms up and is not counted.
        turn: transfers in a turn.
        progress: told in one line what is being done.

    Returns:
        The bare PyMongo transaction, the service, and HTTP, in this order.
    """
    with _own_database(), _server() as port:
        progress("database and server are ready")
        ways = {"bare PyMongo": _bare(), "service": _service(), "HTTP": _http(port)}
        found = [Series(name) for name in ways]
        for number in range(rounds + 1):
            for series, once in zip(found, ways.values(), strict=True):
                times = [_timed(once) for _ in range(turn)]
                series.seconds += times if number else []
            progress(f"round {number} of {rounds}")
        violations = verify().violations
        if violations:
            raise RuntimeError(f"the books are wrong after the load: {violations[0]}")
        return found


def _timed(once: Callable[[], None]) -> float:
    began = time.perf_counter()
    once()
    return time.perf_counter() - began


@contextlib.contextmanager
def _own_database() -> Iterator[None]:
    wrapper = connections["default"]
    before = wrapper.settings_dict["NAME"]
    _point_to(f"{before}_bench_{uuid4().hex[:8]}")
    try:
        call_command("migrate", verbosity=0)
        yield
    finally:
        sessions.pool_reset()
        client().drop_database(wrapper.settings_dict["NAME"])
        _point_to(before)


def _point_to(name: str) -> None:
    wrapper: Any = connections["default"]
    wrapper.settings_dict["NAME"] = name
    if "database" in wrapper.__dict__:
        wrapper.__dict__["database"] = wrapper.database.client[name]


@contextlib.contextmanager
def _server() -> Iterator[int]:
    """Serve the bench's database with one process, as near to one customer's request as it gets."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {
        **os.environ,
        "MONGODB_DATABASE": connections["default"].settings_dict["NAME"],
        "RATE_LIMIT_API": "off",
        "RATE_LIMIT_STRICT": "off",
        "LOG_LEVEL": "WARNING",
    }
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port), "--log-level", "error"]
    process = subprocess.Popen(  # noqa: S603 - our own server
        [*command, "--no-ws", "--blocking-threads", "4", "config.wsgi:application"],
        env=environment,
        cwd=Path(settings.BASE_DIR),
    )
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=_READY_SECONDS)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        time.sleep(0.05)
    raise RuntimeError("the server of the bench did not start")


def _bare() -> Callable[[], None]:
    """The least that a two-entry transfer can be: two guarded balances, a transaction, two entries, one commit."""
    books = database()
    one, two = ObjectId(), ObjectId()
    books["bench_accounts"].insert_many([{"_id": one, "balance": Int64(10**12)}, {"_id": two, "balance": Int64(0)}])
    for name in ("bench_transactions", "bench_entries"):
        books.create_collection(name)
    session = client().start_session()

    def work(own: ClientSession) -> None:
        transaction = ObjectId()
        enough = {"_id": one, "balance": {"$gte": Int64(1)}}
        debit = books["bench_accounts"].update_one(enough, {"$inc": {"balance": Int64(-1)}}, session=own)
        if debit.matched_count != 1:
            raise RuntimeError("the account of the bench is empty")
        books["bench_accounts"].update_one({"_id": two}, {"$inc": {"balance": Int64(1)}}, session=own)
        books["bench_transactions"].insert_one({"_id": transaction, "amount": Int64(1)}, session=own)
        entries = [{"transaction": transaction, "account": account, "amount": Int64(1)} for account in (one, two)]
        books["bench_entries"].insert_many(entries, session=own)

    def once() -> None:
        session.with_transaction(work, read_concern=SNAPSHOT, write_concern=DURABLE)

    return once


def _customer(name: str) -> tuple[Any, Account]:
    user = user_register(
        email=f"{name}@bench.example", first_name="Bench", last_name=name, password=f"bench {uuid4().hex}"
    )
    account = account_open(owner=user.pk, currency=settings.DEFAULT_CURRENCY, origin=COMMAND)
    funding_execute(receiver=account.id, amount=1_000_000, key=name, origin=COMMAND)
    return user, account_get(account.id)


def _service() -> Callable[[], None]:
    user, sender = _customer("service-a")
    _, receiver = _customer("service-b")

    def once() -> None:
        transfer_execute(
            sender=sender, receiver=receiver.id, amount="0.01", key=uuid4().hex, owner=user.pk, origin=COMMAND
        )

    return once


def _http(port: int) -> Callable[[], None]:
    user, sender = _customer("http-a")
    _, receiver = _customer("http-b")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Authorization": f"Bearer {pair_issue(user=user).access}", "Content-Type": "application/json"}
    body = {"fromAccount": str(sender.id), "toAccount": str(receiver.id), "amount": "0.01"}

    def once() -> None:
        text = json.dumps({**body, "idempotencyKey": uuid4().hex})
        connection.request("POST", "/api/transactions", text, headers)
        response = connection.getresponse()
        answer = response.read()
        if response.status != http.HTTPStatus.CREATED:
            raise RuntimeError(f"a transfer of the bench was answered {response.status}: {answer!r}")

    return once
