"""A look at a device on a real socket: everything read once, judged, and SunSpec models found by themselves."""

import asyncio
from dataclasses import replace

import pytest

from collectors.examination import Examination, look
from collectors.modbus import ModbusSource
from domain.clock import SystemClock
from domain.errors import UnreachableError
from domain.plant import Device
from inverters.examine import Judged, examine, serial_of
from inverters.verdicts import Verdict
from tests.simulator.builders import MAKES, profiles
from tests.simulator.builders import plant as virtual_plant
from tests.simulator.test_wire import serving


def looked(profile: str, **changed: object) -> tuple[Examination, Device, tuple[Judged, ...]]:
    async def check() -> tuple[Examination, Device, tuple[Judged, ...]]:
        async with serving(virtual_plant(profile=profile)) as (fleet, wires):
            device: Device = replace(next(fleet.registry.devices()), **changed)  # type: ignore[arg-type]
            gateway = replace(wires[0].gateway, port=wires[0].port, timeout_s=1.5)
            source = ModbusSource(gateway)
            try:
                found = await look(source, device, profiles()[profile], SystemClock())
            finally:
                await source.close()
            return found, device, examine(found.profile, found.sample, device)

    return asyncio.run(check())


@pytest.mark.parametrize("profile", [*MAKES, "sunspec"])
def test_every_make_of_the_virtual_fleet_is_read_whole_and_agrees_with_itself(profile: str) -> None:
    found, _, values = looked(profile)
    by_name = {one.name: one for one in values}
    assert 5_000 < (by_name["ac_active_power_w"].value or 0.0) < 55_000
    assert by_name["ac_active_power_w"].raw.startswith("0x")
    assert [one.name for one in values if one.verdict is Verdict.INCONSISTENT] == []
    assert sum(one.verdict is Verdict.PLAUSIBLE for one in values) > 15
    assert found.reads >= len(found.sample.blocks)


def test_another_serial_number_than_the_listed_one_is_inconsistent() -> None:
    _, _, values = looked("huawei_sun2000", serial_number="9999999999")
    one = next(one for one in values if one.name == "serial_number")
    assert one.verdict is Verdict.INCONSISTENT
    assert serial_of(values) != "9999999999"


def test_another_rated_power_than_the_listed_one_is_inconsistent() -> None:
    _, _, values = looked("huawei_sun2000", rated_power_kw=5.0)
    denied = {one.name: one.contradiction for one in values if one.contradiction is not None}
    assert denied["rated_active_power_w"].rule == "rating"
    assert denied["rated_active_power_w"].ten == 1


def test_nobody_there_is_told_after_two_questions() -> None:
    with pytest.raises(UnreachableError, match="no answer"):
        looked("huawei_sun2000", unit=77)
