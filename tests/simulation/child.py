"""A process that pays and is killed: `python -m tests.simulation.child`.

It reads its orders as one line of JSON, says `ready`, begins at the next line, and says each answer as it gets it. How
it is to be found when it dies is one of its orders: it hangs there, says `hanging`, and waits for the kill.
"""

import json
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

# Where it hangs: between its writes and its commit, or after the commit and before anybody is answered.
BEFORE_COMMIT, AFTER_COMMIT, NOWHERE = "before commit", "after commit", "nowhere"
APP = "florin-simulation-child"
_WAITING_SECONDS = 600


def main() -> None:
    """Do as the orders on standard input say."""
    import django
    from django.conf import settings

    settings.DATABASES["default"]["OPTIONS"]["appname"] = APP
    django.setup()
    from django.db import connections

    from ledger.accounts import system_accounts

    say("loaded", 0, "")
    orders = json.loads(sys.stdin.readline())
    assert orders["database"].startswith("test_"), f"refusing to work in {orders['database']}"
    connections["default"].settings_dict["NAME"] = orders["database"]
    system_accounts()  # the connection is there before the others begin
    if orders["hang"] != NOWHERE:
        hang(orders["hang"], orders["nth"])
    threads = [threading.Thread(target=pay_all, args=(lane,)) for lane in orders["lanes"]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    say("done", 0, "")
    time.sleep(_WAITING_SECONDS)


_voice = threading.Lock()


def say(word: str, number: int, answer: str) -> None:
    """Say it in one line, whole."""
    with _voice:
        sys.stdout.write(json.dumps([word, number, answer]) + "\n")
        sys.stdout.flush()


def pay_all(lane: list[dict[str, Any]]) -> None:
    """Pay one after the other, and say what the answer was."""
    from bson.objectid import ObjectId

    from ledger.accounts import account_get
    from ledger.transfers import transfer_execute
    from tests.ledger.conftest import ORIGIN
    from tests.simulation.answers import asked

    for order in lane:

        def pay(order: dict[str, Any] = order) -> Any:
            return transfer_execute(
                sender=account_get(ObjectId(order["sender"])),
                receiver=ObjectId(order["receiver"]),
                amount=order["amount"],
                key=order["key"],
                owner=ObjectId(order["owner"]),
                origin=ORIGIN,
                note=order["note"],
                type=order["type"],
            )

        say("answer", order["number"], asked(pay))


def hang(where: str, nth: int) -> None:
    """Stop for ever at the nth group of payments."""
    from ledger import committer, posting

    module, name = (posting, "_write") if where == BEFORE_COMMIT else (committer, "post")
    setattr(module, name, hanging_after(getattr(module, name), nth))


def hanging_after(work: Callable[..., Any], nth: int) -> Callable[..., Any]:
    count = iter(range(1, 1_000))

    def then_hang(*arguments: Any, **named: Any) -> Any:
        found = work(*arguments, **named)
        if next(count) >= nth:
            say("hanging", 0, "")
            time.sleep(_WAITING_SECONDS)
        return found

    return then_hang


if __name__ == "__main__":
    main()
