"""Numbers and ages as people read them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dashboard.components import words
from texts.loader import Texts

ZH, EN = Texts("zh"), Texts("en")
NOW = datetime(2026, 6, 18, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (1018.24, 1, "1,018.2"),
        (-0.04, 1, "0.0"),
        (0, 0, "0"),
        (None, 2, "—"),
        (float("nan"), 0, "—"),
        (-3.26, 1, "-3.3"),
    ],
)
def test_numbers_have_commas_and_what_is_missing_is_a_dash(value: Any, decimals: Any, text: Any) -> None:
    assert words.number(value, decimals) == text


def test_programme_energy_is_in_wan_kwh_in_chinese_and_mwh_in_english() -> None:
    assert words.programme_energy(186_300, ZH) == ("18.63", "万千瓦时")
    assert words.programme_energy(186_300, EN) == ("186.3", "MWh")
    assert words.programme_energy(None, ZH)[0] == "—"


@pytest.mark.parametrize(
    ("elapsed", "text"),
    [
        (timedelta(seconds=30), "30 秒前"),
        (timedelta(seconds=90), "1 分钟前"),
        (timedelta(minutes=89), "89 分钟前"),
        (timedelta(minutes=90), "1 小时前"),
        (timedelta(hours=36), "1 天前"),
        (timedelta(seconds=-5), "0 秒前"),
    ],
)
def test_ages_use_the_largest_unit_that_says_enough(elapsed: Any, text: Any) -> None:
    assert words.age(NOW - elapsed, NOW, ZH) == text
    assert words.age(None, NOW, ZH) == "—"


def test_instants_are_shown_in_the_plants_zone_never_in_utc() -> None:
    assert words.exact_time(NOW) == "2026-06-18 12:00:00"
    assert words.axis_start(NOW) == "2026-06-18T12:00:00"


def test_a_share_may_carry_its_sign() -> None:
    assert words.percent(0.0317, 1, signed=True) == "+3.2 %"
    assert words.percent(None) == "—"
