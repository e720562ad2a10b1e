"""Intervals are half open, and a day is the plant's day."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.timespan import Interval, cut_between, day_of, days_between, local_day, local_month, start_of_day

DAYS = st.dates(date(1950, 1, 1), date(2090, 12, 30))
ZONES = st.sampled_from(["Asia/Shanghai", "Europe/Paris", "America/New_York", "UTC"])
NOON = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)


def test_the_start_is_part_of_an_interval_and_the_end_is_not() -> None:
    interval = Interval(NOON, NOON + timedelta(hours=1))
    assert NOON in interval
    assert NOON + timedelta(hours=1) not in interval
    assert interval.duration == timedelta(hours=1)


def test_an_empty_interval_contains_nothing() -> None:
    assert NOON not in Interval(NOON, NOON)


def test_an_interval_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="before it starts"):
        Interval(NOON, NOON - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("start", "end"), [(NOON.replace(tzinfo=None), NOON), (NOON, NOON.replace(tzinfo=None))]
)
def test_an_interval_needs_time_zones(start: datetime, end: datetime) -> None:
    with pytest.raises(ValueError, match="time zone"):
        Interval(start, end)


def test_a_day_of_shangzhou_starts_at_sixteen_utc() -> None:
    assert local_day(date(2026, 7, 1)) == Interval(
        datetime(2026, 6, 30, 16, tzinfo=UTC), datetime(2026, 7, 1, 16, tzinfo=UTC)
    )


def test_a_day_with_summer_time_is_not_twenty_four_hours() -> None:
    assert local_day(date(1986, 5, 4)).duration == timedelta(hours=23)  # China had summer time then
    assert local_day(date(2026, 10, 25), "Europe/Paris").duration == timedelta(hours=25)


@given(DAYS, ZONES)
def test_days_follow_each_other_without_gap_or_overlap(day: date, zone: str) -> None:
    assert local_day(day, zone).end == local_day(day + timedelta(days=1), zone).start


@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)), ZONES)
def test_every_instant_lies_in_the_day_it_falls_on(instant: datetime, zone: str) -> None:
    assert instant in local_day(day_of(instant, zone), zone)


@given(st.integers(1990, 2080), st.integers(1, 12))
def test_a_month_is_exactly_its_days(year: int, month: int) -> None:
    interval = local_month(year, month)
    days = list(days_between(date(year, month, 1), day_of(interval.end) - timedelta(days=1)))
    assert {d.month for d in days} == {month}
    assert interval.start == start_of_day(days[0])
    assert interval.end == local_day(days[-1]).end


def test_december_ends_with_the_year() -> None:
    assert day_of(local_month(2026, 12).end) == date(2027, 1, 1)


def test_days_between_has_both_ends() -> None:
    assert list(days_between(date(2026, 2, 27), date(2026, 3, 1))) == [
        date(2026, 2, 27),
        date(2026, 2, 28),
        date(2026, 3, 1),
    ]
    assert list(days_between(date(2026, 3, 1), date(2026, 2, 27))) == []


@given(st.integers(0, 5_000), st.integers(0, 3_000), st.sampled_from([60, 300, 900]), st.integers(1, 40))
def test_pieces_join_without_a_gap_hold_few_buckets_and_cut_none(
    start_s: int, length_s: int, every_s: int, count: int
) -> None:
    whole = Interval(NOON + timedelta(seconds=start_s), NOON + timedelta(seconds=start_s + length_s))
    every = timedelta(seconds=every_s)
    pieces = list(cut_between(whole, every, count))
    assert (pieces[0].start, pieces[-1].end) == (whole.start, whole.end)
    for piece, following in pairwise(pieces):
        assert piece.end == following.start
        assert piece.end.timestamp() % every_s == 0
    assert all(timedelta(0) <= piece.duration <= every * count for piece in pieces)
    assert len(pieces) <= length_s // (every_s * count) + 2
