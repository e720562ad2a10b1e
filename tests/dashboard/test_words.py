"""Numbers and ages as people read them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dashboard.components import words
from domain.quantity import vocabulary
from texts.loader import LANGUAGES, Texts

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


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_quantity_of_the_vocabulary_has_words_and_none_shows_its_identifier(language: str) -> None:
    texts = Texts(language)
    said = {name: words.quantity_name(name.replace("NN", "07"), texts) for name in vocabulary()}
    assert len(set(said.values())) == len(said), "two quantities have one name"
    assert not [
        text for text in said.values() if "_" in text or "{" in text or text == texts("quantity.unknown")
    ]
    assert all("7" in text for name, text in said.items() if "NN" in name)


def test_an_input_and_a_string_are_told_by_their_numbers_and_a_foreign_name_is_not_shown() -> None:
    assert words.quantity_name("dc_mppt_01_current_a", ZH) == "第 1 路 MPPT 电流"
    assert words.quantity_name("dc_string_12_current_a", EN) == "String 12 current"
    assert words.quantity_name("dc_rubbish_01_x", ZH) == ZH("quantity.unknown")


def test_the_words_of_quantities_are_those_of_the_glossary() -> None:
    lines = (Path(__file__).parents[2] / "GLOSSARY.md").read_text("utf-8").splitlines()
    cells = [[one.strip() for one in line.split("|")] for line in lines if line.count("|") > 4]
    told = {row[2].strip("`"): row[1].replace("NN", "{number}") for row in cells}
    assert {name for name in vocabulary() if ZH(f"quantity.name.{name}") != told[name]} == set()
