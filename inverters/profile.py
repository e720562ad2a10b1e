"""DeviceProfile: what a family of devices says at which register, read strictly from a YAML file.

A file is facts only, in the vendor's order, one point a line, so that it can be laid beside the vendor's
document. All problems of all files are reported at once.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

from domain.errors import ProfileError
from domain.plant import DeviceKind
from domain.quantity import vocabulary
from inverters.mapping import DocumentMapping
from inverters.mapping_reader import read_mapping
from inverters.models import (
    Constant,
    ModelAt,
    ModelTable,
    check_model_table,
    lay_out,
    read_model_table,
)
from inverters.point import RANGE, Point, WordOrder
from inverters.point_reader import REGISTERS_MAX, Lines, absent_by_type, exclusive, read_point
from inverters.reader import Problem, Problems, Section, read_section

FORMAT = 1
FOLDER = Path(__file__).parent / "profiles"
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
class Habits:
    """How the device itself behaves on a wire, which a virtual one imitates; pauses and holes are under `Limits`.

    ``clients`` at once (0: any; the only one is pushed out by the next, of several the last is refused),
    ``tells_absent``: a logger that says so when a unit does not answer, ``own_address``: the holding register in
    which a sensor keeps its unit, ``text_values``: a gateway that writes the numbers of its documents as text.
    """

    clients: int = 0
    tells_absent: bool = False
    own_address: int | None = None
    text_values: bool = False


@dataclass(frozen=True, slots=True)
class ProfileQuality:
    """How far a profile may be trusted: on what it rests, and what nobody has confirmed."""

    recorded_case: bool = False
    fault_codes: bool = False
    checked_on_site: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class DeviceProfile:
    """A family of devices. Compared by identity: loaded once, shared by all.

    ``models_table`` is set for families whose registers are found on the device (SunSpec): ``points`` then lie
    where the table's default map puts them until `resolve` has put them where a device has them.
    ``constants`` are registers that say what lies where, which a virtual device must answer with.
    """

    name: str
    kind: DeviceKind
    make: str
    models: tuple[str, ...]
    word_order: WordOrder
    limits: Limits
    points: tuple[Point, ...] = field(repr=False)
    quality: ProfileQuality
    witness: str = ""
    json_document: bool = False
    mapping: DocumentMapping | None = field(default=None, repr=False)  # of a gateway's own JSON documents
    dlt645: bool = False  # values come by data identifiers (`inverters.dlt645`), not by registers
    source: str = ""
    models_table: ModelTable | None = field(default=None, repr=False)
    constants: tuple[Constant, ...] = field(default=(), repr=False)
    habits: Habits = Habits()

    @cached_property
    def quantities(self) -> tuple[str, ...]:
        """Every quantity its points can give, in the vendor's order, each once."""
        return tuple(dict.fromkeys(point.name for point in self.points if not point.is_text))

    @property
    def json_points(self) -> tuple[str, ...]:
        """Quantities a JSON document of this profile may hold; empty for register devices."""
        if self.mapping is not None:
            return self.mapping.names()
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


def lint(paths: Iterable[Path]) -> tuple[Problem, ...]:
    """Return every problem of the profiles at ``paths``, file by file and line by line."""
    problems = Problems()
    for path in paths:
        read_profile(path, problems)
    return tuple(sorted(problems.found, key=lambda problem: (problem.file, problem.line)))


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
    json_document, dlt645 = section.flag("json_document"), section.flag("dlt645")
    order: WordOrder = (
        "little" if section.choice("word_order", ("big", "little"), "big") == "little" else "big"
    )
    lines: Lines = {}
    table = read_model_table(section, order, lines) if "default_map" in section else None
    document = section.section("document")
    mapping = None if document is None else read_mapping(document, section)
    no_points = json_document or dlt645 or table is not None or mapping is not None
    profile = DeviceProfile(
        name=name,
        kind=DeviceKind(section.choice("kind", tuple(kind.value for kind in DeviceKind))),
        make=section.text("make"),
        models=section.texts("models"),
        word_order=order,
        limits=_limits(section.section("limits")),
        points=() if no_points else _points(section, order, lines),
        quality=_quality(section.section("quality")),
        witness=section.text("witness", ""),
        json_document=json_document or mapping is not None,
        mapping=mapping,
        dlt645=dlt645,
        source=str(path),
        models_table=table,
        habits=_habits(section.section("habits")),
    )
    if table is not None:
        check_model_table(table, section, lines)
        try:
            profile = resolve(profile, table.default_map)
        except ProfileError as error:
            section.complain("default_map", str(error))
    _check(profile, section, lines)
    section.finish()
    return profile


def _limits(section: Section | None) -> Limits:
    if section is None:
        return Limits()
    standard = Limits()
    limits = Limits(
        max_registers=section.integer("max_registers", standard.max_registers, 1, REGISTERS_MAX),
        max_gap=section.integer("max_gap", standard.max_gap, 0, REGISTERS_MAX),
        connect_delay_s=section.number("connect_delay_s", standard.connect_delay_s),
        request_pause_s=section.number("request_pause_s", standard.request_pause_s),
        timeout_s=section.number("timeout_s", standard.timeout_s),
        boundaries=section.integers("boundaries"),
        holes=_pairs(section),
    )
    section.finish()
    return limits


def _habits(section: Section | None) -> Habits:
    if section is None:
        return Habits()
    habits = Habits(
        clients=section.integer("clients", 0, 0, 64),
        tells_absent=section.flag("tells_absent"),
        own_address=section.integer("own_address", 0, 0, 0xFFFF) if "own_address" in section else None,
        text_values=section.flag("text_values"),
    )
    section.finish()
    return habits


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


def _points(section: Section, order: WordOrder, lines: Lines) -> tuple[Point, ...]:
    function = section.integer("function", 3, 3, 4)
    by_type = absent_by_type(section.section("absent"))
    found = []
    for entry in section.sections("points", lambda number: f"points[{number}]"):
        point = read_point(entry, function, order, by_type)
        entry.finish()
        if point is not None:
            found.append(point)
            lines.setdefault(point, entry.line)
    return tuple(found)


def resolve(profile: DeviceProfile, found: Iterable[tuple[int, int, int]]) -> DeviceProfile:
    """Return ``profile`` for one device, its points where the device's models (id, address, length) lie.

    Raises
    ------
    ProfileError
        The profile has fixed registers, or the device has none of its models.
    """
    if profile.models_table is None:
        raise ProfileError(f"{profile.name} has fixed registers; there is nothing to resolve")
    models = tuple(ModelAt(*model) for model in found)
    points, constants = lay_out(profile.models_table, models)
    if not any(point.class_ == "live" for point in points):
        known = ", ".join(str(model.model) for model in models) or "none"
        raise ProfileError(f"{profile.name}: no measured value in the models the device has ({known})")
    # a model is read by itself: its scale factors come in the same answer as its values
    starts = tuple(model.address for model in models)
    limits = replace(profile.limits, boundaries=starts)
    return replace(profile, points=points, constants=constants, limits=limits)


def _check(profile: DeviceProfile, section: Section, lines: Lines) -> None:
    def complain(point: Point, message: str) -> None:
        section.complain("points", f"{point.name} at {point.address} {message}", lines.get(point))

    names = {point.name for point in profile.points}
    if profile.witness and profile.witness not in names:
        section.complain("witness", f"is {profile.witness!r}, which no point is called")
    for point in profile.points:
        if point.condition is not None and point.condition.name not in names:
            complain(point, f"depends on {point.condition.name}, which is no point")
        for absent in point.absent:
            low, high = RANGE.get(point.type, (absent, absent))
            if not low <= absent <= high:
                complain(point, f"has an absent value {absent:#x} that does not fit {point.type.value}")
        if point.end > 0x10000:
            complain(point, "reaches beyond address 65535")
        if point.words > profile.limits.max_registers:
            complain(point, "is longer than max_registers")
    _check_overlaps(profile.points, complain)
    _check_doubles(profile.points, complain)


def _check_overlaps(points: Iterable[Point], complain: Callable[[Point, str], None]) -> None:
    ordered = sorted(points, key=lambda point: (point.function, point.address))
    for left, right in pairwise(ordered):
        overlap = left.function == right.function and right.address < left.end
        if overlap and not exclusive(left, right):
            complain(right, f"overlaps {left.name} at {left.address}")


def _check_doubles(points: Iterable[Point], complain: Callable[[Point, str], None]) -> None:
    seen: set[str] = set()
    for point in points:
        if point.fallback:
            continue
        if point.name in seen:
            complain(point, "stands there twice; mark the coarser one as fallback")
        seen.add(point.name)
