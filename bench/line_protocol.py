"""A sweep of 1,250 devices as InfluxDB line protocol: our builder against the client library's own ways.

Rows of 40 good values as registers give them (one decimal), some missing at night, and of 17 digits, the
worst case: writing floats is nearly all of it. All ways take turns in one run; the best of several rounds
counts. The lines of all ways say the same, which is checked.
"""

import gzip
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from influxdb_client.client.write.point import Point

from domain.measurement import Batch
from domain.plant import DeviceKind
from stores.influx_lines import LineBuilder
from stores.influx_names import DELAY_MS, FIELD_COUNT, LAYOUT, ORIGIN, epoch_us, layout_number

ROWS, FIELDS, ABSENT = 1250, 40, 12
_AT = datetime(2026, 7, 1, 4, tzinfo=UTC)
_STRINGS = (f"dc_string_{number:02d}_current_a" for number in range(1, FIELDS - 1))
_QUANTITIES = ("ac_active_power_w", "ac_energy_total_wh", *_STRINGS)


def _sweep(digits: int | None, absent: int = 0) -> list[Batch]:
    chance = Random(5)
    batches = []
    for row in range(ROWS):
        values = [chance.uniform(0, 1000) for _ in range(FIELDS)]
        said = [value if digits is None else round(value, digits) for value in values]
        shown = tuple(None if place >= FIELDS - absent else value for place, value in enumerate(said))
        batches.append(
            Batch(f"inv-{row:04d}", _AT, _QUANTITIES, shown, received_at=_AT + timedelta(seconds=2))
        )
    return batches


def _ours(batches: Sequence[Batch], builder: LineBuilder) -> list[str]:
    return [builder.batch(batch) for batch in batches]


def _library(batches: Sequence[Batch]) -> list[str]:
    number = float(layout_number(_QUANTITIES))
    lines = []
    for batch in batches:
        point: Any = Point("inverter")  # type: ignore[no-untyped-call]
        point.tag("device", batch.device_id)
        for name, value in zip(batch.quantities, batch.values, strict=True):
            point.field(name, value)
        said = sum(value is not None for value in batch.values)
        point.field(LAYOUT, number).field(FIELD_COUNT, float(said)).field(ORIGIN, float(batch.origin))
        point.field(DELAY_MS, 2000.0).time(epoch_us(batch.measured_at) * 1000)
        lines.append(point.to_line_protocol())
    return lines


def _fields(line: str) -> tuple[str, dict[str, float], str]:
    key, fields, at = line.split(" ")
    pairs = (pair.split("=") for pair in fields.split(","))
    return key, {name: float(value) for name, value in pairs}, at


def run(quick: bool = False) -> dict[str, float | str]:
    builder = LineBuilder({f"inv-{row:04d}": DeviceKind.INVERTER for row in range(ROWS)})
    decimal, night, exact = _sweep(1), _sweep(1, ABSENT), _sweep(None)
    for sweep in (decimal, night, exact):
        pairs = zip(_ours(sweep, builder), _library(sweep), strict=True)
        if any(_fields(ours) != _fields(theirs) for ours, theirs in pairs):
            raise AssertionError("the two ways say different things")
    body = "\n".join(_ours(decimal, builder)).encode()
    ways: dict[str, Callable[[], object]] = {
        "ours_one_decimal": lambda: _ours(decimal, builder),
        "ours_12_of_40_missing": lambda: _ours(night, builder),
        "ours_17_digits": lambda: _ours(exact, builder),
        "library_point_one_decimal": lambda: _library(decimal),
        "gzip_level_1": lambda: gzip.compress(body, 1),
    }
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(3 if quick else 15):
        for name, way in ways.items():
            begun = time.perf_counter()
            way()
            best[name] = min(best[name], time.perf_counter() - begun)
    figures: dict[str, float | str] = {
        f"{name}_us_per_row": round(seconds / ROWS * 1e6, 2) for name, seconds in best.items()
    }
    figures["library_over_ours"] = round(best["library_point_one_decimal"] / best["ours_one_decimal"], 2)
    figures["sweep_kib"] = round(len(body) / 1024, 1)
    figures["sweep_gzip_kib"] = round(len(gzip.compress(body, 1)) / 1024, 1)
    return figures


if __name__ == "__main__":
    for name, figure in run().items():
        print(f"{name} = {figure}")
