"""What of a day was not believed: each mark with its reason, its hours and its share, computed from what is stored."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from access.principal import Principal
from domain.account import Role, Scope
from domain.clock import ManualClock
from domain.errors import AccessDeniedError
from domain.measurement import Origin
from domain.plant import Registry
from domain.timespan import day_of
from kpis.data_quality import with_flags
from queries.masks import MasksQuery, _marks
from stores.memory import MemoryStore
from tests.alerts.builders import change, local, plant, series, span

PLANT = plant(3, "p1")
REGISTRY = Registry("商州区", (), (), (PLANT,))
READER = Principal("om", "运维", frozenset({Role.OM}), Scope(everything=True))
DAY = day_of(local("10 12:00"))
POWER = "ac_active_power_w"


def query() -> MasksQuery:
    day = series(units=3)
    day = change(day, 1, POWER, span(day, "10 10:00", "10 11:00"), 21_000.0)
    day = change(day, 1, "dc_voltage_v", slice(0, None), float("nan"))
    day = change(day, 1, "internal_temperature_c", slice(0, None), 30.0)
    for phase in "abc":
        day = change(day, 1, f"ac_phase_{phase}_voltage_v", slice(0, None), 225.0)
    day = change(day, 2, "internal_temperature_c", span(day, "10 13:00", "10 13:10"), 6553.5)
    store = MemoryStore(ManualClock(local("11 00:00")))
    for each in day.devices.values():
        table = pd.DataFrame(
            {
                "device_id": each.device.device_id,
                "measured_at": pd.DatetimeIndex(day.instants).tz_localize("UTC").as_unit("ns"),
                **dict(each.values),
            }
        )
        store.write_table(list(each.values), table, Origin.POLL)
    return MasksQuery(cast("Any", SimpleNamespace(registry=REGISTRY, store=store)))


def test_a_frozen_hour_and_a_makers_no_value_are_named_with_their_hours() -> None:
    found = query().view(READER, "p1", DAY)
    named = {(each.device.device_id, each.quantity, each.reason): each for each in found.marks}
    frozen = named["p1-inv-01", POWER, "stale"]
    assert (frozen.first, frozen.count, frozen.believed) == (local("10 10:00"), 12, False)
    assert frozen.last == local("10 10:55")
    absent = named["p1-inv-02", "internal_temperature_c", "sentinel"]
    assert (absent.count, absent.first) == (2, local("10 13:00"))
    assert found.told > 1000
    assert not [each for each in found.marks if each.device.device_id == "p1-inv-03"]


def test_a_day_without_values_has_none_and_a_foreign_plant_is_refused() -> None:
    asked = query()
    assert asked.view(READER, "p1", DAY - timedelta(days=9)).told == 0
    with pytest.raises(AccessDeniedError):
        asked.view(replace(READER, scope=Scope(plant_ids=frozenset({"p9"}))), "p1", DAY)


def test_a_unit_held_at_half_its_rating_is_not_called_clipped_and_one_at_its_rating_is() -> None:
    def reasons(share: float) -> set[str]:
        day, full = series(units=3), PLANT.devices[0].rated_power_kw * 1000.0
        told = day.devices["p1-inv-01"].good(POWER)
        assert told is not None
        held = change(day, 1, POWER, slice(0, None), np.minimum(told * 2.0, share * full))
        flagged, _ = with_flags(held)
        return {
            each.reason
            for each in _marks(flagged)
            if each.device.device_id == "p1-inv-01" and each.quantity == POWER
        }

    assert "held" in reasons(0.5)
    assert "clipped" not in reasons(0.5)
    assert "clipped" in reasons(1.0)
