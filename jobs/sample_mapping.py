"""What a file of samples means: our own columns, or a maker's cloud export through a mapping.

A mapping names the device column, the time column and its format and zone, and for every other column the
quantity, the factor into its unit, and what stands for "no value". A row that cannot be read is a problem
with its row and column; the caller stores nothing while there is one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from domain.errors import CommandError
from domain.frame import DEVICE, INSTANT
from domain.plant import Registry
from domain.quantity import is_known
from domain.timespan import DEFAULT_ZONE

QUALITY = "quality"
_ABSENT = ("", "--", "-", "null", "NULL", "NaN", "nan", "N/A", "None")


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A cell that cannot be read. ``row`` counts as a spreadsheet does: the heading is row 1."""

    row: int
    column: str
    message: str

    def __str__(self) -> str:
        return f"{self.row}:{self.column}: {self.message}"


@dataclass(frozen=True, slots=True)
class ColumnMeaning:
    """How a column becomes a quantity: value = number * factor + offset.

    ``device`` names the device of this column alone, in files with a column per device (replay only).
    """

    quantity: str
    factor: float = 1.0
    offset: float = 0.0
    absent: tuple[str, ...] = ()
    device: str = ""


@dataclass(frozen=True, slots=True)
class FileMeaning:
    """How a file is read.

    Exactly one of ``device_column`` (with ``devices`` translating its words; a serial number of the
    registry is understood too) and ``device_id`` (the whole file is one device) is set.
    ``plant_column`` and ``plant_id`` likewise, for a replay of plants that are in no registry.
    ``time_shift_s`` moves instants: a file that labels intervals by their end is brought back to the start.
    """

    columns: Mapping[str, ColumnMeaning]
    device_column: str | None = DEVICE
    device_id: str | None = None
    devices: Mapping[str, str] = field(default_factory=dict)
    time_column: str = INSTANT
    time_format: str = "ISO8601"
    time_zone: str = DEFAULT_ZONE
    time_shift_s: float = 0.0
    encoding: str = "utf-8-sig"
    delimiter: str = ","
    skip_rows: int = 0
    plant_column: str | None = None
    plant_id: str | None = None
    own: bool = False


def own_meaning(columns: Sequence[str]) -> FileMeaning:
    """Return the meaning of our own export with these columns.

    Raises
    ------
    CommandError
        A column is no quantity of ours: a foreign file needs a mapping.
    """
    names = [name for name in columns if name not in {DEVICE, INSTANT, QUALITY}]
    missing = [name for name in (DEVICE, INSTANT) if name not in columns]
    unknown = [name for name in names if not is_known(name)]
    if missing or unknown:
        raise CommandError(
            f"this is no export of ours (missing: {', '.join(missing) or '-'}; unknown: {', '.join(unknown) or '-'}); "
            "give --mapping FILE that says what its columns mean"
        )
    return FileMeaning({name: ColumnMeaning(name) for name in names}, time_zone="UTC", own=True)


def _section(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = document.get(name)
    if not isinstance(section, Mapping):
        raise CommandError(f"mapping: {name} is missing, or is no list of settings")
    return section


def _checked(section: Mapping[str, Any], where: str, allowed: Sequence[str]) -> None:
    strange = [str(key) for key in section if key not in allowed]
    if strange:
        raise CommandError(
            f"mapping: {where} has unknown {', '.join(strange)}; known are {', '.join(allowed)}"
        )


def meaning_of(document: Mapping[str, Any]) -> FileMeaning:
    """Read a mapping file.

    Raises
    ------
    CommandError
        It is not sound; the message says where.
    """
    known = ("format", "plant", "device", "time", "columns", "encoding", "delimiter", "skip_rows")
    _checked(document, "the file", known)
    when, columns = (_section(document, name) for name in ("time", "columns"))
    everywhere = bool(columns) and all(
        isinstance(one, Mapping) and "device" in one for one in columns.values()
    )
    device = {} if everywhere and "device" not in document else _section(document, "device")
    plant = _section(document, "plant") if "plant" in document else {}
    _checked(plant, "plant", ("column", "id"))
    _checked(device, "device", ("column", "id", "values"))
    _checked(when, "time", ("column", "format", "zone", "shift_s"))
    if not everywhere and ("column" in device) == ("id" in device):
        raise CommandError(
            "mapping: device needs either column (which column names it) or id (one device a file)"
        )
    if "column" not in when:
        raise CommandError("mapping: time needs column")
    return FileMeaning(
        {str(name): _column_meaning(str(name), entry) for name, entry in columns.items()},
        device_column=str(device["column"]) if "column" in device else None,
        device_id=str(device["id"]) if "id" in device else None,
        devices={str(word): str(name) for word, name in dict(device.get("values", {})).items()},
        time_column=str(when["column"]),
        time_format=str(when.get("format", "ISO8601")),
        time_zone=str(when.get("zone", DEFAULT_ZONE)),
        time_shift_s=float(when.get("shift_s", 0.0)),
        encoding=str(document.get("encoding", "utf-8-sig")),
        delimiter=str(document.get("delimiter", ",")),
        skip_rows=int(document.get("skip_rows", 0)),
        plant_column=str(plant["column"]) if "column" in plant else None,
        plant_id=str(plant["id"]) if "id" in plant else None,
    )


def _column_meaning(name: str, entry: Any) -> ColumnMeaning:
    if isinstance(entry, str):
        entry = {"quantity": entry}
    if not isinstance(entry, Mapping) or "quantity" not in entry:
        raise CommandError(f"mapping: columns: {name} needs quantity")
    _checked(entry, f"columns: {name}", ("quantity", "factor", "offset", "absent", "device"))
    if not is_known(str(entry["quantity"])):
        raise CommandError(f"mapping: columns: {name}: no quantity is called {entry['quantity']!r}")
    try:
        factor, offset = float(entry.get("factor", 1.0)), float(entry.get("offset", 0.0))
    except (TypeError, ValueError) as error:
        raise CommandError(f"mapping: columns: {name}: factor and offset are numbers") from error
    absent = tuple(str(word) for word in entry.get("absent", ()))
    return ColumnMeaning(str(entry["quantity"]), factor, offset, absent, str(entry.get("device", "")))


class Understanding:
    """Turns the cells of a file into device, instant and values; collects what cannot be read."""

    def __init__(self, meaning: FileMeaning, registry: Registry) -> None:
        self._meaning = meaning
        self._registry = registry
        self.problems: list[RowProblem] = []

    def table(self, cells: pd.DataFrame) -> pd.DataFrame:
        """Return device_id, measured_at and a float column per quantity; rows as in ``cells``."""
        meaning = self._meaning
        if any(column.device for column in meaning.columns.values()):
            raise CommandError("mapping: columns: device is for `pvmon replay`; an import names it once")
        wanted = [meaning.time_column, *meaning.columns]
        wanted += [meaning.device_column] if meaning.device_column else []
        missing = [name for name in wanted if name not in cells.columns]
        if missing:
            raise CommandError(
                f"the file has no column {', '.join(missing)}; it has {', '.join(cells.columns)}"
            )
        columns: dict[str, pd.Series] = {DEVICE: self._devices(cells), INSTANT: self._instants(cells)}
        for name, column in meaning.columns.items():
            if column.quantity in columns:
                raise CommandError(f"two columns of the file mean {column.quantity}; map one of them")
            columns[column.quantity] = self._numbers(name, cells[name], column)
        return pd.DataFrame(columns)

    def _complain(self, bad: pd.Series, column: str, cells: pd.Series, words: str) -> None:
        first = 2 + self._meaning.skip_rows
        for place in np.flatnonzero(bad.to_numpy(dtype=bool)):
            self.problems.append(RowProblem(int(place) + first, column, words.format(cell=cells.iloc[place])))

    def _devices(self, cells: pd.DataFrame) -> pd.Series:
        meaning = self._meaning
        known = self._registry.devices_by_id
        if meaning.device_id is not None:
            if meaning.device_id not in known:
                raise CommandError(f"mapping: the registry has no device {meaning.device_id!r}")
            return pd.Series(meaning.device_id, index=cells.index, dtype="str")
        by_serial = {d.serial_number: d.device_id for d in self._registry.devices() if d.serial_number}
        column = str(meaning.device_column)
        words = cells[column].astype("str").str.strip()
        translation = {
            word: meaning.devices.get(word, word if word in known else by_serial.get(word, ""))
            for word in words.dropna().unique()
        }
        found = words.map({word: name for word, name in translation.items() if name in known})
        self._complain(found.isna(), column, words, "the registry has no device {cell!r}")
        return found.astype("str")

    def _instants(self, cells: pd.DataFrame) -> pd.Series:
        meaning = self._meaning
        column = cells[meaning.time_column]
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            found = column.dt.tz_convert("UTC")
        elif pd.api.types.is_datetime64_any_dtype(column):
            found = self._localised(column)
        else:
            found = self._parsed(column)
        self._complain(
            found.isna(), meaning.time_column, column, "{cell!r} is no instant in this format and zone"
        )
        shifted: pd.Series = (found + pd.Timedelta(seconds=meaning.time_shift_s)).dt.as_unit("ns")
        return shifted

    def _localised(self, naive: pd.Series) -> pd.Series:
        zone = self._meaning.time_zone
        local = naive.dt.tz_localize(
            zone, ambiguous="NaT", nonexistent="NaT"
        )  # an hour that is twice is no instant
        instants: pd.Series = local.dt.tz_convert("UTC")
        return instants

    def _parsed(self, words: pd.Series) -> pd.Series:
        form = self._meaning.time_format
        if self._meaning.own or "%z" in form:
            return pd.to_datetime(words, format=form, errors="coerce", utc=True)
        return self._localised(pd.to_datetime(words, format=form, errors="coerce"))

    def _numbers(self, name: str, cells: pd.Series, column: ColumnMeaning) -> pd.Series:
        if pd.api.types.is_numeric_dtype(cells):
            numbers = cells.astype("float64")
        else:
            words = cells.astype("str").str.strip()
            absent = words.isna() | words.isin([*_ABSENT, *column.absent])
            numbers = pd.to_numeric(words.where(~absent), errors="coerce").astype("float64")
            self._complain(numbers.isna() & ~absent, name, words, "{cell!r} is no number")
        self._complain(
            pd.Series(np.isinf(numbers), index=cells.index), name, cells, "{cell!r} is no finite number"
        )
        if column.factor == 1.0 and column.offset == 0.0:
            return numbers
        return numbers * column.factor + column.offset
