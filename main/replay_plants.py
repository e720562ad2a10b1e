"""Plants of a replay: the usual `plants/*.yaml`, of which only the id is needed.

A recording may come without a district, villages, a wire, capacities or even coordinates; what is not known
stays unknown (NaN, or the sum of the devices for a capacity), and every KPI that needs it says so.
"""

import math
from dataclasses import replace
from datetime import date
from pathlib import Path

from domain.plant import Capacity, Connection, Device, DeviceKind, Plant
from domain.timespan import DEFAULT_ZONE
from main.configuration import RegistryProblemsError, read_record
from main.registry.fields import Number, Text
from main.registry.problem import Problems
from main.registry.records import CAPACITY, DEVICE, PLANT, Field, Many, Record, Row
from texts.loader import Texts

_ID = Text(r"\S(.*\S)?", "plant01", 80)
_EARLIEST = date(1970, 1, 1)


def _lenient(record: Record, parts: dict[str, Many]) -> Record:
    """Return the record with only the id required, and any word as an id."""
    fields = []
    for one in record.fields:
        if one.name == "id":
            fields.append(Field("id", _ID))
        elif one.name in parts:
            fields.append(Field(one.name, parts[one.name], ()))
        elif one.name in {"gateway", "kind"}:
            fields.append(Field(one.name, one.type if one.name == "kind" else _ID, None))
        elif isinstance(one.type, Number) and one.required:
            fields.append(Field(one.name, Number(min(one.type.low, 0.0), one.type.high), None))
        else:
            fields.append(replace(one, default=None if one.required else one.default))
    return Record(record.name, tuple(fields))


_DEVICE = _lenient(DEVICE, {})
_PLANT = _lenient(PLANT, {"devices": Many(_DEVICE), "capacities": Many(_lenient(CAPACITY, {}))})


def load_plants(config: Path, texts: Texts) -> dict[str, Plant]:
    """Return the plants of ``config/plants`` by id; without the folder there is none.

    Raises
    ------
    RegistryProblemsError
        A file has a fault; all of them are listed.
    """
    problems = Problems(texts)
    folder = config / "plants"
    rows = [
        row
        for path in (sorted(folder.glob("*.yaml")) if folder.is_dir() else ())
        if (row := read_record(path, _PLANT, problems)) is not None
    ]
    if problems.found:
        raise RegistryProblemsError(problems.sorted())
    return {row["id"]: _plant(row) for row in rows}


def unknown_plant(plant_id: str) -> Plant:
    """Return a plant of which nothing is known but its id."""
    return Plant(
        plant_id, plant_id, plant_id, "", math.nan, math.nan, math.nan, Connection.FILE, _EARLIEST,
        (Capacity(_EARLIEST, math.nan, math.nan),), math.nan, math.nan, time_zone=DEFAULT_ZONE,
    )  # fmt: skip


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _device(row: Row, plant_id: str) -> Device:
    return Device(
        row["id"],
        plant_id,
        DeviceKind(row["kind"] or DeviceKind.INVERTER.value),
        row["name"] or row["id"],
        profile=row["profile"],
        gateway_id=row["gateway"],
        unit=row["unit"],
        rated_power_kw=row["rated_power_kw"],
        dc_capacity_kw=row["dc_capacity_kw"],
        string_count=row["string_count"],
        ct_ratio=row["ct_ratio"],
        pt_ratio=row["pt_ratio"],
        in_service_from=row["in_service_from"],
        in_service_to=row["in_service_to"],
    )


def _capacities(row: Row, devices: tuple[Device, ...]) -> tuple[Capacity, ...]:
    told = tuple(
        Capacity(
            one["valid_from"] or _EARLIEST, _number(one["dc_capacity_kw"]), _number(one["ac_capacity_kw"])
        )
        for one in row["capacities"]
    )
    if told:
        return tuple(sorted(told, key=lambda one: one.valid_from))
    inverters = [device for device in devices if device.kind is DeviceKind.INVERTER]
    dc_kw = sum(device.dc_capacity_kw for device in inverters)
    ac_kw = sum(device.rated_power_kw for device in inverters)
    return (Capacity(_EARLIEST, dc_kw or math.nan, ac_kw or math.nan),)


def _plant(row: Row) -> Plant:
    devices = tuple(_device(one, row["id"]) for one in row["devices"])
    name = row["name"] or row["id"]
    return Plant(
        row["id"],
        name,
        row["name_en"] or name,
        row["town"] or "",
        _number(row["latitude"]),
        _number(row["longitude"]),
        _number(row["altitude_m"]),
        Connection(row["connection"] or Connection.FILE.value),
        row["grid_date"] or _EARLIEST,
        _capacities(row, devices),
        _number(row["tilt_deg"]),
        _number(row["azimuth_deg"]),
        feeder=row["feeder"],
        time_zone=row["time_zone"],
        devices=devices,
    )
