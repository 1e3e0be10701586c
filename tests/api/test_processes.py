"""Several real server processes on one database: the classic experiment, storms, and kill -9 in their middle."""

import http.client
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from pymongo.database import Database

from accounts.models import User
from accounts.tokens import pair_issue
from ledger.records import Account
from ledger.store import books
from ledger.verify import verify
from tests.api.conftest import account_with, balance
from tests.cast import person
from tests.servers import Server

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def servers(bank_db: Database[dict[str, Any]]) -> Iterator[list[Server]]:
    """Two servers, each of one process, so that a test decides which process is asked."""
    found = [Server(database=bank_db.name, workers=1) for _ in range(2)]
    for server in found:
        server.start()
    yield found
    for server in found:
        server.stop()


class Payer:
    """A person with an account, and a way to send from any thread to any server."""

    def __init__(self, number: int, amount: object) -> None:
        self.user: User = person(f"payer{number}@example.com", "Payer", f"Number {chr(97 + number % 26)}")
        self.account: Account = account_with(self.user, amount)
        self.token = pair_issue(user=self.user).access

    def send(self, server: Server, to: Account, amount: object, key: str) -> tuple[int, Any]:
        """Return the status and the body; (0, None) when the server did not answer."""
        body = {
            "fromAccount": str(self.account.id),
            "toAccount": str(to.id),
            "amount": amount,
            "idempotencyKey": key,
        }
        return self.ask(server, "POST", "/api/transactions", body)

    def became_of(self, server: Server, key: str) -> tuple[int, Any]:
        """Ask what became of a key."""
        return self.ask(server, "GET", f"/api/transactions/by-key/{self.account.id}/{key}", None)

    def ask(self, server: Server, method: str, path: str, body: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        try:
            connection.request(method, path, json.dumps(body) if body else None, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError):
            return 0, None
        finally:
            connection.close()


def at_once(calls: Sequence[Callable[[], tuple[int, Any]]]) -> list[tuple[int, Any]]:
    gate = threading.Barrier(len(calls))

    def released(call: Callable[[], tuple[int, Any]]) -> tuple[int, Any]:
        gate.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(released, calls))


def test_all_the_money_twice_at_once_from_two_processes(servers: list[Server]) -> None:
    one, two = account_with(person("a@example.com", "A", "A")), account_with(person("b@example.com", "B", "B"))
    rounds = 30
    for number in range(rounds):
        payer = Payer(number, 100)
        answers = at_once(
            [partial(payer.send, servers[0], one, 100, "a"), partial(payer.send, servers[1], two, 100, "b")]
        )
        assert sorted(status for status, _ in answers) == [201, 422]
        assert next(body for status, body in answers if status == 422)["code"] == "insufficient_funds"
        assert balance(payer.account) == 0
    assert balance(one) + balance(two) == rounds * 10_000
    assert verify().violations == []


def test_fifty_people_pay_one_account_at_once_through_two_processes(servers: list[Server]) -> None:
    shop = account_with(person("shop@example.com", "Corner", "Shop"))
    payers = [Payer(number, 10) for number in range(50)]
    calls = [partial(payer.send, servers[number % 2], shop, "2.50", "k") for number, payer in enumerate(payers)]
    assert [status for status, _ in at_once(calls)] == [201] * 50
    assert balance(shop) == 50 * 250
    assert verify().violations == []


def test_one_key_twenty_times_at_once_through_two_processes(servers: list[Server]) -> None:
    payer, shop = Payer(0, 100), account_with(person("shop@example.com", "Corner", "Shop"))
    answers = at_once([partial(payer.send, servers[number % 2], shop, 10, "k") for number in range(20)])
    assert sorted(status for status, _ in answers) == [200] * 19 + [201]
    assert len({json.dumps(body["transaction"]) for _, body in answers}) == 1
    assert (balance(payer.account), balance(shop)) == (9_000, 1_000)


class Storm:
    """Payers who send to each other without a pause, and remember what was acknowledged."""

    def __init__(self, servers: list[Server], payers: list[Payer]) -> None:
        self.servers, self.payers = servers, payers
        self.acknowledged: list[tuple[Payer, str]] = []
        self.unanswered: list[tuple[Payer, Account, str]] = []
        self.refused: list[tuple[int, Any]] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._pay, args=(number,)) for number in range(len(payers))]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait_until_it_rages(self) -> None:
        """Return when many have paid, however fast this machine is."""
        deadline = time.monotonic() + 60
        while len(self.acknowledged) < 20:
            assert time.monotonic() < deadline, f"only {len(self.acknowledged)} were acknowledged"
            time.sleep(0.02)

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _pay(self, number: int) -> None:
        payer, count = self.payers[number], 0
        while not self._stop.is_set():
            count += 1
            key = f"storm-{number}-{count}"
            to = self.payers[(number + count) % len(self.payers)]
            if to is payer:
                continue
            status, body = payer.send(self.servers[count % len(self.servers)], to.account, "0.01", key)
            if status in (200, 201):
                self.acknowledged.append((payer, key))
            elif status == 0:
                self._remember(payer, to, key)
            else:
                self.refused.append((status, body))

    def _remember(self, payer: Payer, to: Payer, key: str) -> None:
        """Keep the first few of each payer: those were in work, the later ones only found nobody there."""
        time.sleep(0.02)
        if sum(one is payer for one, _, _ in self.unanswered) < 3:
            self.unanswered.append((payer, to.account, key))


def acknowledged_is_there(storm: Storm) -> None:
    """Every transfer that was acknowledged is in the books, once."""
    for payer, key in storm.acknowledged:
        found = list(books().transactions.find({"sender": payer.account.id, "key": key}))
        assert [document["status"] for document in found] == ["COMPLETED"]
    assert verify().violations == []


def every_key_has_a_definite_answer(storm: Storm, server: Server) -> None:
    """Whoever got no answer is told by the key: it was done, or it never was; asked again, it is done once."""
    for payer, to, key in storm.unanswered:
        status, body = payer.became_of(server, key)
        mine = {"sender": payer.account.id, "key": key}
        assert books().transactions.count_documents(mine) == {200: 1, 404: 0}[status]
        assert status == 404 or body["transaction"]["status"] == "COMPLETED"
        again, _ = payer.send(server, to, "0.01", key)
        assert again == (200 if status == 200 else 201)
        assert books().transactions.count_documents(mine) == 1


@pytest.mark.parametrize("victim", ["worker", "everything"])
def test_kill_9_in_the_middle_of_a_storm_loses_nothing(bank_db: Database[dict[str, Any]], victim: str) -> None:
    server = Server(database=bank_db.name, workers=2)
    server.start()
    try:
        storm = Storm([server], [Payer(number, 100) for number in range(6)])
        storm.start()
        storm.wait_until_it_rages()
        if victim == "worker":
            os.kill(server.worker_pids[0], signal.SIGKILL)
        else:
            server.kill()
        killed = time.monotonic()
        time.sleep(0.3)
        storm.stop()
        if victim == "everything":
            server.start()
            killed = time.monotonic()
        assert len(storm.unanswered) > 0
        assert storm.refused == []
        seconds = usable_again_within(5, server, storm.payers, killed)
        every_key_has_a_definite_answer(storm, server)
        acknowledged_is_there(storm)
        found = f"{len(storm.acknowledged)} acknowledged, {len(storm.unanswered)} without an answer"
        print(f"{victim}: {found}, every account usable after {seconds:.1f} s")  # noqa: T201
    finally:
        server.stop()


def test_an_orderly_stop_leaves_nobody_with_half_an_answer(bank_db: Database[dict[str, Any]]) -> None:
    """What was asked for is answered or was never begun: each key that got no answer has a definite one afterwards."""
    server = Server(database=bank_db.name, workers=2)
    server.start()
    try:
        storm = Storm([server], [Payer(number, 100) for number in range(8)])
        storm.start()
        storm.wait_until_it_rages()
        began = time.monotonic()
        server.ask_to_stop()
        # Who does not end in ten seconds is killed; whatever was promised holds then too.
        assert time.monotonic() - began < 20
        storm.stop()
        assert {status for status, _ in storm.refused} <= {503}
        server.start()
        usable_again_within(5, server, storm.payers, time.monotonic())
        every_key_has_a_definite_answer(storm, server)
        acknowledged_is_there(storm)
    finally:
        server.stop()


def usable_again_within(seconds: float, server: Server, payers: list[Payer], since: float) -> float:
    """See that every account the killed process was working on sends and receives again; return when it did."""
    for number, payer in enumerate(payers):
        to = payers[(number + 1) % len(payers)]
        while payer.send(server, to.account, "0.01", f"after-{number}")[0] not in (200, 201):
            assert time.monotonic() - since < seconds
    passed = time.monotonic() - since
    assert passed < seconds
    return passed


def test_a_storm_through_two_processes_refuses_nobody(servers: list[Server]) -> None:
    storm = Storm(servers, [Payer(number, 100) for number in range(8)])
    storm.start()
    time.sleep(3)
    storm.stop()
    assert storm.refused == []
    assert len(storm.acknowledged) > 50
    acknowledged_is_there(storm)
