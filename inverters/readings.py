"""One block of registers explained point by point: what `pvmon decode` prints and vectors are held against."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from domain.measurement import Batch, BlockRead, Quality, Sample, WordBlock
from inverters.codes import Code, code_table
from inverters.decode import Decoder
from inverters.point import Point, Type
from inverters.profile import DeviceProfile

_WHENEVER = datetime(2000, 1, 1, tzinfo=UTC)  # explaining words needs no time


@dataclass(frozen=True, slots=True)
class Reading:
    """One point as it was read.

    ``quality`` is ``good``, ``out_of_range``, ``absent`` (the device has no value) or ``not_applicable``
    (another meaning of the register holds, or the state it belongs to does not). ``codes`` are the rows of
    the code table that hold: one for an enumeration, any number for a bit field.
    """

    point: Point
    raw: str
    value: float | None
    text: str | None
    quality: str
    codes: tuple[Code, ...]


def explain(
    profile: DeviceProfile,
    function: int,
    address: int,
    registers: Sequence[int],
    *,
    ct_ratio: float = 1.0,
    pt_ratio: float = 1.0,
) -> tuple[Reading, ...]:
    """Return every point of ``profile`` that lies whole inside the given registers, in address order."""
    words = b"".join(register.to_bytes(2) for register in registers)
    whole = _decode(profile, function, address, words, (ct_ratio, pt_ratio))
    readings = []
    for point in sorted(profile.points, key=lambda point: point.address):
        start = (point.address - address) * 2
        if point.function == function and start >= 0 and start + point.words * 2 <= len(words):
            own = words[start : start + point.words * 2]
            single = _decode(profile, function, point.address, own, (ct_ratio, pt_ratio))
            alone = point.condition is None and point.scale_at is None
            readings.append(_reading(profile, point, own, single if alone else whole))
    return tuple(readings)


def _decode(
    profile: DeviceProfile, function: int, address: int, words: bytes, ratios: tuple[float, float]
) -> Batch:
    block = BlockRead(function, address, len(words) // 2)
    decoder = Decoder(profile, (block,), ct_ratio=ratios[0], pt_ratio=ratios[1], everything=True)
    return decoder.decode(Sample(profile.name, _WHENEVER, _WHENEVER, (WordBlock(function, address, words),)))


def _reading(profile: DeviceProfile, point: Point, own: bytes, batch: Batch) -> Reading:
    raw = " ".join(f"0x{own[i] << 8 | own[i + 1]:04X}" for i in range(0, len(own), 2))
    if point.is_text:
        text = batch.texts.get(point.name)
        number = float(text) if text is not None and point.type is not Type.STRING else None
        codes = _codes(profile, point.name, number)
        return Reading(point, raw, None, text, "good" if text is not None else "absent", codes)
    value = batch.value(point.name)
    quality = "absent"
    if value is not None:
        index = batch.quantities.index(point.name)
        doubtful = batch.qualities is not None and batch.qualities[index] is not Quality.GOOD
        quality = Quality.OUT_OF_RANGE.name.lower() if doubtful else "good"
    elif point.condition is not None and not point.condition.holds(batch.value(point.condition.name)):
        quality = "not_applicable"
    return Reading(point, raw, value, None, quality, _codes(profile, point.name, value))


def _codes(profile: DeviceProfile, name: str, value: float | None) -> tuple[Code, ...]:
    table = code_table(profile.name)
    single = table.code(name, value)
    return (single,) if single is not None else table.active(name, value)
