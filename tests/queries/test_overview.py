"""The overview over real stores and the virtual fleet's rows."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from access.principal import Principal
from dashboard.services import queries_over
from domain.account import Role, Scope
from domain.errors import AccessDeniedError, StoreUnavailableError
from queries.snapshot import SnapshotKeeper
from queries.states import DataState, OperationState, Reason
from tests.dashboard.fixtures import NIGHT, build, few_plants, sample_registry

pytestmark = pytest.mark.slow

OM = Principal("om", "om", frozenset({Role.OM}), Scope(everything=True))


@pytest.fixture(scope="module")
def view(world: Any) -> Any:
    return queries_over(world.services.sources).overview.view(OM)


def test_the_sum_of_now_leaves_out_the_silent_plant_and_says_how_many_report(view: Any, world: Any) -> None:
    silent = world.registry.plants[4]
    assert (view.reporting, view.live, view.manual, view.file) == (4, 5, 1, 1)
    told = {p.plant.plant_id: p for p in view.plants}
    assert told[silent.plant_id].data is DataState.INTERRUPTED
    assert told[silent.plant_id].current_kw is None
    assert told[silent.plant_id].power_kw > 0  # the last value is kept, but it is not of now
    assert told[silent.plant_id].operation is OperationState.UNKNOWN
    assert view.power_kw == pytest.approx(sum(p.current_kw for p in view.plants if p.current_kw is not None))
    assert view.reporting_capacity_kw == pytest.approx(
        sum(p.ac_capacity_kw for p in world.registry.plants[:4])
    )


def test_power_now_is_the_sum_of_the_newest_values_of_the_inverters(view: Any, world: Any) -> None:
    plant = world.registry.plants[0]
    watts = [
        world.latest.get(d.device_id).good("ac_active_power_w")
        for d in plant.devices
        if d.kind.value == "inverter"
    ]
    assert view.plants[0].current_kw == pytest.approx(sum(watts) / 1e3)


def test_energy_today_is_what_the_counters_rose_since_midnight(view: Any, world: Any) -> None:
    from domain.timespan import Interval, day_of, local_day

    plant = world.registry.plants[0]
    ids = [d.device_id for d in plant.devices if d.kind.value == "inverter"]
    interval = Interval(local_day(day_of(world.clock.now())).start, world.clock.now())
    frame = world.store.read(ids, ["ac_energy_total_wh"], interval).good()
    rises = frame.groupby("device_id", observed=True)["ac_energy_total_wh"].agg(
        lambda v: v.iloc[-1] - v.iloc[0]
    )
    assert view.plants[0].energy_kwh == pytest.approx(rises.sum() / 1e3, rel=1e-6)


def test_the_oldest_used_value_is_that_of_a_plant_in_the_sum(view: Any, world: Any) -> None:
    assert world.clock.now() - view.oldest_used <= timedelta(seconds=120)


def test_the_worst_plants_come_with_a_reason_and_a_tripped_inverter_is_found(view: Any, world: Any) -> None:
    reasons = {f.now.plant.plant_id: f.reason for f in view.worst}
    assert reasons[world.registry.plants[1].plant_id] is Reason.FAULT
    assert reasons[world.registry.plants[2].plant_id] is Reason.LOW_POWER
    assert reasons[world.registry.plants[4].plant_id] is Reason.INTERRUPTED
    assert view.findings == len(reasons)


def test_the_heat_map_holds_live_plants_by_town_and_ends_now(view: Any, world: Any) -> None:
    heat = view.heat_map
    assert len(heat.plants) == 5
    assert heat.values.shape == (5, 144)
    towns = [town.town_id for town in heat.towns]
    assert towns == sorted(towns, key=[t.town_id for t in world.registry.towns].index)
    now = int((world.clock.now() - heat.start) / timedelta(minutes=10))
    assert np.isnan(heat.values[:, now + 1 :]).all()
    assert np.nanmax(heat.values) <= 1.1


def test_a_narrow_scope_sees_its_plant_only(world: Any) -> None:
    plant = world.registry.plants[1]
    who = Principal("k", "k", frozenset({Role.KEEPER}), Scope(plant_ids=frozenset({plant.plant_id})))
    view = queries_over(world.services.sources).overview.view(who)
    assert [p.plant.plant_id for p in view.plants] == [plant.plant_id]
    assert view.power_kw == pytest.approx(view.plants[0].current_kw)
    assert view.curve.plants_reporting.max() == 1


def test_who_has_no_role_gets_nothing(world: Any) -> None:
    nobody = Principal("x", "x", frozenset(), Scope(everything=True))
    with pytest.raises(AccessDeniedError):
        queries_over(world.services.sources).overview.view(nobody)


def test_at_night_nothing_is_red(tmp_path: Any) -> None:
    registry = few_plants(sample_registry())
    world = build(tmp_path, registry, now=NIGHT, days=0.8)
    try:
        view = queries_over(world.services.sources).overview.view(OM)
        assert not view.daylight
        states = {p.operation for p in view.plants if p.data in {DataState.FRESH, DataState.LATE}}
        assert states <= {OperationState.NIGHT, OperationState.FAULT}
        assert not any(p.data is DataState.INTERRUPTED for p in view.plants)
        assert (view.energy_kwh or 0) > 0
    finally:
        world.close()


def test_within_two_periods_a_plant_that_fell_silent_is_grey_and_the_sum_says_so(tmp_path: Any) -> None:
    registry = few_plants(sample_registry())
    world = build(tmp_path, registry, days=0.4)
    try:
        queries = queries_over(world.services.sources)
        assert queries.overview.view(OM).reporting == 5
        world.clock.advance(100)
        for plant in registry.plants[1:]:
            for device in plant.devices:
                batch = world.latest.get(device.device_id)
                if batch is not None:
                    from dataclasses import replace

                    world.latest.update([replace(batch, measured_at=world.clock.now())])
        queries.keeper.renew()
        view = queries.overview.view(OM)
        assert view.reporting == 4
        assert view.plants[0].data is DataState.LATE
        assert view.plants[0].current_kw is None
    finally:
        world.close()


def test_a_store_that_fails_leaves_the_last_curves_and_says_when_they_are_from(world: Any) -> None:
    keeper = SnapshotKeeper(world.services.sources, day_s=-1.0)
    first = keeper.renew()
    broken = SnapshotKeeper(_broken(world), day_s=-1.0)
    with pytest.raises(StoreUnavailableError):
        broken.get()
    keeper._sources = _broken(world)
    after = keeper.renew()
    assert after.failed_at == first.day.taken_at
    assert np.array_equal(after.day.today_kw, first.day.today_kw, equal_nan=True)
    assert len(after.plants) == len(first.plants)


def _broken(world: Any) -> Any:
    from dataclasses import replace

    class Gone:
        def power_curves(self, *_args: Any) -> Any:
            raise StoreUnavailableError("gone")

    return replace(world.services.sources, store=Gone())
