"""The real bank beside the model: who is who, what was done so far, and what differs."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from bson.objectid import ObjectId

from ledger.accounts import account_get, system_accounts
from ledger.errors import TransactionNotFound
from ledger.history import balance_at, entries_page, transaction_by_key
from ledger.records import Account, now
from ledger.verify import verify
from tests.simulation.killing import Child
from tests.simulation.model import SYSTEM, Model, Order, differences, system
from tests.simulation.model import Account as ModelAccount
from tests.simulation.orderings import UNKNOWN, Request, explained
from tests.simulation.times import Times
from tests.simulation.view import Names, RealBank

NOBODY = "Nobody/INR"
VERIFY_EVERY = 10
# How far the first day lies back.
DAYS_BACK = 60
_MOST_DIFFERENCES = 20


class Broken(AssertionError):
    """The real bank and the model differ; the text names the seed and every step so far."""


class Step(Protocol):
    """Something that happens; its text says what."""

    def run(self, world: World) -> None:
        """Do it to the bank and to the model."""


class World:
    """One simulation.

    Args:
        seed: made the steps, and says what is looked at.
        verify_every: how many steps lie between two verifications of the whole ledger.
    """

    def __init__(self, seed: int, *, verify_every: int = VERIFY_EVERY) -> None:
        self.seed = seed
        self.model = Model()
        self.done: list[str] = []
        # How often there was which kind of step and which answer.
        self.happened: Counter[str] = Counter()
        self.owners: dict[str, ObjectId] = {SYSTEM: ObjectId()}
        self.names = Names()
        self.names.add(NOBODY, ObjectId())
        # The orders as they were really placed, by their numbers.
        self.placed: dict[int, Order] = {}
        self.began = now()
        self.child: Child | None = None
        self._verify_every = verify_every
        self._real = RealBank(self.names)
        self._times = Times(self.names)
        for account in system_accounts():
            name = system(account.currency)
            self.names.add(name, account.id)
            self.model.accounts[name] = ModelAccount(SYSTEM, account.currency)

    def account(self, name: str) -> Account:
        return account_get(self.names.ids[name])

    def do(self, step: Step) -> None:
        """Do a step, and compare; whatever goes wrong tells the seed and the steps."""
        self.done.append(str(step))
        self.happened[type(step).__name__] += 1
        began = now()
        try:
            step.run(self)
            self.compare(began)
            if len(self.done) % self._verify_every == 0:
                self.verify()
        except Broken:
            raise
        except Exception as error:
            raise Broken(self.story(f"{type(error).__name__}: {error}")) from error

    def end(self) -> None:
        """Verify the whole ledger at last, and leave no process behind."""
        try:
            self.verify()
        finally:
            if self.child is not None:
                self.child.kill()

    def settle(self, requests: Sequence[Request], answers: Sequence[str], *, may_be_unknown: bool = False) -> None:
        """Take over into the model what explains the answers; there has to be something that does.

        Args:
            requests: what was asked for, in no order.
            answers: to each of them.
            may_be_unknown: something was in the way that excuses it when there is no answer.
        """
        self.happened.update(answers)
        if UNKNOWN in answers and not may_be_unknown:
            raise Broken(self.story(f"Asked to try again, though nothing was in the way: {list(answers)}"))
        touched = {name for request in requests for name in _names_of(request)} & self.model.accounts.keys()
        found = self._real.view(touched)
        fits: Callable[[Model], bool] = lambda guess: guess.view(touched) == found  # noqa: E731
        model = explained(self.model, requests, answers, fits)
        if model is None:
            raise Broken(self.story(*self._unexplained(requests, answers, found, touched)))
        self.model = model

    def _unexplained(
        self, requests: Sequence[Request], answers: Sequence[str], found: dict[str, Any], touched: set[str]
    ) -> list[str]:
        """Tell it in the order that a reader thinks of first."""
        guess, lines = self.model.copy(), ["No order of the requests explains the answers and what is in the bank."]
        for request, answer in zip(requests, answers, strict=True):
            wanted = guess.pay(request) if isinstance(request, Order) else guess.change(request.account, request.what)
            lines.append(f"{request}: answered {answer}; one after the other it would be {wanted}")
        return lines + differences(guess.view(touched), found)[:_MOST_DIFFERENCES]

    def expect(self, what: str, wanted: object, found: object) -> None:
        """Compare one thing."""
        if wanted != found:
            raise Broken(self.story(f"{what}: should be {wanted}, is {found}"))

    def compare(self, began: datetime) -> None:
        """Compare everything, and look at one account through the services that customers see."""
        # Differences first: the times are those of entries that are there.
        wrong = differences(self.model.view(), self._real.view()) or self._times.wrong(self.model, began, now())
        if wrong:
            raise Broken(self.story(*wrong[:_MOST_DIFFERENCES]))
        customers = [name for name in self.model.accounts if not name.startswith(SYSTEM)]
        if customers:
            chance = random.Random(f"{self.seed}-look-{len(self.done)}")  # noqa: S311 - no secret
            self._look_at(chance.choice(customers), chance)

    def verify(self) -> None:
        """Let the whole ledger prove itself."""
        report = verify()
        if report.violations:
            raise Broken(self.story("verify found:", *map(str, report.violations[:_MOST_DIFFERENCES])))

    def story(self, *wrong: str) -> str:
        """Return what is wrong, and how to see it again."""
        steps = [f"{number:4d}. {text}" for number, text in enumerate(self.done, start=1)]
        again = f"SIMULATION_SEED={self.seed} SIMULATION_STEPS={len(self.done)} pytest tests/simulation"
        return "\n".join(["", *steps, "", f"After step {len(self.done)} of seed {self.seed}:", *wrong, "", again])

    def _look_at(self, name: str, chance: random.Random) -> None:
        """Ask the services about one account: its newest entries, its balance at a past time, one of its keys."""
        real, wanted = self.account(name), self.model.accounts[name]
        numbered = list(enumerate(wanted.lines, start=1))
        found = [(one.seq, one.balance_after_minor) for one in entries_page(account=real, limit=10).entries]
        self.expect(f"{name}: newest entries", [(number, line.balance) for number, line in numbered[:-11:-1]], found)
        moment = self.began + timedelta(minutes=10 - chance.randrange(DAYS_BACK * 24 * 60))
        then = [line.balance for number, line in numbered if self._times.of(name, number) <= moment]
        self.expect(f"{name}: balance at {moment}", then[-1] if then else 0, balance_at(account=real, at=moment))
        key = chance.choice([*(key for payer, key in self.model.payments if payer == name), "never-used"])
        known = self.model.payments.get((name, key))
        outcome = (known.status, known.reason, known.failures) if known else None
        self.expect(f"{name}: outcome of key {key}", outcome, _outcome(real, key))


def _outcome(account: Account, key: str) -> tuple[Any, ...] | None:
    try:
        found = transaction_by_key(account=account, key=key)
    except TransactionNotFound:
        return None
    return (found.status, found.failure_reason, found.retry_count)


def _names_of(request: Request) -> list[str]:
    return [request.payer, request.payee] if isinstance(request, Order) else [request.account]
