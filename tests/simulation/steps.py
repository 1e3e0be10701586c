"""What happens in a simulation; every step does it to the real bank, asks what became of it, and tells the model."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from django.conf import settings
from django.test import override_settings

from accounts.services import user_register
from ledger import accounts as service
from ledger.posting import post
from ledger.rules import Instruction
from ledger.transfers import TransferOrder, funding_execute, transfer_execute, transfers_execute
from tests.cast import PASSWORD
from tests.ledger.conftest import ORIGIN
from tests.ledger.test_failpoints import failing
from tests.simulation.answers import asked, major, said
from tests.simulation.child import NOWHERE
from tests.simulation.killing import Child
from tests.simulation.model import Model, Order
from tests.simulation.orderings import UNKNOWN, Change, Request
from tests.simulation.world import World

ALL, MORE_THAN_ALL = "all", "more than all"
_THREADS_SECONDS = 60
# Enough for a few tries where none can succeed.
_SHORT_DEADLINE_SECONDS = 0.4


def told(order: Order) -> str:
    """Return an order as a sentence."""
    amount = order.amount if isinstance(order.amount, str) else major(order.amount)
    by = "" if order.asker == order.payer.rpartition("/")[0] else f" asked for by {order.asker}"
    at = f" at {order.at:%Y-%m-%d %H:%M}" if order.at else ""
    return f"{order.payer} pays {order.payee} {amount} ({order.kind}, key {order.key}, {order.note!r}){by}{at}"


def concrete(order: Order, model: Model) -> Order:
    """Return the order with the amount that it has now: `all` is what is on the account."""
    balance = max(model.accounts[order.payer].balance, 0)
    amount = {ALL: max(balance, 1), MORE_THAN_ALL: balance + 1}.get(str(order.amount), order.amount)
    return replace(order, amount=amount)


@dataclass(frozen=True)
class Placed:
    """An order with its number; one that is placed again has the number of the first time, changed or not."""

    number: int
    order: Order | None
    changed_note: str | None = None

    def __str__(self) -> str:
        if self.order is not None:
            return told(self.order)
        change = "" if self.changed_note is None else f" with the note {self.changed_note!r}"
        return f"order {self.number} once more{change}"

    def now(self, world: World) -> Order:
        """Return what is really asked for."""
        if self.order is not None:
            world.placed[self.number] = concrete(self.order, world.model)
        placed = world.placed[self.number]
        return placed if self.changed_note is None else replace(placed, note=self.changed_note)


def call_of(world: World, request: Request) -> Callable[[], Any]:
    """Return the call of the service that a request is; what it needs is fetched before."""
    ids = world.names.ids
    if isinstance(request, Change):
        change = getattr(service, f"account_{request.what}")
        return lambda: change(account_id=ids[request.account], reason="simulated", origin=ORIGIN)
    if request.kind == "FUNDING":
        return lambda: funding_execute(
            receiver=ids[request.payee],
            amount=major(request.amount),
            key=request.key,
            origin=ORIGIN,
            note=request.note,
            at=request.at,
        )
    if request.at is not None:
        return lambda: post([instruction_of(world, request)])[0]
    sender = world.account(request.payer)
    return lambda: transfer_execute(
        sender=sender,
        receiver=ids[request.payee],
        amount=major(request.amount),
        key=request.key,
        owner=world.owners[request.asker],
        origin=ORIGIN,
        note=request.note,
        type=request.kind,
    )


def instruction_of(world: World, order: Order) -> Instruction:
    """Return an order in the form in which history is imported, with its time."""
    assert isinstance(order.amount, int)
    return Instruction(
        sender=world.names.ids[order.payer],
        receiver=world.names.ids[order.payee],
        amount_minor=order.amount,
        currency=order.payer.rpartition("/")[2],
        type=order.kind,
        note=order.note,
        key=order.key,
        owner=world.owners[order.asker],
        origin=ORIGIN,
        at=order.at,
    )


@dataclass(frozen=True)
class Register:
    """Somebody new registers."""

    person: str

    def __str__(self) -> str:
        return f"{self.person} registers"

    def run(self, world: World) -> None:
        user = user_register(
            email=f"{self.person.lower()}@example.com",
            first_name=self.person,
            last_name="Simulated",
            password=PASSWORD,
        )
        world.owners[self.person] = user.pk


class Asking(Protocol):
    """A step that asks the bank for something: prepared before, so that only what is asked meets trouble."""

    def prepared(self, world: World) -> tuple[list[Request], Callable[[], list[str]]]:
        """Return what is asked for, and a call that asks and returns the answers."""

    def tell(self, world: World, requests: list[Request], answers: list[str]) -> None:
        """Tell the model, and compare the answers with what they should be."""


class Asked:
    """What all of them have: they are prepared, asked and told."""

    def run(self: Asking, world: World) -> None:
        requests, ask = self.prepared(world)
        self.tell(world, requests, ask())

    def tell(self, world: World, requests: list[Request], answers: list[str]) -> None:
        world.settle(requests, answers)


@dataclass(frozen=True)
class Open(Asked):
    """An account is opened, perhaps a second time, perhaps with an opening balance."""

    name: str
    opening: int
    at: datetime | None

    def __str__(self) -> str:
        opening = f" with an opening balance of {major(self.opening)}" if self.opening else ""
        return f"{self.name} is opened{opening}" + (f" at {self.at:%Y-%m-%d %H:%M}" if self.at else "")

    def prepared(self, world: World) -> tuple[list[Request], Callable[[], list[str]]]:
        person, _, currency = self.name.rpartition("/")

        def open_it() -> None:
            account = service.account_open(
                owner=world.owners[person], currency=currency, origin=ORIGIN, opening_minor=self.opening, at=self.at
            )
            world.names.add(self.name, account.id)

        return [], lambda: [asked(open_it)]

    def tell(self, world: World, requests: list[Request], answers: list[str]) -> None:
        person = self.name.rpartition("/")[0]
        world.expect(str(self), [world.model.open(self.name, person, self.opening, self.at)], answers)


@dataclass(frozen=True)
class One(Asked):
    """One request by itself: a payment, a funding, or a change of a state."""

    request: Placed | Change

    def __str__(self) -> str:
        return told_request(self.request)

    def prepared(self, world: World) -> tuple[list[Request], Callable[[], list[str]]]:
        request = request_now(world, self.request)
        call = call_of(world, request)
        return [request], lambda: [asked(call)]


def told_request(request: Placed | Change) -> str:
    """Return a request as a sentence."""
    return str(request) if isinstance(request, Placed) else f"{request.what} {request.account}"


def request_now(world: World, request: Placed | Change) -> Request:
    """Return what is really asked for."""
    return request.now(world) if isinstance(request, Placed) else request


@dataclass(frozen=True)
class Bulk(Asked):
    """One person's list of payments, or a page of history: decided in order, in one transaction."""

    orders: Sequence[Placed]

    def __str__(self) -> str:
        return "in one batch: " + "; ".join(map(str, self.orders))

    def prepared(self, world: World) -> tuple[list[Request], Callable[[], list[str]]]:
        orders = [placed.now(world) for placed in self.orders]
        if orders[0].at is not None:
            instructions = [instruction_of(world, order) for order in orders]
            return [*orders], lambda: [said(answer) for answer in post(instructions)]
        lines = [_line(world, order) for order in orders]
        owner = world.owners[orders[0].asker]
        return [*orders], lambda: [said(one) for one in transfers_execute(orders=lines, owner=owner, origin=ORIGIN)]

    def tell(self, world: World, requests: list[Request], answers: list[str]) -> None:
        if UNKNOWN in answers:
            world.settle(requests, answers)
        world.happened.update(answers)
        wanted, failed = [], set()
        for order in requests:
            assert isinstance(order, Order)
            # What comes in one list comes at once; history has its own times.
            wanted.append(world.model.pay(order, shares=order.at is None and (order.payer, order.key) in failed))
            known = world.model.payments.get((order.payer, order.key))
            if known is not None and known.status == "FAILED":
                failed.add((order.payer, order.key))
        world.expect(str(self), wanted, answers)


def _line(world: World, order: Order) -> TransferOrder:
    sender, receiver = world.account(order.payer), world.names.ids[order.payee]
    return TransferOrder(sender, receiver, major(order.amount), order.key, order.note, order.kind)


@dataclass(frozen=True)
class Together(Asked):
    """Several requests at the same moment, each from a thread of its own."""

    requests: Sequence[Placed | Change]

    def __str__(self) -> str:
        return "all at once: " + "; ".join(map(told_request, self.requests))

    def prepared(self, world: World) -> tuple[list[Request], Callable[[], list[str]]]:
        requests = [request_now(world, request) for request in self.requests]
        calls = [call_of(world, request) for request in requests]
        return requests, lambda: at_once(calls)


def at_once(calls: Sequence[Callable[[], Any]]) -> list[str]:
    """Make all calls at the same moment and return the answers."""
    gate = threading.Barrier(len(calls))
    answers: dict[int, str] = {}

    def make(number: int) -> None:
        gate.wait(_THREADS_SECONDS)
        try:
            answers[number] = asked(calls[number])
        except Exception as error:
            answers[number] = f"{type(error).__name__}: {error}"

    threads = [threading.Thread(target=make, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(_THREADS_SECONDS)
    return [answers.get(number, "no answer at all") for number in range(len(calls))]


@dataclass(frozen=True)
class Trouble:
    """A step while the database resists; it is told how often, or resists until the bank gives up."""

    how: dict[str, Any]
    step: Asking

    def __str__(self) -> str:
        told_how = ", ".join(f"{name}={value}" for name, value in self.how.items())
        return f"[the database fails: {told_how}] {self.step}"

    def run(self, world: World) -> None:
        requests, ask = self.step.prepared(world)
        is_hopeless = self.how["times"] is None
        seconds = _SHORT_DEADLINE_SECONDS if is_hopeless else settings.TRANSFER_DEADLINE_SECONDS
        with override_settings(TRANSFER_DEADLINE_SECONDS=seconds), failing(**self.how):
            answers = ask()
        if is_hopeless:
            world.settle(requests, answers, may_be_unknown=True)
        else:
            self.step.tell(world, requests, answers)


@dataclass(frozen=True)
class Crash:
    """A process pays in two threads and is killed with -9 in the middle."""

    orders: Sequence[Placed]
    hang: str
    after: int

    def __str__(self) -> str:
        where = f"after {self.after} answers" if self.hang == NOWHERE else f"as it hangs {self.hang} {self.after}"
        return f"a process is killed {where}: " + "; ".join(map(str, self.orders))

    def run(self, world: World) -> None:
        orders = [placed.now(world) for placed in self.orders]
        child = world.child or Child()
        world.child = None
        told_orders = [_told_child(world, number, order) for number, order in enumerate(orders)]
        work = {"lanes": [told_orders[0::2], told_orders[1::2]], "hang": self.hang, "nth": self.after}
        answers = child.pay_and_die(work, count=len(orders), kill_after=self.after)
        world.settle(orders, answers, may_be_unknown=True)


def _told_child(world: World, number: int, order: Order) -> dict[str, Any]:
    return {
        "number": number,
        "sender": str(world.names.ids[order.payer]),
        "receiver": str(world.names.ids[order.payee]),
        "owner": str(world.owners[order.asker]),
        "amount": major(order.amount),
        "key": order.key,
        "note": order.note,
        "type": order.kind,
    }


@dataclass(frozen=True)
class Spare:
    """A process is started that a later step will kill; it loads meanwhile."""

    def __str__(self) -> str:
        return "a second process starts"

    def run(self, world: World) -> None:
        world.child = world.child or Child()
