"""Measurements in InfluxDB 1.x or 2.x: the store of the server roles, shared by several processes.

Line protocol in, InfluxQL out, so one code serves both generations. How a batch is laid out is told in
stores/influx_names.py. What differs from a database with transactions, and how the promises are met:

* The engine lets the last copy of a row win. The first one stays here because a row that is not newer than
  its device's newest row is looked up before it is sent. Two processes that write the same device at the
  same instant are not kept apart; a device has one collector. Rows from files and from people are always
  looked up.
* A group of rows becomes visible row by row. Readers of the writing process wait until it is complete;
  readers of other processes may see a part for some milliseconds. `latest` never returns half a row.
* An answer of 2xx means the server has the rows; for anything else `write` raises, and the caller (the queue
  on disk) sends them again. Sending twice changes nothing.
"""

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from domain.clock import Clock, SystemClock
from domain.errors import StoreUnavailableError
from domain.frame import DEVICE, INSTANT, MeasurementFrame
from domain.kpi import DailyKpi
from domain.measurement import Batch, Origin
from domain.plant import DeviceKind
from domain.timespan import Interval
from stores.admission import AHEAD_MAX, checked_table, in_turn, why_rejected
from stores.influx_client import InfluxClient, RefusedLinesError, TooLargeError
from stores.influx_days import DirtyDays, day_number, kpi_lines, read_daily
from stores.influx_gate import Gate
from stores.influx_latest import Newest
from stores.influx_lines import LineBuilder
from stores.influx_names import OUR_FIELDS, epoch_us, key_text, literal
from stores.influx_read import Reader
from stores.influx_roll import Roller
from stores.influx_status import StatusReader, held_of
from stores.influx_write import Outcome, Rows, Writer
from stores.protocol import Held, StoredMonth, StoreStatus, WriteResult

_POLLED = frozenset({Origin.POLL, Origin.MQTT})
_LINES_MAX = 5000


class InfluxStore:
    """`stores.protocol.MeasurementStore` and `RetainingStore` on a server. Nothing is asked of it before the first call.

    Parameters
    ----------
    url : str
        Such as ``http://influxdb:8086``.
    bucket : str
        Bucket (2.x) or database (1.x); made when missing, with a retention of for ever.
    devices : mapping of str to DeviceKind
        The devices that may be written. Devices that were written once stay readable.
    org, token : str
        Organisation and token of 2.x. For 1.x a token ``user:password`` is a login, an empty one none.
    clock : Clock, optional
        Field time: bounds how far in the future a reading may lie.
    timeout_s : float
        Longest wait for an answer. [s]
    """

    def __init__(
        self,
        url: str,
        bucket: str,
        devices: Mapping[str, DeviceKind],
        *,
        org: str = "pvmon",
        token: str = "",
        clock: Clock | None = None,
        timeout_s: float = 60.0,
    ) -> None:
        self._clock = clock or SystemClock()
        self._client = InfluxClient(url, bucket, org=org, token=token, timeout_s=timeout_s)
        self._builder = LineBuilder(devices)
        self._kinds = dict(devices)
        self._gate = Gate()
        self._reader = Reader(self._ask, lambda: self._kinds, self._reading)
        self._newest = Newest(self._ask, self._reader)
        self._status = StatusReader(self._ask, self._clock)
        self._days = DirtyDays(self._ask, self._post)
        self._writer = Writer(self._client, self._ask, self._newest, self._days, self._builder)
        self._roller = Roller(self._client, self._ask, self._post, self._clock)
        self._writing = threading.RLock()
        self._closed = False

    def register(self, devices: Mapping[str, DeviceKind]) -> None:
        """Take another set of devices that may be written (the registry was changed)."""
        with self._writing:
            self._builder.register(devices)
            self._kinds = dict(devices)
            self._writer.forget()

    def close(self) -> None:
        """Let go of the connections."""
        with self._writing:
            if not self._closed:
                self._closed = True
                self._client.close()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreUnavailableError("this store was closed")

    def _ask(self, text: str) -> list[pa.Table]:
        return self._client.query(text)

    def _post(self, lines: Sequence[str]) -> None:
        """Send lines of our own making; all of them, or StoreUnavailableError."""
        for start in range(0, len(lines), _LINES_MAX):
            try:
                self._client.write("\n".join(lines[start : start + _LINES_MAX]).encode())
            except (RefusedLinesError, TooLargeError) as error:
                raise StoreUnavailableError(f"the store refuses days or KPIs: {error}") from error

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """Let one thread of this process change something; readers wait."""
        self._check_open()
        with self._writing, self._gate.writing():
            self._check_open()
            try:
                yield
            except StoreUnavailableError:
                self._writer.forget()  # whoever answers next may be a server restored from a backup
                raise

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        self._check_open()
        with self._gate.reading():
            yield

    # writing

    def write(self, batches: Sequence[Batch]) -> WriteResult:
        """Keep batches; when this returns, the server has them."""
        self._check_open()
        latest_instant = self._clock.now() + AHEAD_MAX
        rejected: dict[int, str] = {}
        keys: dict[bool, dict[int, tuple[str, int]]] = {False: {}, True: {}}
        for position, batch in enumerate(batches):
            reason = why_rejected(batch, latest_instant, self._kinds.__contains__)
            if reason is not None:
                rejected[position] = reason
            else:
                doubtful = batch.origin not in _POLLED
                keys[doubtful][position] = (batch.device_id, epoch_us(batch.measured_at))
        outcomes = []
        with self._changing():
            for doubtful, chosen in keys.items():
                rows = Rows(
                    chosen,
                    lambda position: self._builder.batch(batches[position]),
                    lambda position: batches[position].quantities,
                    doubtful=doubtful,
                )
                outcomes.append(self._writer.keep(rows, self._kind_names()))
        return _result(outcomes, rejected)

    def _kind_names(self) -> dict[str, str]:
        return {name: kind.value for name, kind in self._kinds.items()}

    def write_table(self, quantities: Sequence[str], table: pd.DataFrame, origin: Origin) -> WriteResult:
        """Keep a whole table, in slices, so that a long import does not keep a sweep waiting."""
        self._check_open()
        checked_table(quantities, table)
        names = tuple(quantities)
        refused = self._refused(table, names)
        outcomes = [
            self._keep_slice(names, table.iloc[start : start + _LINES_MAX], start, refused, int(origin))
            for start in range(0, len(table), _LINES_MAX)
        ]
        return _result(outcomes, refused)

    def write_tables(
        self, tables: Sequence[tuple[Sequence[str], pd.DataFrame]], origin: Origin
    ) -> WriteResult:
        """Keep tables, one after the other."""
        return in_turn(self.write_table, tables, origin)

    def _refused(self, table: pd.DataFrame, quantities: Sequence[str]) -> dict[int, str]:
        """Return why rows cannot be kept, by position."""
        infinite = np.isinf(table[list(quantities)].to_numpy(dtype=np.float64)).any(axis=1)
        future = (table[INSTANT] > self._clock.now() + AHEAD_MAX).to_numpy()
        strange = ~table[DEVICE].isin(list(self._kinds)).to_numpy()
        refused = {int(row): "a value is infinite" for row in np.flatnonzero(infinite)}
        refused |= {int(row): "measured_at lies in the future" for row in np.flatnonzero(future)}
        return refused | {int(row): "no such device in the registry" for row in np.flatnonzero(strange)}

    def _keep_slice(
        self,
        quantities: tuple[str, ...],
        table: pd.DataFrame,
        offset: int,
        refused: Mapping[int, str],
        origin: int,
    ) -> Outcome:
        ids = [str(name) for name in table[DEVICE]]
        instants = table[INSTANT].dt.tz_localize(None).to_numpy().astype("datetime64[us]").astype(np.int64)
        values: Any = table[list(quantities)].to_numpy(dtype=np.float64).tolist()
        keys = {
            offset + row: key
            for row, key in enumerate(zip(ids, instants.tolist(), strict=True))
            if offset + row not in refused
        }

        def line(position: int) -> str:
            device_id, at = keys[position]
            return self._builder.row(device_id, at, quantities, values[position - offset], origin)

        with self._changing():
            return self._writer.keep(
                Rows(keys, line, lambda _: quantities, doubtful=True), self._kind_names()
            )

    # reading

    def read(
        self,
        device_ids: Sequence[str],
        quantities: Sequence[str],
        interval: Interval,
        *,
        every: timedelta | None = None,
        origins: Sequence[Origin] | None = None,
    ) -> MeasurementFrame:
        """Return rows of an interval, in buckets when asked."""
        self._check_open()
        return self._reader.read(device_ids, quantities, interval, every, origins)

    def latest(self, device_ids: Sequence[str], not_before: datetime) -> list[Batch]:
        """Return the newest batch of each device."""
        with self._reading():
            return self._newest.latest(device_ids, epoch_us(not_before))

    def power_curves(
        self, groups: Mapping[str, Sequence[str]], quantity: str, interval: Interval, every: timedelta
    ) -> pd.DataFrame:
        """Return summed power of groups of devices."""
        self._check_open()
        return self._reader.power_curves(groups, quantity, interval, every)

    def daily_aggregates(
        self, device_ids: Sequence[str], quantity: str, interval: Interval, zone: str
    ) -> pd.DataFrame:
        """Return what a counter did per device and local day."""
        with self._reading():
            return self._reader.daily_aggregates(device_ids, quantity, interval, zone)

    def quantities(self, device_ids: Sequence[str]) -> tuple[str, ...]:
        """Return every quantity that devices of the same kinds ever had."""
        with self._reading():
            kinds = [source.kind for source in self._reader.sources(device_ids)]
            fields = [field.partition("~")[0] for kind in kinds for field in self._reader.fields(kind)]
        return tuple(dict.fromkeys(field for field in fields if field not in OUR_FIELDS))

    def held(self) -> Held:
        """Return the devices and plants of which it ever kept something."""
        with self._reading():
            return held_of(self._ask)

    def put_mark(self, queue: str, number: int) -> None:
        """Keep how far a queue got."""
        with self._changing():
            self._post([f"pvmon_mark,queue={key_text(queue)} number={float(number)!r} 0"])

    def mark(self, queue: str) -> int:
        """Return how far a queue got, 0 where nothing was kept."""
        with self._reading():
            chosen = literal(queue)
            tables = self._ask(f"SELECT last(number) AS number FROM pvmon_mark WHERE queue = {chosen}")  # noqa: S608
            numbers = [number for table in tables for number in table["number"].to_pylist()]
        return max((int(number) for number in numbers), default=0)

    def status(self) -> StoreStatus:
        """Return age and size."""
        with self._reading():
            return self._status.status(self._client)

    # old months

    def months(self) -> list[StoredMonth]:
        """Return the months there are, as they came or rolled up."""
        with self._reading():
            return self._roller.months()

    def roll_up_month(self, kind: str, month: str, every: timedelta) -> StoredMonth:
        """Replace the rows of a month by one row per device and period."""
        with self._changing():
            return self._roller.roll_up(kind, month, every)

    # days and KPIs

    def put_daily(self, kpis: Sequence[DailyKpi]) -> None:
        """Keep daily KPIs, replacing those of the same plant and day."""
        with self._changing():
            self._post(kpi_lines(kpis))

    def daily(self, plant_ids: Sequence[str], first: date, last: date) -> list[DailyKpi]:
        """Return kept daily KPIs."""
        with self._reading():
            return read_daily(self._ask, plant_ids, first, last)

    def take_dirty_days(self, count_max: int = 1000) -> list[tuple[str, date]]:
        """Return days that got data; a crash before the next call makes them due again."""
        with self._changing():
            return self._days.take(count_max)

    def mark_dirty(self, days: Sequence[tuple[str, date]]) -> None:
        """Put days back."""
        with self._changing():
            self._days.mark((day_number(day), device_id) for device_id, day in days)


def _result(outcomes: Sequence[Outcome], rejected: Mapping[int, str]) -> WriteResult:
    refused = dict(rejected)
    for outcome in outcomes:
        refused |= outcome.rejected
    return WriteResult(
        sum(outcome.accepted for outcome in outcomes),
        sum(outcome.duplicates for outcome in outcomes),
        tuple(sorted(refused.items())),
    )
