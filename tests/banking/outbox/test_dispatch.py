"""Deliveries reach their consumer at least once, in order per account, and nobody's trouble is everybody's."""

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from threading import Event as Flag
from threading import Lock, Thread
from typing import Any

import pytest
from bson.objectid import ObjectId
from pymongo.errors import AutoReconnect

from banking.outbox import dispatch as dispatching
from banking.outbox import queue
from banking.outbox.consumers import DeliveryFailed, News, NoLongerWanted, Recipient, Undeliverable
from banking.outbox.dispatch import MOST_ATTEMPTS, dispatch_one, pause_after
from banking.outbox.records import DEAD, DELIVERED, PENDING, Delivery
from banking.outbox.stories import stories
from ledger.records import Account
from tests.banking.outbox.conftest import dispatch_all, kept_deliveries, kept_streams, relay_all
from tests.banking.runs import customer
from tests.ledger.conftest import send


class Recorder:
    """A consumer that notes what it is given, after the test has had its say."""

    name = "recorder"

    def __init__(self, say: Callable[[Delivery], None] = lambda delivery: None) -> None:
        self.seen: list[Delivery] = []
        self._say, self._lock = say, Lock()

    def targets(self, news: News) -> Iterable[Recipient]:
        return stories(news)

    def deliver(self, delivery: Delivery) -> None:
        self._say(delivery)
        with self._lock:
            self.seen.append(delivery)

    def amounts(self, account: Account) -> list[str]:
        """Return the amounts that were told to an account, in order."""
        return [one.payload["data"]["amount"] for one in self.seen if one.account == account.id]


def raising(error: Exception) -> Callable[[Delivery], None]:
    def say(delivery: Delivery) -> None:
        raise error

    return say


def refusing(amount: str, error: Exception) -> Callable[[Delivery], None]:
    def say(delivery: Delivery) -> None:
        if delivery.payload["data"]["amount"] == amount:
            raise error

    return say


def of(account: Account) -> list[Delivery]:
    """Return the deliveries about an account, in order."""
    found = kept_deliveries().find({"account": account.id}).sort("position", 1)
    return [Delivery.of(document) for document in found]


def stream_of(account: Account, consumer: str = "recorder") -> dict[str, Any]:
    found = kept_streams().find_one({"_id": f"{consumer}::{account.id}"})
    assert found is not None
    return found


def let_time_pass() -> None:
    """Make everything due that waits."""
    kept_streams().update_many({}, {"$set": {"due_at": datetime(2020, 1, 1, tzinfo=UTC)}})


@pytest.fixture
def three_sent(payer: Account, payee: Account) -> Recorder:
    """Three transfers, relayed to a recorder and not yet delivered."""
    recorder = Recorder()
    relay_all(recorder)
    dispatch_all(recorder)
    recorder.seen.clear()
    for amount in (1, 2, 3):
        send(payer, payee, amount, f"k{amount}")
    relay_all(recorder)
    return recorder


def test_deliveries_arrive_once_and_in_order(three_sent: Recorder, payer: Account, payee: Account) -> None:
    dispatch_all(three_sent)
    assert three_sent.amounts(payer) == three_sent.amounts(payee) == ["1.00", "2.00", "3.00"]
    assert {(one.state, one.attempts, one.last_error) for one in of(payee)} == {(DELIVERED, 1, "")}
    assert kept_streams().count_documents({}) == 0
    assert dispatch_all(three_sent) == 0


def test_a_failure_holds_up_its_stream_and_no_other(three_sent: Recorder, payer: Account, payee: Account) -> None:
    def say(delivery: Delivery) -> None:
        if delivery.account == payee.id and delivery.payload["data"]["amount"] == "2.00":
            raise DeliveryFailed("The other side is asleep.")

    sleepy = Recorder(say)
    dispatch_all(sleepy)
    assert (sleepy.amounts(payer), sleepy.amounts(payee)) == (["1.00", "2.00", "3.00"], ["1.00"])
    states = [(one.state, one.attempts, one.last_error) for one in of(payee)[-3:]]
    assert states == [(DELIVERED, 1, ""), (PENDING, 1, "The other side is asleep."), (PENDING, 0, "")]
    assert timedelta() < stream_of(payee)["due_at"] - datetime.now(UTC) < timedelta(seconds=6)
    let_time_pass()
    dispatch_all(three_sent)
    assert three_sent.amounts(payee) == ["2.00", "3.00"]


def test_a_new_delivery_does_not_cut_a_pause_short(three_sent: Recorder, payer: Account, payee: Account) -> None:
    dispatch_all(Recorder(raising(DeliveryFailed("asleep"))))
    due = stream_of(payee)["due_at"]
    send(payer, payee, 4, "k4")
    relay_all(three_sent)
    assert (stream_of(payee)["due_at"], stream_of(payee)["pushed"]) == (due, 4)
    assert dispatch_all(three_sent) == 0


def test_the_pauses_grow_to_an_hour_and_last_about_a_day() -> None:
    pauses = [pause_after(attempts) for attempts in range(1, MOST_ATTEMPTS)]
    assert 4 < pauses[0] < 6
    assert all(pause <= 66 * 60 for pause in pauses)
    assert 22 < sum(pauses) / 3600 < 27
    assert len({pause_after(20) for _ in range(20)}) > 10


def test_after_its_last_attempt_a_delivery_is_dead_and_the_stream_goes_on(
    three_sent: Recorder, payer: Account, payee: Account
) -> None:
    say = refusing("1.00", DeliveryFailed("Nobody there."))
    stubborn = Recorder(say)
    for _ in range(MOST_ATTEMPTS):
        let_time_pass()
        dispatch_all(stubborn)
    assert stubborn.amounts(payer) == stubborn.amounts(payee) == ["2.00", "3.00"]
    dead = of(payee)[-3]
    assert (dead.state, dead.attempts, dead.last_error) == (DEAD, MOST_ATTEMPTS, "Nobody there.")
    assert dead.finished_at is not None
    assert kept_streams().count_documents({}) == 0


@pytest.mark.parametrize(
    ("error", "state"),
    [(Undeliverable("The address is gone."), DEAD), (NoLongerWanted("The address is gone."), DELIVERED)],
)
def test_what_cannot_succeed_or_is_not_wanted_is_decided_at_once(
    three_sent: Recorder, payee: Account, error: Exception, state: str
) -> None:
    picky = Recorder(refusing("2.00", error))
    dispatch_all(picky)
    assert picky.amounts(payee) == ["1.00", "3.00"]
    decided = of(payee)[-2]
    assert (decided.state, decided.attempts, decided.last_error) == (state, 1, "The address is gone.")


def test_of_an_unknown_error_only_the_type_is_kept(three_sent: Recorder, payee: Account) -> None:
    dispatch_all(Recorder(raising(ValueError("password=s3cret"))))
    assert {one.last_error for one in of(payee)[-3:]} == {"ValueError", ""}


def test_a_long_reason_is_cut(three_sent: Recorder, payee: Account) -> None:
    dispatch_all(Recorder(raising(DeliveryFailed("$" + "x" * 1_000))))
    assert of(payee)[-3].last_error == "$" + "x" * 299


def test_a_database_that_is_away_is_no_failure_of_the_delivery(three_sent: Recorder, payee: Account) -> None:
    with pytest.raises(AutoReconnect):
        dispatch_all(Recorder(raising(AutoReconnect("away"))))
    assert {one.attempts for one in of(payee)[-3:]} == {0}
    # The lease runs out, and whoever comes next delivers.
    let_time_pass()
    dispatch_all(three_sent)
    assert three_sent.amounts(payee) == ["1.00", "2.00", "3.00"]


def test_what_is_pushed_during_the_last_delivery_is_not_forgotten(payer: Account, payee: Account) -> None:
    quiet = Recorder()
    relay_all(quiet)
    dispatch_all(quiet)
    send(payer, payee, 1, "k1")
    relay_all(quiet)

    def say(delivery: Delivery) -> None:
        if delivery.payload["data"]["amount"] == "1.00" and delivery.account == payee.id:
            send(payer, payee, 2, "k2")
            relay_all(quiet)

    busy = Recorder(say)
    dispatch_all(busy)
    assert busy.amounts(payee) == ["1.00", "2.00"]


def test_a_hot_stream_gives_others_their_turn(
    three_sent: Recorder, payer: Account, payee: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "MOST_AT_ONCE", 2)
    for _ in range(3):
        dispatch_one(three_sent, Flag())
    # Two of the one, two of the other, and then the rest of the first.
    turns = [one.account for one in three_sent.seen]
    assert turns[0] == turns[1] != turns[2] == turns[3] != turns[4]


def test_a_stopping_worker_leaves_the_rest_to_others_at_once(three_sent: Recorder, payer: Account) -> None:
    stop = Flag()
    going = Recorder(lambda delivery: stop.set())
    assert dispatch_one(going, stop)
    assert len(going.seen) == 1
    assert dispatch_all(three_sent) == 2
    assert len(three_sent.seen) == 5


def test_a_worker_that_lost_its_stream_undoes_nothing(three_sent: Recorder, payee: Account, payer: Account) -> None:
    """It was stopped for longer than its lease, in the middle of a delivery, and somebody else has finished."""

    def say(delivery: Delivery) -> None:
        let_time_pass()
        dispatch_all(three_sent)
        raise DeliveryFailed("I was asleep.")

    dispatch_one(Recorder(say), Flag())
    assert {(one.state, one.attempts) for one in of(payee)[-3:]} == {(DELIVERED, 1)}
    assert kept_streams().count_documents({}) == 0


class Endpoints(Recorder):
    """Tells each account's stories to one and the same target."""

    name = "endpoints"
    target = ObjectId()

    def targets(self, news: News) -> Iterable[Recipient]:
        for one in stories(news):
            yield Recipient(one.event, one.account, one.owner, self.target, one.payload)


def test_a_target_that_fails_is_not_tried_for_each_account(payer: Account, payee: Account) -> None:
    attempts: list[ObjectId] = []

    def say(delivery: Delivery) -> None:
        attempts.append(delivery.account)
        raise DeliveryFailed("down")

    down = Endpoints(say)
    send(payer, payee, 1, "k1")
    relay_all(down)
    dispatch_all(down)
    assert len(attempts) == 1
    waits = [one["due_at"] - datetime.now(UTC) for one in kept_streams().find()]
    assert all(timedelta(0) < wait <= timedelta(seconds=queue.TARGET_PAUSE_SECONDS + 1) for wait in waits)


def test_a_slow_receiver_rests_while_others_get_their_turns(
    payer: Account, payee: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "SLOW_SECONDS", 0.2)

    def say(delivery: Delivery) -> None:
        if delivery.account == payer.id:
            time.sleep(0.3)

    recorder = Recorder(say)
    for key in ("k1", "k2", "k3"):
        send(payer, payee, 1, key)
    relay_all(recorder)
    dispatch_all(recorder)
    assert (len(recorder.amounts(payer)), len(recorder.amounts(payee))) == (1, 3)
    (resting,) = kept_streams().find()
    assert 0.3 < (resting["due_at"] - datetime.now(UTC)).total_seconds() + 0.6 < 3
    assert (resting["holder"], {one.attempts for one in of(payer)}) == (None, {0, 1})
    kept_streams().update_one({}, {"$set": {"due_at": datetime.now(UTC)}})
    dispatch_all(recorder)
    assert len(recorder.amounts(payer)) == 2


class Many(Recorder):
    """Takes many at once, unless one of them says no."""

    def __init__(self, say: Callable[[Delivery], None] = lambda delivery: None) -> None:
        super().__init__(say)
        self.crowds: list[int] = []

    def deliver_many(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            self._say(delivery)
        self.seen += deliveries
        self.crowds.append(len(deliveries))


def test_a_consumer_that_can_is_given_many_at_once(
    three_sent: Recorder, payer: Account, payee: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "MOST_TOLD", 4)
    many = Many()
    dispatch_all(many)
    assert many.crowds == [4, 2]
    assert many.amounts(payer) == many.amounts(payee) == ["1.00", "2.00", "3.00"]
    assert {(one.state, one.attempts) for one in of(payee)} == {(DELIVERED, 1)}
    assert streams_left() == 0


def test_one_that_cannot_be_told_does_not_keep_the_others_from_it(
    three_sent: Recorder, payer: Account, payee: Account
) -> None:
    def say(delivery: Delivery) -> None:
        if delivery.account == payee.id and delivery.payload["data"]["amount"] == "2.00":
            raise Undeliverable("Not this one.")

    many = Many(say)
    dispatch_all(many)
    assert many.crowds == []
    assert (many.amounts(payer), many.amounts(payee)) == (["1.00", "2.00", "3.00"], ["1.00", "3.00"])
    assert [one.state for one in of(payee)[-3:]] == [DELIVERED, DEAD, DELIVERED]
    assert streams_left() == 0


def streams_left() -> int:
    return kept_streams().count_documents({})


def test_several_workers_share_the_work_and_keep_the_order(
    outbox_db: object, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Four threads, and a consumer that fails at every third delivery or so: all arrive, once each, in order."""
    monkeypatch.setattr(dispatching, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(dispatching, "LONGEST_PAUSE_SECONDS", 0.05)
    seed = random.randrange(10**6)  # noqa: S311 - no secret
    chance = random.Random(seed)  # noqa: S311 - no secret
    people = [customer(f"Person {letter}", 1_000)[1] for letter in "ABCDE"]
    shaky = Recorder(lambda delivery: None if chance.random() > 0.3 else raising(DeliveryFailed("shaky"))(delivery))
    for number in range(60):
        payer, payee = chance.sample(people, 2)
        send(payer, payee, 1, f"k{number}")
    relay_all(shaky)
    stop = Flag()
    workers = [Thread(target=dispatching.dispatch, args=(shaky, stop)) for _ in range(4)]
    for worker in workers:
        worker.start()
    ends = time.monotonic() + 30
    while kept_streams().count_documents({}) and time.monotonic() < ends:
        time.sleep(0.02)
    stop.set()
    for worker in workers:
        worker.join()
    by_stream: dict[str, list[int]] = defaultdict(list)
    for one in shaky.seen:
        by_stream[one.stream].append(one.position)
    assert kept_deliveries().count_documents({"state": {"$ne": DELIVERED}}) == 0, seed
    assert all(positions == sorted(set(positions)) for positions in by_stream.values()), seed
    assert len(shaky.seen) == kept_deliveries().count_documents({}) == 125, seed
