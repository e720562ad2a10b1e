"""The tables of a replay. An empty cell is unknown, never nought; times are ISO with the plant's offset."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from domain.alert import Alert
from domain.price import PriceOf, no_prices
from domain.series import Flag, PlantSeries
from kpis.data_quality import flag_names
from kpis.losses import priced
from kpis.series_daily import DeviceDays, SeriesDays

DAILY = (
    "date", "plant_id", "device_id", "energy_kwh", "expected_kwh", "lost_kwh", "performance_ratio",
    "time_availability", "clock_shift_min", "completeness",
)  # fmt: skip
LOSSES = (
    "date",
    "plant_id",
    "device_id",
    "cause",
    "lost_kwh",
    "low",
    "high",
    "method",
    "benchmark_fen",
    "subsidy_fen",
)
QUALITY = ("time", "device_id", "quantity", "flag")
ALERTS = (
    "rule", "plant_id", "device_id", "part", "severity", "raised_at", "resolved_at", "lost_kwh", "lost_fen",
    "cause", "parent", "since",
)  # fmt: skip
FILES = {"daily.csv": DAILY, "losses.csv": LOSSES, "quality.csv": QUALITY, "alerts.csv": ALERTS}


class Tables:
    """Writes the tables of an output folder as plants come by."""

    def __init__(self, out: Path) -> None:
        out.mkdir(parents=True, exist_ok=True)
        self._open: dict[str, TextIOWrapper] = {}
        self._sheets: dict[str, Any] = {}
        self._counts = dict.fromkeys(FILES, 0)
        self._zones: dict[str, str] = {}
        for name, columns in FILES.items():
            file = (out / name).open("w", encoding="utf-8", newline="")
            self._open[name] = file
            self._sheets[name] = csv.writer(file, lineterminator="\n")
            self._sheets[name].writerow(columns)

    def add_plant(self, series: PlantSeries, told: SeriesDays, price_of: PriceOf = no_prices) -> None:
        """Write the days, losses and flags of one plant."""
        self._zones[series.plant_id] = series.zone
        self._write("daily.csv", _daily(series.plant_id, told))
        self._write("losses.csv", _losses(series.plant_id, told, price_of))
        self._write("quality.csv", _quality(series))

    def add_alerts(self, alerts: Sequence[Alert]) -> None:
        """Write the alerts of all plants, by when they were raised."""
        fired = [alert for alert in alerts if alert.fired_at is not None]
        fired.sort(
            key=lambda alert: (alert.fired_at, alert.rule, alert.plant_id, alert.device_id, alert.part)
        )
        self._write("alerts.csv", (_alert(alert, self._zones) for alert in fired))

    def close(self) -> dict[str, int]:
        """Close the files; return how many rows each has."""
        for file in self._open.values():
            file.close()
        return self._counts

    def _write(self, name: str, rows: Iterable[Sequence[object]]) -> None:
        for row in rows:
            self._sheets[name].writerow([_cell(value) for value in row])
            self._counts[name] += 1


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return ""
    if isinstance(value, float):
        return f"{value + 0.0:.6g}" if abs(value) < 1e5 else f"{value:.3f}"
    return str(value)


def _daily(plant_id: str, told: SeriesDays) -> Iterator[Sequence[object]]:
    for row in told.rows:
        figures = _figures(row)
        for place, day in enumerate(told.days.days):
            yield (day, plant_id, row.device_id, *(float(figure[place]) for figure in figures))


def _figures(row: DeviceDays) -> tuple[np.ndarray, ...]:
    return (
        row.energy_kwh, row.expected_kwh, row.lost_kwh, row.performance_ratio, row.time_availability,
        row.clock_shift_min, row.completeness,
    )  # fmt: skip


def _losses(plant_id: str, told: SeriesDays, price_of: PriceOf) -> Iterator[Sequence[object]]:
    for book in told.ledgers.values():
        for loss in book.losses:
            money = priced(loss, plant_id, price_of)
            fen = (None, None) if money is None else (money.benchmark_fen, money.subsidy_fen)
            yield (
                loss.day, plant_id, loss.device_id, loss.cause.value, loss.lost_kwh, loss.low_kwh, loss.high_kwh,
                loss.method, *fen,
            )  # fmt: skip


def _quality(series: PlantSeries) -> Iterator[Sequence[object]]:
    """Return a row for every flag of every value; what was not sent has no row."""
    times: dict[int, str] = {}
    zone = series.zone
    skipped = np.uint16(Flag.MISSING.value)
    for name, device in series.devices.items():
        for quantity, marks in device.flags.items():
            for place in np.flatnonzero(marks & ~skipped).tolist():
                if place not in times:
                    at = pd.Timestamp(series.instants[place]).tz_localize("UTC")
                    times[place] = at.tz_convert(zone).isoformat()
                for flag in flag_names(int(marks[place]) & ~Flag.MISSING.value):
                    yield times[place], name, quantity, flag


def _alert(alert: Alert, zones: dict[str, str]) -> Sequence[object]:
    zone = ZoneInfo(zones.get(alert.plant_id, "UTC"))

    def local(at: datetime | None) -> str | None:
        return None if at is None else at.astimezone(zone).isoformat()

    return (
        alert.rule, alert.plant_id, alert.device_id, alert.part, alert.severity.name, local(alert.fired_at),
        local(alert.resolved_at), alert.lost_kwh, alert.lost_fen, alert.cause, alert.parent_id, local(alert.since),
    )  # fmt: skip
