"""Which steps a seed makes. They depend on nothing but the seed, so that the same ones come again."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from tests.simulation.child import AFTER_COMMIT, BEFORE_COMMIT, NOWHERE
from tests.simulation.model import CAP, CHANGES, SYSTEM, Order, system
from tests.simulation.orderings import Change
from tests.simulation.steps import (
    ALL,
    MORE_THAN_ALL,
    Asking,
    Bulk,
    Crash,
    One,
    Open,
    Placed,
    Register,
    Spare,
    Together,
    Trouble,
)
from tests.simulation.world import DAYS_BACK, NOBODY, Step

PEOPLE = ["Ann", "Ben", "Cem", "Dot", "Eve", "Fay", "Gus"]
CURRENCIES = ["INR", "INR", "INR", "USD", "EUR"]
_MALFORMED = ["0", "-1", "1.005", "1e3", "", "1,5", "NaN"]
_NOTES = ["", "Tea", "Rent", "₹ for the cab", "Merci 🙂"]


@dataclass
class Plan:
    """Makes the steps of a seed, one after the other.

    Args:
        seed: the number that all follows from.
        began: now, from which the days are counted back.
    """

    seed: int
    began: datetime
    people: list[str] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)
    placed: list[Order] = field(default_factory=list)
    crash_at: int = -1
    insisting: list[Placed] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 - no secret
        # So many steps happen in the past, day by day.
        self.history = self.chance.randrange(20, 45)
        self.clock: datetime | None = self.began - timedelta(days=DAYS_BACK)

    def steps(self, count: int) -> Iterator[Step]:
        """Yield the first steps."""
        return islice(self._all_steps(), count)

    def _all_steps(self) -> Iterator[Step]:
        """Yield steps for ever."""
        yield from self._beginning()
        for number in itertools.count(2 * len(self.people)):
            if self.clock is not None:
                self._time_passes(number)
            yield self._step(number)

    def _beginning(self) -> Iterator[Step]:
        for person in PEOPLE[:3]:
            self.people.append(person)
            yield Register(person)
            yield self._open(f"{person}/INR")

    def _time_passes(self, number: int) -> None:
        """History ends with today; after that everything happens now."""
        assert self.clock is not None
        self.clock += timedelta(minutes=self.chance.randrange(1, 3 * 24 * 60))
        if number > self.history or self.clock > self.began - timedelta(days=1):
            self.clock = None

    def _step(self, number: int) -> Step:
        if number == self.crash_at:
            return self._crash()
        if number < self.crash_at or self.clock is not None:
            return self._ordinary()
        if self.chance.random() < 0.035:
            # The process is there when it is needed.
            self.crash_at = number + self.chance.randrange(8, 14)
            return Spare()
        return self._ordinary()

    def _ordinary(self) -> Step:
        if self.insisting:
            return One(self.insisting.pop())
        kinds: list[tuple[Callable[[], Step], int]] = [
            (self._register, 4),
            (self._open_another, 7),
            (self._fund, 8),
            (self._one, 20),
            (self._again, 16),
            (self._insist, 4),
            (self._bulk, 10),
            (self._change, 10),
            (self._together, 12 if self.clock is None else 0),
            (self._trouble, 13),
        ]
        makers, weights = zip(*kinds, strict=True)
        maker: Callable[[], Step] = self.chance.choices(makers, weights)[0]
        return maker()

    def _register(self) -> Step:
        if len(self.people) == len(PEOPLE):
            return self._open_another()
        self.people.append(PEOPLE[len(self.people)])
        return Register(self.people[-1])

    def _open_another(self) -> Open:
        return self._open(f"{self.chance.choice(self.people)}/{self.chance.choice(CURRENCIES)}")

    def _open(self, name: str) -> Open:
        if name not in self.accounts:
            self.accounts.append(name)
        return Open(name, self.chance.choice([0, 0, 1, 50_000, 123_45]), self.clock)

    def _fund(self) -> One:
        payee = self.chance.choice(self.accounts)
        payer = system(payee.rpartition("/")[2])
        order = Order(payer, payee, self.chance.randrange(1, 90_000), f"f{len(self.placed)}", SYSTEM, "", "FUNDING")
        return One(self._place(replace(order, at=self.clock)))

    def _one(self) -> One:
        return One(self._place(self._order()))

    def _place(self, order: Order) -> Placed:
        self.placed.append(order)
        return Placed(len(self.placed) - 1, order)

    def _order(self, payer: str = "") -> Order:
        chance = self.chance
        payer = payer or chance.choice(self.accounts)
        owner = payer.rpartition("/")[0]
        others = [name for name in self.accounts if name != payer]
        alike = [name for name in others if name.endswith(payer[-4:])] or others
        payee = chance.choices([chance.choice(alike), chance.choice([*self.accounts, NOBODY])], [9, 1])[0]
        # Few keys, so that they meet.
        key = chance.choice([f"p{len(self.placed)}", f"p{len(self.placed)}", f"k{chance.randrange(8)}"])
        asker = chance.choices([owner, chance.choice(self.people)], [15, 1])[0]
        kind = chance.choice(["TRANSFER", "TRANSFER", "PIX"])
        return Order(payer, payee, self._amount(), key, asker, chance.choice(_NOTES), kind, self.clock)

    def _amount(self) -> int | str:
        chance = self.chance
        amounts: list[int | str] = [chance.randrange(1, 20_000), ALL, MORE_THAN_ALL, CAP, CAP + 1]
        if self.clock is None:
            amounts.append(chance.choice(_MALFORMED))
        return chance.choices(amounts, weights=[20, 3, 3, 1, 1, 1][: len(amounts)])[0]

    def _again(self) -> Step:
        if not self.placed:
            return self._one()
        return One(self._placed_again())

    def _insist(self) -> Step:
        """Somebody asks for too much, again and again, until the key is final, and after that."""
        payer = self.chance.choice(self.accounts)
        order = replace(
            self._order(payer), amount=MORE_THAN_ALL, asker=payer.rpartition("/")[0], key=f"i{len(self.placed)}"
        )
        placed = self._place(order)
        self.insisting = [Placed(placed.number, None)] * self.chance.randrange(2, 5)
        return One(placed)

    def _placed_again(self) -> Placed:
        # The newest are asked for again most: their failures are still to be counted.
        newest = len(self.placed) - 1
        number = max(0, newest - int(self.chance.expovariate(0.8)))
        is_changed = self.chance.random() < 0.15 and self.placed[number].amount not in _MALFORMED
        return Placed(number, None, "another note" if is_changed else None)

    def _bulk(self) -> Bulk:
        payer = self.chance.choice(self.accounts)
        owner = payer.rpartition("/")[0]
        count = self.chance.randrange(2, 12)
        return Bulk([self._place(replace(self._order(payer), asker=owner)) for _ in range(count)])

    def _change(self) -> One:
        return One(self._change_of_state())

    def _change_of_state(self) -> Change:
        what = self.chance.choices(list(CHANGES), [4, 9, 1])[0]
        return Change(self.chance.choice(self.accounts), what)

    def _together(self) -> Together:
        """Up to five at once, on few accounts; some under one key, some while an account is frozen."""
        first = self._place(self._order())
        requests: list[Placed | Change] = [first]
        for _ in range(self.chance.randrange(1, 5)):
            kind = self.chance.choices(["the same", "one more", "a retry", "a change"], [3, 4, 2, 1])[0]
            if kind == "the same":
                requests.append(Placed(first.number, None))
            elif kind == "one more":
                requests.append(self._place(self._order(self.placed[first.number].payer)))
            elif kind == "a retry":
                requests.append(self._placed_again())
            else:
                requests.append(self._change_of_state())
        return Together(requests)

    def _trouble(self) -> Trouble:
        step, commands = self._step_for_trouble()
        return Trouble(self._how(step, commands), step)

    def _step_for_trouble(self) -> tuple[Asking, list[str]]:
        commands = ["update", "insert", "commitTransaction"]
        makers: list[Callable[[], Asking]] = [self._one, self._one, self._bulk, self._fund, self._change]
        if self.clock is None:
            makers += [self._together, self._open_another]
        step = self.chance.choice(makers)()
        if isinstance(step, Bulk):
            # It reads nothing but in its transaction.
            commands.append("find")
        if isinstance(step, Open):
            commands.append("findAndModify")
        return step, commands

    def _how(self, step: Asking, commands: list[str]) -> dict[str, Any]:
        chance = self.chance
        transient: dict[str, Any] = {"commands": [chance.choice(commands)], "times": chance.randrange(1, 4)}
        transient |= {"errorCode": chance.choice([251, 112]), "errorLabels": ["TransientTransactionError"]}
        unknown: dict[str, Any] = {"commands": ["commitTransaction"], "times": chance.randrange(1, 3)}
        unknown |= {
            "errorCode": chance.choice([91, 189, 11602, 64]),
            "errorLabels": ["UnknownTransactionCommitResult"],
        }
        lost = {"code": 91, "errmsg": "shutting down", "errorLabels": ["UnknownTransactionCommitResult"]}
        done = {"commands": ["commitTransaction"], "times": 1, "writeConcernError": lost}
        dropped = {"commands": [chance.choice(commands)], "times": 1, "closeConnection": True}
        never = {"commands": ["insert"], "times": None, "errorCode": 112, "errorLabels": ["TransientTransactionError"]}
        unheard = {"commands": ["commitTransaction"], "times": None, "writeConcernError": lost}
        ways: list[dict[str, Any]] = [transient, unknown, done, dropped]
        weights = [5, 3, 3, 4]
        if isinstance(step, One) and isinstance(step.request, Placed):
            ways, weights = [*ways, never, unheard], [*weights, 1, 1]
        return chance.choices(ways, weights)[0]

    def _crash(self) -> Crash:
        orders = [self._place(self._order()) for _ in range(self.chance.randrange(2, 6))]
        if self.chance.random() < 0.4:
            orders.append(Placed(orders[0].number, None))
        hang = self.chance.choice([NOWHERE, NOWHERE, BEFORE_COMMIT, AFTER_COMMIT])
        return Crash(
            orders, hang, self.chance.randrange(1, 3) if hang != NOWHERE else self.chance.randrange(len(orders))
        )
