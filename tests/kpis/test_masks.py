"""Which instants count."""

from datetime import date, timedelta

import numpy as np

from domain.timespan import local_day
from kpis.masks import daylight, daylight_buckets

PLACE = (33.87, 109.94)
DAY = local_day(date(2026, 7, 1))


def test_noon_is_bright_and_midnight_is_not() -> None:
    midnight = DAY.start.timestamp()
    assert daylight(np.array([midnight, midnight + 12 * 3600]), *PLACE).tolist() == [False, True]


def test_summer_has_more_bright_quarter_hours_than_winter() -> None:
    winter = local_day(date(2026, 12, 21))
    assert len(daylight_buckets(DAY, 900, *PLACE)) - len(daylight_buckets(winter, 900, *PLACE)) > 12


def test_what_has_not_been_yet_is_not_expected() -> None:
    noon = DAY.start + timedelta(hours=12)
    slots = daylight_buckets(DAY, 900, *PLACE, until=noon)
    assert slots.max() + 900 <= noon.timestamp()
    assert (slots % 900 == 0).all()
    assert len(daylight_buckets(DAY, 900, *PLACE, until=DAY.start)) == 0
