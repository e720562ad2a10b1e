"""Readings, tables and the numpy reference the store suites share."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from domain.clock import ManualClock
from domain.measurement import Batch, Origin, Quality
from domain.plant import DeviceKind
from domain.timespan import Interval

NOON = datetime(2026, 7, 1, 4, tzinfo=UTC)  # 12:00 in Shangzhou
POWER, COUNTER, STATE = "ac_active_power_w", "ac_energy_total_wh", "device_status"
QUANTITIES = (POWER, COUNTER, STATE)
ZONE = "Asia/Shanghai"
DEVICES = {
    **{f"inv-{number}": DeviceKind.INVERTER for number in range(1, 6)},
    "meter-1": DeviceKind.REVENUE_METER,
    "met-1": DeviceKind.WEATHER_STATION,
}
MINUTE = timedelta(minutes=1)


def batch(
    minute: float = 0.0,
    device_id: str = "inv-1",
    power: float | None = 1000.0,
    counter: float | None = 5000.0,
    *,
    start: datetime = NOON,
    quality: Quality | None = None,
    origin: Origin = Origin.POLL,
) -> Batch:
    """One reading; ``quality`` marks its power."""
    qualities = None if quality is None else (quality, Quality.GOOD, Quality.GOOD)
    at = start + timedelta(minutes=minute)
    return Batch(
        device_id, at, QUANTITIES, (power, counter, 1.0), qualities, at + timedelta(seconds=2), origin
    )


def hour(minutes: float = 60) -> Interval:
    return Interval(NOON, NOON + timedelta(minutes=minutes))


def table(rows: list[tuple[str, datetime, float]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "device_id": pd.Series([row[0] for row in rows], dtype="str"),
            "measured_at": pd.Series([row[1] for row in rows], dtype="datetime64[ns, UTC]"),
            COUNTER: np.array([row[2] for row in rows], dtype=float),
        }
    )


def reference_aggregates(rows: list[tuple[datetime, float]], zone: str) -> list[tuple[object, ...]]:
    """The same as daily_aggregates for one device, in plain numpy."""
    days: dict[date, list[tuple[datetime, float]]] = {}
    for at, value in sorted(rows):
        days.setdefault(at.astimezone(ZoneInfo(zone)).date(), []).append((at, value))
    found: list[tuple[object, ...]] = []
    for day, readings in sorted(days.items()):
        values = np.array([value for _, value in readings])
        found.append(
            (
                day,
                values[0],
                values[-1],
                values.min(),
                values.max(),
                readings[0][0],
                readings[-1][0],
                len(values),
                int((np.diff(values) < 0).sum()),
            )
        )
    return found


def as_tuples(aggregates: pd.DataFrame) -> list[tuple[object, ...]]:
    columns = ["day", "first", "last", "low", "high", "first_at", "last_at", "readings", "steps_back"]
    return [tuple(row) for row in aggregates[columns].itertuples(index=False)]


def clock() -> ManualClock:
    """A clock late enough for every reading of the suite."""
    return ManualClock(NOON + timedelta(days=10))
