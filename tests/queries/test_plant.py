"""The page of one plant, its strings and its curves."""

from typing import Any

import numpy as np
import pytest

from access.principal import Principal
from dashboard.services import queries_over
from domain.account import Role, Scope
from domain.errors import AccessDeniedError
from queries.curves import DEVICES_MAX, Span, Subject
from queries.plants import PlantFilter
from queries.states import DataState
from texts.loader import Texts

OM = Principal("om", "om", frozenset({Role.OM}), Scope(everything=True))


@pytest.fixture(scope="module")
def queries(world: Any) -> Any:
    return queries_over(world.services.sources)


def test_a_plant_has_power_a_band_a_limit_owners_and_accounts(queries: Any, world: Any) -> None:
    plant = world.registry.plants[0]
    view = queries.plant.view(OM, plant.plant_id)
    assert np.isfinite(view.power.power_kw).sum() > 20
    inside = np.isfinite(view.power.low_kw)
    assert inside.any()
    assert (view.power.low_kw[inside] <= view.power.high_kw[inside]).all()
    assert view.power.peers >= 3
    assert sum(owner.share for owner in view.owners) == pytest.approx(1.0)
    assert view.accounts == plant.accounts
    assert view.meter is not None
    assert view.meter.forward_kwh > 0


def test_a_plant_out_of_scope_and_one_that_does_not_exist_are_the_same_refusal(
    queries: Any, world: Any
) -> None:
    who = Principal(
        "k", "k", frozenset({Role.OM}), Scope(plant_ids=frozenset({world.registry.plants[0].plant_id}))
    )
    for plant_id in (world.registry.plants[1].plant_id, "no-such-plant"):
        with pytest.raises(AccessDeniedError, match="not within the scope"):
            queries.plant.view(who, plant_id)
        with pytest.raises(AccessDeniedError):
            queries.plant.strings(who, plant_id, None)
        with pytest.raises(AccessDeniedError):
            queries.curves.view(who, plant_id, Subject.PLANT, Span.TODAY)


def test_an_open_string_stands_out_against_the_median_of_its_inverter(queries: Any, world: Any) -> None:
    plant = world.registry.plants[0]
    device = next(d for d in plant.devices if d.kind.value == "inverter")
    found = queries.plant.strings(OM, plant.plant_id, device.device_id)
    assert found.comparable
    weak = [
        one.number for one in found.strings if one.against_median is not None and one.against_median < -0.5
    ]
    assert weak == [3]
    assert len(found.strings) == device.string_count


def test_strings_of_a_silent_inverter_are_not_compared(queries: Any, world: Any) -> None:
    plant = world.registry.plants[4]
    found = queries.plant.strings(OM, plant.plant_id, None)
    assert not found.comparable
    assert all(one.against_median is None for one in found.strings)


def test_a_manual_plant_shows_its_readings_newest_first(queries: Any, world: Any) -> None:
    plant = next(p for p in world.registry.plants if p.connection.value == "manual")
    view = queries.plant.view(OM, plant.plant_id)
    assert view.now.data is DataState.MANUAL
    assert [r.read_at for r in view.readings] == sorted((r.read_at for r in view.readings), reverse=True)
    assert view.now.measured_at == view.readings[0].read_at


def test_the_table_has_every_plant_once_and_its_sums_are_those_of_the_overview(
    queries: Any, world: Any
) -> None:
    table = queries.plants.table(OM)
    overview = queries.overview.view(OM)
    assert [row.now.plant.plant_id for row in table.rows] == [p.plant_id for p in world.registry.plants]
    assert table.power_kw == pytest.approx(overview.power_kw)
    assert table.energy_kwh == pytest.approx(overview.energy_kwh)
    counts = {chip: sum(row.belongs(chip) for row in table.rows) for chip in PlantFilter}
    assert counts == {
        PlantFilter.ALL: 7,
        PlantFilter.ABNORMAL: 2,
        PlantFilter.INTERRUPTED: 1,
        PlantFilter.MANUAL: 1,
        PlantFilter.FILE: 1,
    }


def test_curves_keep_gaps_and_take_at_most_six_inverters(queries: Any, world: Any) -> None:
    plant = world.registry.plants[0]
    ids = [d.device_id for d in plant.devices if d.kind.value == "inverter"]
    drawn = queries.curves.view(OM, plant.plant_id, Subject.NORMALISED, Span.TWO_DAYS, ids)
    assert len(drawn.lines) == min(DEVICES_MAX, len(ids))
    values = drawn.lines[0].values
    assert np.isnan(values).any()
    assert np.nanmax(values) < 120
    night = queries.curves.view(OM, plant.plant_id, Subject.PLANT, Span.TODAY)
    assert np.isnan(night.lines[0].values[:12]).all()  # inverters sleep: no row, no nought


def test_an_inverter_of_another_plant_is_not_drawn(queries: Any, world: Any) -> None:
    foreign = next(d.device_id for d in world.registry.plants[1].devices)
    own = queries.curves.view(
        OM, world.registry.plants[0].plant_id, Subject.TEMPERATURE, Span.TODAY, [foreign]
    )
    names = {d.name for d in world.registry.plants[0].devices}
    assert {line.name for line in own.lines} <= names


def test_ages_come_with_the_broken_ones_first(queries: Any, world: Any) -> None:
    view = queries.data_age.view(OM)
    assert view.plants[0].now.data is DataState.INTERRUPTED
    assert view.store is not None
    assert view.store.rows > 1000
    assert view.figures == {"spool_rows": "0"}


def test_a_make_that_tells_only_its_inputs_shows_those_and_compares_nothing(world: Any) -> None:
    from dataclasses import replace

    from domain.measurement import Batch
    from queries.plant import strings_of

    shown: Any = queries_over(world.services.sources).keeper.get().plants[0].devices[0]
    batch = Batch(
        shown.device.device_id,
        shown.measured_at,
        ("dc_mppt_01_current_a", "dc_mppt_02_current_a"),
        (8.0, 12.0),
    )
    found = strings_of(replace(shown), batch)
    assert not found.measured
    assert not found.comparable
    assert [(one.number, one.current_a, one.against_median) for one in found.strings] == [
        (1, 8.0, None),
        (2, 12.0, None),
    ]


def test_an_inverter_that_stands_is_said_to_stand_and_not_to_lack_light(world: Any) -> None:
    from dataclasses import replace

    from domain.measurement import Batch
    from queries.plant import strings_of
    from queries.states import OperationState

    shown: Any = queries_over(world.services.sources).keeper.get().plants[0].devices[0]
    names = tuple(f"dc_string_{n:02d}_current_a" for n in range(1, 4))
    dark = Batch(shown.device.device_id, shown.measured_at, names, (0.0, 0.0, 0.0))
    runs = replace(shown, operation=OperationState.GENERATING)
    assert strings_of(replace(shown, operation=OperationState.STOPPED), dark).note == "standing"
    assert strings_of(replace(runs, normalised=0.0), dark, peers_run=True).note == "standing"
    assert strings_of(replace(runs, normalised=0.0), dark).note == "dark", "at dusk no unit runs"
    assert strings_of(replace(runs, data=DataState.LATE), dark, peers_run=True).note == "old"
    assert all(f"pages.plant.strings_summary.{note}" in Texts("zh") for note in ("standing", "old", "dark"))
