"""A storm of transfers over HTTP, whose clients keep books of their own.

Each client is a customer who pays one transfer after the other, each under a key of its own. Whoever gets no definite
answer (none at all, or 503) does what the API advises: asks what became of the key, of any server, or sends the same
request again. One in four is a customer of the hasty server, one in four hangs up after a second: for those nearly
every accident leaves transfers of which they know nothing.
"""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Self
from uuid import uuid4

from tests.failover.bank import PATIENT_SECONDS, Answer, Bank, Customer, Line
from tests.servers import Server

# How an order ended, for its client.
ACKNOWLEDGED, READ_BACK, LEFT, GIVEN_UP = "acknowledged", "read back", "left", "given up"
_HOT = 0  # whom one of four pays
_MOST_MINOR = 9
_MOST_ORDERS = 3_000  # of each client
_LONGEST_PAUSE_SECONDS = 0.2
_IMPATIENT_SECONDS = 1.0
# Twice the second that the hasty server gives a transfer, and one more: after it nothing is in work any longer.
_FINAL_SECONDS = 3.0


@dataclass
class Order:
    """One transfer as its client knows it."""

    sender: int
    receiver: int
    amount_minor: int
    key: str
    asked: int = 0  # how often without a definite answer
    end: str = ""

    @property
    def has_moved(self) -> bool:
        return self.end in (ACKNOWLEDGED, READ_BACK)


@dataclass
class Figures:
    """What a storm saw, times in seconds.

    Args:
        acknowledged: transfers answered with 201 or 200.
        unanswered: transfers that first got no answer or a 503.
        unanswered_though_waited: those of them whose client waits for answers, and gives the bank its usual time.
        read_back: those of them of which the key told that they were done.
        given_up: those of them that were given up, because the key told that nothing had been done.
        back_after: from the event to the first acknowledgement of a transfer that was asked for after it.
        without_service: the longest time in which nobody's transfer was acknowledged.
        longest_gap: the longest time in which a client who waits for answers had no transfer acknowledged.
        longest_gap_of_all: the same, with those who hang up or use the hasty server.
    """

    acknowledged: int
    unanswered: int
    unanswered_though_waited: int
    read_back: int
    given_up: int
    back_after: float
    without_service: float
    longest_gap: float
    longest_gap_of_all: float

    def __str__(self) -> str:
        return (
            f"{self.acknowledged} acknowledged, {self.unanswered} without an answer at first "
            f"({self.unanswered_though_waited} of those who wait; "
            f"{self.read_back} read back, {self.given_up} given up), "
            f"back after {self.back_after:.1f} s, longest time without any {self.without_service:.1f} s, "
            f"longest gap of a client {self.longest_gap:.1f} s (of a hasty one {self.longest_gap_of_all:.1f} s)"
        )


@dataclass
class Client:
    """A customer who pays in a thread of its own.

    Args:
        hangs_up: whether it waits for a second and no longer.
    """

    number: int
    customer: Customer
    server: Server
    hangs_up: bool
    chance: random.Random
    orders: list[Order] = field(default_factory=list)
    paid: list[tuple[float, float]] = field(default_factory=list)  # when asked and when acknowledged
    unexpected: list[Answer] = field(default_factory=list)


class Storm:
    """Clients of a bank who pay each other without a pause.

    Args:
        bank: each of its customers is a client.
        seed: of all that is left to chance.
    """

    def __init__(self, bank: Bank, *, seed: int) -> None:
        self._bank = bank
        self._run = uuid4().hex[:8]
        self.opening_minor = [customer.balance_minor(bank.server.port) for customer in bank.customers]
        self.clients = [self._client(number, customer, seed) for number, customer in enumerate(bank.customers)]
        self._left: list[tuple[float, Client, Order]] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._pay, args=(client,), daemon=True) for client in self.clients]
        self._event = 0.0

    @property
    def orders(self) -> list[Order]:
        """All transfers that were asked for."""
        return [order for client in self.clients for order in client.orders]

    @property
    def unexpected(self) -> list[Answer]:
        """Answers that nobody should have got: anything but success, or 503 with a time to come again."""
        return [answer for client in self.clients for answer in client.unexpected]

    def __enter__(self) -> Self:
        """Begin; the clients end with the block, whatever happens in it."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()

    def event(self) -> float:
        """Remember that now something happens to the bank, and return when that is."""
        self._event = time.monotonic()
        return self._event

    def stop(self) -> None:
        """Let every client bring its last order to its end."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self.settle()

    def settle(self) -> None:
        """Ask for the orders that were left without an answer, once their requests can no longer be in work."""
        for moment, client, order in list(self._left):
            if order.end == LEFT:
                time.sleep(max(0.0, moment + _FINAL_SECONDS - time.monotonic()))
                order.end = self._became_of(client, order)

    def _became_of(self, client: Client, order: Order) -> str:
        """Ask until there is a definite answer."""
        deadline = time.monotonic() + PATIENT_SECONDS
        while (answer := client.customer.became_of(self._any_port(client), order.key)).status == 503:
            assert time.monotonic() < deadline, f"nobody knows what became of {order}"
        assert answer.status in (200, 404), answer
        return READ_BACK if answer.status == 200 else GIVEN_UP

    def everybody_paid(self, times: int, *, since: float) -> bool:
        """Whether each client had so many transfers acknowledged that were asked for since a moment."""
        return all(sum(asked > since for asked, _ in client.paid) >= times for client in self.clients)

    def figures(self) -> Figures:
        """Return what was seen, once the storm has stopped."""
        everybody = [pair for client in self.clients for pair in client.paid]
        return Figures(
            acknowledged=sum(order.end == ACKNOWLEDGED for order in self.orders),
            unanswered=sum(order.asked > 0 for order in self.orders),
            unanswered_though_waited=sum(
                order.asked > 0 for client in self.clients if self._is_patient(client) for order in client.orders
            ),
            read_back=sum(order.end == READ_BACK for order in self.orders),
            given_up=sum(order.end == GIVEN_UP for order in self.orders),
            back_after=min(done for asked, done in everybody if asked > self._event) - self._event,
            without_service=_longest_gap(everybody),
            longest_gap=max(_longest_gap(client.paid) for client in self.clients if self._is_patient(client)),
            longest_gap_of_all=max(_longest_gap(client.paid) for client in self.clients),
        )

    def balances_minor(self) -> list[int]:
        """Return what each client must have by the clients' own books."""
        change: Counter[int] = Counter()
        for order in self.orders:
            if order.has_moved:
                change[order.sender] -= order.amount_minor
                change[order.receiver] += order.amount_minor
        return [opening + change[number] for number, opening in enumerate(self.opening_minor)]

    def _client(self, number: int, customer: Customer, seed: int) -> Client:
        server = self._bank.hasty_server if number % 4 == 2 else self._bank.server
        chance = random.Random(f"{seed}-{number}")  # noqa: S311 - no secret
        return Client(number, customer, server, number % 4 == 3, chance)

    def _pay(self, client: Client) -> None:
        seconds = _IMPATIENT_SECONDS if client.hangs_up else PATIENT_SECONDS
        line = client.customer.line(client.server.port, seconds=seconds)
        while not self._stop.is_set() and len(client.orders) < _MOST_ORDERS:
            order = self._next_order(client)
            client.orders.append(order)
            while not order.end:
                self._send(client, line, order)
                if not order.end:
                    time.sleep(client.chance.uniform(0, _LONGEST_PAUSE_SECONDS))
                    self._doubt(client, order)
        line.close()

    def _next_order(self, client: Client) -> Order:
        others = [number for number in range(len(self.clients)) if number != client.number]
        receiver = client.chance.choice(others)
        if client.number != _HOT and client.chance.random() < 0.25:
            receiver = _HOT
        key = f"{self._run}-{client.number}-{len(client.orders)}"
        return Order(client.number, receiver, client.chance.randint(1, _MOST_MINOR), key)

    def _send(self, client: Client, line: Line, order: Order) -> None:
        asked = time.monotonic()
        answer = line.ask("POST", "/api/transactions", self._body(order))
        if answer.status in (200, 201):
            order.end = ACKNOWLEDGED
            client.paid.append((asked, time.monotonic()))
        else:
            self._note(client, order, answer)

    def _doubt(self, client: Client, order: Order) -> None:
        """Go on to the next order and ask later, or ask at once what became of the key, or send again."""
        if client.server is self._bank.hasty_server and client.chance.random() < 0.3:
            order.end = LEFT
            self._left.append((time.monotonic(), client, order))
        elif client.chance.random() < 0.5:
            answer = client.customer.became_of(self._any_port(client), order.key)
            if answer.status == 200:
                order.end = READ_BACK
            elif answer.status != 404:
                self._note(client, order, answer)

    def _is_patient(self, client: Client) -> bool:
        return client.server is self._bank.server and not client.hangs_up

    def _any_port(self, client: Client) -> int:
        return client.chance.choice(self._bank.servers).port

    def _note(self, client: Client, order: Order, answer: Answer) -> None:
        """Count an answer that is none, and keep one that should not have come."""
        order.asked += 1
        is_busy = answer.status == 503 and "retry-after" in answer.headers
        if not is_busy and not (answer.status == 0 and client.hangs_up):
            client.unexpected.append(answer)
            if answer.status not in (0, 503):
                order.end = GIVEN_UP

    def _body(self, order: Order) -> dict[str, Any]:
        return {
            "fromAccount": self.clients[order.sender].customer.account,
            "toAccount": self.clients[order.receiver].customer.account,
            "amount": f"0.{order.amount_minor:02}",
            "idempotencyKey": order.key,
        }


def _longest_gap(paid: list[tuple[float, float]]) -> float:
    """Return the longest time between two acknowledgements."""
    moments = sorted(done for _, done in paid)
    return max((later - earlier for earlier, later in pairwise(moments)), default=0.0)
