"""Measurements in one DuckDB file: the embedded default, and the only importer of duckdb.

One process owns the file. One connection writes, under a lock; every read takes a cursor of its own, so
readers never wait for the writer. There is a table per kind of device and UTC month; finished months may
be Parquet (stores/duckdb_archive.py), which a reader does not notice. There is no primary key: that a
batch is kept once is looked up, and only where the newest row of its device does not already prove it new.
"""

import contextlib
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from domain.clock import Clock
from domain.errors import StoreError, StoreUnavailableError
from domain.frame import DEVICE, INSTANT, MeasurementFrame
from domain.kpi import DailyKpi
from domain.measurement import Batch, Origin
from domain.plant import DeviceKind
from domain.timespan import Interval
from stores.admission import AHEAD_MAX, checked_table, why_rejected
from stores.columns import Columns, from_table, merged
from stores.duckdb_archive import Archivist, month_key, stored_months
from stores.duckdb_catalog import Catalog, MonthKey
from stores.duckdb_errors import explained
from stores.duckdb_read import Reader
from stores.duckdb_status import held_of, snapshot_to, status_of
from stores.duckdb_write import Writer
from stores.protocol import Held, StoredMonth, StoreStatus, WriteResult

_SLICE_ROWS = 250_000
_TRIES = 3


class DuckDbStore:
    """`stores.protocol.MeasurementStore` and `ArchivingStore` over one file.

    Parameters
    ----------
    path : Path
        The database; made when missing, with its folder.
    clock : Clock
        Field time: bounds how far in the future a reading may lie.
    devices : mapping of str to DeviceKind
        The devices that may be written. Devices that were written once stay readable.
    archive : Path, optional
        Folder of the Parquet months; default ``archive`` beside the database.
    memory_limit_mb, threads : int
        What the engine may use.
    ends_tidy : bool
        Whether closing writes the log into the file (seconds for a long one) or leaves it to the next opening.

    Raises
    ------
    StoreUnavailableError
        Another process owns the file, or it cannot be opened, read or written.
    StoreVersionError
        A newer version of this program wrote it.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        devices: Mapping[str, DeviceKind],
        *,
        archive: Path | None = None,
        memory_limit_mb: int = 1024,
        threads: int = 2,
        ends_tidy: bool = True,
    ) -> None:
        self._path = path
        self._clock = clock
        self._archive = archive or path.parent / "archive"
        self._config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{memory_limit_mb}MB",
            "threads": threads,
            "temp_directory": str(path.parent / "tmp"),
            "autoinstall_known_extensions": False,
            # Rows wait in memory until a checkpoint packs them away: 32 MB of log are some 100 MB of them, so that
            # readers keep their share. At the library's 16 MB checkpoints are half of a catch-up's work.
            "checkpoint_threshold": "32MB",
        }
        self._ends_tidy = ends_tidy
        self._writing = threading.RLock()
        self._rewriting = threading.Lock()
        self._closed = False
        self._cursors: set[Any] = set()
        self._reader = Reader(self._fetch, lambda: self._catalog)
        self._open(devices)

    # opening, closing, errors

    def _open(self, devices: Mapping[str, DeviceKind]) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._root: Any = duckdb.connect(str(self._path), config=self._config)
        except (OSError, duckdb.Error) as error:
            raise explained(error, self._path) from error
        try:
            with self._translated():
                self._connection = self._root.cursor()
                if not self._ends_tidy:
                    self._connection.execute("PRAGMA disable_checkpoint_on_shutdown")
                self._load(devices)
        except BaseException:
            self._root.close()
            raise

    def _load(self, devices: Mapping[str, DeviceKind]) -> None:
        self._catalog = Catalog(self._connection, devices, self._path, self._archive)
        self._writer = Writer(self._connection, self._catalog)

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (duckdb.Error, OSError) as error:
            raise explained(error, self._path) from error

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Any]:
        """Give the writing connection to one thread; all of what it does is kept, or nothing."""
        with self._writing, self._translated():
            self._check_open()
            try:
                self._connection.begin()
                yield self._connection
                self._connection.commit()
            except BaseException:
                self._recover()
                raise
            self._writer.committed()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreUnavailableError(f"{self._path}: this store was closed")

    def _recover(self) -> None:
        """After a failure: roll back, forget what was noted meanwhile, reopen a database that gave up."""
        devices = self._catalog.registered_kinds()
        with contextlib.suppress(duckdb.Error):
            self._connection.rollback()
        try:
            self._load(devices)
        except (duckdb.Error, StoreError):
            with contextlib.suppress(duckdb.Error):
                self._root.close()
            with contextlib.suppress(
                StoreError
            ):  # still out of order: the next call says so, and tries again
                self._open(devices)

    def register(self, devices: Mapping[str, DeviceKind]) -> None:
        """Take another set of devices that may be written (the registry was changed)."""
        with self._writing:
            self._catalog.register(devices)

    def close(self) -> None:
        """Let go of the file; whoever is reading or writing gets an error, and of what he wrote nothing is kept."""
        for each in [self._connection, *list(self._cursors)]:
            with contextlib.suppress(duckdb.Error):
                each.interrupt()
        with self._writing:
            if not self._closed:
                self._closed = True
                with contextlib.suppress(duckdb.Error):
                    self._root.close()

    # writing

    def write(self, batches: Sequence[Batch]) -> WriteResult:
        """Keep batches durably: one transaction, one synced commit."""
        latest_instant = self._clock.now() + AHEAD_MAX
        registered = self._catalog.registered
        rejected: dict[int, str] = {}
        by_kind: dict[str, list[int]] = {}
        for position, batch in enumerate(batches):
            reason = why_rejected(batch, latest_instant, registered.__contains__)
            if reason is None:
                by_kind.setdefault(registered[batch.device_id], []).append(position)
            else:
                rejected[position] = reason
        duplicates = 0
        with self._transaction():
            for kind, positions in by_kind.items():
                columns = self._writer.columns([batches[position] for position in positions])
                finite, infinite = columns.without_infinite()
                for row in infinite:
                    rejected[positions[row]] = f"{batches[positions[row]].device_id}: a value is infinite"
                duplicates += self._keep(kind, finite)
        accepted = len(batches) - len(rejected) - duplicates
        return WriteResult(accepted, duplicates, tuple(sorted(rejected.items())))

    def _keep(self, kind: str, columns: Columns) -> int:
        once = columns.first_copies()
        return len(columns) - len(once) + self._writer.insert(kind, once)

    def write_table(self, quantities: Sequence[str], table: pd.DataFrame, origin: Origin) -> WriteResult:
        """Keep a whole table, in slices, so that a long import does not keep a sweep waiting."""
        return self.write_tables([(quantities, table)], origin)

    def write_tables(
        self, tables: Sequence[tuple[Sequence[str], pd.DataFrame]], origin: Origin
    ) -> WriteResult:
        """Keep tables together: rows of one kind of device in one commit cost a quarter of many small ones."""
        for quantities, table in tables:
            checked_table(quantities, table)
        by_kind: dict[str, list[tuple[Sequence[str], pd.DataFrame]]] = {}
        rejected: list[tuple[int, str]] = []
        offset = 0
        for quantities, table in tables:
            refused = self._refused(table, quantities)
            sound = (refused == "").to_numpy()
            rejected += [(offset + int(row), str(refused.iloc[row])) for row in np.flatnonzero(~sound)]
            offset += len(table)
            kept = table if sound.all() else table[sound]
            kinds = kept[DEVICE].map(self._catalog.registered)
            for kind, rows in kept.groupby(kinds, sort=False, observed=True):
                by_kind.setdefault(str(kind), []).append((quantities, rows))
        duplicates = sum(self._keep_tables(kind, parts, origin) for kind, parts in by_kind.items())
        return WriteResult(offset - len(rejected) - duplicates, duplicates, tuple(rejected))

    def _keep_tables(
        self, kind: str, tables: Sequence[tuple[Sequence[str], pd.DataFrame]], origin: Origin
    ) -> int:
        """Keep tables of one kind of device in slices of time; return how many rows were there already."""
        at = [rows[INSTANT].dt.tz_localize(None).to_numpy() for _, rows in tables]
        cuts = np.unique(np.sort(np.concatenate(at))[_SLICE_ROWS::_SLICE_ROWS])
        slices = [np.searchsorted(cuts, instants, side="right") for instants in at]
        duplicates = 0
        for number in range(len(cuts) + 1):
            chosen = (
                [(names, rows[own == number]) for (names, rows), own in zip(tables, slices, strict=True)]
                if len(cuts)
                else tables
            )
            with self._transaction():
                parts = [self._table_columns(names, rows, origin) for names, rows in chosen if len(rows)]
                if parts:
                    duplicates += self._keep(kind, merged(parts))
        return duplicates

    def _table_columns(self, quantities: Sequence[str], table: pd.DataFrame, origin: Origin) -> Columns:
        self._writer.add_devices(str(name) for name in table[DEVICE].unique())
        self._catalog.add_quantities(quantities)
        layout = self._catalog.layout_number(tuple(quantities))
        return from_table(quantities, table, int(origin), self._catalog.device_numbers.__getitem__, layout)

    def _refused(self, table: pd.DataFrame, quantities: Sequence[str]) -> pd.Series:
        """Return why each row cannot be kept, "" where it can."""
        refused = pd.Series("", index=range(len(table)), dtype=object)
        refused[np.isinf(table[list(quantities)].to_numpy(dtype=np.float64)).any(axis=1)] = (
            "a value is infinite"
        )
        refused[(table[INSTANT] > self._clock.now() + AHEAD_MAX).to_numpy()] = (
            "measured_at lies in the future"
        )
        unknown = ~table[DEVICE].isin(list(self._catalog.registered)).to_numpy()
        refused[unknown] = "no such device in the registry"
        refused.index = table.index
        return refused

    # reading

    @contextlib.contextmanager
    def _cursor(self) -> Iterator[Any]:
        with contextlib.closing(self._root.cursor()) as cursor:
            self._cursors.add(cursor)
            try:
                yield cursor
            finally:
                self._cursors.discard(cursor)

    def _fetch(self, build: Callable[[Catalog], str | None]) -> pa.Table | None:
        """Run one question on a cursor of its own; ask again when a month moved meanwhile."""
        for remaining in reversed(range(_TRIES)):
            self._check_open()
            text = build(self._catalog)
            if text is None:
                return None
            with self._translated():
                try:
                    with self._cursor() as cursor:
                        return cursor.execute(text).to_arrow_table()
                except (duckdb.CatalogException, duckdb.BinderException, duckdb.IOException):
                    if remaining == 0:
                        raise
            with self._writing:  # a month is just being exchanged: its new place is known when this is free
                self._check_open()
        return None

    def _asked(self) -> Reader:
        self._check_open()
        return self._reader

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
        return self._asked().read(device_ids, quantities, interval, every, origins)

    def latest(self, device_ids: Sequence[str], not_before: datetime) -> list[Batch]:
        """Return the newest batch of each device."""
        end = self._clock.now() + AHEAD_MAX
        return self._asked().latest(device_ids, Interval(min(not_before, end), end))

    def power_curves(
        self, groups: Mapping[str, Sequence[str]], quantity: str, interval: Interval, every: timedelta
    ) -> pd.DataFrame:
        """Return summed power of groups of devices."""
        return self._asked().power_curves(groups, quantity, interval, every)

    def daily_aggregates(
        self, device_ids: Sequence[str], quantity: str, interval: Interval, zone: str
    ) -> pd.DataFrame:
        """Return what a counter did per device and local day."""
        return self._asked().daily_aggregates(device_ids, quantity, interval, zone)

    def quantities(self, device_ids: Sequence[str]) -> tuple[str, ...]:
        """Return every quantity that devices of the same kinds ever had."""
        kinds = sorted(self._catalog.numbers_of(device_ids))
        return tuple(dict.fromkeys(name for kind in kinds for name in self._catalog.columns_of(kind)))

    def held(self) -> Held:
        """Return the devices and plants of which it ever kept something."""
        return held_of(self._fetch, self._catalog)

    # days and KPIs

    def put_daily(self, kpis: Sequence[DailyKpi]) -> None:
        """Keep daily KPIs, replacing those of the same plant and day."""
        with self._transaction():
            self._writer.put_daily(kpis)

    def daily(self, plant_ids: Sequence[str], first: date, last: date) -> list[DailyKpi]:
        """Return kept daily KPIs."""
        return self._asked().daily(plant_ids, first, last)

    def take_dirty_days(self, count_max: int = 1000) -> list[tuple[str, date]]:
        """Return days that got data; a crash before the next call makes them dirty again."""
        with self._transaction():
            return self._writer.take_dirty(count_max)

    def mark_dirty(self, days: Sequence[tuple[str, date]]) -> None:
        """Put days back."""
        with self._transaction():
            self._writer.mark_dirty(days)

    # old months

    def months(self) -> list[StoredMonth]:
        """Return what is kept in which form."""
        return stored_months(self._fetch, self._catalog)

    def archive_month(self, kind: str, month: str) -> StoredMonth:
        """Write a month to Parquet, verify, drop its table."""
        return self._rewrite((kind, month_key(month)), None)

    def roll_up_month(self, kind: str, month: str, every: timedelta) -> StoredMonth:
        """Replace an archived month by its roll-up."""
        return self._rewrite((kind, month_key(month)), every)

    def _rewrite(self, key: MonthKey, every: timedelta | None) -> StoredMonth:
        """Write the files beside the running store, then exchange them in one transaction."""
        with self._rewriting, self._translated(), contextlib.closing(self._root.cursor()) as cursor:
            self._check_open()
            archivist = Archivist(cursor, self._catalog, self._archive)
            made = archivist.write(key, every)
            with self._transaction() as writer:
                archivist.exchange(writer, key, made)
            archivist.sweep(key)
        return stored_months(self._fetch, self._catalog, key)[0]

    def snapshot(self, folder: Path) -> None:
        """Write one moment of the whole store, archived months too, as a database of its own into ``folder``."""
        with self._rewriting, self._translated(), contextlib.closing(self._root.cursor()) as cursor:
            self._check_open()
            snapshot_to(cursor, folder / self._path.name)
            if self._archive.is_dir():
                shutil.copytree(self._archive, folder / "archive", dirs_exist_ok=True)

    def put_mark(self, queue: str, number: int) -> None:
        """Keep how far a queue got."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM meta WHERE key = ?", [f"mark {queue}"])
            connection.execute("INSERT INTO meta VALUES (?, ?)", [f"mark {queue}", str(number)])

    def mark(self, queue: str) -> int:
        """Return how far a queue got, 0 where nothing was kept."""
        with self._transaction() as connection:
            row = connection.execute("SELECT value FROM meta WHERE key = ?", [f"mark {queue}"]).fetchone()
            return int(row[0]) if row else 0

    def status(self) -> StoreStatus:
        """Return age and size."""
        self._check_open()
        return status_of(self._fetch, self._catalog, self._path)
