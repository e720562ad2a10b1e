"""The whole engine over recorded samples, on their own clock: samples in, tables of days out.

Nothing is kept and nothing else is touched: the store, the clock and the network are not asked.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from domain.plant import DeviceKind, Plant
from domain.series import DeviceSeries, Floats, PlantSeries
from jobs.replay_samples import PLANT, FileProblem, Samples
from kpis.build_series import build_series
from kpis.series_days import Days, days_of
from kpis.series_energy import step_energy

DAILY = "daily.csv"
DAILY_COLUMNS = (
    "date", "plant_id", "device_id", "energy_kwh", "expected_kwh", "lost_kwh", "performance_ratio",
    "time_availability", "clock_shift_min", "completeness",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay read and wrote."""

    rows: int
    plants: int
    devices: int
    days: int
    first: str
    last: str
    files: Mapping[str, int]
    problems: tuple[FileProblem, ...] = ()


@dataclass(slots=True)
class _Writer:
    """The tables of an output folder, a row count each."""

    out: Path
    files: dict[str, int] = field(default_factory=dict)

    def write(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        self.out.mkdir(parents=True, exist_ok=True)
        count = 0
        with (self.out / name).open("w", encoding="utf-8", newline="") as file:
            sheet = csv.writer(file, lineterminator="\n")
            sheet.writerow(columns)
            for row in rows:
                sheet.writerow([_cell(value) for value in row])
                count += 1
        self.files[name] = count


def _cell(value: object) -> str:
    """Return a cell: empty is unknown, numbers keep six digits."""
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return ""
    if isinstance(value, float):
        return f"{value:.6g}" if abs(value) < 1e5 else f"{value:.3f}"
    return str(value)


def series_of(
    samples: Samples, plants: Mapping[str, Plant], step_s: float | None = None
) -> Iterator[PlantSeries]:
    """Yield the series of each plant of the samples, one at a time."""
    for plant_id, rows in samples.table.groupby(PLANT, sort=True, observed=True):
        yield build_series(plants[str(plant_id)], rows, step_s)


def replay(samples: Samples, plants: Mapping[str, Plant], out: Path, step_s: float | None = None) -> Replayed:
    """Run the engine over the samples and write the tables to ``out``."""
    writer = _Writer(out)
    table = samples.table
    rows: list[Sequence[object]] = []
    for series in series_of(samples, plants, step_s):
        rows += daily_rows(series)
    writer.write(DAILY, DAILY_COLUMNS, rows)
    at = table["measured_at"]
    return Replayed(
        len(table),
        int(table[PLANT].nunique()),
        int(table["device_id"].nunique()),
        len({(row[0], row[1]) for row in rows}),
        at.min().isoformat() if len(at) else "",
        at.max().isoformat() if len(at) else "",
        writer.files,
        samples.problems,
    )


def daily_rows(series: PlantSeries) -> list[Sequence[object]]:
    """Return the rows of daily.csv of one plant: its devices that make or count energy, and the plant."""
    days = days_of(series.instants, series.zone)
    rows: list[Sequence[object]] = []
    produced: list[Floats] = []
    for device in series.devices.values():
        if device.device.kind is DeviceKind.WEATHER_STATION:
            continue
        energy = days.sums(step_energy(series, device).energy_wh) / 1000.0
        if device.device.kind is DeviceKind.INVERTER:
            produced.append(energy)
        rows += _device_rows(series, days, device, energy)
    total = _sum_known(produced, len(days.days))
    rows += _table(series.plant_id, "", days, total, np.full(len(days.days), np.nan))
    return rows


def _sum_known(parts: Sequence[Floats], count: int) -> Floats:
    if not parts:
        return np.full(count, np.nan)
    stack = np.vstack(parts)
    return np.where(np.isnan(stack).all(axis=0), np.nan, np.nansum(stack, axis=0))


def _device_rows(
    series: PlantSeries, days: Days, device: DeviceSeries, energy: Floats
) -> list[Sequence[object]]:
    said = np.zeros(len(series.instants), dtype=bool)
    for values in device.values.values():  # noqa: PD011 (a mapping)
        said |= ~np.isnan(values)
    light = series.sun_elevation_deg > 5.0
    whole = light if light.any() else np.ones(len(light), dtype=bool)
    return _table(series.plant_id, device.device.device_id, days, energy, days.shares(said, whole))


def _table(
    plant_id: str, device_id: str, days: Days, energy: Floats, completeness: Floats
) -> list[Sequence[object]]:
    return [
        (day, plant_id, device_id, float(energy[i]), None, None, None, None, None, float(completeness[i]))
        for i, day in enumerate(days.days)
    ]


def plants_of(samples: Samples, known: Mapping[str, Plant]) -> tuple[list[str], pd.Series]:
    """Return the plants of the samples that nobody described, and how many rows each plant has."""
    counts = samples.table[PLANT].value_counts()
    return [str(name) for name in counts.index if str(name) not in known], counts
