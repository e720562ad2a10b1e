"""The only reader of `config/`: files → checked records → domain objects, every fault of every file at once.

Two layers with one layout: `config/` is delivered and read-only, `DATA/config/` is written by commands; the
overlay wins per id (a town, a village, an event, a plant, a plant's ownership).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from domain.errors import ConfigurationError
from domain.plant import Registry
from inverters.profile import DeviceProfile
from main.alert_rules import RuleBook, rule_book
from main.registry import build, revisions
from main.registry.checks import check_facts
from main.registry.facts import Facts, by_id, event_id, lay_over
from main.registry.fields import Scalar
from main.registry.problem import Problem, Problems
from main.registry.profiles import KnownProfile, known_profiles
from main.registry.reader import Node, Reader
from main.registry.records import FILES, Record, Row
from texts.loader import Texts

__all__ = [
    "Problem",
    "RegistryProblemsError",
    "check",
    "load_alert_rules",
    "load_registry",
    "read_facts",
    "read_layer",
    "read_record",
]

_TAGS = {
    "tag:yaml.org,2002:str": "str",
    "tag:yaml.org,2002:int": "int",
    "tag:yaml.org,2002:float": "float",
    "tag:yaml.org,2002:bool": "bool",
    "tag:yaml.org,2002:timestamp": "date",
    "tag:yaml.org,2002:null": "null",
}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEPTH_MAX = 12


class RegistryProblemsError(ConfigurationError):
    """The configuration has faults; ``problems`` holds every one of them."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(one) for one in problems))
        self.problems = problems


@dataclass(frozen=True)
class _Checked:
    facts: Facts
    problems: list[Problem]
    profiles: Mapping[str, KnownProfile] = field(default_factory=dict)


def check(
    config: Path,
    overlay: Path | None = None,
    *,
    profiles: Mapping[str, DeviceProfile] | None = None,
    texts: Texts | None = None,
) -> list[Problem]:
    """Return every fault of every file, by file and line; an empty list means all is sound.

    Parameters
    ----------
    config, overlay : Path
        The delivered folder, and the one written by commands (it may not exist).
    profiles : mapping, optional
        Device profiles already loaded; otherwise they are loaded.
    texts : Texts, optional
        Language of the messages, Chinese when left out.
    """
    return _read(config, overlay, profiles, texts).problems


def load_registry(
    config: Path,
    overlay: Path | None = None,
    *,
    profiles: Mapping[str, DeviceProfile] | None = None,
    texts: Texts | None = None,
) -> Registry:
    """Return the registry of both layers.

    Raises
    ------
    RegistryProblemsError
        A ConfigurationError that lists every fault of every file.
    """
    checked = _read(config, overlay, profiles, texts)
    if checked.problems:
        raise RegistryProblemsError(checked.problems)
    return build.registry(checked.facts, checked.profiles)


def load_alert_rules(config: Path, overlay: Path | None = None, texts: Texts | None = None) -> RuleBook:
    """Return the alert rules of the delivered file and both layers.

    Raises
    ------
    RegistryProblemsError
        A ConfigurationError that lists every fault.
    """
    problems = Problems(texts)
    layer = _layer_in_force(overlay, problems) if overlay is not None and overlay.is_dir() else None
    book = rule_book([config, *([layer] if layer is not None else [])], read_record, problems)
    if problems.found:
        raise RegistryProblemsError(problems.sorted())
    return book


def read_facts(
    config: Path,
    overlay: Path | None,
    texts: Texts | None = None,
    profiles: Mapping[str, DeviceProfile] | None = None,
) -> Facts:
    """Return the sound records of both layers, for those who write them elsewhere.

    Raises
    ------
    RegistryProblemsError
        There are faults.
    """
    checked = _read(config, overlay, profiles, texts)
    if checked.problems:
        raise RegistryProblemsError(checked.problems)
    return checked.facts


def _read(
    config: Path,
    overlay: Path | None,
    profiles: Mapping[str, DeviceProfile] | None,
    texts: Texts | None,
) -> _Checked:
    problems = Problems(texts)
    facts = read_layer(config, problems)
    if not config.is_dir():
        problems.add(str(config), 0, "", "no_folder")
        return _Checked(facts, problems.sorted())
    layer = _layer_in_force(overlay, problems) if overlay is not None and overlay.is_dir() else None
    if layer is not None:
        facts = lay_over(facts, read_layer(layer, problems), problems, strict=layer == overlay)
    known = known_profiles(profiles)
    check_facts(facts, known, problems, str(config))
    rule_book([config, *([layer] if layer is not None else [])], read_record, problems, facts.plants)
    return _Checked(facts, problems.sorted(), known)


def _layer_in_force(overlay: Path, problems: Problems) -> Path | None:
    """Return the folder of the revision in force; without revisions the overlay itself, as somebody laid it."""
    number = revisions.current_number(overlay)
    if number == 0:
        return overlay
    for path in revisions.files_by_hand(overlay):
        problems.add(str(path), 0, "", "overlay_by_hand")
    folder = revisions.folder_of(overlay, number)
    if not folder.is_dir():
        pointer = str(overlay / revisions.CURRENT)
        problems.add(pointer, 1, "", "revision_missing", number=number, file=pointer)
        return None
    if not revisions.is_intact(overlay, revisions.revision_of(overlay, number)):
        problems.add(str(folder), 0, "", "revision_altered", number=number)
    return folder


def read_layer(folder: Path, problems: Problems) -> Facts:
    """Return the records of one folder by id; faults of the files themselves are noted."""
    district = _file(folder / "district.yaml", "district", problems)
    villages = _file(folder / "villages.yaml", "villages", problems)
    plants = _folder(folder / "plants", "plants", "id", problems)
    acts = _folder(folder / "ownership", "ownership", "plant", problems)
    identify = partial(by_id, problems=problems)
    key = _key_of("id")
    return Facts(
        district=district,
        towns=identify(_part(district, "towns"), what="town", identify=key),
        villages=identify(_part(villages, "villages"), what="village", identify=key),
        events=identify(_part(villages, "events"), what="village_event", identify=event_id),
        plants=identify(plants, what="plant", identify=key),
        ownership=identify(acts, what="ownership", identify=_key_of("plant")),
        removed=_file(folder / "removed.yaml", "removed", problems),
    )


def _key_of(name: str) -> Any:
    return lambda row: row.get(name)


def _part(row: Row | None, name: str) -> tuple[Row, ...]:
    return (row.get(name) or ()) if row is not None else ()


def _folder(folder: Path, record: str, key: str, problems: Problems) -> list[Row]:
    rows = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name.startswith("."):
            continue
        if path.suffix != ".yaml":
            problems.add(str(path), 0, "", "strange_file", folder=folder.name)
            continue
        row = _file(path, record, problems)
        if row is None:
            continue
        if row.get(key) is not None and row[key] != path.stem:
            problems.add(str(path), row.at(key), key, "name_differs", id=row[key], file=f"{row[key]}.yaml")
        rows.append(row)
    return rows


def _file(path: Path, record: str, problems: Problems) -> Row | None:
    return read_record(path, FILES[record], problems)


def read_record(path: Path, record: Record, problems: Problems) -> Row | None:
    """Return the record of a file, None when there is no such file or it is no YAML; faults are noted."""
    try:
        node = node_of(path.read_text("utf-8"))
        if node is None:
            problems.add(str(path), 0, "", "empty_file")
            return None
    except FileNotFoundError:
        return None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        problems.add(str(path), line, "", "not_yaml", reason=error.problem or "")
        return None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        problems.add(str(path), 0, "", "not_yaml", reason=str(error).splitlines()[0])
        return None
    except OSError as error:
        problems.add(str(path), 0, "", "unreadable", reason=error.strerror or str(error))
        return None
    return Reader(str(path), problems).record(record, node)


def node_of(text: str) -> Node | None:
    """Return the nodes of a YAML text, None when it is empty."""
    root = yaml.compose(text, Loader=_LOADER)
    return None if root is None else _node(root, 0, set())


def _node(node: Any, depth: int, seen: set[int]) -> Node:
    """Return a parsed node as ours. An alias would be the same node again: refused, so no file can explode."""
    if depth > _DEPTH_MAX:
        raise ValueError(f"nested deeper than {_DEPTH_MAX} levels")
    if id(node) in seen:
        raise ValueError(f"line {node.start_mark.line + 1}: anchors and aliases (& and *) are not used here")
    seen.add(id(node))
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        return Node(line, scalar=_scalar(node))
    if isinstance(node, yaml.SequenceNode):
        return Node(line, items=[_node(one, depth + 1, seen) for one in node.value])
    return Node(line, pairs=[(_scalar(key), _node(value, depth + 1, seen)) for key, value in node.value])


def _scalar(node: Any) -> Scalar:
    if not isinstance(node, yaml.ScalarNode):
        return Scalar("str", "?")
    return Scalar(_TAGS.get(node.tag, "str"), node.value)
