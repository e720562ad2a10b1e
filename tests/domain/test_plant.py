"""Plants and villages: what holds on a day, and how a village is shown."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.plant import (
    Capacity,
    Connection,
    Device,
    DeviceKind,
    Gateway,
    Ownership,
    Plant,
    Registry,
    Town,
    Village,
    WireProtocol,
)

START = date(2017, 6, 30)


def plant(*capacities: Capacity, acts: tuple[Ownership, ...] = (), plant_id: str = "alpha") -> Plant:
    return Plant(
        plant_id,
        "甲镇电站",
        "Jia plant",
        "611002100",
        33.8,
        109.9,
        700,
        Connection.LIVE,
        START,
        capacities or (Capacity(START, 110, 100),),
        30,
        180,
        gateways=(Gateway(f"{plant_id}-gw", plant_id, WireProtocol.MODBUS_TCP),),
        devices=(
            Device(f"{plant_id}-inv", plant_id, DeviceKind.INVERTER, "一号"),
            Device(f"{plant_id}-meter", plant_id, DeviceKind.REVENUE_METER, "关口表"),
        ),
        ownership=acts,
    )


@pytest.fixture
def registry() -> Registry:
    return Registry(
        "样例区",
        (Town("611002100", "甲镇", "Jia", 33.8, 109.9), Town("611002101", "乙镇", "Yi", 33.9, 109.8)),
        (
            Village("611002100201", "东沟村", "Donggou", "611002100", START),
            Village("611002101201", "东沟村", "Donggou", "611002101", START),
        ),
        (plant(), plant(plant_id="beta")),
    )


def test_the_capacity_in_force_is_the_newest_begun() -> None:
    grown = plant(Capacity(START, 110, 100), Capacity(date(2019, 6, 1), 165, 150))
    assert grown.capacity_on(date(2019, 5, 31)).ac_capacity_kw == 100
    assert grown.capacity_on(date(2019, 6, 1)).ac_capacity_kw == 150
    assert (grown.ac_capacity_kw, grown.dc_capacity_kw) == (150, 165)


def test_before_the_first_day_the_first_capacity_holds() -> None:
    assert plant().capacity_on(START - timedelta(days=1)).ac_capacity_kw == 100


def test_there_is_no_ownership_before_the_first_act() -> None:
    owned = plant(acts=(Ownership(date(2018, 6, 1), "act", {"a": 100}),))
    assert owned.ownership_on(date(2018, 5, 31)) is None
    act = owned.ownership_on(date(2018, 6, 1))
    assert act is not None
    assert act.shares_kw == {"a": 100}


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=8, unique=True), st.integers(0, 3000))
def test_the_capacity_on_any_day_is_never_one_of_the_future(days: list[int], asked: int) -> None:
    capacities = tuple(Capacity(START + timedelta(days=day), 1.1 * day + 1, day + 1) for day in sorted(days))
    found = plant(*capacities).capacity_on(START + timedelta(days=asked))
    begun = [day for day in days if day <= asked]
    assert found.ac_capacity_kw == (max(begun) if begun else min(days)) + 1


def test_a_village_is_always_shown_with_its_town(registry: Registry) -> None:
    assert registry.village_label("611002100201") == "甲镇·东沟村"
    assert registry.village_label("611002101201") == "乙镇·东沟村"
    assert registry.village_label("611002101201", "en") == "Yi·Donggou"


def test_things_are_found_by_their_ids(registry: Registry) -> None:
    assert registry.plants_by_id["beta"].plant_id == "beta"
    assert registry.towns_by_id["611002101"].name == "乙镇"
    assert registry.devices_by_id["beta-meter"].kind is DeviceKind.REVENUE_METER
    assert [gateway.gateway_id for gateway in registry.gateways()] == ["alpha-gw", "beta-gw"]
    assert len(list(registry.devices())) == 4


def test_devices_are_found_by_kind(registry: Registry) -> None:
    (inverter,) = registry.plants_by_id["alpha"].devices_of(DeviceKind.INVERTER)
    assert inverter.device_id == "alpha-inv"
    assert registry.plants_by_id["alpha"].devices_of(DeviceKind.LOGGER) == ()
