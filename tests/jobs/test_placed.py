"""Devices whose registers lie where only they have them: SunSpec models elsewhere, places behind a logger."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from collectors.spool import Spool
from domain.plant import DeviceKind
from inverters.profile import load_profiles
from tests.collectors.peers import peer
from tests.collectors.plants import inverter, modbus_plant, registry
from tests.jobs.test_collect import answering, batches_of, collector, until

SHIFT = 7  # a model of seven registers nobody knows stands between the first and the measured one


def sunspec_image() -> dict[int, int]:
    """An invented SunSpec inverter: mark at 50000, model 1, an unknown model, then 103 with 12,340 W."""
    held = dict(zip(range(50000, 50002), (0x5375, 0x6E53), strict=True))
    held |= {50002: 1, 50003: 66}
    unknown = 50004 + 66
    held |= {unknown: 64110, unknown + 1: SHIFT}
    model = unknown + 2 + SHIFT
    held |= {model: 103, model + 1: 50, model + 2 + 50: 0xFFFF, model + 3 + 50: 0}
    held |= {model + 14: 1234, model + 15: 1}  # W and its scale factor
    return held


def polled(tmp_path: Path, profile: str, unit: int, images: Mapping[int, dict[int, int]]) -> float | None:
    async def check() -> float | None:
        async with peer(answering(images)) as port:
            plant = modbus_plant(1, port, 1)
            device = inverter(plant.plant_id, unit, plant.gateways[0].gateway_id, profile)
            spool = Spool(tmp_path / "spool.sqlite")
            job = collector(registry(replace(plant, devices=(device,))), spool, load_profiles())
            task = asyncio.create_task(job.run())
            try:
                await until(lambda: len(batches_of(spool)) >= 2)
                return batches_of(spool)[-1].value("ac_active_power_w")
            finally:
                await job.stop()
                await task
                spool.close()

    return asyncio.run(check())


def test_the_models_of_a_sunspec_device_are_found_before_it_is_polled(tmp_path: Path) -> None:
    assert polled(tmp_path, "sunspec", 1, {1: sunspec_image()}) == 12_340.0


def test_an_inverter_behind_a_logger_is_polled_in_its_place_of_the_area(tmp_path: Path) -> None:
    profile = load_profiles()["huawei_smartlogger_inverter"]
    assert profile.kind is DeviceKind.INVERTER
    power, status = profile.find("ac_active_power_w"), profile.find("device_status")
    assert power is not None
    assert status is not None
    raw = round(43_200 / power.scale)
    place = 25 * (3 - 1)  # device address 3
    held = (
        {power.address + place: raw >> 16, power.address + place + 1: raw & 0xFFFF}
        if power.words == 2
        else {}
    )
    held |= {status.address + place: 0x0200}
    held = held or {power.address + place: raw}
    assert polled(tmp_path, profile.name, 3, {0: held}) == 43_200.0
