"""What a DuckDB file holds: numbers of devices, quantities and layouts, month tables, archived months.

Read once at opening; the writer adds to the file and to this image of it. Readers take a snapshot: the
mappings of months are replaced, never changed in place.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from domain.errors import StoreVersionError
from domain.plant import DeviceKind
from domain.quantity import Kind, quantity
from domain.timespan import Interval
from stores.steps import COUNTERS_MAX

SCHEMA_VERSION = 1

KPI_RATIOS = (
    "produced_energy_kwh",
    "exported_energy_kwh",
    "final_yield_h",
    "equivalent_hours_h",
    "completeness",
)
KPI_COUNTS = ("devices_reporting", "devices_expected")

_TABLES = """
CREATE TABLE IF NOT EXISTS meta (key VARCHAR, value VARCHAR);
CREATE TABLE IF NOT EXISTS devices (number INTEGER, device_id VARCHAR, kind VARCHAR);
CREATE TABLE IF NOT EXISTS quantities (number SMALLINT, name VARCHAR, counter_bit SMALLINT);
CREATE TABLE IF NOT EXISTS layouts (number INTEGER, quantities VARCHAR);
CREATE TABLE IF NOT EXISTS archives (kind VARCHAR, month INTEGER, content VARCHAR);
CREATE TABLE IF NOT EXISTS dirty (device INTEGER, day DATE, taken BOOLEAN);
CREATE TABLE IF NOT EXISTS daily_kpi (
    plant_id VARCHAR, day DATE, produced_energy_kwh DOUBLE, exported_energy_kwh DOUBLE,
    final_yield_h DOUBLE, equivalent_hours_h DOUBLE, completeness DOUBLE,
    devices_reporting INTEGER, devices_expected INTEGER
);
"""

KEY_COLUMNS = (
    ("device", "INTEGER"),
    ("measured_at", "TIMESTAMP"),
    ("arrived_after_ms", "BIGINT"),
    ("origin", "UTINYINT"),
    ("layout", "INTEGER"),
    ("step", "UINTEGER"),
    ("quality", "VARCHAR"),
)


@dataclass(frozen=True, slots=True)
class Archive:
    """A month that was written to Parquet.

    ``scales`` gives for a column how its whole numbers become values: ("x", 0.1) multiply, ("/", 10.0)
    divide; a column without one is kept as it is. ``every_s`` is None for the rows as they came, else the
    roll-up's period. [s]
    """

    files: tuple[str, ...]
    rows: int
    size_bytes: int
    columns: tuple[str, ...]
    scales: Mapping[str, tuple[str, float]]
    first_us: int
    last_us: int
    every_s: int | None = None

    def to_text(self, folder: Path) -> str:
        """Return it as JSON; files are named from ``folder`` on, so that the data may be moved."""
        content = {name: getattr(self, name) for name in self.__slots__}
        content["files"] = [Path(path).relative_to(folder).as_posix() for path in self.files]
        return json.dumps(content)

    @classmethod
    def from_text(cls, text: str, folder: Path) -> "Archive":
        """Read what `to_text` wrote."""
        raw = json.loads(text)
        return cls(
            files=tuple((folder / name).as_posix() for name in raw["files"]),
            rows=raw["rows"],
            size_bytes=raw["size_bytes"],
            columns=tuple(raw["columns"]),
            scales={name: (scale[0], scale[1]) for name, scale in raw["scales"].items()},
            first_us=raw["first_us"],
            last_us=raw["last_us"],
            every_s=raw["every_s"],
        )


MonthKey = tuple[str, int]  # kind of device, month such as 202611


@dataclass(frozen=True, slots=True)
class Months:
    """One picture of all months: columns of the live tables, and the archived months."""

    tables: Mapping[MonthKey, tuple[str, ...]]
    archives: Mapping[MonthKey, Archive]

    def with_table(self, key: MonthKey, names: tuple[str, ...]) -> "Months":
        """Return the picture with one table added or widened."""
        return Months({**self.tables, key: names}, self.archives)

    def with_archive(self, key: MonthKey, archive: Archive) -> "Months":
        """Return the picture with one month moved to files."""
        tables = {other: names for other, names in self.tables.items() if other != key}
        return Months(tables, {**self.archives, key: archive})


def table_name(key: MonthKey) -> str:
    """Return the table of a kind and month."""
    return f"samples_{key[0]}_{key[1]}"


def months_of(interval: Interval) -> tuple[int, int]:
    """Return the first and last UTC month an interval touches."""
    start, end = interval.start.astimezone(UTC), interval.end.astimezone(UTC)
    return start.year * 100 + start.month, end.year * 100 + end.month


class Catalog:
    """The image of one file. Methods that add write to ``connection`` first, then to the image."""

    def __init__(
        self, connection: Any, devices: Mapping[str, DeviceKind], where: Path, archive: Path
    ) -> None:
        self._connection = connection
        connection.execute(_TABLES)
        self._check_version(where)
        self.device_numbers: dict[str, int] = {}
        self.device_ids: dict[int, str] = {}
        self.device_kinds: dict[str, str] = {}
        self.registered: dict[str, str] = {}
        self.new_devices: list[int] = []
        for number, device_id, kind in connection.execute("SELECT * FROM devices").fetchall():
            self._note_device(number, device_id, kind)
        self.quantity_numbers: dict[str, int] = {}
        self.counter_bits: dict[str, int] = {}
        for number, name, bit in connection.execute("SELECT * FROM quantities").fetchall():
            self._note_quantity(number, name, bit)
        self.layout_numbers: dict[tuple[str, ...], int] = {}
        self.layouts: dict[int, tuple[str, ...]] = {}
        for number, names in connection.execute("SELECT * FROM layouts").fetchall():
            self._note_layout(number, tuple(names.split(",")) if names else ())
        archived = connection.execute("SELECT * FROM archives").fetchall()
        self.working = Months(
            self._read_tables(),
            {(kind, month): Archive.from_text(content, archive) for kind, month, content in archived},
        )
        self._published = self.working
        self.register(devices)

    def _check_version(self, where: Path) -> None:
        row = self._connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
        if row is None:
            self._connection.execute("INSERT INTO meta VALUES ('schema_version', ?)", [str(SCHEMA_VERSION)])
        elif int(row[0]) > SCHEMA_VERSION:
            raise StoreVersionError(
                f"{where}: written by a newer pvmon (layout {row[0]}, this one knows {SCHEMA_VERSION}); "
                "install that version again, or start with another --data folder"
            )

    def _read_tables(self) -> dict[MonthKey, tuple[str, ...]]:
        rows = self._connection.execute(
            "SELECT table_name, column_name FROM duckdb_columns() "
            "WHERE table_name LIKE 'samples\\_%' ESCAPE '\\' ORDER BY table_name, column_index"
        ).fetchall()
        keys = {name for name, _ in KEY_COLUMNS}
        found: dict[MonthKey, list[str]] = {}
        for table, column in rows:
            kind, _, month = table.removeprefix("samples_").rpartition("_")
            columns = found.setdefault((kind, int(month)), [])
            if column not in keys:
                columns.append(column)
        return {key: tuple(columns) for key, columns in found.items()}

    def _note_device(self, number: int, device_id: str, kind: str) -> None:
        self.device_ids[number] = device_id
        self.device_kinds[device_id] = kind
        self.device_numbers[device_id] = number

    def _note_quantity(self, number: int, name: str, bit: int | None) -> None:
        self.quantity_numbers[name] = number
        if bit is not None:
            self.counter_bits[name] = bit

    def _note_layout(self, number: int, names: tuple[str, ...]) -> None:
        self.layouts[number] = names
        self.layout_numbers[names] = number

    def register(self, devices: Mapping[str, DeviceKind]) -> None:
        """Take the devices that may be written; those of the file stay readable."""
        self.registered = {device_id: kind.value for device_id, kind in devices.items()}

    def registered_kinds(self) -> dict[str, DeviceKind]:
        """Return the devices that may be written."""
        return {device_id: DeviceKind(kind) for device_id, kind in self.registered.items()}

    def add_devices(self, device_ids: Iterable[str]) -> None:
        """Give numbers to all devices that have none, in one statement."""
        fresh = [name for name in dict.fromkeys(device_ids) if name not in self.device_numbers]
        if not fresh:
            return
        start = len(self.device_ids) + 1
        rows = [(start + place, name, self.registered[name]) for place, name in enumerate(fresh)]
        self._connection.execute(
            "INSERT INTO devices SELECT unnest(?), unnest(?), unnest(?)",
            [[row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]],
        )
        for number, name, kind in rows:
            self._note_device(number, name, kind)
            self.new_devices.append(number)

    def add_quantities(self, names: Iterable[str]) -> None:
        """Give numbers (and counters their bit) to quantities that have none."""
        for name in names:
            if name in self.quantity_numbers:
                continue
            number = len(self.quantity_numbers) + 1
            bit = len(self.counter_bits) if quantity(name).kind is Kind.COUNTER else None
            if bit is not None and bit >= COUNTERS_MAX:
                raise StoreVersionError(f"{name}: a store keeps at most {COUNTERS_MAX} kinds of counters")
            self._connection.execute("INSERT INTO quantities VALUES (?, ?, ?)", [number, name, bit])
            self._note_quantity(number, name, bit)

    def layout_number(self, names: tuple[str, ...]) -> int:
        """Return the number of a tuple of quantities, giving it one when it has none yet."""
        number = self.layout_numbers.get(names)
        if number is None:
            number = len(self.layouts) + 1
            self._connection.execute("INSERT INTO layouts VALUES (?, ?)", [number, ",".join(names)])
            self._note_layout(number, names)
        return number

    @property
    def tables(self) -> Mapping[MonthKey, tuple[str, ...]]:
        """Live months and their quantities, as committed."""
        return self._published.tables

    @property
    def archives(self) -> Mapping[MonthKey, Archive]:
        """Archived months, as committed."""
        return self._published.archives

    def publish(self) -> None:
        """Let readers see the months of the transaction that was just committed."""
        self._published = self.working

    def ensure_table(self, key: MonthKey, names: Sequence[str]) -> None:
        """Make the table of a kind and month, or add the columns it lacks."""
        have = self.working.tables.get(key)
        if have is None:
            columns = ", ".join(f"{name} {kind}" for name, kind in KEY_COLUMNS)
            doubles = "".join(f', "{name}" DOUBLE' for name in names)
            self._connection.execute(f"CREATE TABLE {table_name(key)} ({columns}{doubles})")
            self.working = self.working.with_table(key, tuple(names))
            return
        missing = [name for name in names if name not in have]
        for name in missing:
            self._connection.execute(f'ALTER TABLE {table_name(key)} ADD COLUMN "{name}" DOUBLE')
        if missing:
            self.working = self.working.with_table(key, (*have, *missing))

    def numbers_of(self, device_ids: Iterable[str]) -> dict[str, list[int]]:
        """Return the numbers of the devices that have rows, by kind."""
        found: dict[str, list[int]] = {}
        for device_id in dict.fromkeys(device_ids):
            number = self.device_numbers.get(device_id)
            if number is not None:
                found.setdefault(self.device_kinds[device_id], []).append(number)
        return found

    def columns_of(self, kind: str) -> tuple[str, ...]:
        """Return every quantity that devices of a kind ever had."""
        live = (columns for key, columns in self.tables.items() if key[0] == kind)
        archived = (archive.columns for key, archive in self.archives.items() if key[0] == kind)
        return tuple(dict.fromkeys(name for columns in (*live, *archived) for name in columns))

    def kind_size(self, kind: str) -> int:
        """Return how many devices of a kind have rows."""
        return sum(1 for other in self.device_kinds.values() if other == kind)


def instant_sql(at: datetime) -> str:
    """Return an instant as an SQL literal (UTC)."""
    return f"TIMESTAMP '{at.astimezone(UTC).replace(tzinfo=None).isoformat(sep=' ')}'"


def instant_us(at: datetime) -> int:
    """Return microseconds of the Unix epoch. [us]"""
    return int(np.rint(at.timestamp() * 1_000_000))
