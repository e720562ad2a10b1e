"""Every inverter of the fleet against its own plant, and what of a day was not believed."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from access.principal import Principal
from domain.account import Role, Scope
from domain.day_figures import DayFigures
from domain.plant import DeviceKind, Registry
from queries.fleet_ranking import FleetRanking
from stores.records.store import SqlRecordStore
from tests.alerts.builders import plant

PLANTS = (plant(5, "p1"), plant(4, "p2"))
REGISTRY = Registry("商州区", (), (), PLANTS)
READER = Principal("om", "运维", frozenset({Role.OM}), Scope(everything=True))
DAY = date(2026, 6, 10)


@pytest.fixture
def records(tmp_path: Path) -> Iterator[SqlRecordStore]:
    store = SqlRecordStore.at(tmp_path / "records.sqlite")
    for number, one in enumerate(PLANTS):
        names = [device.device_id for device in one.devices_of(DeviceKind.INVERTER)]
        rows = [
            DayFigures(
                one.plant_id,
                name,
                DAY,
                200.0 * (1 + number) * (0.8 if place == number else 1.0),
                None,
                None,
                None,
                None,
                1.0,
            )
            for place, name in enumerate(names)
        ]
        store.put_days(one.plant_id, [DAY], rows, ())
    yield store
    store.close()


def ranking(records: SqlRecordStore | None) -> FleetRanking:
    return FleetRanking(cast("Any", SimpleNamespace(registry=REGISTRY, days=records)))


def test_a_weak_unit_of_a_strong_plant_leads_the_list_though_it_gives_more_than_others(
    records: SqlRecordStore,
) -> None:
    found = ranking(records).units(READER, DAY, DAY)
    assert len(found) == 9
    assert {each.unit.device.device_id for each in found[:2]} == {"p1-inv-01", "p2-inv-02"}
    assert [each.unit.ratio for each in found[:3]] == pytest.approx([0.8, 0.8, 1.0])
    strong = next(each for each in found if each.plant.plant_id == "p2")
    assert strong.unit.yield_h is not None
    assert strong.unit.yield_h > (found[-1].unit.yield_h or 0.0) or strong.plant is found[-1].plant


def test_a_reader_sees_the_units_of_his_own_plants_and_no_days_are_no_ranking(
    records: SqlRecordStore,
) -> None:
    narrow = Principal("one", "一", frozenset({Role.OM}), Scope(plant_ids=frozenset({"p2"})))
    assert {each.plant.plant_id for each in ranking(records).units(narrow, DAY, DAY)} == {"p2"}
    assert ranking(None).units(READER, DAY, DAY) == ()
