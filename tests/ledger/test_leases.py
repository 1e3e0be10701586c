"""A lease belongs to one at a time, and to the next when it is over."""

from datetime import UTC, datetime
from threading import Barrier, Thread

from bson.objectid import ObjectId

from ledger import store
from ledger.leases import lease_give_back, lease_take

FIRST, SECOND = ObjectId(), ObjectId()


def test_one_has_it_and_may_prolong_it(ledger_db: object) -> None:
    assert lease_take("work", holder=FIRST, seconds=60)
    assert not lease_take("work", holder=SECOND, seconds=60)
    assert lease_take("work", holder=FIRST, seconds=60)
    assert lease_take("other work", holder=SECOND, seconds=60)


def test_it_can_be_taken_over_when_it_is_over(ledger_db: object) -> None:
    assert lease_take("work", holder=FIRST, seconds=-1)
    assert lease_take("work", holder=SECOND, seconds=60)
    assert not lease_take("work", holder=FIRST, seconds=60)


def test_only_its_holder_gives_it_back(ledger_db: object) -> None:
    lease_take("work", holder=FIRST, seconds=60)
    lease_give_back("work", holder=SECOND)
    assert not lease_take("work", holder=SECOND, seconds=60)
    lease_give_back("work", holder=FIRST)
    assert lease_take("work", holder=SECOND, seconds=60)


def test_one_that_a_wrong_clock_gave_is_nobodys(ledger_db: object) -> None:
    """The clock of the database was years ahead, and who took the lease then has died."""
    store.leases().insert_one({"_id": "work", "holder": FIRST, "until": datetime(2525, 1, 1, tzinfo=UTC)})
    assert lease_take("work", holder=SECOND, seconds=60)
    assert not lease_take("work", holder=FIRST, seconds=60)


def test_none_is_longer_than_one_that_counts(ledger_db: object) -> None:
    assert lease_take("work", holder=FIRST, seconds=10**9)
    assert not lease_take("work", holder=SECOND, seconds=60)


def test_of_many_at_once_one_gets_it(ledger_db: object) -> None:
    holders = [ObjectId() for _ in range(16)]
    start, won = Barrier(len(holders)), []

    def take(holder: ObjectId) -> None:
        start.wait()
        if lease_take("work", holder=holder, seconds=60):
            won.append(holder)

    threads = [Thread(target=take, args=(holder,)) for holder in holders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    kept = store.leases().find_one({"_id": "work"})
    assert kept is not None
    assert kept["holder"] == won[0]
