"""What a decoder compiles once for a profile and its blocks: structs, divisors and bounds, column by column."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from struct import Struct

from domain.measurement import BlockRead, Quality
from domain.quantity import quantity
from inverters.point import RANGE, SCALE_FACTOR, STRUCT_CODE, Point, scale_point
from inverters.profile import DeviceProfile

_POWER_MAX = 10  # SunSpec: a scale factor is from -10 to 10
_NOTHING = (1.0, 0.0)  # bounds nothing lies between: every raw value takes the slow path

Doubts = list[tuple[int, Quality]]
Slow = Callable[[float, Doubts], float | None]
Reading = tuple[float, float, float, float, Slow]
"""What a column's raw value becomes: divisor, the bounds between which raw / divisor is plausible and not absent,
the raw value by which it most often says that it has none (NaN: no such value), and the slow path for the rest."""


@dataclass(frozen=True, slots=True)
class Part:
    """One struct over a block: numbers of one word order that do not overlap each other."""

    block: int
    swapped: bool
    struct: Struct
    count: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything compiled. Columns are the numbers that are handed out, then coarser copies (helpers).

    Attributes
    ----------
    quantities : tuple of str
        What a batch holds: the ``number_count`` numbers, then the clocks.
    specials : tuple of (Point, block)
        Identity texts and clocks, in the order of the clocks in ``quantities``.
    fallbacks : tuple of (position, column of the coarser copy, block of the better one)
    conditions : tuple of (position, position of the state or -1, Point)
    powers : tuple of (position, column of the scale factor or -1, Point)
        Values still raw after the fast path: value = raw * scale * 10 ** factor.
    """

    quantities: tuple[str, ...]
    number_count: int
    parts: tuple[Part, ...]
    readings: tuple[Reading, ...]
    specials: tuple[tuple[Point, int], ...]
    fallbacks: tuple[tuple[int, int, int], ...]
    conditions: tuple[tuple[int, int, Point], ...]
    powers: tuple[tuple[int, int, Point], ...] = ()

    @property
    def plain(self) -> bool:
        """Whether a batch is the numbers as they come."""
        return not (self.specials or self.fallbacks or self.conditions or self.powers)


@dataclass(frozen=True, slots=True)
class _Column:
    point: Point
    block: int
    factor: float


@lru_cache(maxsize=512)
def compile_layout(
    profile: DeviceProfile,
    blocks: tuple[BlockRead, ...],
    string_count: int | None,
    ratios: tuple[float, float],
    everything: bool,  # noqa: FBT001 (part of the cache key)
) -> Layout:
    """Return the layout of ``profile`` read by ``blocks``; ``ratios`` are CT and PT.

    ``everything`` takes points of class ``detail`` and of larger models too.
    """
    placed = _placed(profile, blocks, string_count, ratios, everything=everything)
    better = {column.point.name for column in placed if not column.point.fallback}
    numbers = [c for c in placed if not c.point.is_text and c.point.type in STRUCT_CODE]
    helpers = [c for c in numbers if c.point.fallback and c.point.name in better]
    parts, columns = _parts([c for c in numbers if c not in helpers], blocks)
    more_parts, helper_columns = _parts([*helpers, *_factors(numbers, blocks)], blocks)
    specials = [c for c in placed if c.point.is_text or c.point.type not in STRUCT_CODE]
    names = [column.point.name for column in columns]
    names += [c.point.name for c in specials if not c.point.is_text]
    every = [*columns, *helper_columns]
    return Layout(
        quantities=tuple(names),
        number_count=len(columns),
        parts=(*parts, *more_parts),
        readings=tuple(_reading(position, column) for position, column in enumerate(every)),
        specials=tuple((column.point, column.block) for column in specials),
        fallbacks=tuple(
            (names.index(c.point.name), position, columns[names.index(c.point.name)].block)
            for position, c in enumerate(helper_columns, len(columns))
            if c.point.name != SCALE_FACTOR
        ),
        powers=_powers(columns, helper_columns),
        conditions=tuple(
            (names.index(c.point.name), _index(names, c.point.condition.name), c.point)
            for c in placed
            if c.point.condition is not None and not c.point.is_text
        ),
    )


def _placed(
    profile: DeviceProfile,
    blocks: Sequence[BlockRead],
    string_count: int | None,
    ratios: tuple[float, float],
    *,
    everything: bool,
) -> list[_Column]:
    """Return the points that lie whole inside a block, with the factor that makes their value."""
    ct_ratio, pt_ratio = ratios
    by_word = {"": 1.0, "ct": ct_ratio, "pt": pt_ratio, "ct_pt": ct_ratio * pt_ratio}
    return [
        _Column(point, number, point.scale * by_word[point.ratio])
        for point in (profile.points if everything else profile.points_for(string_count))
        if (everything or point.class_ != "detail") and (number := block_of(point, blocks)) >= 0
    ]


def _factors(numbers: Sequence[_Column], blocks: Sequence[BlockRead]) -> list[_Column]:
    """Return a column for each register that scales others, where a block holds it."""
    points = dict.fromkeys(
        factor for c in numbers if (factor := scale_point(replace(c.point, class_="live")))
    )
    return [_Column(point, block_of(point, blocks), 1.0) for point in points if block_of(point, blocks) >= 0]


def _powers(columns: Sequence[_Column], helpers: Sequence[_Column]) -> tuple[tuple[int, int, Point], ...]:
    places = {
        (helper.point.function, helper.point.address): position
        for position, helper in enumerate(helpers, len(columns))
        if helper.point.name == SCALE_FACTOR
    }
    return tuple(
        (position, places.get((c.point.function, c.point.scale_at), -1), c.point)
        for position, c in enumerate(columns)
        if c.point.scale_at is not None
    )


def _index(names: Sequence[str], name: str) -> int:
    return names.index(name) if name in names else -1


def block_of(point: Point, blocks: Sequence[BlockRead]) -> int:
    """Return which block holds ``point`` whole, -1 when none does."""
    for number, block in enumerate(blocks):
        inside = block.address <= point.address and point.end <= block.address + block.count
        if inside and block.function == point.function:
            return number
    return -1


def _parts(columns: Iterable[_Column], blocks: Sequence[BlockRead]) -> tuple[tuple[Part, ...], list[_Column]]:
    """Sort columns into structs; return them and the columns in the order the structs give."""
    groups: dict[tuple[int, bool], list[list[_Column]]] = {}
    for column in sorted(columns, key=lambda c: (c.block, c.point.address)):
        layers = groups.setdefault((column.block, _swapped(column.point, groups, column.block)), [[]])
        layer = next(
            (rows for rows in layers if not rows or rows[-1].point.end <= column.point.address), None
        )
        if layer is None:
            layers.append([column])
        else:
            layer.append(column)
    parts, ordered = [], []
    for (number, swapped), layers in groups.items():
        for rows in layers:
            parts.append(Part(number, swapped, _struct(rows, blocks[number], swapped=swapped), len(rows)))
            ordered += rows
    return tuple(parts), ordered


def _swapped(point: Point, groups: dict[tuple[int, bool], list[list[_Column]]], block: int) -> bool:
    """Whether a point is read with exchanged bytes; single registers go where their block already goes."""
    if point.words == 1 and (block, True) in groups:
        return True
    return point.word_order == "little" and (point.words > 1 or (block, False) not in groups)


def _struct(rows: Sequence[_Column], block: BlockRead, *, swapped: bool) -> Struct:
    codes, at = ["<" if swapped else ">"], block.address
    for column in rows:
        codes.append(f"{(column.point.address - at) * 2}x{STRUCT_CODE[column.point.type]}")
        at = column.point.end
    codes.append(f"{(block.address + block.count - at) * 2}x")
    return Struct("".join(codes))


def divisor_of(factor: float) -> float | None:
    """Return d such that raw / d is exact where raw * factor is not (0.1 is 1 / 10); None if there is none."""
    if factor >= 1:
        return 1.0 if factor == 1 else None
    if factor <= 0:
        return None
    inverse = round(1 / factor)
    return float(inverse) if math.isclose(inverse * factor, 1.0, rel_tol=1e-12) else None


def scaled(raw: float, factor: float) -> float:
    """Return raw * factor, without the noise a binary 0.1 brings."""
    divisor = divisor_of(factor)
    return float(raw * factor) if divisor is None else raw / divisor


def _bounds(column: _Column) -> tuple[float, float]:
    """Return the raw values between which raw / divisor is plausible and not absent."""
    point = column.point
    if point.name == SCALE_FACTOR:
        return float(-_POWER_MAX), float(_POWER_MAX)
    if point.mask or point.offset or point.scale_at is not None or divisor_of(column.factor) is None:
        return _NOTHING
    known = quantity(point.name)
    low, high = known.low / column.factor, known.high / column.factor
    if point.type not in RANGE:
        return _NOTHING if any(low <= absent <= high for absent in point.absent) else (low, high)
    bottom, top = RANGE[point.type]
    low_raw = bottom if low <= bottom else math.ceil(low - 1e-9)
    high_raw = top if high >= top else math.floor(high + 1e-9)
    for absent in sorted(point.absent, reverse=True):
        if absent == high_raw:
            high_raw -= 1
        elif absent == low_raw:
            low_raw += 1
        elif low_raw < absent < high_raw:
            return _NOTHING
    return low_raw, high_raw


def _reading(position: int, column: _Column) -> Reading:
    low, high = _bounds(column)
    absent = next(iter(column.point.absent), math.nan)
    return divisor_of(column.factor) or 1.0, low, high, absent, _slow(position, column)


def _slow(position: int, column: _Column) -> Slow:
    """Return the reading of one value off the fast path: absent, masked, shifted or doubtful."""
    point, factor = column.point, column.factor
    if point.name == SCALE_FACTOR:
        return lambda _raw, _doubts: None
    absent = frozenset(point.absent)
    if point.scale_at is not None:
        return lambda raw, _doubts: None if raw in absent or not math.isfinite(raw) else raw
    known = quantity(point.name)
    mask, offset = point.mask, point.offset
    divisor = divisor_of(factor)
    multiplier = factor if divisor is None else 1 / divisor

    def read(raw: float, doubts: Doubts) -> float | None:
        if raw in absent or not math.isfinite(raw):
            return None
        number = int(raw) & mask if mask else raw
        value = (number * multiplier if divisor is None else number / divisor) + offset
        if not known.can_be(value):
            doubts.append((position, Quality.OUT_OF_RANGE))
        return value

    return read
