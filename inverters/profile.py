"""DeviceProfile: what a family of devices says at which register, read strictly from a YAML file.

A file is facts only, in the vendor's order, one point a line, so that it can be laid beside the vendor's
document. All problems of all files are reported at once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

from domain.errors import ProfileError
from domain.plant import DeviceKind
from domain.quantity import is_known, vocabulary
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
from inverters.reader import Problem, Problems, Section, nearest, read_section

FORMAT = 1
FOLDER = Path(__file__).parent / "profiles"
_REGISTERS_MAX = 125
_LINE_BREAK = "\n  "


@dataclass(frozen=True, slots=True)
class Limits:
    """How the device wants to be read.

    ``max_registers`` a request, ``max_gap`` registers read for nothing to save a request,
    ``boundaries`` addresses no request may reach across, ``holes`` (first, last) addresses that refuse.
    """

    max_registers: int = 100
    max_gap: int = 16
    connect_delay_s: float = 0.0
    request_pause_s: float = 0.0
    timeout_s: float = 3.0
    boundaries: tuple[int, ...] = ()
    holes: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ProfileQuality:
    """How far a profile may be trusted: on what it rests, and what nobody has confirmed."""

    recorded_case: bool = False
    fault_codes: bool = False
    checked_on_site: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class DeviceProfile:
    """A family of devices. Compared by identity: loaded once, shared by all."""

    name: str
    kind: DeviceKind
    make: str
    models: tuple[str, ...]
    word_order: WordOrder
    limits: Limits
    points: tuple[Point, ...]
    quality: ProfileQuality
    witness: str = ""
    json_document: bool = False
    source: str = ""

    @cached_property
    def quantities(self) -> tuple[str, ...]:
        """Every quantity its points can give, in the vendor's order, each once."""
        return tuple(dict.fromkeys(point.name for point in self.points if not point.is_text))

    @property
    def json_points(self) -> tuple[str, ...]:
        """Quantities a JSON document of this profile may hold; empty for register devices."""
        return vocabulary() if self.json_document else ()

    def points_for(self, string_count: int | None = None) -> tuple[Point, ...]:
        """Return the points a device with ``string_count`` module strings has (None: not known)."""
        return tuple(point for point in self.points if _has(point, string_count))

    def find(self, name: str) -> Point | None:
        """Return the first point called ``name``."""
        return next((point for point in self.points if point.name == name), None)


def _has(point: Point, string_count: int | None) -> bool:
    number = point.string_number
    if string_count and number:
        return number <= string_count
    return not point.optional


def load_profiles(extra: Path | None = None) -> Mapping[str, DeviceProfile]:
    """Read the shipped profiles, and those of folder ``extra``, which add or override.

    Raises
    ------
    ProfileError
        One or more files are unsound; the message lists every problem of every file.
    """
    problems = Problems()
    profiles: dict[str, DeviceProfile] = {}
    for folder in (FOLDER, extra):
        if folder is None:
            continue
        if not folder.is_dir():
            problems.add(str(folder), 1, "folder", "does not exist; expected a folder of profiles")
            continue
        for path in sorted(folder.glob("*.yaml")):
            profile = read_profile(path, problems)
            if profile is not None:
                profiles[profile.name] = profile
    if problems.found:
        raise ProfileError(_message(problems.found))
    return MappingProxyType(profiles)


def _message(found: Iterable[Problem]) -> str:
    lines = [str(problem) for problem in found]
    return f"{len(lines)} problem(s) in device profiles:{_LINE_BREAK}{_LINE_BREAK.join(lines)}"


def read_profile(path: Path, problems: Problems) -> DeviceProfile | None:
    """Read one file; problems go to ``problems``, and None comes back when it is not a profile at all."""
    section = read_section(path, problems)
    if section is None:
        return None
    if section.integer("format") != FORMAT:
        section.complain("format", f"expected {FORMAT}")
    name = section.text("name")
    if name and name != path.stem:
        section.complain("name", f"is {name!r}, but the file is called {path.stem!r}")
    json_document = section.flag("json_document")
    order: WordOrder = (
        "little" if section.choice("word_order", ("big", "little"), "big") == "little" else "big"
    )
    profile = DeviceProfile(
        name=name,
        kind=DeviceKind(section.choice("kind", tuple(kind.value for kind in DeviceKind))),
        make=section.text("make"),
        models=section.texts("models"),
        word_order=order,
        limits=_limits(section.section("limits")),
        points=() if json_document else _points(section, order),
        quality=_quality(section.section("quality")),
        witness=section.text("witness", ""),
        json_document=json_document,
        source=str(path),
    )
    _check(profile, section)
    section.finish()
    return profile


def _limits(section: Section | None) -> Limits:
    if section is None:
        return Limits()
    standard = Limits()
    limits = Limits(
        max_registers=section.integer("max_registers", standard.max_registers, 1, _REGISTERS_MAX),
        max_gap=section.integer("max_gap", standard.max_gap, 0, _REGISTERS_MAX),
        connect_delay_s=section.number("connect_delay_s", standard.connect_delay_s),
        request_pause_s=section.number("request_pause_s", standard.request_pause_s),
        timeout_s=section.number("timeout_s", standard.timeout_s),
        boundaries=section.integers("boundaries"),
        holes=_pairs(section),
    )
    section.finish()
    return limits


def _pairs(section: Section) -> tuple[tuple[int, int], ...]:
    flat = section.integers("holes")
    if len(flat) % 2 or any(flat[i] > flat[i + 1] for i in range(0, len(flat) - 1, 2)):
        section.complain("holes", "expected first and last address of each hole: [first, last, first, last]")
        return ()
    return tuple(zip(flat[::2], flat[1::2], strict=True))


def _quality(section: Section | None) -> ProfileQuality:
    if section is None:
        return ProfileQuality()
    quality = ProfileQuality(
        recorded_case=section.flag("recorded_case"),
        fault_codes=section.flag("fault_codes"),
        checked_on_site=section.flag("checked_on_site"),
        notes=section.texts("notes"),
    )
    section.finish()
    return quality


def _points(section: Section, order: WordOrder) -> tuple[Point, ...]:
    function = section.integer("function", 3, 3, 4)
    by_type = _absent_by_type(section.section("absent"))
    found = []
    for entry in section.sections("points", lambda number: f"points[{number}]"):
        point = _point(entry, function, order, by_type)
        entry.finish()
        if point is not None:
            found.append(point)
    return tuple(found)


def _absent_by_type(section: Section | None) -> Mapping[Type, tuple[int, ...]]:
    if section is None:
        return {}
    valid = {type_.value: type_ for type_ in STRUCT_CODE}
    found = {valid[key]: section.integers(key) for key in section.keys if key in valid}
    for key in section.keys:
        if key not in valid:
            section.complain(key, f"is not a type{nearest(key, tuple(valid))}")
    return found


def _point(
    entry: Section, function: int, order: WordOrder, by_type: Mapping[Type, tuple[int, ...]]
) -> Point | None:
    name = entry.text("name")
    if name and not is_known(name) and name not in IDENTITY_TEXTS:
        entry.complain("name", f"is {name!r}, not a known quantity or text{_nearest_name(name)}")
        name = ""
    type_ = Type(entry.choice("type", tuple(type_.value for type_ in Type)))
    words = entry.integer("words", WORDS.get(type_), 1, _REGISTERS_MAX)
    if type_ in WORDS and words != WORDS[type_]:
        entry.complain("words", f"is {words}; {type_.value} takes {WORDS[type_]}")
    scale = entry.number("scale", 1.0)
    if scale == 0:
        entry.complain("scale", "is 0; expected a number that keeps the value")
        scale = 1.0
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


def _check(profile: DeviceProfile, section: Section) -> None:
    names = {point.name for point in profile.points}
    if profile.witness and profile.witness not in names:
        section.complain("witness", f"is {profile.witness!r}, which no point is called")
    for point in profile.points:
        if point.condition is not None and point.condition.name not in names:
            section.complain("points", f"{point.name} depends on {point.condition.name}, which is no point")
        for absent in point.absent:
            low, high = RANGE.get(point.type, (absent, absent))
            if not low <= absent <= high:
                section.complain(
                    "points", f"{point.name}: absent value {absent:#x} does not fit {point.type.value}"
                )
        if point.end > 0x10000:
            section.complain("points", f"{point.name} reaches beyond address 65535")
        if point.words > profile.limits.max_registers:
            section.complain("points", f"{point.name} is longer than max_registers")
    _check_overlaps(profile, section)
    _check_doubles(profile, section)


def _check_overlaps(profile: DeviceProfile, section: Section) -> None:
    ordered = sorted(profile.points, key=lambda point: (point.function, point.address))
    for left, right in pairwise(ordered):
        overlap = left.function == right.function and right.address < left.end
        if overlap and not _exclusive(left, right):
            section.complain(
                "points", f"{right.name} at {right.address} overlaps {left.name} at {left.address}"
            )


def _exclusive(left: Point, right: Point) -> bool:
    """Whether two points at one place never mean something at the same time."""
    one, other = left.condition, right.condition
    if one is None or other is None or one.name != other.name:
        return False
    if one.negate != other.negate:
        return one.values == other.values
    return not one.negate and one.values.isdisjoint(other.values)


def _check_doubles(profile: DeviceProfile, section: Section) -> None:
    seen: set[str] = set()
    for point in profile.points:
        if point.fallback:
            continue
        if point.name in seen:
            section.complain("points", f"{point.name} stands there twice; mark the coarser one as fallback")
        seen.add(point.name)
