"""The real bank does what the model does, through days of payments, crashes and a database that resists."""

import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo.database import Database

from ledger import sessions
from ledger.records import now
from ledger.store import database
from tests.database import clean
from tests.simulation.plan import Plan
from tests.simulation.world import World

FIXED_SEEDS = (1, 2)
STEPS = int(os.environ.get("SIMULATION_STEPS") or 110)
SECONDS = int(os.environ.get("SIMULATION_SECONDS") or 0)

pytestmark = pytest.mark.timeout(max(240, SECONDS + 240))


def seeds() -> list[int]:
    """Return the seeds of this run: the one that is asked for, or a few that are always the same and a new one."""
    asked = os.environ.get("SIMULATION_SEED")
    return [int(asked)] if asked else [*FIXED_SEEDS, random.SystemRandom().randrange(10**9)]


@pytest.fixture
def empty_bank(bank_db: Database[dict[str, Any]]) -> Iterator[None]:
    yield
    sessions.pool_reset()


def simulate(seed: int, steps: int = STEPS) -> World:
    """Run one seed on an empty bank and return what it came to."""
    world = World(seed)
    try:
        for step in Plan(seed, world.began).steps(steps):
            world.do(step)
    finally:
        world.end()
    return world


@pytest.mark.usefixtures("empty_bank")
@pytest.mark.parametrize("place", range(len(seeds())), ids=lambda place: f"seed-{place + 1}")
def test_the_bank_does_what_the_model_does(place: int) -> None:
    simulate(seeds()[place])


if SECONDS:

    @pytest.mark.usefixtures("empty_bank")
    def test_for_a_long_time(capsys: pytest.CaptureFixture[str]) -> None:
        """Go through new seeds for as long as was asked for, and tell what happened."""
        ends, count, happened = time.monotonic() + SECONDS, 0, Counter[str]()
        while time.monotonic() < ends:
            sessions.pool_reset()
            clean(database())
            world = simulate(random.SystemRandom().randrange(10**9))
            happened.update(world.happened, steps=len(world.done))
            count += 1
        with capsys.disabled():
            sys.stdout.write(f"\n{count} seeds: {dict(happened.most_common())}\n")


def test_the_same_seed_makes_the_same_steps() -> None:
    began = now()
    one, two, other = ([str(step) for step in Plan(seed, began).steps(200)] for seed in (5, 5, 6))
    assert one == two
    assert one != other
    assert len(one) == 200
