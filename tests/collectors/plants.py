"""A small invented registry for tests."""

from datetime import UTC, date, datetime

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

NOON = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
TOWN = Town("611002001", "样例镇", "Sample town", 33.9, 109.9)


def plant(
    plant_id: str, gateways: tuple[Gateway, ...], devices: tuple[Device, ...], period_s: float = 60.0
) -> Plant:
    return Plant(
        plant_id,
        "样例电站",
        "Sample plant",
        TOWN.town_id,
        33.87,
        109.94,
        800.0,
        Connection.LIVE,
        date(2017, 6, 30),
        (Capacity(date(2017, 6, 30), 300.0, 250.0),),
        30.0,
        180.0,
        poll_period_s=period_s,
        gateways=gateways,
        devices=devices,
    )


def inverter(
    plant_id: str, number: int, gateway_id: str, profile: str = "huawei_sun2000", **more: object
) -> Device:
    settings: dict[str, object] = {"unit": number, "rated_power_kw": 50.0, "string_count": 8, **more}
    return Device(
        f"{plant_id}-inv-{number:02d}",
        plant_id,
        DeviceKind.INVERTER,
        f"{number} 号逆变器",
        profile,
        gateway_id,
        **settings,  # type: ignore[arg-type]
    )


def modbus_plant(number: int, port: int, units: int = 3, period_s: float = 60.0) -> Plant:
    plant_id = f"plant-{number}"
    gateway = Gateway(f"{plant_id}-gw", plant_id, WireProtocol.MODBUS_TCP, "127.0.0.1", port, timeout_s=0.3)
    devices = tuple(inverter(plant_id, unit, gateway.gateway_id) for unit in range(1, units + 1))
    return plant(plant_id, (gateway,), devices, period_s)


def mqtt_plant(number: int, units: int = 3, period_s: float = 60.0) -> Plant:
    plant_id = f"plant-{number}"
    gateway = Gateway(f"{plant_id}-gw", plant_id, WireProtocol.MQTT, topic=f"pv/{plant_id}")
    devices = tuple(
        inverter(plant_id, unit, gateway.gateway_id, "pvmon_json") for unit in range(1, units + 1)
    )
    return plant(plant_id, (gateway,), devices, period_s)


def registry(*plants: Plant) -> Registry:
    return Registry("样例区", (TOWN,), (), plants, sample=True)
