"""The bank that the table of pages (`tests.e2e.places`) is looked at in: the demo's people and half a year of theirs.

Set up once and only read after that. On top of the demo come the things that go wrong in a bank, a list of payments,
webhooks, notifications, and one person whose names and sums are as long as they can be.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bson.int64 import Int64
from bson.objectid import ObjectId
from django.test import override_settings

from accounts.models import User
from accounts.selectors import user_by_email
from accounts.services import user_register
from banking import demo
from banking.outbox.records import DEAD, PENDING
from banking.run_records import CHECKED, PAYING, runs
from banking.services.customers import account_open
from banking.services.webhooks import webhook_disable, webhook_register
from banking.webhooks.records import EVENTS
from ledger.accounts import account_freeze, accounts_of_owner
from ledger.audit import COMMAND
from ledger.checkpoints import checkpoint_append
from ledger.errors import TransferRefused
from ledger.money import format_plain
from ledger.records import MAX_FAILURES, Account, now
from ledger.signing import PrivateKey, key_make
from ledger.transfers import funding_execute, transfer_execute
from tests.banking.runs import confirm, quiet, upload
from tests.ledger.conftest import inspected
from tests.web.outbox import deliver, notify

# What the books are signed with; the server of the table is told its public half.
SIGNING = PrivateKey(key_make())
LONG_FIRST = "Maximiliana Theodora Wilhelmine Josephine Alexandrina Sophie"
LONG_LAST = "Featherstonehaugh-Cholmondeley-Wolfeschlegelsteinhausenberge"
LONG_EMAIL = "maximiliana.theodora.wilhelmine.josephine@featherstonehaugh-cholmondeley.example"
LONG_NOTE = (
    "For the long week-end by the lake: the boat, the two tents, both dinners, the lantern that fell in, and "
    + ("Donaudampfschifffahrtsgesellschaft")
)
LONG_URL = "http://127.0.0.1:9001/a/very/long/path/that/goes/on/and/on/and/does/not/end/for/quite/a/while?shop=17"
NO_SUCH = "0" * 24


@dataclass
class Stage:
    """The bank and what the addresses of its pages need.

    Args:
        people: who looks, by the names of `tests.e2e.places.Who`.
        ids: what stands in the addresses of the table, by name.
    """

    people: dict[str, User]
    ids: dict[str, str] = field(default_factory=dict)


def stage_set() -> Stage:
    """Fill an empty bank."""
    demo.fill(lambda _: None)
    owner, friend, frozen = (_demo_person(number) for number in (0, 1, 5))
    stage = Stage({"owner": owner, "frozen": frozen, "fresh": _fresh(), "admin": user_by_email(email=demo.ADMIN)})
    stage.people["portuguese"] = friend
    account, other = _account(owner), _account(friend)
    stage.ids |= {"account": str(account.id), "friend": str(other.id), "no_such": NO_SUCH}
    stage.ids |= {"dollars": str(_account(owner, "USD").id), "user": str(owner.pk)}
    _long_person(stage, account)
    _payments(stage, owner, account, other)
    _frozen_account(stage, frozen)
    _runs(stage, owner, account)
    _webhooks(stage, owner, account)
    quiet()
    _notifications(owner)
    with override_settings(CHECKPOINT_PUBLIC_KEYS=[SIGNING.public_text]):
        assert checkpoint_append(SIGNING)
        inspected()
    return stage


def _demo_person(number: int) -> User:
    return user_by_email(email=demo.PEOPLE[number][2])


def _account(user: User, currency: str = "INR") -> Account:
    return next(one for one in accounts_of_owner(user.pk) if one.currency == currency)


def _fresh() -> User:
    return user_register(email="nadia@florin.example", first_name="Nadia", last_name="Haddad", password=demo.PASSWORD)


def _long_person(stage: Stage, friend: Account) -> None:
    user = user_register(email=LONG_EMAIL, first_name=LONG_FIRST, last_name=LONG_LAST, password=demo.PASSWORD)
    account = account_open(user=user, currency="INR", origin=COMMAND)
    for number in range(3):
        funding_execute(receiver=account.id, amount="999999999.99", key=f"long-{number}", origin=COMMAND)
    stage.people["long"] = user
    stage.ids |= {"long": str(_pay(user, account, friend, "9999.99", key="e" * 32, note=LONG_NOTE))}


def _payments(stage: Stage, owner: User, account: Account, friend: Account) -> None:
    funding_execute(receiver=_account(owner, "USD").id, amount="240", key="dollars", origin=COMMAND)
    stage.ids["paid_key"], stage.ids["failed_key"], stage.ids["given_up_key"] = (digit * 32 for digit in "abc")
    stage.ids["paid"] = _pay(owner, account, friend, "250.75", key="a" * 32, note="Dinner")
    stage.ids["failed"] = _pay(owner, account, friend, "9000000", key="b" * 32, note="A house")
    for _ in range(MAX_FAILURES):
        stage.ids["given_up"] = _pay(owner, account, friend, "8000000", key="c" * 32, note="Another house")


def _pay(user: User, account: Account, receiver: Account, amount: str, *, key: str, note: str) -> str:
    """Pay, and return the transaction's id, whatever became of it."""
    try:
        outcome = transfer_execute(
            sender=account, receiver=receiver.id, amount=amount, key=key, owner=user.pk, origin=COMMAND, note=note
        )
    except TransferRefused as refused:
        return str(refused.transaction.id)
    return str(outcome.transaction.id)


def _frozen_account(stage: Stage, frozen: User) -> None:
    account = _account(frozen)
    reason = "Lost card, as you told us on the telephone this morning"
    account_freeze(account_id=account.id, reason=reason, origin=COMMAND)
    stage.ids["frozen"] = str(account.id)


def _runs(stage: Stage, owner: User, account: Account) -> None:
    """Lists of payments: done, come to a halt, ready, doubtful, and one with everything wrong and many pages."""
    good = "bruno@florin.example; 120; March\nchitra@florin.example; 75.50; March\nDev Kapoor; 60;\n"
    wrong = (
        f"bruno@florin.example;ten;\n;5;\n{NO_SUCH};1;\nNobody {'x' * 100};5;\nbruno@florin.example;1;{LONG_NOTE}\n"
    )
    lists = {
        "done": good + "Nobody Known; 10; Who is this?\n",
        "halted": good + "Elena Rossi; 12;\n",
        "checked": good.replace("March", "April").replace("60;", "65;"),
        "doubtful": good + "bruno@florin.example; 120; March\nGrace Thomas; 45.50; Books\n",
        "wrong": wrong + "".join(f"grace@florin.example;{number}.01;\n" for number in range(1, 60)),
    }
    for name, text in lists.items():
        run = upload(owner, account, text, name=f"{name}.csv")
        stage.ids[f"run_{name}"] = str(run.id)
        if name == "done":
            confirm(owner, run, leave_out=True)
        if name == "halted":
            halted = {"status": PAYING, "confirmed_at": now(), "stalled_at": now()}
            assert runs().update_one({"_id": run.id, "status": CHECKED}, {"$set": halted}).matched_count == 1


def _webhooks(stage: Stage, owner: User, account: Account) -> None:
    shop, _ = webhook_register(user=owner, url="http://127.0.0.1:9002/florin", wanted=EVENTS, origin=COMMAND)
    off, _ = webhook_register(user=owner, url=LONG_URL, wanted=EVENTS[:1], origin=COMMAND)
    webhook_disable(webhook_id=off.id, reason="The server answered 410 Gone, so it is not called any more.")
    states = (("DELIVERED", 1), (PENDING, 0), (PENDING, 3), (DEAD, 34))
    for number, (state, attempts) in enumerate(states, start=1):
        known: dict[str, Any] = {"account": account.id, "state": state, "attempts": Int64(attempts)}
        known |= {"last_error": "The server answered 503." if attempts > 1 else "", "target": shop.id}
        deliver(owner, number, **known)
    stage.ids |= {"webhook": str(shop.id), "webhook_off": str(off.id)}


def _notifications(owner: User) -> None:
    """More than a page of them, of which the last ones are new."""
    names = [f"{first} {last}" for first, last, _ in demo.PEOPLE[1:]]
    for number in range(70):
        amount = 2_500 + 175 * number
        words = {"amount": format_plain(amount, "INR"), "amount_minor": Int64(amount), "currency": "INR"}
        words |= {"counterparty": names[number % len(names)], "reason": None, "transaction": ObjectId()}
        read = None if number > 66 else datetime.now(UTC)
        notify(owner, number, data=words, read_at=read)
    notify(owner, 74, kind="account_frozen", data={"currency": "USD", "reason": "Lost card"})
