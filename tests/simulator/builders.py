"""Small registries and fields for the tests of the virtual fleet."""

import asyncio
import struct
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import cache

from domain.clock import ManualClock
from domain.plant import (
    Capacity,
    Connection,
    Device,
    DeviceKind,
    Gateway,
    Plant,
    Registry,
    Town,
    WireProtocol,
)
from inverters.profile import DeviceProfile, load_profiles
from simulator.faults import Fault
from simulator.fleet import Fleet

NOON = datetime(2026, 7, 10, 4, 30, tzinfo=UTC)  # a little before solar noon in the district
NIGHT = datetime(2026, 7, 10, 16, 0, tzinfo=UTC)
MAKES = ("huawei_sun2000", "sungrow_sg", "growatt_max", "goodwe_mt", "ginlong_solis", "huawei_sun2000_v2")


@cache
def profiles() -> dict[str, DeviceProfile]:
    return dict(load_profiles())


def plant(
    number: int = 0,
    profile: str = "huawei_sun2000",
    inverters: int = 3,
    protocol: WireProtocol = WireProtocol.MODBUS_TCP,
    *,
    latitude: float | None = None,
    longitude: float | None = None,
    strings: int = 8,
    answer_s: float = 0.0,
    feeder: str = "F1",
    extras: bool = True,
) -> Plant:
    plant_id = f"p{number:02d}"
    gateway = Gateway(f"{plant_id}-gw", plant_id, protocol, port=0, answer_s=answer_s)
    publishes = protocol is WireProtocol.MQTT

    def device(name: str, kind: DeviceKind, family: str, unit: int, **more: float) -> Device:
        model = "pvmon_json" if publishes else family
        return Device(f"{plant_id}-{name}", plant_id, kind, name, model, gateway.gateway_id, unit, **more)  # type: ignore[arg-type]

    devices = [
        device(
            f"inv-{unit:02d}",
            DeviceKind.INVERTER,
            profile,
            unit,
            rated_power_kw=50.0,
            dc_capacity_kw=55.0,
            string_count=strings,
        )
        for unit in range(1, inverters + 1)
    ]
    if extras:
        devices += [
            device("meter", DeviceKind.REVENUE_METER, "meter_acrel_dtsd1352", 101, ct_ratio=60.0),
            device("weather", DeviceKind.WEATHER_STATION, "weather_jxct", 102),
        ]
    return Plant(
        plant_id=plant_id,
        name=f"样例{number}号电站",
        name_en=f"Sample {number}",
        town_id="t1",
        latitude=33.80 + 0.005 * number if latitude is None else latitude,
        longitude=109.90 + 0.005 * number if longitude is None else longitude,
        altitude_m=760.0,
        connection=Connection.LIVE,
        grid_date=date(2017, 6, 30),
        capacities=(Capacity(date(2017, 6, 30), 55.0 * inverters, 50.0 * inverters),),
        tilt_deg=28.0,
        azimuth_deg=180.0,
        feeder=feeder,
        gateways=(gateway,),
        devices=tuple(devices),
    )


def registry(*plants: Plant) -> Registry:
    town = Town("t1", "样例镇", "Sample", 33.8, 109.9)
    return Registry("样例", (town,), (), plants or (plant(),), sample=True)


def fleet(
    *plants: Plant, at: datetime = NOON, seed: int = 1, faults: Sequence[Fault] = ()
) -> tuple[Fleet, ManualClock]:
    clock = ManualClock(at)
    return Fleet(registry(*plants), profiles(), clock, seed, faults), clock


class Client:
    """A Modbus TCP client of a few lines: another mind than the one that wrote the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.transaction = 0

    @classmethod
    async def connect(cls, port: int) -> "Client":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    def send(self, unit: int, pdu: bytes) -> None:
        self.transaction += 1
        self.writer.write(struct.pack(">HHHB", self.transaction, 0, len(pdu) + 1, unit) + pdu)

    async def receive(self, within_s: float = 2.0) -> tuple[int, int, bytes]:
        head = await asyncio.wait_for(self.reader.readexactly(7), within_s)
        transaction, _, length, unit = struct.unpack(">HHHB", head)
        return transaction, unit, await self.reader.readexactly(length - 1)

    async def ask(self, unit: int, function: int, address: int, count: int, within_s: float = 2.0) -> bytes:
        self.send(unit, struct.pack(">BHH", function, address, count))
        return (await self.receive(within_s))[2]

    def close(self) -> None:
        self.writer.close()
