"""Reading from InfluxDB: buckets the engine makes against rows put into buckets here, devices named one by one or all.

What ADR 0076 decided by: 78 inverters of 32 quantities over a day in buckets of five minutes, with one and with five
rows a bucket; then 350 and 1,250 of 1,250 inverters over six hours, picked by the server or all read.
"""

import tempfile
import time
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd

from bench.store import IDS, QUANTITIES, Fleet
from domain.measurement import Origin
from domain.plant import DeviceKind
from domain.timespan import Interval
from stores.influx import InfluxStore
from tests.stores import influx_server

_DAY = datetime(2026, 6, 1, tzinfo=UTC)
_FIVE = timedelta(minutes=5)
_KINDS = dict.fromkeys(IDS, DeviceKind.INVERTER)


def filled(store: InfluxStore, count: int, period_s: int) -> None:
    """Write a day of the first ``count`` devices."""
    values = Fleet(date(2026, 6, 1)).day(0)[1][:, :count]
    slots = 86_400 // period_s
    picked = values[np.arange(slots) * period_s // 300]
    picked = picked + np.random.default_rng(0).random(picked.shape).round(2)  # no row like the one before
    table = pd.DataFrame(picked.transpose(1, 0, 2).reshape(-1, len(QUANTITIES)), columns=list(QUANTITIES))
    table.insert(0, "device_id", np.repeat(IDS[:count], slots))
    at = [_DAY + timedelta(seconds=period_s * slot) for slot in range(slots)]
    table.insert(1, "measured_at", pd.DatetimeIndex(at * count).as_unit("ns"))
    store.write_table(QUANTITIES, table, Origin.FILE)


def seconds(store: InfluxStore, count: int, hours: int, every: timedelta | None) -> float:
    """Return the better of two readings. [s]"""
    span, taken = Interval(_DAY, _DAY + timedelta(hours=hours)), []
    for _ in range(2):
        begun = time.perf_counter()
        store.read(IDS[:count], QUANTITIES, span, every=every)
        taken.append(time.perf_counter() - begun)
    return min(taken)


def run(*, quick: bool) -> dict[str, float]:
    """Return the figures."""
    found: dict[str, float] = {}
    some = 20 if quick else 78
    with (
        tempfile.TemporaryDirectory(prefix="pvmon-read-") as name,
        influx_server.running(Path(name)) as server,
    ):
        for period_s in (300, 60):
            with closing(InfluxStore(server.url, f"every{period_s}", _KINDS)) as store:
                filled(store, some, period_s)
                for maker, most in (("engine", 0.0), ("here", 1e9)):
                    with patch.multiple("stores.influx_read", ROWS_MAX=most):
                        found[f"buckets_of_{300 // period_s}_rows_{maker}_s"] = seconds(
                            store, some, 24, _FIVE
                        )
        with closing(InfluxStore(server.url, "whole", _KINDS)) as store:
            filled(store, len(IDS), 600)
            for count in (350, len(IDS)):
                for way, named in (("named", len(IDS)), ("all", 0)):
                    with patch.multiple("stores.influx_read", _FILTER_MAX=named, _FILTER_LONGEST=named):
                        found[f"devices_{count}_{way}_s"] = seconds(store, count, 6, None)
    return found
