"""Ids that go in the order of time."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from ledger.records import first_id_at, id_at, now

MOMENT = datetime(2026, 1, 31, 9, 30, 0, 123_000, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def test_ids_go_in_the_order_of_their_moments_whenever_they_are_made() -> None:
    moments = [
        MOMENT + timedelta(days=-9),
        MOMENT - MILLISECOND,
        MOMENT,
        MOMENT + MILLISECOND,
        MOMENT.replace(second=1),
    ]
    backwards = [id_at(moment) for moment in reversed(moments)]
    assert sorted(backwards) == backwards[::-1]


def test_ids_of_one_moment_go_in_the_order_in_which_they_are_made() -> None:
    ids = [id_at(MOMENT) for _ in range(100)]
    # The counter of a process begins anywhere and goes round once in sixteen million.
    turns = sum(after < before for before, after in pairwise(ids))
    assert turns <= 1
    assert len(set(ids)) == 100


def test_the_first_id_of_a_moment_divides_what_is_before_from_what_is_not() -> None:
    assert id_at(MOMENT - MILLISECOND) < first_id_at(MOMENT) <= id_at(MOMENT)


@pytest.mark.parametrize("moment", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_the_ends_of_the_calendar_lie_around_everything(moment: datetime) -> None:
    before = moment < MOMENT
    assert (first_id_at(moment) < id_at(now())) is before


def test_an_id_tells_its_second_as_any_other_does() -> None:
    assert id_at(MOMENT).generation_time == MOMENT.replace(microsecond=0)
