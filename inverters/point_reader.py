"""Reading one point of a profile: strict, with a guess for what was misspelt."""

from collections.abc import Mapping
from dataclasses import replace

from domain.quantity import is_known, quantity, vocabulary
from inverters.point import (
    IDENTITY_TEXTS,
    RANGE,
    STRUCT_CODE,
    WORDS,
    Condition,
    Point,
    PointClass,
    Type,
    WordOrder,
)
from inverters.reader import Section, nearest

REGISTERS_MAX = 125
Lines = dict[Point, int]


def absent_by_type(section: Section | None) -> Mapping[Type, tuple[int, ...]]:
    """Return the raw values that mean "no value", by type."""
    if section is None:
        return {}
    valid = {type_.value: type_ for type_ in STRUCT_CODE}
    found = {valid[key]: section.integers(key) for key in section.keys if key in valid}
    for key in section.keys:
        if key not in valid:
            section.complain(key, f"is not a type{nearest(key, tuple(valid))}")
    return found


def read_point(
    entry: Section, function: int, order: WordOrder, by_type: Mapping[Type, tuple[int, ...]]
) -> Point | None:
    """Return the point ``entry`` describes; None when its name says nothing.

    Points of a table of models may be numbered families: ``NN`` is then known as its first number.
    """
    name = entry.text("name")
    plain = name.replace("_NN_", "_01_") if "models" in entry else name
    if name and not is_known(plain) and plain not in IDENTITY_TEXTS:
        entry.complain("name", f"is {name!r}, not a known quantity or text{_nearest_name(name)}")
        name = ""
    type_ = Type(entry.choice("type", tuple(type_.value for type_ in Type)))
    words = entry.integer("words", WORDS.get(type_), 1, REGISTERS_MAX)
    if type_ in WORDS and words != WORDS[type_]:
        entry.complain("words", f"is {words}; {type_.value} takes {WORDS[type_]}")
    scale = entry.number("scale", 1.0)
    if scale == 0:
        entry.complain("scale", "is 0; expected a number that keeps the value")
        scale = 1.0
    if (
        is_known(plain)
        and type_ in RANGE
        and abs(scale) > max(abs(quantity(plain).low), quantity(plain).high)
    ):
        entry.complain("scale", f"is {scale:g}: one step is already more than {plain} can be")
    absent = entry.integers("absent") if "absent" in entry else by_type.get(type_, ())
    point = Point(
        name=name,
        function=entry.integer("function", function, 3, 4),
        address=entry.integer("at", None, 0, 0xFFFF),
        type=type_,
        words=words,
        word_order="little" if entry.choice("word_order", ("big", "little"), order) == "little" else "big",
        scale=scale,
        offset=entry.number("offset", 0.0),
        mask=entry.integer("mask", 0),
        absent=absent,
        ratio=entry.choice("ratio", ("", "ct", "pt", "ct_pt"), ""),
        class_=_class(entry),
        condition=_condition(entry),
        fallback=entry.flag("fallback"),
        optional=entry.flag("optional"),
        unverified=entry.flag("unverified"),
        form=entry.choice("form", ("", "nibble_swapped"), ""),
        note=entry.text("note", ""),
    )
    return replace(point, absent=point.signed_absent()) if name else None


def _class(entry: Section) -> PointClass:
    word = entry.choice("class", ("live", "identity", "detail"), "live")
    return "identity" if word == "identity" else "detail" if word == "detail" else "live"


def _condition(entry: Section) -> Condition | None:
    for key in ("when", "unless"):
        inner = entry.section(key)
        if inner is None:
            continue
        name = inner.choice("state", vocabulary())
        values = frozenset(inner.integers("is"))
        if not values:
            inner.complain("is", "is empty; expected the values of the state")
        inner.finish()
        return Condition(name, values, negate=key == "unless")
    return None


def _nearest_name(name: str) -> str:
    return nearest(name, (*IDENTITY_TEXTS, *vocabulary()))


def exclusive(left: Point, right: Point) -> bool:
    """Tell whether two points at one place never mean something at the same time."""
    one, other = left.condition, right.condition
    if one is None or other is None or one.name != other.name:
        return False
    if one.negate != other.negate:
        return one.values == other.values
    return not one.negate and one.values.isdisjoint(other.values)
