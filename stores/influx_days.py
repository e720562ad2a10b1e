"""Days to compute again, and daily KPIs, in InfluxDB: kept for several processes without a lock between them.

A day of a device is one point of the measurement ``dirty_day``. Whoever gets data writes ``mark`` (a number
never used before) and ``pending`` 1; whoever computes sets ``pending`` 2 when the day is taken and 0 when
the next ones are taken. A mark that changed meanwhile means: again. So a crash makes taken days due again,
and data that arrives while a day is computed is not forgotten. One process computes (the job table sees to it).
"""

# ruff: noqa: S608 (InfluxQL has no parameters here: names and texts are quoted in stores/influx_names.py)

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from domain.clock import SystemClock
from domain.kpi import DailyKpi
from stores.influx_answers import coded, microseconds
from stores.influx_names import DAY_US, DEVICE_TAG, during, epoch_us, ident, key_text, one_of
from stores.influx_read import Query

Write = Callable[[Sequence[str]], None]
Day = tuple[int, str]  # days since 1970, device

_DIRTY, KPI, PLANT = "dirty_day", "daily_kpi", "plant"
_DONE, _PENDING, _TAKEN = 0, 1, 2
_EPOCH = date(1970, 1, 1)
_RATIOS = (
    "produced_energy_kwh",
    "exported_energy_kwh",
    "final_yield_h",
    "equivalent_hours_h",
    "completeness",
)
_COUNTS = ("devices_reporting", "devices_expected")
_KNOWN = "known"  # bit by bit, which of the ratios are known: a field once written cannot be taken away


class DirtyDays:
    """Marks and takes days. Not thread safe: the store holds its lock."""

    def __init__(self, query: Query, write: Write) -> None:
        self._query = query
        self._write = write
        self._last_mark = 0
        self._taken: dict[Day, float] = {}

    def mark(self, days: Iterable[Day]) -> None:
        """Note that days got data."""
        number = max(self._last_mark + 1, epoch_us(SystemClock().now()))
        self._last_mark = number
        self._say(dict.fromkeys(days, _PENDING), f",mark={number}")

    def _say(self, states: dict[Day, int], more: str = "") -> None:
        lines = [
            f"{_DIRTY},device={key_text(device)} pending={state}{more} {day * DAY_US}000"
            for (day, device), state in sorted(states.items())
        ]
        if lines:
            self._write(lines)

    def take(self, count_max: int) -> list[tuple[str, date]]:
        """Return due days, oldest first; those returned before are done, unless they were marked again."""
        due = self._marks("pending > 0")
        done = {day for day, mark in self._taken.items() if due.get(day) == mark}
        if done:
            self._say(dict.fromkeys(done, _DONE))
            now = self._marks(during(min(done)[0] * DAY_US, (max(done)[0] + 1) * DAY_US))
            overtaken = {day for day in done if now.get(day) != self._taken[day]}
            self._say(dict.fromkeys(overtaken, _PENDING))
        chosen = sorted(day for day in due if day not in done)[:count_max]
        self._say(dict.fromkeys(chosen, _TAKEN))
        self._taken = {day: due[day] for day in chosen}
        return [(device, _EPOCH + timedelta(days=day)) for day, device in chosen]

    def _marks(self, where: str) -> dict[Day, float]:
        text = f"SELECT {ident(DEVICE_TAG)}, mark, pending FROM {ident(_DIRTY)} WHERE {where}"
        found: dict[Day, float] = {}
        for table in self._query(text):
            names, codes = coded(table, DEVICE_TAG)
            days = (microseconds(table) // DAY_US).tolist()
            marks = table["mark"].to_pylist()
            found |= {(day, names[code]): mark for day, code, mark in zip(days, codes, marks, strict=True)}
        return found


def day_number(day: date) -> int:
    """Return days since 1970."""
    return (day - _EPOCH).days


def kpi_lines(kpis: Sequence[DailyKpi]) -> list[str]:
    """Return daily KPIs as lines."""
    return [_kpi_line(kpi) for kpi in kpis]


def _kpi_line(kpi: DailyKpi) -> str:
    values = {name: getattr(kpi, name) for name in _RATIOS}
    known = sum(1 << place for place, name in enumerate(_RATIOS) if values[name] is not None)
    fields = [f"{name}={float(value)!r}" for name, value in values.items() if value is not None]
    fields += [f"{name}={getattr(kpi, name)}" for name in _COUNTS]
    fields.append(f"{_KNOWN}={known}")
    return f"{KPI},{PLANT}={key_text(kpi.plant_id)} {','.join(fields)} {day_number(kpi.day) * DAY_US}000"


def read_daily(query: Query, plant_ids: Sequence[str], first: date, last: date) -> list[DailyKpi]:
    """Return kept KPIs, sorted by plant and day."""
    wanted = set(plant_ids)
    if not wanted or last < first:
        return []
    columns = ", ".join(map(ident, (PLANT, _KNOWN, *_RATIOS, *_COUNTS)))
    span = during(day_number(first) * DAY_US, (day_number(last) + 1) * DAY_US)
    picked = one_of(PLANT, sorted(wanted)) if len(wanted) == 1 else ""
    found = [
        kpi
        for table in query(f"SELECT {columns} FROM {ident(KPI)} WHERE {span}{picked}")
        for kpi in _kpis(table)
        if kpi.plant_id in wanted
    ]
    return sorted(found, key=lambda kpi: (kpi.plant_id, kpi.day))


def _kpis(table: pa.Table) -> list[DailyKpi]:
    rows = table.to_pylist()
    days = (microseconds(table) // DAY_US).tolist()
    found = []
    for row, day in zip(rows, days, strict=True):
        known = int(row[_KNOWN])
        values: dict[str, Any] = {
            name: row[name] if known >> place & 1 else None for place, name in enumerate(_RATIOS)
        }
        values |= {name: int(row[name]) for name in _COUNTS}
        found.append(DailyKpi(row[PLANT], _EPOCH + timedelta(days=day), **values))
    return found
