"""Samples out to CSV or Parquet files, and in again: twice is once, and nothing is kept of a file with a fault."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from domain.clock import Clock
from domain.errors import CommandError
from domain.frame import DEVICE, INSTANT, MeasurementFrame
from domain.measurement import Batch, Origin, Quality
from domain.plant import Registry
from domain.quantity import quantity
from domain.timespan import Interval
from jobs.sample_mapping import QUALITY, RowProblem, Understanding, meaning_of, own_meaning
from kpis.data_quality import out_of_range
from stores.protocol import ListingStore, MeasurementStore

CSV, PARQUET = "csv", "parquet"
_CHUNK = timedelta(days=1)
_PROBLEMS_SHOWN = 50
_AHEAD = timedelta(minutes=1)


# out


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote."""

    file: str
    rows: int
    devices: int
    quantities: tuple[str, ...]


def chosen_devices(registry: Registry, plants: Sequence[str], devices: Sequence[str]) -> list[str]:
    """Return the devices of the named plants and the named devices; all when none is named.

    Raises
    ------
    CommandError
        The registry has no such plant or device.
    """
    unknown = [name for name in plants if name not in registry.plants_by_id]
    unknown += [name for name in devices if name not in registry.devices_by_id]
    if unknown:
        raise CommandError(
            f"the registry has no {', '.join(unknown)}; `pvmon registry list` shows what there is"
        )
    if not plants and not devices:
        return [device.device_id for device in registry.devices()]
    of_plants = [device.device_id for name in plants for device in registry.plants_by_id[name].devices]
    return list(dict.fromkeys([*of_plants, *devices]))


def export_samples(
    store: ListingStore,
    device_ids: Sequence[str],
    interval: Interval,
    out: Path,
    form: str = CSV,
    quantities: Sequence[str] = (),
) -> Exported:
    """Write the rows of an interval to ``out``, sorted by day, device and instant.

    Columns are ``device_id``, ``measured_at`` (UTC), ``quality`` (``name:number`` of values that are not
    good, joined by ``;``) and one per quantity. The file appears under its name only when it is whole.
    """
    if form not in {CSV, PARQUET}:
        raise CommandError(f"format {form!r}: there are {CSV} and {PARQUET}")
    names = tuple(quantities) or store.quantities(device_ids)
    for name in names:
        _known(name)
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(out.name + ".part")
    sink = _CsvSink(temporary, names) if form == CSV else _ParquetSink(temporary, names)
    rows = 0
    seen: set[str] = set()
    try:
        try:
            for frame in _chunks(store, device_ids, names, interval):
                table = _exportable(frame, names)
                sink.write(table)
                rows += len(table)
                seen.update(table[DEVICE].unique())
        finally:
            sink.close()
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)
    return Exported(str(out), rows, len(seen), names)


def _known(name: str) -> None:
    try:
        quantity(name)
    except KeyError as error:
        raise CommandError(f"no quantity is called {name!r}") from error


def _chunks(
    store: MeasurementStore, device_ids: Sequence[str], names: Sequence[str], interval: Interval
) -> Iterator[MeasurementFrame]:
    start = interval.start
    while start < interval.end:
        end = min(start + _CHUNK, interval.end)
        frame = store.read(device_ids, names, Interval(start, end))
        if len(frame):
            yield frame
        start = end


def _exportable(frame: MeasurementFrame, names: Sequence[str]) -> pd.DataFrame:
    table = frame.values[[DEVICE, INSTANT, *names]].copy()  # noqa: PD011 (a MeasurementFrame)
    table.insert(2, QUALITY, "")
    if frame.qualities is not None:
        marks = frame.qualities[list(names)].to_numpy()
        texts = [
            ";".join(f"{names[int(column)]}:{marks[row, column]}" for column in np.flatnonzero(marks[row]))
            for row in range(len(table))
        ]
        table[QUALITY] = texts
    return table


class _CsvSink:
    """A CSV file that grows: numbers in full precision, instants in ISO 8601 with their zone."""

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        csv.writer(self._file).writerow([DEVICE, INSTANT, QUALITY, *names])

    def write(self, table: pd.DataFrame) -> None:
        text = table.copy()
        text[INSTANT] = [at.isoformat() for at in table[INSTANT].dt.to_pydatetime()]
        text.to_csv(self._file, header=False, index=False)

    def close(self) -> None:
        self._file.close()


class _ParquetSink:
    """A Parquet file that grows."""

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        fields = [(DEVICE, pa.string()), (INSTANT, pa.timestamp("us", "UTC")), (QUALITY, pa.string())]
        self._schema = pa.schema(fields + [(name, pa.float64()) for name in names])
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")

    def write(self, table: pd.DataFrame) -> None:
        self._writer.write_table(pa.Table.from_pandas(table, self._schema, preserve_index=False))

    def close(self) -> None:
        self._writer.close()


# in


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import found and kept. With problems, or as a dry run, nothing was kept."""

    file: str
    rows: int
    accepted: int
    duplicates: int
    devices: int
    out_of_range: int
    first: datetime | None
    last: datetime | None
    problems: tuple[RowProblem, ...] = ()
    problem_count: int = 0
    dry_run: bool = False


def import_samples(
    store: MeasurementStore,
    registry: Registry,
    clock: Clock,
    path: Path,
    mapping: Mapping[str, Any] | None = None,
    *,
    dry_run: bool = False,
) -> Imported:
    """Bring in a CSV or Parquet file; our own export needs no mapping.

    Values outside what their quantity can be are kept and marked, as a decoder does. Every row is checked
    before the first is written.

    Raises
    ------
    CommandError
        The file or the mapping cannot be read at all.
    """
    cells = _cells(path, mapping)
    meaning = own_meaning(list(cells.columns)) if mapping is None else meaning_of(mapping)
    understanding = Understanding(meaning, registry)
    table = understanding.table(cells)
    names = [name for name in table.columns if name not in {DEVICE, INSTANT}]
    marks = _marks(cells, table, names) if meaning.own else np.zeros((len(table), len(names)), dtype=np.uint8)
    marks = _range_marks(table, names, marks)
    problems = list(understanding.problems)
    late = (table[INSTANT] > clock.now() + _AHEAD).to_numpy(dtype=bool)
    for row in np.flatnonzero(late):
        words = f"{table[INSTANT].iloc[row].isoformat()} lies in the future"
        problems.append(RowProblem(int(row) + 2 + meaning.skip_rows, meaning.time_column, words))
    accepted = duplicates = 0
    if not problems and not dry_run:
        accepted, duplicates = _keep(store, registry, table, names, marks)
    known = table[INSTANT].dropna()
    return Imported(
        str(path),
        len(table),
        accepted,
        duplicates,
        int(table[DEVICE].nunique()),
        int((marks == int(Quality.OUT_OF_RANGE)).sum()),
        known.min().to_pydatetime() if len(known) else None,
        known.max().to_pydatetime() if len(known) else None,
        tuple(sorted(problems, key=lambda problem: problem.row)[:_PROBLEMS_SHOWN]),
        len(problems),
        dry_run,
    )


def _cells(path: Path, mapping: Mapping[str, Any] | None) -> pd.DataFrame:
    try:
        if path.suffix.lower() in {".parquet", ".pq"}:
            return pd.read_parquet(path)
        meaning = None if mapping is None else meaning_of(mapping)
        return pd.read_csv(
            path,
            dtype="str",
            keep_default_na=False,
            encoding=meaning.encoding if meaning else "utf-8-sig",
            sep=meaning.delimiter if meaning else ",",
            skiprows=meaning.skip_rows if meaning else 0,
            skipinitialspace=True,
        )
    except FileNotFoundError as error:
        raise CommandError(f"{path}: there is no such file") from error
    except (ValueError, OSError, LookupError, pa.ArrowException) as error:
        first = str(error).strip().splitlines()[0]
        raise CommandError(
            f"{path}: cannot be read ({first}); is it CSV or Parquet, and in which encoding?"
        ) from error


def _marks(cells: pd.DataFrame, table: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Return the qualities our own export carries."""
    marks = np.zeros((len(table), len(names)), dtype=np.uint8)
    place = {name: column for column, name in enumerate(names)}
    for row, text in enumerate(cells[QUALITY]) if QUALITY in cells else ():
        for pair in str(text).split(";") if isinstance(text, str) and text else ():
            name, _, number = pair.partition(":")
            if name not in place or not number.isdigit() or int(number) not in set(Quality):
                raise CommandError(f"row {row + 2}: quality {pair!r} is none of ours")
            marks[row, place[name]] = int(number)
    return marks


def _range_marks(table: pd.DataFrame, names: Sequence[str], marks: np.ndarray) -> np.ndarray:
    for column, name in enumerate(names):
        outside = out_of_range(name, table[name].to_numpy(dtype=np.float64))
        marks[outside & (marks[:, column] == 0), column] = int(Quality.OUT_OF_RANGE)
    return marks


def _keep(
    store: MeasurementStore,
    registry: Registry,
    table: pd.DataFrame,
    names: Sequence[str],
    marks: np.ndarray,
) -> tuple[int, int]:
    """Write good rows as tables, one per kind of device, and marked rows as batches."""
    accepted = duplicates = 0
    kinds = table[DEVICE].map({device.device_id: device.kind.value for device in registry.devices()})
    marked = marks.any(axis=1)
    for kind in sorted(kinds.unique()):
        of_kind = (kinds == kind).to_numpy(dtype=bool)
        said = [name for name in names if table.loc[of_kind, name].notna().any()]
        plain = table.loc[of_kind & ~marked, [DEVICE, INSTANT, *said]].reset_index(drop=True)
        batches = _batches(table, said, names, marks, np.flatnonzero(of_kind & marked))
        for result in (store.write(batches), store.write_table(said, plain, Origin.FILE)):
            if result.rejected:
                place, reason = result.rejected[0]
                raise CommandError(f"the store refused row {place} of the {kind} rows: {reason}")
            accepted += result.accepted
            duplicates += result.duplicates
    return accepted, duplicates


def _batches(
    table: pd.DataFrame, said: Sequence[str], names: Sequence[str], marks: np.ndarray, rows: np.ndarray
) -> list[Batch]:
    columns = [list(names).index(name) for name in said]
    values = table[list(said)].to_numpy(dtype=np.float64)
    return [
        Batch(
            str(table[DEVICE].iloc[row]),
            table[INSTANT].iloc[row].to_pydatetime(),
            tuple(said),
            tuple(None if np.isnan(value) else float(value) for value in values[row]),
            tuple(Quality(int(marks[row, column])) for column in columns),
            None,
            Origin.FILE,
        )
        for row in rows
    ]


# orders of the command line, on either side of the control socket


def perform_export(store: ListingStore, registry: Registry, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Carry out an export order; the answer is plain JSON."""
    devices = chosen_devices(registry, payload.get("plants", ()), payload.get("devices", ()))
    interval = Interval(datetime.fromisoformat(payload["start"]), datetime.fromisoformat(payload["end"]))
    done = export_samples(
        store,
        devices,
        interval,
        Path(payload["out"]),
        payload["format"],
        tuple(payload.get("quantities", ())),
    )
    return asdict(done)


def perform_import(
    store: MeasurementStore, registry: Registry, clock: Clock, payload: Mapping[str, Any]
) -> dict[str, Any]:
    """Carry out an import order; the answer is plain JSON."""
    done = import_samples(
        store,
        registry,
        clock,
        Path(payload["file"]),
        payload.get("mapping"),
        dry_run=bool(payload.get("dry_run")),
    )
    answer = asdict(done)
    for name in ("first", "last"):
        answer[name] = None if answer[name] is None else answer[name].astimezone(UTC).isoformat()
    return answer
