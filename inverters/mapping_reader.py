"""Reading the mapping of a gateway's documents out of a profile: strict, every problem with its line."""

from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo

from domain.quantity import is_known, quantity, vocabulary
from domain.timespan import DEFAULT_ZONE
from inverters.document_path import Path, PathError, parse_path
from inverters.mapping import Beside, DocumentMapping, Flag, MappedValue
from inverters.point import IDENTITY_TEXTS
from inverters.reader import Section, nearest

DEVICE_KEYS = ("serial_number", "device_id", "unit")
_TRUE = ("yes", "true", "1")


def read_mapping(section: Section, outer: Section) -> DocumentMapping:
    """Return the mapping ``section`` (document:) and the list ``values`` of ``outer`` describe."""
    device, device_is = _device(section)
    records = _path(section, "records", "$")
    record_root = ("$", "@", "topic") if records is not None else ("$", "topic")
    zone = section.text("time_zone", DEFAULT_ZONE)
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        section.complain("time_zone", f"is {zone!r}; expected a zone such as {DEFAULT_ZONE}")
        zone = DEFAULT_ZONE
    absent = _words(section, "absent")
    mapping = DocumentMapping(
        values=tuple(_values(outer, absent, record_root)),
        device=device,
        device_is=device_is,
        records=records,
        time=_path(section, "time", *record_root),
        zone=zone,
        history=_test(section, "history", record_root),
        good=_test(section, "good", record_root),
        good_each=_beside(section),
    )
    section.finish()
    return mapping


def _device(section: Section) -> tuple[Path | None, str]:
    inner = section.section("device")
    if inner is None:
        return None, DEVICE_KEYS[0]
    path = _path(inner, "at", "$", "@", "topic")
    if path is None and "at" not in inner.keys:
        inner.complain("at", "is missing; expected where the document names its device, such as $.device")
    key = inner.choice("is", DEVICE_KEYS, DEVICE_KEYS[0])
    inner.finish()
    return path, key


def _path(section: Section, key: str, *roots: str) -> Path | None:
    if key not in section:
        return None
    text = section.text(key)
    try:
        path = parse_path(text)
    except PathError as error:
        section.complain(key, str(error))
        return None
    if path.root not in roots:
        section.complain(key, f"is {text!r}; here it must begin with {' or '.join(roots)}")
        return None
    if path.each and key != "records":
        section.complain(key, f"is {text!r}; [*] is for records only")
        return None
    return path


def _words(section: Section, key: str) -> tuple[str, ...]:
    value = section.take(key, list, [], wanted="a list of words or numbers") if key in section else []
    return tuple(("true" if word else "false") if isinstance(word, bool) else str(word) for word in value)


def _test(section: Section, key: str, roots: tuple[str, ...]) -> Flag | None:
    inner = section.section(key)
    if inner is None:
        return None
    path = _path(inner, "at", *roots)
    words = tuple(word.lower() for word in _words(inner, "is")) or _TRUE
    inner.finish()
    return None if path is None else Flag(path, words)


def _beside(section: Section) -> Beside | None:
    inner = section.section("good_each")
    if inner is None:
        return None
    key = inner.text("beside")
    words = tuple(word.lower() for word in _words(inner, "is")) or _TRUE
    inner.finish()
    return Beside(key, words)


def _values(outer: Section, absent: tuple[str, ...], roots: tuple[str, ...]) -> Iterator[MappedValue]:
    seen: set[str] = set()
    for entry in outer.sections("values", lambda number: f"values[{number}]"):
        name = entry.text("name")
        valid = is_known(name) or name in IDENTITY_TEXTS
        if name and not valid:
            guess = nearest(name, (*IDENTITY_TEXTS, *vocabulary()))
            entry.complain("name", f"is {name!r}, not a known quantity or text{guess}")
        fallback = entry.flag("fallback")
        if name in seen and not fallback:
            entry.complain("name", f"{name} stands there twice; mark the coarser one as fallback")
        seen.add(name)
        path = _path(entry, "from", *roots)
        if path is None and "from" not in entry.keys:
            entry.complain("from", "is missing; expected where the value lies, such as $.values.pac")
        value = _value(entry, name, path, absent, roots)
        entry.finish()
        if valid and value is not None:
            yield value


def _value(
    entry: Section, name: str, path: Path | None, absent: tuple[str, ...], roots: tuple[str, ...]
) -> MappedValue | None:
    scale = entry.number("scale", 1.0)
    _check_scale(entry, "scale", name, scale)
    unit, units = _units(entry, name, roots)
    if unit is not None and "scale" in entry.keys:
        entry.complain("scale", "stands beside unit, which has a scale for each word; leave one out")
    offset, unverified = entry.number("offset", 0.0), entry.flag("unverified")
    own = _words(entry, "absent")
    words = _meanings(entry)
    if path is None:
        return None
    return MappedValue(name, path, scale or 1.0, offset, words, own or absent, unverified, unit, units)


def _check_scale(section: Section, key: str, name: str, scale: float) -> None:
    if scale == 0:
        section.complain(key, "is 0; expected a number that keeps the value")
    elif is_known(name) and abs(scale) > max(abs(quantity(name).low), quantity(name).high):
        section.complain(key, f"is {scale:g}: one step is already more than {name} can be")


def _units(entry: Section, name: str, roots: tuple[str, ...]) -> tuple[Path | None, Mapping[str, float]]:
    """Return where the document names the unit of a value, and the scale of each it may name."""
    outer = entry.section("unit")
    if outer is None:
        return None, {}
    path = _path(outer, "at", *roots)
    if "at" not in outer.keys:
        outer.complain("at", "is missing; expected where the document names the unit, such as $.pacStr")
    inner = outer.section("is")
    found = {} if inner is None else {key: inner.number(key, 1.0) for key in inner.keys}
    for key, scale in found.items():
        _check_scale(outer if inner is None else inner, key, name, scale)
    if inner is not None:
        inner.finish()
    elif "is" not in outer.keys:
        outer.complain("is", "is missing; expected units and their scales, such as {kWh: 1000, MWh: 1000000}")
    outer.finish()
    return path, found


def _meanings(entry: Section) -> Mapping[str, float]:
    inner = entry.section("words")
    if inner is None:
        return {}
    found = {key: inner.number(key) for key in inner.keys}
    inner.finish()
    return found
