"""One look at a device, value by value: raw words, what they mean, and what is thought of it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from domain.measurement import BlockRead, Quality, Sample
from domain.plant import Device
from domain.quantity import is_known, quantity
from inverters.codes import Code
from inverters.decode import Decoder
from inverters.dlt645 import IDENTIFIERS, decode_identifier, decode_meter
from inverters.profile import DeviceProfile
from inverters.readings import Reading, explain
from inverters.verdicts import Contradiction, Known, Verdict, contradictions, verdict_of

SERIAL = "serial_number"
_METER_DECIMALS = 3


@dataclass(frozen=True, slots=True)
class Judged:
    """One value of a look: ``place`` is a register address or a data identifier, ``raw`` what came from there."""

    name: str
    place: str
    raw: str
    value: float | None
    text: str | None
    unit: str
    decimals: int
    verdict: Verdict
    contradiction: Contradiction | None = None
    codes: tuple[Code, ...] = ()
    unverified: bool = False


def examine(profile: DeviceProfile, sample: Sample, device: Device) -> tuple[Judged, ...]:
    """Return every value ``sample`` holds, each with a verdict.

    Parameters
    ----------
    profile : DeviceProfile
        Already resolved for this device where its registers must be found.
    sample : Sample
        All of its blocks, those of its identity among them.
    device : Device
        What the registry says of it.
    """
    known = Known(1000.0 * device.rated_power_kw, device.serial_number)
    if profile.dlt645:
        return _denied(_meter_values(sample, device), known)
    return _denied(_register_values(profile, sample, device), known)


def _register_values(profile: DeviceProfile, sample: Sample, device: Device) -> list[Judged]:
    ct_ratio, pt_ratio = device.ct_ratio, device.pt_ratio
    blocks = [BlockRead(block.function, block.address, block.count) for block in sample.blocks]
    whole = Decoder(profile, blocks, ct_ratio=ct_ratio, pt_ratio=pt_ratio, everything=True).decode(sample)
    wanted = {(p.function, p.address, p.name) for p in profile.points_for(device.string_count or None)}
    found: dict[str, Judged] = {}
    for block in sample.blocks:
        words = [int.from_bytes(block.words[i : i + 2]) for i in range(0, len(block.words), 2)]
        for reading in explain(
            profile, block.function, block.address, words, ct_ratio=ct_ratio, pt_ratio=pt_ratio
        ):
            point = reading.point
            if (point.function, point.address, point.name) not in wanted or not _shown(reading):
                continue
            if (
                not point.is_text and point.condition is not None
            ):  # what it depends on may lie in another block
                reading = replace(reading, value=whole.value(point.name))  # noqa: PLW2901
            if point.name not in found or not point.fallback:
                found[point.name] = _of_reading(reading)
    return list(found.values())


def _shown(reading: Reading) -> bool:
    return reading.point.is_text or is_known(reading.point.name)


def _of_reading(reading: Reading) -> Judged:
    point = reading.point
    quality = reading.quality
    if not point.is_text and reading.value is None:
        quality = "absent"
    return Judged(
        point.name,
        str(point.address),
        reading.raw,
        reading.value,
        reading.text,
        "" if point.is_text else point.unit,
        0 if point.is_text else point.decimals,
        verdict_of(quality, contradicted=False),
        None,
        reading.codes,
        point.unverified,
    )


def _meter_values(sample: Sample, device: Device) -> list[Judged]:
    batch = decode_meter(sample, ct_ratio=device.ct_ratio, pt_ratio=device.pt_ratio)
    found: list[Judged] = []
    for block in sample.blocks:
        identifier = IDENTIFIERS[block.address]
        raw = block.words.hex(" ").upper()
        for one in decode_identifier(identifier, block.words):
            if one.text is not None and one.name:
                found.append(Judged(one.name, identifier, raw, None, one.text, "", 0, Verdict.PLAUSIBLE))
            elif is_known(one.name):
                value, good = batch.value(one.name), batch.good(one.name)
                doubtful = value is not None and good is None
                quality = (
                    "absent" if value is None else Quality.OUT_OF_RANGE.name.lower() if doubtful else "good"
                )
                verdict = verdict_of(quality, contradicted=False)
                unit = quantity(one.name).unit
                found.append(Judged(one.name, identifier, raw, value, None, unit, _METER_DECIMALS, verdict))
    return found


def _denied(found: list[Judged], known: Known) -> tuple[Judged, ...]:
    """Hold the values against each other and against the registry."""
    good = {
        one.name: one.value for one in found if one.value is not None and one.verdict is Verdict.PLAUSIBLE
    }
    denied = {one.name: one for one in contradictions(good, known)}
    return tuple(
        replace(one, verdict=Verdict.INCONSISTENT, contradiction=denied.get(one.name))
        if one.name in denied or _is_other_serial(one, known)
        else one
        for one in found
    )


def _is_other_serial(one: Judged, known: Known) -> bool:
    told = (one.text or "").strip()
    return one.name == SERIAL and bool(told and known.serial_number) and told != known.serial_number


def serial_of(values: Iterable[Judged]) -> str:
    """Return the serial number the device says it has; empty when it says none."""
    return next((one.text.strip() for one in values if one.name == SERIAL and one.text), "")
