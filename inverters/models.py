"""Tables of models: registers whose place a device tells itself (SunSpec), as a template to be laid out.

A profile with a ``default_map`` is such a table. Each of its points names the models it belongs to and its
offset from the model's ID register; ``sf`` is the offset of the register that scales it; ``every`` repeats it
(numbering ``NN``) as often as the model is long. ``scale_factors`` lists the scaling registers with a usual
value, which a virtual device answers with.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from inverters.point import Point, Type, WordOrder
from inverters.point_reader import Lines, absent_by_type, exclusive, read_point
from inverters.reader import Section

MARKER = (0x5375, 0x6E53)  # "SunS"
END = 0xFFFF  # stands where the next model's ID would
_FUNCTION = 3
_REPEATS_MAX = 99


class ModelAt(NamedTuple):
    """One model of a device: its number, the address of its ID register, how many registers follow its length."""

    model: int
    address: int
    length: int


class Constant(NamedTuple):
    """A register that always holds the same word."""

    function: int
    address: int
    word: int


@dataclass(frozen=True, slots=True)
class ModelPoint:
    """A point of some models; its address and ``scale`` register are offsets from the ID register."""

    models: tuple[int, ...]
    point: Point
    scale: int | None
    every: int


@dataclass(frozen=True, slots=True)
class ScaleRegister:
    """A register that scales others; ``usual`` is the power of ten it mostly holds."""

    models: tuple[int, ...]
    offset: int
    usual: int


@dataclass(frozen=True, slots=True)
class ModelTable:
    """All points of all models, and where the models usually lie."""

    default_map: tuple[ModelAt, ...]
    points: tuple[ModelPoint, ...]
    scales: tuple[ScaleRegister, ...]

    @property
    def models(self) -> tuple[int, ...]:
        """Return the models it knows, sorted."""
        return tuple(sorted({model for one in self.points for model in one.models}))


def lay_out(table: ModelTable, found: Sequence[ModelAt]) -> tuple[tuple[Point, ...], tuple[Constant, ...]]:
    """Return points and constants at the addresses of a device with the models ``found``.

    A quantity two models have comes from the first of them; points that lie beyond a model's length do not
    exist on this device.
    """
    points: dict[str, Point] = {}
    for model in found:
        for point in _points_of(table, model):
            points.setdefault(point.name, point)
    if not found:
        return (), ()
    first = found[0].address
    header = (
        Point("sunspec_marker", _FUNCTION, first - 2, Type.STRING, 2, class_="detail"),
        Point("sunspec_model_id", _FUNCTION, first, Type.U16, 1, class_="detail"),
        Point("sunspec_model_length", _FUNCTION, first + 1, Type.U16, 1, class_="detail"),
    )
    return (*header, *points.values()), tuple(_constants(table, found))


def _points_of(table: ModelTable, model: ModelAt) -> Iterator[Point]:
    end = model.address + model.length + 2
    for one in table.points:
        if model.model not in one.models:
            continue
        for number in range(_REPEATS_MAX if one.every else 1):
            shift = model.address + number * one.every
            point = replace(
                one.point,
                name=one.point.name.replace("_NN_", f"_{number + 1:02d}_"),
                address=one.point.address + shift,
                scale_at=None if one.scale is None else one.scale + model.address,
            )
            if max(point.end, (point.scale_at or 0) + 1) > end:
                break
            yield point


def _constants(table: ModelTable, found: Sequence[ModelAt]) -> Iterator[Constant]:
    first, last = found[0], found[-1]
    yield from (Constant(_FUNCTION, first.address - 2 + number, word) for number, word in enumerate(MARKER))
    for model in found:
        yield Constant(_FUNCTION, model.address, model.model)
        yield Constant(_FUNCTION, model.address + 1, model.length)
        for scale in table.scales:
            if model.model in scale.models and scale.offset < model.length + 2:
                yield Constant(_FUNCTION, model.address + scale.offset, scale.usual & 0xFFFF)
    yield Constant(_FUNCTION, last.address + last.length + 2, END)
    yield Constant(_FUNCTION, last.address + last.length + 3, 0)


def read_model_table(section: Section, order: WordOrder, lines: Lines) -> ModelTable:
    """Read the keys of a table of models; problems go to the section."""
    by_type = absent_by_type(section.section("absent"))
    return ModelTable(tuple(_default_map(section)), _points(section, order, by_type, lines), _scales(section))


def _default_map(section: Section) -> Iterator[ModelAt]:
    for entry in section.sections("default_map", lambda number: f"default_map[{number}]"):
        yield ModelAt(
            entry.integer("model", None, 1, END - 1),
            entry.integer("at", None, 2, END),
            entry.integer("length", None, 1, END),
        )
        entry.finish()


def _scales(section: Section) -> tuple[ScaleRegister, ...]:
    found: list[ScaleRegister] = []
    if "scale_factors" not in section:
        return ()
    for entry in section.sections("scale_factors", lambda number: f"scale_factors[{number}]"):
        found.append(
            ScaleRegister(
                _models(entry), entry.integer("at", None, 2, END), entry.integer("usual", None, -10, 10)
            )
        )
        entry.finish()
    return tuple(found)


def _points(
    section: Section, order: WordOrder, by_type: Mapping[Type, tuple[int, ...]], lines: Lines
) -> tuple[ModelPoint, ...]:
    found = []
    for entry in section.sections("points", lambda number: f"points[{number}]"):
        models = _models(entry)
        scale = entry.integer("sf", 0, 0, END) or None
        every = entry.integer("every", 0, 0, END)
        point = read_point(entry, _FUNCTION, order, by_type)
        entry.finish()
        if point is None:
            continue
        if every and "_NN_" not in point.name:
            entry.complain("every", f"repeats {point.name}, which has no NN to number")
        found.append(ModelPoint(models, point, scale, every))
        lines.setdefault(point, entry.line)
    return tuple(found)


def _models(entry: Section) -> tuple[int, ...]:
    models = entry.integers("models")
    if not models:
        entry.complain("models", "is missing; expected the numbers of the models it belongs to")
    return models


def check_model_table(table: ModelTable, section: Section, lines: Lines) -> None:
    """Check each model by itself: overlaps, names twice, scale factors nobody listed."""
    listed = {(model, scale.offset) for scale in table.scales for model in scale.models}
    for one in table.points:
        for model in one.models:
            if one.scale is not None and (model, one.scale) not in listed:
                section.complain(
                    "points",
                    f"{one.point.name}: sf {one.scale} of model {model} is not under scale_factors",
                    lines.get(one.point),
                )
    for model in table.models:
        own = sorted((one.point for one in table.points if model in one.models), key=lambda p: p.address)
        for left, right in pairwise(own):
            if right.address < left.end and not exclusive(left, right):
                section.complain(
                    "points",
                    f"{right.name} overlaps {left.name} in model {model}",
                    lines.get(right),
                )
    for one_model, next_model in pairwise(table.default_map):
        if one_model.address + one_model.length + 2 != next_model.address:
            section.complain(
                "default_map", f"model {next_model.model} does not begin where model {one_model.model} ends"
            )
