"""Recorded samples from CSV or Parquet files: our own columns, or foreign ones through a mapping.

Own columns are ``time`` (ISO 8601 with offset), ``plant_id``, ``device_id`` and quantities by name; our own
export (``measured_at``) is understood too. What is wrong with a file is named and counted, and the rest is
read: a recording of somebody else's plant is never perfect, and nothing of it is kept.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from domain.errors import CommandError
from domain.frame import DEVICE, INSTANT
from domain.quantity import is_known
from jobs.sample_mapping import ColumnMeaning, FileMeaning, meaning_of
from kpis.build_series import epoch_ns

PLANT, TIME = "plant_id", "time"
_OFFSET = re.compile(r"(?:[zZ]|[+-]\d{2}:?\d{2})$")
_WORDS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class FileProblem:
    """One kind of fault of one file, and how often it was met. ``code`` names the words for it."""

    file: str
    code: str
    count: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Samples:
    """Rows of every file: ``plant_id``, ``device_id``, ``measured_at`` (UTC, ns) and a float per quantity.

    Sorted by plant, device and instant; one row per device and instant (the last one given stays).
    """

    table: pd.DataFrame
    problems: tuple[FileProblem, ...] = ()

    @property
    def quantities(self) -> tuple[str, ...]:
        """Names of the quantities."""
        return tuple(name for name in self.table.columns if name not in {PLANT, DEVICE, INSTANT})


@dataclass(slots=True)
class _Notes:
    """What was met in one file."""

    file: str
    counts: Counter[str] = field(default_factory=Counter)
    details: dict[str, str] = field(default_factory=dict)

    def add(self, code: str, count: int, detail: str = "") -> None:
        if count:
            self.counts[code] += count
            self.details.setdefault(code, detail)

    def problems(self) -> list[FileProblem]:
        return [FileProblem(self.file, code, n, self.details[code]) for code, n in self.counts.items()]


def read_samples(
    paths: Sequence[Path], zones: Mapping[str, str], mapping: Mapping[str, Any] | None = None
) -> Samples:
    """Read every file and lay the rows together.

    Parameters
    ----------
    paths : sequence of Path
        CSV (gz allowed) or Parquet files.
    zones : mapping of plant id to time zone
        For instants written without an offset; an instant that a change of the clock makes doubtful is left
        out.
    mapping : mapping, optional
        What foreign columns mean (`jobs.sample_mapping.meaning_of`); for all the files.

    Raises
    ------
    CommandError
        A file cannot be read at all, or the mapping is not sound.
    """
    meaning = None if mapping is None else meaning_of(mapping)
    tables, problems = [], []
    for path in paths:
        notes = _Notes(str(path))
        cells = _cells(path, meaning)
        tables.append(_table(cells, meaning or _own(cells, notes), zones, notes))
        problems += notes.problems()
    table = pd.concat(tables, ignore_index=True) if len(tables) > 1 else tables[0]
    return Samples(_in_order(table), tuple(problems))


def _cells(path: Path, meaning: FileMeaning | None) -> pd.DataFrame:
    try:
        if path.suffix.lower() in {".parquet", ".pq"}:
            return pd.read_parquet(path)
        return pd.read_csv(
            path,
            encoding=meaning.encoding if meaning else "utf-8-sig",
            sep=meaning.delimiter if meaning else ",",
            skiprows=meaning.skip_rows if meaning else 0,
            skipinitialspace=True,
            low_memory=False,
        )
    except FileNotFoundError as error:
        raise CommandError(f"{path}: there is no such file") from error
    except (ValueError, OSError, LookupError) as error:
        first = str(error).strip().splitlines()[0]
        raise CommandError(f"{path}: cannot be read ({first}); is it CSV or Parquet?") from error


def _own(cells: pd.DataFrame, notes: _Notes) -> FileMeaning:
    time = TIME if TIME in cells.columns else INSTANT
    missing = [name for name in (time, DEVICE) if name not in cells.columns]
    if missing:
        raise CommandError(
            f"{notes.file}: no column {', '.join(missing)}; a replay needs {TIME} (ISO 8601 with its offset), "
            f"{PLANT}, {DEVICE} and quantities by name, or --mapping FILE that says what the columns mean"
        )
    names = [str(name) for name in cells.columns if name not in {time, PLANT, DEVICE, "quality"}]
    strange = [name for name in names if not is_known(name)]
    notes.add("unknown_column", len(strange), ", ".join(strange[:_WORDS_SHOWN]))
    return FileMeaning(
        {name: ColumnMeaning(name) for name in names if is_known(name)},
        time_column=time,
        plant_column=PLANT if PLANT in cells.columns else None,
        own=True,
    )


def _table(
    cells: pd.DataFrame, meaning: FileMeaning, zones: Mapping[str, str], notes: _Notes
) -> pd.DataFrame:
    wanted = [meaning.time_column, *meaning.columns, meaning.device_column, meaning.plant_column]
    missing = [name for name in wanted if name is not None and name not in cells.columns]
    if missing:
        raise CommandError(f"{notes.file}: no column {', '.join(missing)}; it has {', '.join(cells.columns)}")
    plants = _words(cells, meaning.plant_column, meaning.plant_id or "", {})
    instants = _instants(cells[meaning.time_column], plants, meaning, zones, notes)
    parts = []
    for own in sorted({column.device for column in meaning.columns.values()}):
        columns = {name: column for name, column in meaning.columns.items() if column.device == own}
        devices = _words(cells, meaning.device_column, own or meaning.device_id or "", meaning.devices)
        part: dict[str, Any] = {PLANT: plants, DEVICE: devices, INSTANT: instants}
        for name, column in columns.items():
            if column.quantity in part:
                raise CommandError(
                    f"{notes.file}: two columns mean {column.quantity} of one device; map one of them"
                )
            part[column.quantity] = _numbers(name, cells[name], column, notes)
        parts.append(pd.DataFrame(part))
    table = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
    nameless = (table[DEVICE] == "").to_numpy()
    notes.add("no_device", int(nameless.sum()))
    table = table[~(nameless | table[INSTANT].isna().to_numpy())]
    _count_order(table, notes)
    return table


def _words(cells: pd.DataFrame, column: str | None, otherwise: str, words: Mapping[str, str]) -> pd.Series:
    """Return a column of ids, or one id for every row when it is set for the whole file."""
    if column is None or (otherwise and column not in cells.columns):
        return pd.Series(pd.Categorical([otherwise] * len(cells)), index=cells.index)
    codes, uniques = pd.factorize(cells[column])
    names = ["" if pd.isna(word) else str(word).strip() for word in uniques]
    names = [words.get(name, name) for name in names] + [""]
    distinct = list(dict.fromkeys(names))
    place = np.array([distinct.index(name) for name in names])
    return pd.Series(pd.Categorical.from_codes(place[codes].tolist(), pd.Index(distinct)), index=cells.index)


def _instants(
    column: pd.Series, plants: pd.Series, meaning: FileMeaning, zones: Mapping[str, str], notes: _Notes
) -> pd.Series:
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        found = column.dt.tz_convert("UTC").dt.as_unit("ns")
    else:
        found = _parsed(column, plants, meaning, zones, notes)
    notes.add("no_instant", int(found.isna().sum()))
    shifted: pd.Series = found + pd.Timedelta(seconds=meaning.time_shift_s)
    return shifted


def _parsed(
    column: pd.Series, plants: pd.Series, meaning: FileMeaning, zones: Mapping[str, str], notes: _Notes
) -> pd.Series:
    """Read instants; each distinct text once, because the devices of a plant share them."""
    codes, uniques = pd.factorize(column)
    if pd.api.types.is_datetime64_any_dtype(column):
        naive, aware = pd.DatetimeIndex(uniques), np.zeros(len(uniques), dtype=bool)
        utc = pd.DatetimeIndex([pd.NaT] * len(uniques), tz="UTC")
    else:
        texts = [str(text).strip() for text in list(uniques.astype(object))]
        aware = np.array([_OFFSET.search(text) is not None for text in texts], dtype=bool)
        whole = pd.Series(texts, dtype="object")
        utc = pd.DatetimeIndex(
            pd.to_datetime(whole.where(aware), format=meaning.time_format, errors="coerce", utc=True)
        )
        naive = pd.DatetimeIndex(
            pd.to_datetime(whole.where(~aware), format=meaning.time_format, errors="coerce")
        )
    known = np.asarray(utc.tz_localize(None).as_unit("ns").to_numpy())
    said = codes >= 0
    found = np.full(len(column), np.datetime64("NaT"), dtype="datetime64[ns]")
    found[said] = known[codes[said]]
    plain = said & ~aware[np.maximum(codes, 0)]
    for plant in plants[plain].unique():
        mine = plain & (plants == plant).to_numpy()
        zone = zones.get(str(plant), meaning.time_zone) if meaning.own else meaning.time_zone
        local = naive.as_unit("ns").tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
        found[mine] = local.tz_convert("UTC").tz_localize(None).to_numpy()[codes[mine]]
    if meaning.own:
        notes.add("naive_time", int((plain & ~np.isnat(found)).sum()))
    return pd.Series(found, index=column.index).dt.tz_localize("UTC")


def _numbers(name: str, cells: pd.Series, column: ColumnMeaning, notes: _Notes) -> np.ndarray:
    if pd.api.types.is_numeric_dtype(cells) or pd.api.types.is_bool_dtype(cells):
        numbers = cells.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    else:
        words = cells.astype("str").str.strip()
        told = pd.to_numeric(words.where(~words.isin(column.absent)), errors="coerce")
        numbers = told.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
        notes.add("no_number", int((np.isnan(numbers) & cells.notna().to_numpy()).sum()), name)
    infinite = np.isinf(numbers)
    notes.add("no_number", int(infinite.sum()), name)
    numbers[infinite] = np.nan
    result: np.ndarray = numbers * column.factor + column.offset
    return result


def _count_order(table: pd.DataFrame, notes: _Notes) -> None:
    """Note rows that go back in time within their device, and rows given twice."""
    device, _ = pd.factorize(table[DEVICE])
    plant, _ = pd.factorize(table[PLANT])
    at = epoch_ns(table[INSTANT])
    order = np.lexsort((np.arange(len(at)), device, plant))
    same = (np.diff(device[order]) == 0) & (np.diff(plant[order]) == 0)
    notes.add("unordered", int((same & (np.diff(at[order]) < 0)).sum()))
    order = np.lexsort((at, device, plant))
    same = (np.diff(device[order]) == 0) & (np.diff(plant[order]) == 0)
    notes.add("duplicate", int((same & (np.diff(at[order]) == 0)).sum()))


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    table = table.copy()
    for name in (PLANT, DEVICE):
        table[name] = table[name].astype("str").astype("category")
    table = table.sort_values([PLANT, DEVICE, INSTANT], kind="stable", ignore_index=True)
    return table.drop_duplicates([PLANT, DEVICE, INSTANT], keep="last", ignore_index=True)
