"""A device that was found becomes a line of its plant: checked as every file is, shown before it is written."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from domain.plant import DeviceKind, Gateway
from main.registry.facts import Facts
from main.registry.records import DEVICE, GATEWAY, Record, Row

_SHORT = {
    DeviceKind.INVERTER: "inv",
    DeviceKind.REVENUE_METER: "meter",
    DeviceKind.WEATHER_STATION: "weather",
    DeviceKind.LOGGER: "logger",
}


@dataclass(frozen=True, slots=True)
class NewDevice:
    """What is to be added. ``gateway`` is a new one where ``plant_id`` of it is empty; ``facts`` go into the line."""

    plant_id: str
    kind: DeviceKind
    profile: str
    gateway: Gateway
    facts: Mapping[str, Any]


def with_device(facts: Facts, new: NewDevice) -> tuple[Facts, str]:
    """Return the facts with the device in its plant, and the id it got. ``facts`` is left as it is."""
    plant = facts.plants[new.plant_id]
    gateways, devices = tuple(plant["gateways"]), tuple(plant["devices"])
    gateway_id = new.gateway.gateway_id
    if not new.gateway.plant_id:
        gateway_id = _free(f"{new.plant_id}-gw", {row["id"] for row in gateways})
        values = {
            "id": gateway_id,
            "protocol": new.gateway.protocol.value,
            "host": new.gateway.host,
            "port": new.gateway.port,
        }
        if new.gateway.protocol.is_serial:
            values["line"] = new.gateway.line
        gateways = (*gateways, _row(GATEWAY, values))
    device_id = new.facts.get("id") or _next_id(new, {row["id"] for row in devices})
    values = {
        **{key: value for key, value in new.facts.items() if value is not None},
        "id": device_id,
        "kind": new.kind.value,
        "profile": new.profile,
        "gateway": gateway_id,
    }
    values.setdefault("name", device_id)
    devices = (*devices, _row(DEVICE, values))
    changed = replace(plant, values={**plant.values, "gateways": gateways, "devices": devices})
    return replace(facts, plants={**facts.plants, new.plant_id: changed}), device_id


def _row(record: Record, values: Mapping[str, Any]) -> Row:
    return Row({one.name: values.get(one.name, one.default) for one in record.fields})


def _next_id(new: NewDevice, taken: set[str]) -> str:
    stem = f"{new.plant_id}-{_SHORT[new.kind]}"
    if new.kind is not DeviceKind.INVERTER and stem not in taken:
        return stem
    numbers = (f"{stem}-{number:02d}" for number in range(1, len(taken) + 2))
    return next(name for name in numbers if name not in taken)


def _free(stem: str, taken: set[str]) -> str:
    return next(name for number in range(1, len(taken) + 2) if (name := f"{stem}-{number}") not in taken)
