"""Figures are plain dicts that hold what the view says, gaps included."""

from base64 import b64decode
from datetime import timedelta
from typing import Any

import numpy as np
import orjson
import pytest

from access.principal import Principal
from dashboard.components import overview_figures, plant_figures
from dashboard.components.labels import label_places
from dashboard.components.series import listed, packed, trimmed
from dashboard.services import queries_over
from domain.account import Role, Scope
from queries.curves import Span, Subject
from texts.loader import Texts

OM = Principal("om", "om", frozenset({Role.OM}), Scope(everything=True))
ZH = Texts("zh")


@pytest.fixture(scope="module")
def queries(world: Any) -> Any:
    return queries_over(world.services.sources)


def test_gaps_stay_gaps_in_both_forms() -> None:
    values = np.array([[1.0, np.nan], [np.nan, 4.5]])
    assert listed(values[0]) == [1.0, None]
    sent = packed(values)
    assert sent["shape"] == "2, 2"
    back = np.frombuffer(b64decode(sent["bdata"]), dtype="<f4").reshape(2, 2)
    assert np.array_equal(back, values.astype("f4"), equal_nan=True)


def test_a_curve_ends_where_its_data_end() -> None:
    assert trimmed(np.array([np.nan, 2.0, np.nan, 3.0, np.nan])).tolist()[1] == 2.0
    assert len(trimmed(np.array([np.nan, 2.0, np.nan, 3.0, np.nan]))) == 4
    assert len(trimmed(np.array([np.nan]))) == 0


def test_the_heat_map_shows_a_share_of_capacity_and_labels_each_town_once(queries: Any) -> None:
    view = queries.overview.view(OM)
    figure = overview_figures.heat_map_figure(view.heat_map, view.taken_at, ZH)
    trace = figure["data"][0]
    rows, columns = (int(part) for part in trace["z"]["shape"].split(","))
    values = np.frombuffer(b64decode(trace["z"]["bdata"]), dtype="<f4").reshape(rows, columns)
    assert rows == len(view.heat_map.plants) == len(trace["y"]) == len(set(trace["y"]))
    assert np.nanmax(values) == pytest.approx(np.nanmax(view.heat_map.values) * 100, rel=1e-5)
    labels = figure["layout"]["yaxis"]["ticktext"]
    assert len(labels) == len({town.town_id for town in view.heat_map.towns})
    assert orjson.dumps(figure)


def test_the_programme_curve_carries_how_many_plants_reported(queries: Any) -> None:
    view = queries.overview.view(OM)
    figure = overview_figures.programme_figure(view.curve, view.heat_map, ZH)
    today = figure["data"][1]
    assert len(today["y"]) == len(today["customdata"])
    assert today["connectgaps"] is False
    assert max(value for value in today["y"] if value is not None) == pytest.approx(
        np.nanmax(view.curve.today_kw) / 1e3, abs=0.006
    )


def test_the_map_gives_each_plant_its_worst_state_a_shape_besides_its_colour(
    queries: Any, world: Any
) -> None:
    view = queries.overview.view(OM)
    figure = overview_figures.map_figure(view, world.registry, ZH)
    points = figure["data"][1]
    look = dict(zip(points["customdata"], points["marker"]["symbol"], strict=True))
    assert look[world.registry.plants[4].plant_id] == "x"
    assert look[world.registry.plants[1].plant_id] == "diamond"
    assert look[world.registry.plants[0].plant_id] == "circle"


def test_names_on_the_map_do_not_cross_when_there_is_room() -> None:
    places = ((0.5, 0.5), (0.5, 0.505), (0.51, 0.5), (0.0, 0.0), (1.0, 1.0))
    found = label_places(places, ("城关", "大赵峪", "陈塬", "西", "东"), places)
    apart = [
        abs(a[1] - b[1]) > 0.03 or abs(a[0] - b[0]) > 0.05 for i, a in enumerate(found) for b in found[:i]
    ]
    assert all(apart)


def test_the_power_figure_stacks_the_band_from_low_to_high(queries: Any, world: Any) -> None:
    view = queries.plant.view(OM, world.registry.plants[0].plant_id)
    figure = plant_figures.power_figure(view.power, ZH)
    names = [trace["name"] for trace in figure["data"]]
    assert names == ["晴空上限", "同类下沿", "同类区间", "昨日", "今日"]
    assert figure["data"][2]["fill"] == "tonexty"
    assert figure["data"][0]["dx"] == timedelta(minutes=10).total_seconds() * 1000


def test_weak_strings_say_by_how_much(queries: Any, world: Any) -> None:
    plant = world.registry.plants[0]
    found = queries.plant.strings(OM, plant.plant_id, None)
    bars = plant_figures.strings_figure(found, ZH)["data"][0]
    assert bars["text"][2].endswith("%")
    assert not bars["text"][0]


def test_daily_energy_is_drawn_as_bars_with_gaps_for_days_not_kept(queries: Any, world: Any) -> None:
    drawn = queries.curves.view(OM, world.registry.plants[0].plant_id, Subject.ENERGY, Span.WEEK)
    bars = plant_figures.curves_figure(drawn, {})["data"][0]
    assert bars["type"] == "bar"
    assert len(bars["x"]) == 7
    assert bars["y"][0] is None
