"""What a look at a device found, as plain data: ready for JSON, for the screen and for the acceptance sheet."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from collectors.examination import Examination, unit_of
from collectors.probe import ProbeResult
from domain.plant import Device, Registry
from domain.quantity import Kind, quantity
from inverters.examine import Judged, examine, serial_of
from inverters.verdicts import Verdict
from texts.loader import Texts

Report = Mapping[str, Any]
_DEVICE_CLOCK = "device_time_epoch_s"


def look_report(found: Examination, device: Device, registry: Registry) -> dict[str, Any]:
    """Return what one look at ``device`` found."""
    values = examine(found.profile, found.sample, device)
    zone = registry.plants_by_id[device.plant_id].time_zone
    counts = Counter(one.verdict for one in values)
    return {
        "device": device.device_id,
        "name": device.name,
        "plant": device.plant_id,
        "kind": device.kind.value,
        "profile": found.profile.name,
        "gateway": device.gateway_id,
        "unit": unit_of(device, found.profile),
        "serial_number": serial_of(values),
        "listed_serial_number": device.serial_number,
        "measured_at": found.sample.measured_at.isoformat(),
        "clock_offset_s": _clock_offset_s(values, found.sample.measured_at, zone),
        "reads": found.reads,
        "counts": {verdict.value: counts[verdict] for verdict in Verdict},
        "values": [_value(one, device) for one in values],
        "refused": [
            {
                "function": one.block.function,
                "address": one.block.address,
                "count": one.block.count,
                "why": one.why,
            }
            for one in found.refused
        ],
    }


def failed_report(device: Device, why: str) -> dict[str, Any]:
    """Return what stands for a device that could not be looked at."""
    return {
        "device": device.device_id,
        "name": device.name,
        "plant": device.plant_id,
        "kind": device.kind.value,
        "profile": device.profile,
        "gateway": device.gateway_id,
        "unit": int(device.meter_address) if device.meter_address else device.unit,
        "listed_serial_number": device.serial_number,
        "error": why,
    }


def probe_report(result: ProbeResult, where: str, unit: int) -> dict[str, Any]:
    """Return what a probe found."""
    return {
        "address": where,
        "unit": unit,
        "answered": result.answered,
        "reads": result.reads,
        "trouble": result.trouble,
        "out_of_time": result.out_of_time,
        "found": [
            {
                "profile": one.profile,
                "confidence": one.confidence,
                "evidence": {"key": one.evidence.key, **one.evidence.values},
                "serial_number": one.serial_number,
                "model_name": one.model_name,
            }
            for one in result.found
        ],
        "asked": [
            {
                "function": one.block.function,
                "address": one.block.address,
                "count": one.block.count,
                "words": one.words.hex(" ", 2),
                "why": one.why,
            }
            for one in result.asked
        ],
    }


def in_words(report: Report, texts: Texts) -> dict[str, Any]:
    """Return a probe's report with the evidence in words."""
    found = [
        {**one, "evidence": texts(f"clue.{one['evidence']['key']}", **one["evidence"])}
        for one in report["found"]
    ]
    return {**report, "found": found}


def is_sound(report: Report) -> bool:
    """Tell whether a look found no contradiction and the device answered."""
    return "error" not in report and not report["counts"][Verdict.INCONSISTENT.value]


def _value(one: Judged, device: Device) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": one.name, "place": one.place, "raw": one.raw}
    if one.unit:
        entry |= {"value": _rounded(one), "unit": one.unit}
    else:
        entry["text"] = one.text
    entry["verdict"] = one.verdict.value
    if one.contradiction is not None:
        why = one.contradiction
        entry["why"] = {"rule": why.rule, "expected": round(why.expected, 3), "ten": why.ten}
    elif one.verdict is Verdict.INCONSISTENT:
        entry["why"] = {"rule": "serial", "expected": device.serial_number, "ten": 0}
    if one.codes:
        entry["meaning"] = [{"zh": code.name_zh, "en": code.name_en} for code in one.codes]
    if one.unverified:
        entry["unverified"] = True
    return entry


def _rounded(one: Judged) -> float | int | None:
    if one.value is None:
        return None
    if quantity(one.name).kind is Kind.STATE and one.value.is_integer():
        return int(one.value)
    return round(one.value, one.decimals)


def _clock_offset_s(values: tuple[Judged, ...], at: datetime, zone: str) -> float | None:
    """Return by how much the device's clock is ahead of ours; device clocks show local time. [s]"""
    told = next((one.value for one in values if one.name == _DEVICE_CLOCK), None)
    if told is None:
        return None
    local = at.astimezone(ZoneInfo(zone)).replace(tzinfo=UTC)
    return round(told - local.timestamp(), 1)
