"""Old months of the DuckDB store: written to Parquet, verified, and only then dropped.

A month becomes one file per UTC day, sorted by device and time. A column of register values is a decimal
with few places, so it is written as whole numbers (delta coded) with one scale, which is checked to give
back every value exactly; a column that has no such scale stays as it is. Files count only when the
``archives`` table names them, and that row is written in the same transaction that drops the rows: after a
crash at any moment the month is there once, and doing it again is safe.
"""

# ruff: noqa: S608 (names and numbers in these texts come from the store's own catalog, never from outside)

import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from domain.errors import StoreUnavailableError
from domain.quantity import Kind, quantity
from stores.duckdb_catalog import KEY_COLUMNS, Archive, Catalog, MonthKey, table_name
from stores.duckdb_read import Fetch
from stores.duckdb_sql import archive_source, bucket, good
from stores.protocol import MonthForm, StoredMonth

_ROW_GROUP = 120_000
_SAMPLE = 20_000
PLACES_MIN, PLACES_MAX = -3, 4
_WHOLE_MAX = 2.0**53
_KEYS = tuple(name for name, _ in KEY_COLUMNS)
Scales = Mapping[str, tuple[str, float]]


def month_key(month: str) -> int:
    """Return ``2026-11`` as 202611."""
    year, _, number = month.partition("-")
    return int(year) * 100 + int(number)


def _month_text(month: int) -> str:
    return f"{month // 100:04d}-{month % 100:02d}"


def stored_months(fetch: Fetch, catalog: Catalog, only: MonthKey | None = None) -> list[StoredMonth]:
    """Return what is kept in which form, oldest first."""
    found = [
        StoredMonth(
            key[0],
            _month_text(key[1]),
            MonthForm.ARCHIVED if archive.every_s is None else MonthForm.ROLLED_UP,
            archive.rows,
            archive.size_bytes,
        )
        for key, archive in catalog.archives.items()
    ]
    for key in catalog.tables:
        table = fetch(lambda _, key=key: f"SELECT count(*) AS rows FROM {table_name(key)}")  # type: ignore[misc]
        rows = 0 if table is None else int(table.column("rows")[0].as_py())
        found.append(StoredMonth(key[0], _month_text(key[1]), MonthForm.LIVE, rows))
    wanted = None if only is None else (only[0], _month_text(only[1]))
    found = [month for month in found if wanted is None or (month.kind, month.month) == wanted]
    return sorted(found, key=lambda month: (month.month, month.kind, month.form is MonthForm.LIVE))


def scale_of(
    values: NDArray[np.float64], places_min: int = PLACES_MIN
) -> tuple[int, tuple[str, float]] | None:
    """Return the coarsest decimal scale by which whole numbers give back every one of ``values`` exactly.

    The result is the number of decimal places (negative: thousands) and the scale as in `Archive`; None
    when there is no such scale with at least ``places_min`` places.
    """
    said = values[~np.isnan(values)]
    for places in range(places_min, PLACES_MAX + 1):
        unit, factor = float(f"1e{-places}"), float(f"1e{places}")
        for scale in (("x", unit), ("/", factor)):
            whole = np.rint(said / unit if scale[0] == "x" else said * factor)
            if np.abs(whole).max(initial=0.0) >= _WHOLE_MAX:
                continue
            if np.array_equal(whole * unit if scale[0] == "x" else whole / factor, said):
                return places, scale
    return None


def _whole(name: str, scale: tuple[str, float]) -> str:
    """Return the SQL of the whole number behind a value."""
    sign, factor = scale
    return f'round("{name}" {"/" if sign == "x" else "*"} {factor!r}::DOUBLE)'


def _decoded(whole: str, scale: tuple[str, float]) -> str:
    sign, factor = scale
    return f"({whole} {'*' if sign == 'x' else '/'} {factor!r}::DOUBLE)"


class Archivist:
    """Rewrites one month; ``cursor`` reads beside the running store."""

    def __init__(self, cursor: Any, catalog: Catalog, folder: Path) -> None:
        self._cursor = cursor
        self._catalog = catalog
        self._folder = folder
        self._live_rows = 0

    # making the files

    def write(self, key: MonthKey, every: timedelta | None) -> Archive:
        """Write and verify the files of a month; nothing else changes."""
        names, source = self._source(key)
        folder = self._folder / table_name(key)
        folder.mkdir(parents=True, exist_ok=True)
        self.sweep(key)
        old = self._catalog.archives.get(key)
        every_s = old.every_s if every is None and old is not None else None
        every_s = every_s if every is None else round(every.total_seconds())
        if every_s is not None:
            source = self._rolled(source, names, timedelta(seconds=every_s))
        scales = self._scales(source, names)
        generation = 1 + max((_generation(path) for path in (old.files if old else ())), default=0)
        days = self._cursor.execute(
            f"SELECT measured_at::DATE AS day, count(*) FROM {source} GROUP BY day ORDER BY day"
        ).fetchall()
        files = []
        for day, rows in days:
            path = folder / f"{day.isoformat()}.{generation}.parquet"
            self._write_day(
                path, source, f"measured_at::DATE = DATE '{day.isoformat()}'", rows, names, scales
            )
            files.append(path)
        ends = self._cursor.execute(
            f"SELECT epoch_us(min(measured_at)), epoch_us(max(measured_at)) FROM {source}"
        ).fetchone()
        made = Archive(
            tuple(str(path) for path in files),
            sum(rows for _, rows in days),
            sum(path.stat().st_size for path in files),
            tuple(names),
            dict(scales),
            ends[0] or 0,
            ends[1] or 0,
            every_s,
        )
        self._verify(source, made)
        _sync_folder(folder)
        return made

    def _source(self, key: MonthKey) -> tuple[list[str], str]:
        """Return the quantities of a month and a FROM item with all of its rows, live and archived."""
        live = self._catalog.tables.get(key)
        archive = self._catalog.archives.get(key)
        if live is None and archive is None:
            raise StoreUnavailableError(f"{table_name(key)}: there is no such month")
        names = list(dict.fromkeys((*(live or ()), *(archive.columns if archive else ()))))
        selects = []
        if live is not None:
            self._live_rows = self._count(table_name(key))
            columns = [f'"{name}"' if name in live else f'NULL::DOUBLE AS "{name}"' for name in names]
            selects.append(f"SELECT {', '.join((*_KEYS, *columns))} FROM {table_name(key)}")
        if archive is not None:
            selects.append(
                f"SELECT {', '.join((*_KEYS, *_read_columns(archive, names)))} FROM {archive_source(archive)}"
            )
        return names, f"({' UNION ALL '.join(selects)})"

    def _count(self, source: str) -> int:
        return int(self._cursor.execute(f"SELECT count(*) FROM {source}").fetchone()[0])

    def _rolled(self, source: str, names: Sequence[str], every: timedelta) -> str:
        """Make a temporary table of one row per device and period; return its name."""
        columns = []
        for name in names:
            condition = good(self._catalog, name)
            if quantity(name).kind is Kind.GAUGE:
                columns.append(f'round(avg("{name}") FILTER ({condition}), 3) AS "{name}"')
            else:
                columns.append(f'arg_max("{name}", said_at) FILTER ({condition}) AS "{name}"')
        listed = "".join(f", {column}" for column in columns)
        self._cursor.execute(
            "CREATE OR REPLACE TEMP TABLE rolled_month AS SELECT device, make_timestamp(period) AS measured_at, "
            "NULL::BIGINT AS arrived_after_ms, arg_max(origin, said_at) AS origin, arg_max(layout, said_at) AS layout, "
            f"bit_or(step) AS step, NULL::VARCHAR AS quality{listed} "
            f"FROM (SELECT *, measured_at AS said_at, {bucket(every)} AS period FROM {source}) GROUP BY device, period"
        )
        return "rolled_month"

    def _scales(self, source: str, names: Sequence[str]) -> Scales:
        """Return the scale of each column that has one: guessed from a sample, proved on every row."""
        columns = ", ".join(f'"{name}"' for name in names)
        if not names:
            return {}
        sample = self._cursor.execute(
            f"SELECT {columns} FROM {source} USING SAMPLE reservoir({_SAMPLE} ROWS) REPEATABLE (1)"
        ).to_arrow_table()
        columns_of = {name: sample.column(name).to_numpy().astype(np.float64) for name in names}
        scales: dict[str, tuple[str, float]] = {}
        places_min = dict.fromkeys(names, PLACES_MIN)
        while places_min:
            found = {name: scale_of(columns_of[name], least) for name, least in places_min.items()}
            guesses = {name: guess for name, guess in found.items() if guess is not None}
            proved = self._proved(source, {name: scale for name, (_, scale) in guesses.items()})
            scales |= {name: guesses[name][1] for name in proved}
            places_min = {name: places + 1 for name, (places, _) in guesses.items() if name not in proved}
        return scales

    def _proved(self, source: str, guesses: Scales) -> set[str]:
        """Return the columns whose scale gives back every value of ``source``."""
        if not guesses:
            return set()
        proofs = ", ".join(
            f'bool_and("{name}" IS NULL OR ({_decoded(_whole(name, scale), scale)} = "{name}" '
            f"AND abs({_whole(name, scale)}) < {_WHOLE_MAX!r}))"
            for name, scale in guesses.items()
        )
        proved = self._cursor.execute(f"SELECT {proofs} FROM {source}").fetchone()
        return {name for name, holds in zip(guesses, proved, strict=True) if holds is not False}

    def _write_day(
        self, path: Path, source: str, where: str, rows: int, names: Sequence[str], scales: Scales
    ) -> None:
        columns = [
            f'{_whole(name, scales[name])}::BIGINT AS "{name}"' if name in scales else f'"{name}"'
            for name in names
        ]
        temporary = path.with_suffix(".part")
        writer: pq.ParquetWriter | None = None
        try:
            for low, high in self._device_ranges(source, where, rows):
                table = self._cursor.execute(
                    f"SELECT {', '.join((*_KEYS, *columns))} FROM {source} WHERE {where} "
                    f"AND device BETWEEN {low} AND {high} ORDER BY device, measured_at"
                ).to_arrow_table()
                if writer is None:
                    writer = _writer(temporary, table.schema)
                writer.write_table(table, row_group_size=_ROW_GROUP)
        finally:
            if writer is not None:
                writer.close()
        _sync(temporary)
        temporary.replace(path)

    def _device_ranges(self, source: str, where: str, rows: int) -> list[tuple[int, int]]:
        """Return ranges of device numbers, each small enough for memory."""
        numbers = [
            row[0]
            for row in self._cursor.execute(
                f"SELECT DISTINCT device FROM {source} WHERE {where} ORDER BY device"
            ).fetchall()
        ]
        step = max(1, len(numbers) * 2 * _ROW_GROUP // max(rows, 1))
        return [
            (numbers[start], numbers[min(start + step, len(numbers)) - 1])
            for start in range(0, len(numbers), step)
        ]

    def _verify(self, source: str, made: Archive) -> None:
        """Compare files and rows: counts, and a checksum of every column that no order changes."""
        sums = ", ".join(
            f'count("{name}"), bit_xor(hash(device, measured_at, "{name}"))' for name in made.columns
        )
        text = f"SELECT count(*), bit_xor(hash(device, measured_at, origin, quality, layout)){', ' if sums else ''}{sums}"
        if not made.files:
            return
        decoded = ", ".join((*_KEYS, *_read_columns(made, made.columns)))
        there = self._cursor.execute(f"{text} FROM (SELECT {decoded} FROM {archive_source(made)})").fetchone()
        here = self._cursor.execute(f"{text} FROM {source}").fetchone()
        if there != here:
            raise StoreUnavailableError(
                f"{Path(made.files[0]).parent}: the archive files differ from the rows; nothing was dropped. "
                "Check the disk, then prune again"
            )

    # taking them into use

    def exchange(self, writer: Any, key: MonthKey, made: Archive) -> None:
        """Inside a transaction: name the files, drop the rows. Refuses when rows came meanwhile."""
        if key in self._catalog.working.tables:
            count = int(writer.execute(f"SELECT count(*) FROM {table_name(key)}").fetchone()[0])
            if count != self._live_rows:
                raise StoreUnavailableError(
                    f"{table_name(key)}: rows arrived while it was archived; nothing was dropped, prune again"
                )
            writer.execute(f"DROP TABLE {table_name(key)}")
        writer.execute("DELETE FROM archives WHERE kind = ? AND month = ?", list(key))
        writer.execute("INSERT INTO archives VALUES (?, ?, ?)", [*key, made.to_text(self._folder)])
        self._catalog.working = self._catalog.working.with_archive(key, made)

    def sweep(self, key: MonthKey) -> None:
        """Remove files of a month that the archive does not name."""
        archive = self._catalog.archives.get(key)
        named = {Path(path).name for path in archive.files} if archive else set()
        folder = self._folder / table_name(key)
        for path in folder.glob("*.pa*") if folder.is_dir() else ():
            if path.name not in named:
                path.unlink(missing_ok=True)


def _read_columns(archive: Archive, names: Sequence[str]) -> list[str]:
    columns = []
    for name in names:
        if name not in archive.columns:
            columns.append(f'NULL::DOUBLE AS "{name}"')
        elif name in archive.scales:
            whole = f'"{name}"::DOUBLE'
            columns.append(f'{_decoded(whole, archive.scales[name])} AS "{name}"')
        else:
            columns.append(f'"{name}"')
    return columns


def _generation(path: str) -> int:
    return int(path.rsplit(".", 2)[-2])


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    delta = {
        field.name: "DELTA_BINARY_PACKED"
        for field in schema
        if pa.types.is_integer(field.type) or pa.types.is_timestamp(field.type)
    }
    dictionary = [field.name for field in schema if field.name not in delta]
    return pq.ParquetWriter(
        path, schema, compression="zstd", use_dictionary=dictionary, column_encoding=delta, version="2.6"
    )


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_folder(path: Path) -> None:
    if os.name == "posix":  # elsewhere a folder cannot be opened
        _sync(path)
