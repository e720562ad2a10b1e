"""What `pvmon decode` prints: readings and whole frames as plain dictionaries, ready for JSON."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from domain.measurement import Batch
from domain.quantity import Kind, quantity
from inverters.codes import device_state
from inverters.dlt645 import MeterValue
from inverters.frame_reading import FrameReading
from inverters.point import Type
from inverters.profile import DeviceProfile
from inverters.readings import Reading, explain


@dataclass(frozen=True, slots=True)
class Question:
    """What is known about a frame besides its bytes: whose registers they are and from where on."""

    profile: DeviceProfile | None
    address: int | None
    ct_ratio: float = 1.0
    pt_ratio: float = 1.0


def entry_of(reading: Reading) -> dict[str, Any]:
    """Return one point as it was read: raw words, value or text, unit, quality, what a code means."""
    point = reading.point
    entry: dict[str, Any] = {"name": point.name, "address": point.address, "raw": reading.raw}
    if point.is_text:
        entry["text"] = reading.text
    else:
        entry["value"] = _plain(reading)
        entry["unit"] = point.unit
    entry["quality"] = reading.quality
    if point.type in (Type.CLOCK6, Type.CLOCK3) and reading.value is not None:
        local = datetime.fromtimestamp(reading.value, UTC).replace(tzinfo=None)
        entry["local_time"] = local.isoformat(sep=" ")
    if reading.codes:
        entry["meaning"] = [
            {"code": code.label, "zh": code.name_zh, "en": code.name_en, "severity": code.severity}
            for code in reading.codes
        ]
    if point.unverified:
        entry["unverified"] = True
    return entry


def _plain(reading: Reading) -> float | int | None:
    """Return a value with the decimals its scale gives, codes as whole numbers."""
    value = reading.value
    if value is None or quantity(reading.point.name).kind is not Kind.STATE:
        return None if value is None else round(value, reading.point.decimals)
    return int(value) if value.is_integer() else value


def state_of(profile: DeviceProfile, readings: tuple[Reading, ...]) -> dict[str, Any]:
    """Return the common state, when the words hold what tells it."""
    numbers = [reading for reading in readings if not reading.point.is_text]
    names = tuple(reading.point.name for reading in numbers)
    if not any(name in ("device_status", "plant_status") for name in names):
        return {}
    values = tuple(reading.value for reading in numbers)
    state = device_state(profile.name, Batch("words", datetime(2000, 1, 1, tzinfo=UTC), names, values))
    return {
        "state": {
            "state": state.state.value,
            "code": state.code,
            "zh": state.name_zh,
            "en": state.name_en,
            "severity": state.severity,
            "advice_zh": state.advice_zh,
            "advice_en": state.advice_en,
        }
    }


def frame_entry(reading: FrameReading, question: Question) -> dict[str, Any]:
    """Return one frame: its kind, every check, what it carries, and the points its registers hold."""
    entry: dict[str, Any] = {"kind": reading.kind, "holds": reading.holds}
    entry["checks"] = {one.check: {"fits": one.fits, "detail": one.detail} for one in reading.verdicts}
    for name in ("direction", "transaction", "unit", "function", "address", "count", "exception"):
        value = getattr(reading, name)
        if value not in (None, ""):
            entry[name] = value
    if reading.registers:
        entry["registers"] = [f"0x{register:04X}" for register in reading.registers]
        entry |= _registers(reading, question)
    if reading.kind == "dlt645":
        entry |= {"meter": reading.meter_address, "control": reading.control}
    if reading.identifier:
        entry["identifier"] = reading.identifier
        entry["values"] = [_meter_value(value) for value in reading.values]
    return entry


def _registers(reading: FrameReading, question: Question) -> dict[str, Any]:
    """Return the points the registers of an answer hold, when profile and address are known."""
    if question.profile is None or question.address is None or reading.function is None:
        return {}
    readings = explain(
        question.profile,
        reading.function,
        question.address,
        reading.registers,
        ct_ratio=question.ct_ratio,
        pt_ratio=question.pt_ratio,
    )
    found: dict[str, Any] = {"profile": question.profile.name, "address": question.address}
    return found | {"readings": [entry_of(one) for one in readings]} | state_of(question.profile, readings)


def _meter_value(value: MeterValue) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": value.name or None}
    if value.text is not None:
        entry["text"] = value.text
    else:
        entry |= {"value": None if value.value is None else round(value.value, 6), "unit": value.unit}
        entry["quality"] = "corrupt" if value.doubt else "good"
    if value.settlement:
        entry["settlement_days_back"] = value.settlement
    if value.unverified:
        entry["unverified"] = True
    return entry
