"""One process of the stress test: `python -m tests.ledger.stress`.

It reads its orders as one line of JSON, says `ready`, and begins at the next line. What it says in the end is
one line of JSON: what was acknowledged to it, what was refused and why, and everything that should not have happened.
"""

import json
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

UNIFORM, ZIPF, HOT = "uniform", "zipf", "hot"
# Frozen and thawed throughout, and the most popular of the Zipf part.
FROZEN_ACCOUNT = 0
# Whom everybody pays in the hot part.
HOT_ACCOUNT = 1
MOST_MINOR = 300
# One of ten asks for far more than anybody has.
TOO_MUCH_MINOR = 900_000
_LONGEST_PAUSE_SECONDS = 0.08


@dataclass
class Story:
    """What one process, or all of them, saw; amounts in minor units by account."""

    done: Counter[str] = field(default_factory=Counter)
    credited: Counter[str] = field(default_factory=Counter)
    debited: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)

    def add(self, other: dict[str, Any]) -> None:
        for name in ("done", "credited", "debited", "refused"):
            getattr(self, name).update(other[name])
        self.unexpected += other["unexpected"]


def pair(part: str, accounts: int, chance: random.Random) -> tuple[int, int]:
    """Return the numbers of a payer and of another account that is paid."""
    if part == HOT:
        payer = chance.choice([number for number in range(accounts) if number != HOT_ACCOUNT])
        return payer, HOT_ACCOUNT
    weights = [1 / (rank + 1) if part == ZIPF else 1 for rank in range(accounts)]
    payer = payee = chance.choices(range(accounts), weights)[0]
    while payee == payer:
        payee = chance.choices(range(accounts), weights)[0]
    return payer, payee


def pay(orders: dict[str, Any], number: int, began: float) -> Story:
    """Pay one after the other through all parts, as one of several threads."""
    from bson.objectid import ObjectId

    from ledger.accounts import account_get

    story, chance = Story(), random.Random(f"{orders['seed']}-{orders['number']}-{number}")  # noqa: S311 - no secret
    accounts = [account_get(ObjectId(account)) for account in orders["accounts"]]
    for index, part in enumerate((UNIFORM, ZIPF, HOT), start=1):
        count = 0
        while time.monotonic() < began + index * orders["seconds"]:
            payer, payee = pair(part, len(accounts), chance)
            count += 1
            key = f"{part}-{orders['number']}-{number}-{count}"
            amount_minor = chance.randint(1, MOST_MINOR) if chance.random() < 0.9 else TOO_MUCH_MINOR
            _send(story, part, accounts[payer], accounts[payee], amount_minor, key)
    return story


def _send(story: Story, part: str, payer: Any, payee: Any, amount_minor: int, key: str) -> None:
    from ledger.errors import TransferRefused
    from ledger.money import format_plain
    from tests.ledger.conftest import send

    try:
        send(payer, payee, format_plain(amount_minor, payer.currency), key)
    except TransferRefused as refusal:
        story.refused[str(refusal.transaction.failure_reason)] += 1
    except Exception as error:
        story.unexpected.append(f"{key}: {error!r}")
    else:
        story.done[part] += 1
        story.debited[str(payer.id)] += amount_minor
        story.credited[str(payee.id)] += amount_minor


def freeze_and_thaw(orders: dict[str, Any], number: int, began: float) -> Story:
    """Freeze and thaw one account until the last part ends, and leave it thawed."""
    from bson.objectid import ObjectId

    from ledger.accounts import account_freeze, account_unfreeze
    from tests.ledger.conftest import ORIGIN

    story, chance = Story(), random.Random(f"{orders['seed']}-freezer")  # noqa: S311 - no secret
    account = ObjectId(orders["accounts"][FROZEN_ACCOUNT])
    while time.monotonic() < began + 3 * orders["seconds"]:
        for change in (account_freeze, account_unfreeze):
            try:
                change(account_id=account, reason="stress", origin=ORIGIN)
                story.done[change.__name__] += 1
            except Exception as error:
                story.unexpected.append(f"{change.__name__}: {error!r}")
            time.sleep(chance.uniform(0, _LONGEST_PAUSE_SECONDS))
    return story


def in_threads(work: Callable[[dict[str, Any], int, float], Story], orders: dict[str, Any]) -> Story:
    """Do the work in several threads at once, and return what they saw together."""
    whole, lock = Story(), threading.Lock()
    began = time.monotonic()

    def run(number: int) -> None:
        story = work(orders, number, began)
        with lock:
            whole.add(vars(story))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(orders["threads"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return whole


def main() -> None:
    """Do as the orders on standard input say."""
    import django

    django.setup()
    from django.db import connections

    from ledger import sessions
    from ledger.accounts import system_accounts

    orders = json.loads(sys.stdin.readline())
    assert orders["database"].startswith("test_"), f"refusing to work in {orders['database']}"
    connections["default"].settings_dict["NAME"] = orders["database"]
    system_accounts()  # the connection is there before the others begin
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    story = in_threads({"pay": pay, "freeze": freeze_and_thaw}[orders["work"]], orders)
    sessions.pool_reset()
    json.dump(vars(story), sys.stdout)


if __name__ == "__main__":
    main()
