"""Faults of the demonstration: a few of every severity, on plants of whatever registry it runs on."""

from datetime import datetime, timedelta
from pathlib import Path

from domain.plant import Connection, DeviceKind, Plant, Registry

SCRIPT = "faults.yaml"
_LEAST_INVERTERS = 4
_KINDS = 4


def fault_script(registry: Registry, now: datetime) -> str:
    """Return a fault script: a plant without grid, a tripped inverter, an open string, a silent device.

    They began before the demonstration, so the first page has something to show, and one is mended already; a
    registry with few live plants gets none.
    """

    def ago(**span: float) -> str:  # absolute: the past is made by a process that starts later than the fleet
        return (now - timedelta(**span)).isoformat()

    plants = [each for each in registry.plants if _fits(each)]
    lines = ["format: 1", "faults:"]
    if len(plants) >= _KINDS:
        danger, trip, string, silent = (plants[n * len(plants) // _KINDS] for n in range(_KINDS))
        lines += [
            f"  - {{id: no-grid, kind: grid_outage, plant: {danger.plant_id}, start: {ago(minutes=45)}}}",
            f"  - {{id: trip, kind: inverter_trip, device: {_inverter(trip, 1)}, start: {ago(days=1)}}}",
            f"  - {{id: blown-fuse, kind: string_open, device: {_inverter(string, 0)}, strings: [2], start: {ago(days=6)}}}",
            f"  - {{id: silent, kind: dead_unit, device: {_inverter(silent, 2)}, start: {ago(minutes=75)}}}",
            f"  - {{id: mended, kind: inverter_trip, device: {_inverter(string, 3)}, start: {ago(hours=24)}, lasts: 3h}}",
        ]
    else:
        lines[-1] = "faults: []"
    return "\n".join(lines) + "\n"


def write_fault_script(registry: Registry, folder: Path, now: datetime) -> Path:
    """Write the script into the folder of the demonstration; return its path."""
    path = folder / SCRIPT
    path.write_text(fault_script(registry, now), "utf-8")
    return path


def _fits(plant: Plant) -> bool:
    inverters = plant.devices_of(DeviceKind.INVERTER)
    strings = all(each.string_count >= _KINDS for each in inverters)
    return plant.connection is Connection.LIVE and len(inverters) >= _LEAST_INVERTERS and strings


def _inverter(plant: Plant, number: int) -> str:
    return plant.devices_of(DeviceKind.INVERTER)[number].device_id
