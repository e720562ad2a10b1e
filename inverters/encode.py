"""The inverse of decoding, for many equal devices at once: quantities in, register bytes out.

A `RegisterImage` is the memory of one kind of device: every point of the profile has its place in a row of
bytes, and a request for registers is a slice of that row. A whole virtual fleet is one matrix.
"""

import builtins
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from domain.errors import ProfileError
from inverters.point import RANGE, STRUCT_CODE, Condition, Point, Type
from inverters.profile import DeviceProfile
from inverters.special import encode_text

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class _Segment:
    """Consecutive registers a device answers for, and where their bytes begin in a row."""

    function: int
    address: int
    end: int
    start: int


class RegisterImage:
    """Registers of many devices of one profile.

    Parameters
    ----------
    profile : DeviceProfile
        What lies where.
    string_count : int or None
        Module strings a device has: points of further strings read as absent (or zero), those only larger
        models have do not exist.
    ct_ratio, pt_ratio : float or array of shape [units]
        Values are primary, registers secondary.
    """

    def __init__(
        self,
        profile: DeviceProfile,
        *,
        string_count: int | None = None,
        ct_ratio: ArrayLike = 1.0,
        pt_ratio: ArrayLike = 1.0,
    ) -> None:
        if not profile.points:
            raise ProfileError(f"{profile.name} has no registers, so it has no register image")
        self.profile = profile
        self.texts: Mapping[str, Sequence[str]] = {}
        kept = set(profile.points_for(string_count))
        self._points = tuple(point for point in profile.points if point in kept)
        self._silent = tuple(p for p in profile.points if p not in kept and not p.optional)
        self._shared = _sharing(self._points)
        self._constants = tuple(Point("", c.function, c.address, Type.U16, 1) for c in profile.constants)
        self._powers = {(c.function, c.address): _signed(c.word) for c in profile.constants}
        self._segments = _segments((*self._points, *self._silent, *self._constants), profile)
        last = self._segments[-1]
        self.width = last.start + (last.end - last.address) * 2
        ct = np.asarray(ct_ratio, np.float64)
        pt = np.asarray(pt_ratio, np.float64)
        self._ratio: dict[str, NDArray[np.float64]] = {
            "": np.ones(()),
            "ct": ct,
            "pt": pt,
            "ct_pt": np.multiply(ct, pt),
        }

    @property
    def quantities(self) -> tuple[str, ...]:
        """Every quantity `encode` has a place for."""
        return tuple(dict.fromkeys(point.name for point in self._points if not point.is_text))

    def slice(self, function: int, address: int, count: int) -> builtins.slice | None:
        """Return where ``count`` registers from ``address`` lie in a row; None: illegal address (02)."""
        for segment in self._segments:
            inside = segment.address <= address and address + count <= segment.end
            if inside and count > 0 and segment.function == function:
                start = segment.start + (address - segment.address) * 2
                return builtins.slice(start, start + count * 2)
        return None

    def encode_texts(self, texts: Mapping[str, Sequence[str]]) -> None:
        """Set identity texts, a list with one text a unit for each name; `encode` writes them from now on."""
        self.texts = dict(texts)

    def encode(self, values: Mapping[str, ArrayLike], out: Bytes | None = None) -> Bytes:
        """Return the registers of all units, big-endian bytes, shape [units, width].

        Parameters
        ----------
        values : mapping of str to array of shape [units]
            Quantities in the unit their names end with; NaN, and what is not given, becomes the absent
            pattern, or zero where the device has none. Values beyond what the registers hold are clipped.
        out : array of uint8, shape [units, width], optional
            Written to instead of a new one; registers of texts and of quantities not given are kept.
        """
        arrays = {name: np.atleast_1d(np.asarray(value, np.float64)) for name, value in values.items()}
        lengths = [len(array) for array in arrays.values()] + [len(rows) for rows in self.texts.values()]
        units = max(lengths, default=1)
        image = self._blank(units) if out is None else out
        for point in self._points:
            if point.is_text:
                if out is None and point.name in self.texts:
                    self._put_text(image, point, self.texts[point.name])
            elif point.name in arrays:
                self._put(image, point, np.broadcast_to(arrays[point.name], (units,)), arrays)
        return image

    def _blank(self, units: int) -> Bytes:
        row = np.zeros(self.width, np.uint8)
        for point in (*self._points, *self._silent):
            if point.type in STRUCT_CODE and point.absent:
                raw = np.array([point.absent[0]], dtype=f">{_CODES[point.type]}")
                row[self._at(point)] = _arranged(raw, point)[0]
        for point, constant in zip(self._constants, self.profile.constants, strict=True):
            row[self._at(point)] = list(constant.word.to_bytes(2))
        return np.tile(row, (units, 1))

    def _at(self, point: Point) -> builtins.slice:
        place = self.slice(point.function, point.address, point.words)
        assert place is not None, point.name
        return place

    def _put(
        self, image: Bytes, point: Point, value: NDArray[np.float64], every: Mapping[str, NDArray[np.float64]]
    ) -> None:
        place, given = self._at(point), ~np.isnan(value)
        if point.type in STRUCT_CODE:
            content = _arranged(self._raw(point, value), point)
        else:
            content = _clock(np.where(given, value, 0.0), point.type)
            content[~given] = 0
        if point.condition is None or point not in self._shared:
            image[:, place] = content
            return
        # two meanings of one register: only the one that holds is written
        rows = given & self._holding(point.condition, every, len(image))
        image[rows, place] = content[rows]

    def _holding(
        self, condition: Condition, every: Mapping[str, NDArray[np.float64]], units: int
    ) -> NDArray[np.bool_]:
        state = np.broadcast_to(every.get(condition.name, np.array([np.nan])), (units,))
        teller = self.profile.find(condition.name)
        if teller is not None and not teller.absent:
            state = np.nan_to_num(state)  # a state that cannot be absent reads as zero
        return np.logical_xor(np.isin(state, list(condition.values)), condition.negate)

    def _raw(self, point: Point, value: NDArray[np.float64]) -> NDArray[np.generic]:
        code = f">{_CODES[point.type]}"
        given = ~np.isnan(value)
        power = self._powers.get((point.function, point.scale_at), 0) if point.scale_at is not None else 0
        raw = (value - point.offset) / np.multiply(self._ratio[point.ratio], point.scale * 10.0**power)
        if point.type not in RANGE:
            raw = np.where(given | (not point.absent), raw, np.nan)
            return np.asarray(np.where(given, raw, 0.0 if not point.absent else np.nan)).astype(code)
        low, high = _writable(point)
        whole = np.clip(np.rint(np.where(given, raw, 0.0)), low, high)
        exact = whole.astype(np.uint64 if low == 0 else np.int64)
        absent = point.absent[0] if point.absent else 0
        return np.where(given, exact, np.array(absent, exact.dtype)).astype(code)

    def _put_text(self, image: Bytes, point: Point, rows: Sequence[str]) -> None:
        place = self._at(point)
        if point.type is Type.STRING:
            content = b"".join(encode_text(text, point.words, point.form) for text in rows)
            image[:, place] = np.frombuffer(content, np.uint8).reshape(len(rows), -1)
            return
        numbers = np.array([float(text) for text in rows])
        image[:, place] = _arranged(self._raw(point, numbers), point)


_CODES = {
    Type.U16: "u2",
    Type.I16: "i2",
    Type.U32: "u4",
    Type.I32: "i4",
    Type.U64: "u8",
    Type.I64: "i8",
    Type.F32: "f4",
    Type.F64: "f8",
}


def _signed(word: int) -> int:
    return word - 0x10000 if word >= 0x8000 else word


def _segments(points: Sequence[Point], profile: DeviceProfile) -> tuple[_Segment, ...]:
    """Return runs of registers: gaps a plan may read over belong to them, holes and boundaries do not."""
    runs: list[list[int]] = []
    limits = profile.limits
    for point in sorted(points, key=lambda point: (point.function, point.address)):
        run = runs[-1] if runs else None
        joins = (
            run is not None
            and run[0] == point.function
            and point.address - run[2] <= limits.max_gap
            and not any(first < point.end and last >= run[2] for first, last in limits.holes)
        )
        if run is not None and joins:
            run[2] = max(run[2], point.end)
        else:
            runs.append([point.function, point.address, point.end])
    segments, start = [], 0
    for function, address, end in runs:
        segments.append(_Segment(function, address, end, start))
        start += (end - address) * 2
    return tuple(segments)


def _sharing(points: Sequence[Point]) -> frozenset[Point]:
    """Return the points that share registers with another one."""
    ordered = sorted(points, key=lambda point: (point.function, point.address))
    return frozenset(
        point
        for left, right in pairwise(ordered)
        if left.function == right.function and right.address < left.end
        for point in (left, right)
    )


def _writable(point: Point) -> tuple[float, float]:
    """Return the raw range a value may take: the type's, less an absent pattern at its edge."""
    low, high = RANGE[point.type]
    high -= high in point.absent
    low += low in point.absent
    if high > 2**53:  # the largest whole number below that a float still tells apart
        high = 2**63 - 1024 if high < 2**63 else 2**64 - 2048
    return float(low), float(high)


def _arranged(raw: NDArray[np.generic], point: Point) -> Bytes:
    """Return big-endian numbers as bytes on the wire, shape [units, bytes]."""
    content = np.ascontiguousarray(raw).view(np.uint8).reshape(len(raw), -1)
    if point.word_order == "little" and point.words > 1:
        content = content.reshape(len(raw), -1, 2)[:, ::-1].reshape(len(raw), -1)
    return content


def _clock(seconds: NDArray[np.float64], type_: Type) -> Bytes:
    """Return device clocks from seconds since 1970 of local time."""
    instants = seconds.astype("datetime64[s]")
    years, months, days = (instants.astype(f"datetime64[{unit}]") for unit in "YMD")
    columns = [
        years.astype(int) + 1970,
        (months - years).astype(int) + 1,
        (days - months).astype(int) + 1,
        (instants - days).astype(int) // 3600,
        (instants - days).astype(int) // 60 % 60,
        (instants - days).astype(int) % 60,
    ]
    table = np.stack(columns, axis=1)
    if type_ is Type.CLOCK3:
        table[:, 0] = np.clip(table[:, 0] - 2000, 0, 255)
        return table.astype(np.uint8)
    return np.ascontiguousarray(table.astype(">u2")).view(np.uint8).reshape(len(seconds), -1)
