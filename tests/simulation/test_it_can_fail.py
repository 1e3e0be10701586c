"""The simulation sees what is wrong: in the books, in a rule of the bank, in a rule of the model, after a crash."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from bson.int64 import Int64

from ledger import posting, rules
from tests.ledger.damages import damaged
from tests.simulation import model
from tests.simulation.model import Model, Order
from tests.simulation.orderings import UNKNOWN, Change, Request, explained
from tests.simulation.plan import Plan
from tests.simulation.test_simulation import empty_bank, simulate
from tests.simulation.world import Broken, World

__all__ = ["empty_bank"]
SEED = 1


def story_of(world: World, steps: int) -> str:
    """Go on until something is wrong, and return the text; nothing being wrong is the failure here."""
    for step in Plan(world.seed, world.began).steps(steps):
        try:
            world.do(step)
        except Broken as broken:
            return str(broken)
    pytest.fail("nothing was seen")


def tells_seed_and_steps(story: str) -> None:
    """The text names the seed, numbers every step, and says how to run them again."""
    numbers = [int(number) for number in re.findall(r"^ *(\d+)\. ", story, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert "   1. Ann registers" in story
    assert f"After step {len(numbers)} of seed {SEED}:" in story
    assert f"SIMULATION_SEED={SEED} SIMULATION_STEPS={len(numbers)} pytest tests/simulation" in story


DAMAGES: dict[str, tuple[Callable[[World], None], str]] = {
    "a balance from nowhere": (
        lambda world: damaged(
            "ledger_accounts", {"_id": world.names.ids["Ann/INR"]}, {"$inc": {"balance_minor": Int64(5)}}
        ),
        r"Ann/INR: state, balance, credits, number of entries: should be \(.*\), is \(",
    ),
    "a key that has failed more often": (
        lambda world: damaged(
            "ledger_transactions", {"sender": world.names.ids["the system/INR"]}, {"$inc": {"retry_count": Int64(1)}}
        ),
        r"the system/INR: key .*: should be",
    ),
    "a note that was changed": (
        lambda world: damaged(
            "ledger_entries", {"account": world.names.ids["Ann/INR"], "seq": 1}, {"$set": {"note": "Other"}}
        ),
        r"Ann/INR: entry 1: should be",
    ),
    "an audit record taken out": (
        lambda world: damaged("ledger_audit", {"action": "account.opened"}, {"$set": {"action": "account.lost"}}),
        r"audit: account.lost: should be absent, is 1",
    ),
}


@pytest.mark.usefixtures("empty_bank")
@pytest.mark.parametrize("damage", DAMAGES)
def test_books_that_were_changed_by_hand_are_seen_after_the_next_step(damage: str) -> None:
    do, sentence = DAMAGES[damage]
    world = World(SEED)
    steps = list(Plan(SEED, world.began).steps(31))
    for step in steps[:-1]:
        world.do(step)
    do(world)
    with pytest.raises(Broken) as failure:
        world.do(steps[-1])
    assert re.search(sentence, str(failure.value))
    tells_seed_and_steps(str(failure.value))


def frozen_accounts_may_pay(patch: pytest.MonkeyPatch) -> None:
    real = Model._refusal

    def without(self: Model, order: Order, amount: int) -> str | None:
        reason = real(self, order, amount)
        return None if reason == "sender_not_active" else reason

    patch.setattr(Model, "_refusal", without)


def known_keys_are_executed_again(patch: pytest.MonkeyPatch) -> None:
    real = rules.answer_for_known

    def without(instruction: Any, known: Any) -> Any:
        answer = real(instruction, known)
        return None if isinstance(answer, rules.Outcome) and answer.replayed else answer

    patch.setattr(rules, "answer_for_known", without)
    # Or the unique index would stop it, and what is then read back would be the right answer after all.
    patch.setattr(posting, "answer_for_known", without)


def the_cap_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rules, "transfer_cap_minor", lambda currency: 10**15)


WRONG_RULES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "model: frozen accounts may pay": frozen_accounts_may_pay,
    "model: a payment may fail twice": lambda patch: patch.setattr(model, "MOST_FAILURES", 2),
    "bank: a payment may fail once more": lambda patch: patch.setattr(rules, "MAX_FAILURES", 4),
    "bank: known keys are executed again": known_keys_are_executed_again,
    "bank: no cap": the_cap_is_forgotten,
}


@pytest.mark.usefixtures("empty_bank")
@pytest.mark.parametrize("rule", WRONG_RULES)
def test_a_rule_that_is_wrong_in_the_bank_or_in_the_model_is_seen(
    rule: str, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    # Where the database itself stops what a rule let through, the bank would go on trying.
    settings.TRANSFER_DEADLINE_SECONDS = 2
    WRONG_RULES[rule](monkeypatch)
    tells_seed_and_steps(story_of(World(SEED), 110))


@pytest.mark.usefixtures("empty_bank")
def test_what_breaks_in_a_step_is_told_like_everything_else() -> None:
    class Failing:
        def __str__(self) -> str:
            return "Ann registers"

        def run(self, world: World) -> None:
            raise KeyError("somewhere inside")

    with pytest.raises(Broken, match="KeyError: 'somewhere inside'") as failure:
        World(SEED).do(Failing())
    tells_seed_and_steps(str(failure.value))


# --- orders that explain --------------------------------------------------------------------------------------------


@pytest.fixture
def small() -> Model:
    """Two accounts; there are ten on the first."""
    found = Model()
    for name in ("Ann/INR", "Ben/INR"):
        found.open(name, name[:3], 0)
    found.accounts["Ann/INR"] = replace(found.accounts["Ann/INR"], balance=10)
    return found


def pays(amount: int, key: str) -> Order:
    return Order("Ann/INR", "Ben/INR", amount, key, "Ann")


def balance(found: Model) -> int:
    return found.accounts["Ben/INR"].balance


def has_paid(amount: int, found: Model) -> bool:
    return balance(found) == amount


def has_failed(times: int, found: Model) -> bool:
    return found.payments["Ann/INR", "a"].failures == times


def test_of_two_that_cannot_both_be_paid_either_may_be_the_first(small: Model) -> None:
    requests = [pays(7, "a"), pays(6, "b")]
    for answers, paid in ((["done", "insufficient_funds"], 7), (["insufficient_funds", "done"], 6)):
        after = explained(small, requests, answers, lambda guess: True)
        assert after is not None
        assert balance(after) == paid
    assert explained(small, requests, ["done", "done"], lambda guess: True) is None
    assert explained(small, requests, ["insufficient_funds"] * 2, lambda guess: True) is None


def test_what_had_no_answer_may_have_been_done_or_not(small: Model) -> None:
    for paid in (0, 7):
        after = explained(small, [pays(7, "a")], [UNKNOWN], partial(has_paid, paid))
        assert after is not None
        assert (("Ann/INR", "a") in after.payments) == (paid == 7)
    assert explained(small, [pays(7, "a")], [UNKNOWN], partial(has_paid, 14)) is None


def test_a_failure_may_be_shared_by_those_that_came_with_it(small: Model) -> None:
    requests, answers = [pays(70, "a")] * 2, ["insufficient_funds"] * 2
    for failures in (1, 2):
        assert explained(small, requests, answers, partial(has_failed, failures)) is not None
    assert explained(small, requests, answers, partial(has_failed, 3)) is None


def test_an_account_that_is_frozen_meanwhile(small: Model) -> None:
    requests: list[Request] = [pays(7, "a"), Change("Ann/INR", "freeze")]
    for answer in ("done", "sender_not_active"):
        assert explained(small, requests, [answer, "done"], lambda guess: True) is not None


def test_the_simulation_ends_well_without_any_of_this(empty_bank: None) -> None:
    assert len(simulate(SEED, 12).done) == 12
