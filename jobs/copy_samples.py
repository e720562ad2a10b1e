"""Every measurement of one store into another, piece by piece: can be stopped and gone on with, and is verified.

A piece is some hours of some devices. It counts as copied when reading it back from the target gives the same
rows, values and qualities; what was copied is noted in a file, so a second run begins where the first one ended.
When a row arrived (its delay) is not copied.
"""

# ruff: noqa: PD011 (a frame keeps its table in `values`)

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from domain.errors import StoreError
from domain.frame import DEVICE, INSTANT, MeasurementFrame
from domain.measurement import Batch, Origin, Quality
from domain.plant import DeviceKind
from domain.timespan import Interval
from stores.protocol import ListingStore

_DEVICES_MAX = 150
_PIECE = timedelta(hours=6)
_EVER = date(2000, 1, 1), date(2200, 1, 1)
_MODULUS = 1 << 64


class CopyDiffersError(StoreError):
    """What arrived is not what was sent."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a copy is: pieces done and to do, rows so far."""

    done: int
    pieces: int
    rows: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Some hours of some devices of one kind."""

    kind: str
    devices: tuple[str, ...]
    span: Interval

    @property
    def name(self) -> str:
        """A name that stays the same from run to run."""
        return f"{self.kind}/{self.devices[0]}..{self.devices[-1]}/{self.span.start:%Y-%m-%dT%H}"


class Notes:
    """Which pieces are copied, with their rows and sum; written after every piece."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self.done: dict[str, list[int]] = json.loads(path.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            self.done = {}

    def add(self, piece: Piece, rows: int, total: int) -> None:
        """Note a piece."""
        self.done[piece.name] = [rows, total]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps(self.done), "utf-8")
        part.replace(self._path)

    def forget(self) -> None:
        """Remove the notes: the copy is complete."""
        self._path.unlink(missing_ok=True)


def copy_samples(
    source: ListingStore,
    target: ListingStore,
    devices: Mapping[str, DeviceKind],
    plant_ids: Sequence[str],
    notes: Notes,
    told: Callable[[Progress], None] = lambda _: None,
) -> Progress:
    """Copy everything the source has, of devices and plants that left the registry too.

    ``devices`` are those of the registry: they tell the kind of a device where the source has it under another.

    Raises
    ------
    CopyDiffersError
        A piece read back differs; the message names it.
    StoreError
        A store is away; run it again, it goes on.
    """
    held = source.held()
    devices = {**held.devices, **devices}
    for store in (source, target):
        store.register(devices)
    status = source.status()
    pieces = list(_pieces(devices, status.oldest, status.newest)) if status.oldest and status.newest else []
    quantities = {kind: source.quantities(ids) for kind, ids in _by_kind(devices).items()}
    rows = sum(found[0] for found in notes.done.values())
    for number, piece in enumerate(pieces, 1):
        if piece.name not in notes.done:
            copied, total = _copied(source, target, piece, quantities[piece.kind])
            notes.add(piece, copied, total)
            rows += copied
        told(Progress(number, len(pieces), rows))
    _copy_daily(source, target, sorted({*plant_ids, *held.plant_ids}))
    return Progress(len(pieces), len(pieces), rows)


def _by_kind(devices: Mapping[str, DeviceKind]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for device_id in sorted(devices):
        found.setdefault(devices[device_id].value, []).append(device_id)
    return found


def _pieces(devices: Mapping[str, DeviceKind], oldest: datetime, newest: datetime) -> Iterator[Piece]:
    midnight = oldest.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    count = (newest - midnight) // _PIECE + 1
    for number in range(count):
        start = midnight + number * _PIECE
        for kind, ids in sorted(_by_kind(devices).items()):
            for first in range(0, len(ids), _DEVICES_MAX):
                chosen = tuple(ids[first : first + _DEVICES_MAX])
                yield Piece(kind, chosen, Interval(start, start + _PIECE))


def _copied(
    source: ListingStore, target: ListingStore, piece: Piece, quantities: Sequence[str]
) -> tuple[int, int]:
    rows = total = 0
    for origin in Origin:
        frame = source.read(piece.devices, quantities, piece.span, origins=[origin])
        if not len(frame):
            continue
        _write(target, frame, origin)
        arrived = target.read(piece.devices, quantities, piece.span, origins=[origin])
        sent = sum_of(frame)
        if len(arrived) != len(frame) or sum_of(arrived) != sent:
            raise CopyDiffersError(
                f"{piece.name}: {len(frame)} rows went out, {len(arrived)} came back"
                f"{'' if len(arrived) != len(frame) else ' with other values'}; "
                "the target holds other rows of these devices, or loses some: name an empty one"
            )
        rows, total = rows + len(frame), (total + sent) % _MODULUS
    return rows, total


def _write(target: ListingStore, frame: MeasurementFrame, origin: Origin) -> None:
    """Write rows that are all good as a table, the others one by one with their qualities."""
    names = [name for name in frame.quantities if frame.values[name].notna().any()] or list(
        frame.quantities[:1]
    )
    odd = np.zeros(len(frame), dtype=bool)
    if frame.qualities is not None:
        odd = (frame.qualities[list(frame.quantities)].to_numpy() != 0).any(axis=1)
    good = frame.values.loc[~odd, [DEVICE, INSTANT, *names]].reset_index(drop=True)
    refused = list(target.write_table(names, good, origin).rejected) if len(good) else []
    refused += target.write(list(_batches(frame, odd, origin))).rejected if odd.any() else []
    if refused:
        raise CopyDiffersError(
            f"the target refuses {len(refused)} rows, the first one because: {refused[0][1]}"
        )


def _batches(frame: MeasurementFrame, odd: Any, origin: Origin) -> Iterator[Batch]:
    names = frame.quantities
    assert frame.qualities is not None
    values = frame.values.loc[odd]
    marks = frame.qualities.loc[odd, list(names)].to_numpy()
    for row, (device_id, at, *numbers) in enumerate(
        values[[DEVICE, INSTANT, *names]].itertuples(index=False)
    ):
        yield Batch(
            str(device_id),
            at.to_pydatetime(),
            names,
            tuple(None if np.isnan(number) else float(number) for number in numbers),
            tuple(Quality(int(mark)) for mark in marks[row]),
            None,
            origin,
        )


def sum_of(frame: MeasurementFrame) -> int:
    """Return what the rows add up to: the same for the same rows in any order, and from any store."""
    names = list(frame.quantities)
    values = frame.values[names].to_numpy(dtype=np.float64) + 0.0  # there is one zero
    table = pd.DataFrame(np.where(np.isnan(values), np.nan, values))
    marks = (
        np.zeros(values.shape)
        if frame.qualities is None
        else frame.qualities[names].to_numpy(dtype=np.float64)
    )
    keys = pd.DataFrame(
        {"device": frame.values[DEVICE].astype(object), "at": frame.values[INSTANT].astype("int64")}
    )
    hashed = [
        pd.util.hash_pandas_object(part, index=False).to_numpy()
        for part in (keys, table, pd.DataFrame(marks))
    ]
    mixed = hashed[0] * np.uint64(3) + hashed[1] * np.uint64(5) + hashed[2] * np.uint64(7)
    return int(np.add.reduce(mixed, dtype=np.uint64)) if len(mixed) else 0


def _copy_daily(source: ListingStore, target: ListingStore, plant_ids: Sequence[str]) -> None:
    """Copy the KPIs of every day: rows may be gone that they were made of."""
    first, last = _EVER
    kept = source.daily(plant_ids, first, last)
    if not kept:
        return
    target.put_daily(kept)
    if target.daily(plant_ids, first, last) != kept:
        raise CopyDiffersError("the daily KPIs came back different; name an empty target")
