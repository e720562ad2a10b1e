"""Losses drawn: a step for each cause, from expected to produced; what is not known has no bar and a dash."""

import json
from datetime import date
from typing import Any

import pytest
from plotly.utils import PlotlyJSONEncoder

from dashboard.components.loss_figures import (
    days_figure,
    days_table,
    loss_table,
    ranking_table,
    waterfall_figure,
    waterfall_summary,
)
from domain.day_figures import DayFigures
from kpis.losses import Cause
from queries.plant_days import CauseLoss, PlantDays, Ranked, Waterfall
from tests.alerts.builders import plant
from texts.loader import LANGUAGES, Texts

PLANT = plant(4, "p1")
DAY = date(2026, 6, 10)
FALL = Waterfall(
    DAY,
    DAY,
    500.0,
    460.0,
    (CauseLoss("outage", 30.0, 28.0, 32.0, 1064, 1487), CauseLoss("string", 10.0, 8.0, 12.0, None, None)),
)


def text_of(component: Any) -> str:
    return json.dumps(component, cls=PlotlyJSONEncoder, ensure_ascii=False)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_cause_of_the_ledger_has_words(language: str) -> None:
    texts = Texts(language)
    assert all(f"detection.cause.{cause.value}" in texts for cause in Cause)


def test_the_waterfall_goes_from_expected_by_its_losses_to_produced() -> None:
    [trace] = waterfall_figure(FALL, Texts("zh"))["data"]
    assert trace["type"] == "bar"  # the delivered part of the drawing library has no waterfall
    assert trace["base"] == [0.0, 470.0, 460.0, 0.0]
    assert trace["y"] == [500.0, 30.0, 10.0, 460.0]
    assert trace["customdata"] == [500.0, -30.0, -10.0, 460.0]
    assert "40" in waterfall_summary(FALL, Texts("zh"))


def test_what_a_model_expected_too_little_hangs_above_what_it_expected() -> None:
    more = Waterfall(DAY, DAY, 500.0, 520.0, (CauseLoss("unexplained", -20.0, -40.0, 0.0, None, None),))
    [trace] = waterfall_figure(more, Texts("zh"))["data"]
    assert (trace["base"], trace["y"]) == ([0.0, 500.0, 0.0], [500.0, 20.0, 520.0])


def test_without_an_expectation_it_is_said_why() -> None:
    unknown = Waterfall(DAY, DAY, None, None, ())
    assert waterfall_summary(unknown, Texts("zh")) == Texts("zh")("detection.days.no_expectation")


def test_a_loss_without_tariff_has_a_dash_for_its_worth() -> None:
    said = text_of(loss_table(FALL, Texts("zh")))
    for part in ("10.64", "14.87", "28.0 – 32.0", "—"):
        assert part in said


def test_a_day_that_is_not_known_has_no_bar() -> None:
    days = (DayFigures("p1", "", DAY, 460.0, None), DayFigures("p1", "", date(2026, 6, 11), 470.0, 480.0))
    expected, produced = days_figure(PlantDays(PLANT, days), Texts("zh"))["data"]
    assert expected["y"] == [None, 480.0]
    assert produced["y"] == [460.0, 470.0]


def test_the_weakest_inverter_is_named_low_and_one_without_a_ratio_has_a_dash() -> None:
    first, second = PLANT.devices[:2]
    ranking = (Ranked(first, 3.1, 0.88, 0.97, 12.0), Ranked(second, None, None, None, None))
    said = text_of(ranking_table(PlantDays(PLANT, ranking=ranking), Texts("zh")))
    assert Texts("zh")("detection.rank.low") in said
    assert "88.0" in said
    assert "—" in said


def test_every_day_of_the_table_leads_to_its_losses_and_the_one_shown_is_marked() -> None:
    days = tuple(DayFigures("p1", "", date(2026, 6, n), 460.0, None) for n in (10, 11))
    said = text_of(days_table(PlantDays(PLANT, days, shown=DAY), "/app/plants/p1?tab=days", Texts("en")))
    assert "/app/plants/p1?tab=days&day=2026-06-11" in said
    assert "day=2026-06-10" not in said
    assert said.index("2026-06-11") < said.index("2026-06-10")
    assert "—" in said
