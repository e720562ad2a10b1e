"""Decoding: one inverter of 68 fields (sentinels, scale, range check) against pymodbus' own conversion.

Both decode the same words of a SUN2000 with 18 strings in one interleaved run, so their ratio holds
on a busy machine too; the figures are the best of the rounds.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import numpy as np

from domain.measurement import Sample, WordBlock
from domain.quantity import Quantity, quantity
from inverters.decode import Decoder
from inverters.encode import RegisterImage
from inverters.plan import plan
from inverters.point import Point, Type
from inverters.profile import load_profiles

_STRINGS = 18
_NOON = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
_VALUES = {
    "ac_active_power_w": 51_200.0,
    "dc_power_w": 52_300.0,
    "ac_energy_total_wh": 412_345_670.0,
    "device_status": 0x0200,
    "grid_frequency_hz": 50.01,
    "power_factor": 0.999,
    "internal_temperature_c": 47.3,
    "insulation_resistance_ohm": 2_300_000.0,
}


def _sample() -> tuple[Decoder, Sample]:
    profile = load_profiles()["huawei_sun2000"]
    blocks = plan(profile, string_count=_STRINGS)
    image = RegisterImage(profile, string_count=_STRINGS)
    values = dict(_VALUES)
    for number in range(1, _STRINGS - 1):  # the last two strings stay absent
        values[f"dc_string_{number:02d}_voltage_v"] = 640.0 + number
        values[f"dc_string_{number:02d}_current_a"] = 7.1 + number / 100
    row = image.encode({name: np.array([value]) for name, value in values.items()})[0]
    words = []
    for block in blocks:
        place = image.slice(block.function, block.address, block.count)
        assert place is not None
        words.append(WordBlock(block.function, block.address, row[place].tobytes()))
    decoder = Decoder(profile, blocks, string_count=_STRINGS)
    return decoder, Sample("bench", _NOON, _NOON, tuple(words))


def _library(decoder: Decoder, sample: Sample) -> Callable[[], None]:
    """Return the same work done with the conversion pymodbus offers, registers already split."""
    from pymodbus.client.mixin import ModbusClientMixin

    types = ModbusClientMixin.DATATYPE
    by_type = {
        Type.U16: types.UINT16,
        Type.I16: types.INT16,
        Type.U32: types.UINT32,
        Type.I32: types.INT32,
    }
    registers = {
        block.address: [int.from_bytes(block.words[i : i + 2]) for i in range(0, len(block.words), 2)]
        for block in sample.blocks
    }
    work: list[tuple[list[int], int, int, Any, Point, Quantity]] = []
    wanted = set(decoder.quantities)
    for point in decoder.profile.points_for(_STRINGS):
        for address, words in registers.items():
            if point.name in wanted and point.class_ == "live" and 0 <= point.address - address < len(words):
                start = point.address - address
                known = quantity(point.name)
                work.append((words, start, start + point.words, by_type[point.type], point, known))

    def convert() -> None:
        values: list[float | None] = []
        for words, start, end, kind, point, known in work:
            raw: Any = ModbusClientMixin.convert_from_registers(words[start:end], kind)
            if raw in point.absent:
                values.append(None)
                continue
            value = raw * point.scale
            values.append(value if known.low <= value <= known.high else None)

    return convert


def _microseconds(action: Callable[[], object], repeats: int) -> float:
    start = perf_counter()
    for _ in range(repeats):
        action()
    return (perf_counter() - start) / repeats * 1e6


def run(quick: bool = False) -> dict[str, float | str]:
    decoder, sample = _sample()
    library = _library(decoder, sample)
    rounds, repeats = (5, 200) if quick else (40, 500)
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(_microseconds(lambda: decoder.decode(sample), repeats))
        theirs.append(_microseconds(library, max(1, repeats // 10)))
    batch = decoder.decode(sample)
    return {
        "decode_fields": float(len(batch.quantities)),
        "decode_absent_fields": float(sum(value is None for value in batch.values)),
        "decode_us_per_inverter": min(ours),
        "decode_median_us_per_inverter": sorted(ours)[len(ours) // 2],
        "library_us_per_inverter": min(theirs),
        "decode_times_faster_than_library": min(theirs) / min(ours),
    }


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name} = {value:.2f}" if isinstance(value, float) else f"{name} = {value}")
