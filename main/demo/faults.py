"""Faults of the demonstration: a few of every severity, on plants of whatever registry it runs on."""

from pathlib import Path

from domain.plant import Connection, DeviceKind, Plant, Registry

_LEAST_INVERTERS = 4
_KINDS = 4


def fault_script(registry: Registry) -> str:
    """Return a fault script: a plant without grid, a tripped inverter, an open string, a silent device.

    They begin with the demonstration, so its past is whole; a registry with few live plants gets fewer.
    """
    plants = [each for each in registry.plants if _fits(each)]
    lines = ["format: 1", "faults:"]
    if len(plants) >= _KINDS:
        danger, trip, string, silent = (plants[n * len(plants) // _KINDS] for n in range(_KINDS))
        lines += [
            f"  - {{id: no-grid, kind: grid_outage, plant: {danger.plant_id}}}",
            f"  - {{id: trip, kind: inverter_trip, device: {_inverter(trip, 1)}}}",
            f"  - {{id: blown-fuse, kind: string_open, device: {_inverter(string, 0)}, strings: [2]}}",
            f"  - {{id: silent, kind: dead_unit, device: {_inverter(silent, 2)}}}",
        ]
    else:
        lines[-1] = "faults: []"
    return "\n".join(lines) + "\n"


def write_fault_script(registry: Registry, folder: Path) -> Path:
    """Write the script into the folder of the demonstration; return its path."""
    path = folder / "faults.yaml"
    path.write_text(fault_script(registry), "utf-8")
    return path


def _fits(plant: Plant) -> bool:
    inverters = plant.devices_of(DeviceKind.INVERTER)
    strings = all(each.string_count >= _KINDS for each in inverters)
    return plant.connection is Connection.LIVE and len(inverters) >= _LEAST_INVERTERS and strings


def _inverter(plant: Plant, number: int) -> str:
    return plant.devices_of(DeviceKind.INVERTER)[number].device_id
