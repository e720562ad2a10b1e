"""Age and size of the InfluxDB store. The engine has no count of rows, so old ones are counted once a day."""

# ruff: noqa: S608 (InfluxQL has no parameters here: names and texts are quoted in stores/influx_names.py)

from collections.abc import Sequence

import pyarrow as pa

from domain.clock import Clock
from domain.plant import DeviceKind
from stores.influx_answers import microseconds
from stores.influx_client import InfluxClient
from stores.influx_days import KPI, PLANT
from stores.influx_names import DAY_US, DEVICE_TAG, KINDS, ORIGIN, epoch_us, ident, instant, rows_of
from stores.influx_read import Query
from stores.protocol import Held, StoreStatus

_SETTLED_DAYS = 8
_FROM = ", ".join(map(rows_of, KINDS))


class StatusReader:
    """Counts rows. Those older than a week are counted when the day changes: late ones show up a day later."""

    def __init__(self, query: Query, clock: Clock) -> None:
        self._query = query
        self._clock = clock
        self._settled: tuple[int, int] | None = None

    def status(self, client: InfluxClient) -> StoreStatus:
        """Return the status."""
        field = ident(ORIGIN)
        oldest = _instants(self._query(f"SELECT first({field}) FROM {_FROM}"))
        newest = _instants(self._query(f"SELECT last({field}) FROM {_FROM}"))
        return StoreStatus(
            name="influx",
            rows=self._rows() if oldest else 0,
            size_bytes=client.size_bytes(),
            oldest=instant(min(oldest)) if oldest else None,
            newest=instant(max(newest)) if newest else None,
            detail={"url": client.url, "database": client.database, "version": client.version()},
        )

    def _rows(self) -> int:
        edge_us = (epoch_us(self._clock.now()) // DAY_US - _SETTLED_DAYS) * DAY_US
        if self._settled is None or self._settled[0] != edge_us:
            self._settled = (edge_us, self._count(f"time < {edge_us * 1000}"))
        return self._settled[1] + self._count(f"time >= {edge_us * 1000}")

    def _count(self, where: str) -> int:
        tables = self._query(f"SELECT count({ident(ORIGIN)}) AS rows FROM {_FROM} WHERE {where}")
        return sum(int(count) for table in tables for count in table["rows"].to_pylist())


def _instants(tables: Sequence[pa.Table]) -> list[int]:
    return [us for table in tables for us in microseconds(table).tolist()]


def held_of(query: Query) -> Held:
    """Return whose rows and daily KPIs the bucket has."""
    devices = {
        name: kind for kind in DeviceKind for name in _values_of(query, rows_of(kind.value), DEVICE_TAG)
    }
    return Held(devices, frozenset(_values_of(query, ident(KPI), PLANT)))


def _values_of(query: Query, where: str, tag: str) -> list[str]:
    tables = query(f"SHOW TAG VALUES FROM {where} WITH KEY = {ident(tag)}")
    return [str(value) for table in tables for value in table["value"].to_pylist()]
