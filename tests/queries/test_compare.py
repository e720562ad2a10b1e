"""Comparison: sound whatever an address says, bounded in points, gaps kept, within scope."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.principal import Principal
from domain.account import Role, Scope
from domain.errors import AccessDeniedError
from domain.kpi import DailyKpi
from domain.timespan import day_of
from queries.compare import (
    DAYS_MAX,
    PICKS_MAX,
    PLANT_ENERGY,
    PLANT_POWER,
    POINTS_MAX,
    Compare,
    Pick,
    picks_of,
    span_of,
    step_for,
)

ALL = Principal("om", "om", frozenset({Role.OM}), Scope(everything=True))


@given(st.text(max_size=200))
def test_any_text_of_an_address_gives_few_sound_lines(text: str) -> None:
    assert len(picks_of(text)) <= PICKS_MAX


@given(st.text(max_size=12), st.text(max_size=12) | st.dates().map(date.isoformat))
def test_any_span_is_in_order_not_in_the_future_and_bounded(first: str, last: str) -> None:
    today = date(2026, 6, 18)
    start, end = span_of(first, last, today)
    assert start <= end <= today
    assert (end - start).days <= DAYS_MAX


def test_a_chart_holds_some_two_thousand_points_whatever_the_span() -> None:
    for days in range(1, DAYS_MAX + 2, 7):
        assert timedelta(days=days) / step_for(days) <= max(POINTS_MAX, days)


def test_lines_of_plants_and_devices_share_an_axis_and_keep_their_gaps(world: Any) -> None:
    compare, today = Compare(world.services.sources), day_of(world.clock.now())
    plant, silent = world.registry.plants[0], world.registry.plants[4]
    inverter = next(d for d in plant.devices if d.kind.value == "inverter")
    picks = [
        Pick(plant.plant_id, PLANT_POWER),
        Pick(silent.plant_id, PLANT_POWER),
        Pick(inverter.device_id, "ac_active_power_w"),
    ]
    found = compare.curves(ALL, picks, today, today)
    lengths = {len(curve.values) for curve in found.curves}
    assert len(lengths) == 1
    whole, mute, one = found.curves
    # the fifth plant is silent since two hours: its curve ends earlier, and nothing is filled with nought
    assert np.flatnonzero(np.isfinite(mute.values)).max() < np.flatnonzero(np.isfinite(whole.values)).max()
    assert np.isnan(whole.values[-1])
    assert np.nanmax(one.values) > np.nanmax(whole.values)  # W beside kW
    assert [curve.unit for curve in found.curves] == ["kW", "kW", "W"]


def test_a_third_unit_is_left_out_and_said(world: Any) -> None:
    plant, today = world.registry.plants[0], day_of(world.clock.now())
    inverter = next(d for d in plant.devices if d.kind.value == "inverter").device_id
    picks = [
        Pick(plant.plant_id, PLANT_POWER),
        Pick(inverter, "grid_frequency_hz"),
        Pick(inverter, "ac_line_ab_voltage_v"),
    ]
    found = Compare(world.services.sources).curves(ALL, picks, today, today)
    assert found.unit_refused == (picks[2],)
    assert len(found.curves) == 2


def test_what_is_out_of_scope_is_not_drawn(world: Any) -> None:
    compare, today = Compare(world.services.sources), day_of(world.clock.now())
    own, other = world.registry.plants[:2]
    narrow = Principal("n", "n", frozenset({Role.OM}), Scope(plant_ids=frozenset({own.plant_id})))
    picks = [
        Pick(own.plant_id, PLANT_POWER),
        Pick(other.plant_id, PLANT_POWER),
        Pick(other.devices[0].device_id, "grid_frequency_hz"),
    ]
    assert [c.pick for c in compare.curves(narrow, picks, today, today).curves] == picks[:1]
    assert {row.plant.plant_id for row in compare.ranking(narrow, today, today)} == {own.plant_id}
    with pytest.raises(AccessDeniedError):
        compare.strings(narrow, other.devices[0].device_id, today)


def test_the_strings_of_an_inverter_show_the_open_one_as_low(world: Any) -> None:
    plant = world.registry.plants[0]
    inverter = next(
        d for d in plant.devices if d.kind.value == "inverter"
    )  # its string 3 opened three hours ago
    found = Compare(world.services.sources).strings(ALL, inverter.device_id, day_of(world.clock.now()))
    assert found.values.shape == (len(found.strings), 144)
    column = int((world.clock.now() - found.start) / timedelta(minutes=10)) - 2
    row = found.strings.index(3)
    assert found.values[row, column] < 0.2 * np.nanmedian(found.values[:, column])
    assert np.isnan(found.values[:, -1]).all()


def test_plants_are_ranked_by_hours_with_a_year_before_beside(world: Any) -> None:
    today = date(2026, 5, 10)
    plants = world.registry.plants[:3]

    def kept(plant: Any, day: date, hours: float | None) -> DailyKpi:
        energy = None if hours is None else hours * 100
        return DailyKpi(plant.plant_id, day, energy, energy, hours, hours, 1.0, 3, 3)

    world.store.put_daily(
        [
            kept(plants[0], today, 2.0),
            kept(plants[1], today, 5.0),
            kept(plants[2], today, None),
            kept(plants[0], today - timedelta(days=1), 2.5),
            kept(plants[0], date(2025, 5, 10), 3.0),
        ]
    )
    rows = Compare(world.services.sources).ranking(ALL, today - timedelta(days=1), today)
    assert [(row.plant.plant_id, row.hours_h) for row in rows[:2]] == [
        (plants[1].plant_id, 5.0),
        (plants[0].plant_id, 4.5),
    ]
    assert rows[1].before_h == 3.0
    assert all(row.hours_h is None for row in rows[2:])
    energy = Compare(world.services.sources).curves(
        ALL, [Pick(plants[0].plant_id, PLANT_ENERGY)], today - timedelta(days=2), today, year_before=True
    )
    now, before = energy.curves
    assert np.isnan(now.values[0])
    assert now.values[1:].tolist() == [250.0, 200.0]
    assert before.shifted
    assert before.values[2] == 300.0
