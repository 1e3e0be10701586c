"""Every event becomes deliveries exactly once, in the order of the commits."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from threading import Event as Flag
from typing import Any

import pytest
from bson import encode
from bson.datetime_ms import DatetimeMS
from bson.int64 import Int64
from bson.objectid import ObjectId
from bson.raw_bson import RawBSONDocument
from pymongo.database import Database

from banking.outbox import relay as relaying
from banking.outbox.consumers import News, Recipient
from banking.outbox.place import Place, PlaceMoved, place_move_idle
from banking.outbox.records import DELIVERED, Delivery, deliveries, outbox, streams
from banking.outbox.relay import Relay
from banking.outbox.schema import outbox_restored
from ledger import commands
from ledger.audit import COMMAND, SUCCESS, audit_document
from ledger.event_stream import Token, event_stream
from ledger.leases import lease_take
from ledger.records import Account, now
from ledger.store import books, database
from tests.banking.outbox.conftest import relay_all
from tests.ledger.conftest import attempt, send
from tests.ledger.test_failpoints import failing
from tests.profiler import watched


class Hook:
    """A consumer that sends each event about the sender's account to two targets."""

    name = "hook"
    targets_known = (ObjectId(), ObjectId())

    def targets(self, news: News) -> Iterable[Recipient]:
        for event in news.events:
            owner = news.owner(event.accounts[0])
            for target in self.targets_known if owner else ():
                yield Recipient(event, event.accounts[0], owner or ObjectId(), target, {"name": event.name})

    def deliver(self, delivery: Delivery) -> None:
        raise NotImplementedError


def told(**query: Any) -> list[Delivery]:
    """Return what was relayed, in its order."""
    return [Delivery.of(document) for document in deliveries().find(query).sort("position", 1)]


def an_event(account: Account, *, at: Any = None) -> ObjectId:
    """Write an event about an account as a transfer would, and return its id."""
    details = {"status": "ACTIVE", "currency": "INR", "reason": ""}
    record = audit_document(
        action="account.frozen",
        event="account.frozen",
        status=SUCCESS,
        origin=COMMAND,
        subject=account.id,
        accounts=[account.id],
        details=details,
        at=at,
    )
    books().audit.insert_one(record)
    event_id: ObjectId = record["_id"]
    return event_id


def test_an_event_becomes_deliveries_and_streams(payer: Account, payee: Account) -> None:
    relay_all()
    before = Place.read()
    outcome = send(payer, payee, 5, "tea")
    assert relay_all() == 1
    sent, received = told(event="transaction.completed", position={"$gt": before.position})
    assert (sent.account, sent.owner) == (payer.id, payer.owner)
    assert (received.account, received.owner) == (payee.id, payee.owner)
    assert sent.position < received.position
    assert sent.payload == {
        "kind": "money_sent",
        "data": {
            "amount": "5.00",
            "amount_minor": 500,
            "currency": "INR",
            "counterparty": "Samir Second",
            "reason": None,
            "transaction": outcome.transaction.id,
        },
    }
    assert (received.payload["kind"], received.payload["data"]["counterparty"]) == ("money_received", "Olivia Owner")
    queued = streams().find_one({"_id": sent.stream})
    assert queued is not None
    assert (queued["consumer"], queued["holder"]) == ("notification", None)


def test_what_happened_before_the_first_worker_is_relayed_and_nothing_twice(payer: Account, payee: Account) -> None:
    send(payer, payee, 5, "tea")
    attempt(payer, payee, 5_000, "too-much")
    # Two accounts opened, one funded, a transfer, a refusal: news to the owners are the last three.
    assert relay_all() == 5
    kinds = [one.payload["kind"] for one in told()]
    assert kinds == ["money_received", "money_sent", "money_received", "transfer_failed"]
    assert relay_all() == 0
    assert len(told()) == 4


def test_an_event_goes_to_every_consumer_and_target(payer: Account, payee: Account) -> None:
    send(payer, payee, 5, "tea")
    relay_all(Hook())
    transfer = told(event="transaction.completed")
    # The funding comes from a system account, which nobody owns.
    assert [(one.account, one.target) for one in transfer] == [(payer.id, target) for target in Hook.targets_known]
    assert len({one.stream for one in transfer}) == 2


def test_the_order_is_that_of_the_commits_and_not_of_the_ids(payer: Account) -> None:
    relay_all()
    expected = [an_event(payer, at=now() + timedelta(seconds=offset)) for offset in (3, 1, 2)]
    relay_all()
    assert [one.event_id for one in told(event="account.frozen")] == expected
    assert expected != sorted(expected)


def test_a_crash_leaves_either_all_or_nothing(payer: Account, payee: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    relay_all()
    before, count, queued = Place.read(), len(told()), list(streams().find())
    send(payer, payee, 5, "tea")
    real = commands.insert

    def dies(*arguments: Any) -> None:
        real(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr("ledger.commands.insert", dies)
    with pytest.raises(KeyboardInterrupt):
        relay_all()
    assert (Place.read(), len(told()), list(streams().find())) == (before, count, queued)
    monkeypatch.undo()
    assert relay_all() == 1
    assert len(told()) == count + 2


def test_a_relay_that_was_overtaken_does_nothing(payer: Account, payee: Account) -> None:
    relay_all()
    place, slow = Place.read(), Relay(Flag())
    send(payer, payee, 5, "tea")
    with event_stream(token=place.token, begin=place.begin) as stream:
        events = stream.read(10)
        while not events:
            events = stream.read(10)
        assert relay_all() == 1
        found = told()
        with pytest.raises(PlaceMoved):
            slow._relay(place, events, stream.token)
    assert told() == found


def test_without_the_lease_nothing_is_relayed(payer: Account) -> None:
    assert lease_take(relaying.LEASE, holder=ObjectId(), seconds=60)
    assert relay_all() == 0
    assert told() == []


def lose_token(token: object) -> AbstractContextManager[object]:
    outbox().update_one({}, {"$set": {"token": token}})
    return nullcontext()


@pytest.mark.parametrize(
    "lose",
    [
        lambda: lose_token({"_data": "zz"}),
        lambda: lose_token({"_data": "00"}),
        lambda: lose_token({"_data": "826B"}),
        lambda: lose_token({"_data": ""}),
        lambda: lose_token({"_data": 5}),
        lambda: lose_token({}),
        # What the server says when its log has gone on too far, at the opening and in the middle.
        lambda: failing(["aggregate"], errorCode=286),
        lambda: failing(["getMore"], errorCode=286),
    ],
    ids=[
        "no token",
        "a broken token",
        "cut off",
        "empty",
        "a number",
        "nothing at all",
        "gone at the opening",
        "gone in the middle",
    ],
)
def test_a_lost_place_is_found_again(
    payer: Account,
    payee: Account,
    lose: Callable[[], AbstractContextManager[object]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    send(payer, payee, 1, "before")
    relay_all()
    before = told()
    send(payer, payee, 2, "meanwhile")
    with lose():
        relay_all()
    assert "outbox_place_lost" in caplog.text
    assert told()[: len(before)] == before
    assert [one.payload["data"]["amount"] for one in told()[len(before) :]] == ["2.00", "2.00"]
    send(payer, payee, 3, "afterwards")
    assert relay_all() == 1
    assert [one.payload["data"]["amount"] for one in told()[-2:]] == ["3.00", "3.00"]
    assert len({one.id for one in told()}) == len(told())


def test_a_clock_that_was_ahead_hides_nothing(payer: Account, payee: Account) -> None:
    relay_all()
    ahead = {"at": now() + timedelta(days=3_650)}
    outbox().update_one({}, {"$set": ahead})
    send(payer, payee, 1, "tea")
    relay_all()
    assert Place.read().at <= now()
    outbox().update_one({}, {"$set": ahead})
    place_move_idle(Place.read(), Place.read().token)
    assert Place.read().at <= now()

    outbox().update_one({}, {"$set": {**ahead, "token": None, "begin": None}})
    send(payer, payee, 2, "meanwhile")
    relay_all()
    assert told()[-1].payload["data"]["amount"] == "2.00"


def test_what_was_delivered_before_a_restore_is_not_delivered_again(
    payer: Account, payee: Account, owner_db: Database[dict[str, Any]]
) -> None:
    relay_all()
    deliveries().update_many({}, {"$set": {"state": DELIVERED, "finished_at": now()}})
    # The copy that is restored: every record is inserted anew.
    copied = list(books().audit.find())
    send(payer, payee, 1, "lost-with-the-old-database")
    owner_db["ledger_audit"].delete_many({})
    old = an_event(payer, at=now() - timedelta(days=400))
    books().audit.insert_many(copied)
    outbox_restored(database())
    relay_all()
    assert {one.state for one in told()} == {DELIVERED}
    assert old not in {one.event_id for one in told()}
    an_event(payer)
    assert relay_all() == 1


def test_what_was_relayed_just_before_the_place_was_lost_is_looked_up(payer: Account, payee: Account) -> None:
    """The stream that is opened at the present shows again what the search has found meanwhile."""
    send(payer, payee, 5, "tea")
    relay_all()
    found = told()
    outbox().update_one({}, {"$set": {"token": None}})
    assert relay_all() == 4
    assert told() == found


def test_where_nothing_happens_the_place_moves_on(payer: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    relay_all()
    before, stop = Place.read(), Flag()
    monkeypatch.setattr(relaying, "IDLE_SECONDS", -1)

    def move_once(place: Place, token: Token | None) -> Place:
        stop.set()
        return place_move_idle(place, token)

    monkeypatch.setattr(relaying, "place_move_idle", move_once)
    Relay(stop).run()
    after = Place.read()
    assert after.version == before.version + 1
    assert after.token != before.token
    assert after.position == before.position


def test_a_batch_costs_the_same_number_of_commands_whatever_its_size(
    payer: Account, payee: Account, outbox_db: Database[dict[str, Any]]
) -> None:
    relay_all()
    costs = []
    for size in (1, 20):
        for number in range(size):
            send(payer, payee, 1, f"{size}-{number}")
        with watched(outbox_db) as operations:
            assert relay_all() == size
        costs.append(sum(not one.goes_on for one in operations))
    assert costs[0] == costs[1]


def test_the_database_refuses_a_delivery_twice(payer: Account, payee: Account) -> None:
    send(payer, payee, 5, "tea")
    relay_all()
    (one, *_) = deliveries().find()
    with pytest.raises(Exception, match="duplicate key"):
        deliveries().insert_one({**one, "position": Int64(10_000)})
    with pytest.raises(Exception, match="failed validation"):
        deliveries().update_one({"_id": one["_id"]}, {"$set": {"state": DELIVERED}})


WRONG_RECORDS: dict[str, dict[str, Any]] = {
    "a transfer between nobody": {"event": "transaction.completed", "accounts": [], "details": {}},
    "a transfer of no amount": {"event": "transaction.completed", "details": {"currency": "INR", "reason": None}},
    "a transfer of words": {
        "event": "transaction.failed",
        "details": {"amount": "x", "currency": "INR", "reason": ""},
    },
    "a currency that there is not": {"event": "transaction.completed", "details": {"amount": "1", "currency": "?"}},
    "an account without a state": {"event": "account.frozen", "details": {}},
    "details that are a reference": {"event": "account.frozen", "details": {"$ref": "a", "$id": 1}},
    "no subject": {"event": "account.frozen", "subject": None},
    "a time that there is not": {"at": DatetimeMS(2**62)},
    "a text that is none": {"address": "NOT UTF-8"},
}


@pytest.mark.parametrize("record", WRONG_RECORDS)
def test_a_record_that_nobody_can_read_holds_up_nobody(payer: Account, payee: Account, record: str) -> None:
    """The bank's credentials may add audit records of any kind, and none can be removed again."""
    relay_all()
    known = books().audit.find_one({"_id": an_event(payer)})
    wrong = encode({**(known or {}), "_id": ObjectId(), "accounts": [payer.id, payee.id], **WRONG_RECORDS[record]})
    books().audit.insert_one(RawBSONDocument(wrong.replace(b"NOT UTF-8", b"\xff\xfe\xfd UTF-8")))
    expected = an_event(payee)
    relay_all()
    assert told()[-1].event_id == expected
    # Nor one that looks for its place again.
    outbox_restored(database())
    again = an_event(payee)
    relay_all()
    assert told()[-1].event_id == again
