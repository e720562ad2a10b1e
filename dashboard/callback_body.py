"""What a browser may post to a callback: checked in full before Dash sees it.

Dash itself trusts the body: an unknown output, a missing input or a foreign id ends in a KeyError and so in
a 500. Here a body passes only when it has the shape the registered callback asks for, with bounded, finite
JSON values; everything else is the sender's mistake (4xx).
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

NODES_MAX = 50_000
DEPTH_MAX = 24
TEXT_CHARS_MAX = 20_000
CHANGED_MAX = 1_000
WILDCARDS = (["ALL"], ["MATCH"], ["ALLSMALLER"])


def body_problem(body: Any, callbacks: Mapping[str, Any]) -> tuple[int, str] | None:
    """Return status and reason why ``body`` is refused, None when it is sound."""
    if not isinstance(body, dict):
        return 400, "not a JSON object"
    output = body.get("output")
    spec = callbacks.get(output) if isinstance(output, str) else None
    if spec is None or "callback" not in spec:
        return 404, "unknown output"
    for key, wanted in (("inputs", spec["inputs"]), ("state", spec["state"])):
        if not _dependencies_match(body.get(key, []), wanted):
            return 400, f"{key} are not those of the callback"
    if not spec.get("no_output") and not _outputs_match(body.get("outputs"), str(output)):
        return 400, "outputs are not those of the callback"
    changed = body.get("changedPropIds", [])
    if not isinstance(changed, list) or len(changed) > CHANGED_MAX or not _all_text(changed):
        return 400, "changedPropIds must be a list of names"
    reason = value_problem(body, math.inf if takes_uploads(spec) else TEXT_CHARS_MAX)
    return (422, reason) if reason else None


def takes_uploads(spec: Mapping[str, Any]) -> bool:
    """Tell whether a callback was registered with ``uploads=True``."""
    return bool(getattr(spec.get("callback"), "__uploads__", False))


def only_ticks(body: Any) -> bool:
    """Tell whether a body was sent by timers alone, so that a forgotten browser still goes idle."""
    changed = body.get("changedPropIds") if isinstance(body, dict) else None
    if not isinstance(changed, list) or not changed:
        return False
    return all(isinstance(name, str) and name.endswith(".n_intervals") for name in changed)


def value_problem(value: Any, text_chars_max: float = TEXT_CHARS_MAX) -> str:
    """Return why a JSON value is refused: too deep, too large, a number that is none; empty when sound."""
    nodes = 0
    pending: list[tuple[Any, int]] = [(value, 0)]
    while pending:
        current, depth = pending.pop()
        nodes += 1
        if nodes > NODES_MAX:
            return "too many values"
        if depth > DEPTH_MAX:
            return "nested too deeply"
        if isinstance(current, dict):
            pending.extend((child, depth + 1) for child in current.values())
        elif isinstance(current, list):
            pending.extend((child, depth + 1) for child in current)
        elif isinstance(current, float) and not math.isfinite(current):
            return "a number is not finite"
        elif isinstance(current, str) and len(current) > text_chars_max:
            return "a text is too long"
        elif isinstance(current, int) and abs(current) > 1 << 63:
            return "a number is too large"
    return ""


def _all_text(values: Sequence[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


def _dependencies_match(given: Any, wanted: Sequence[Mapping[str, str]]) -> bool:
    if not isinstance(given, list) or len(given) != len(wanted):
        return False
    return all(_entry_matches(entry, spec) for entry, spec in zip(given, wanted, strict=True))


def _entry_matches(entry: Any, spec: Mapping[str, str]) -> bool:
    if isinstance(entry, list):  # a wildcard that stands for any number of components
        return _is_pattern(spec["id"]) and all(_one_matches(one, spec) for one in entry)
    return _one_matches(entry, spec)


def _one_matches(entry: Any, spec: Mapping[str, str]) -> bool:
    if not isinstance(entry, dict) or entry.get("property") != spec["property"]:
        return False
    given = entry.get("id")
    if not _is_pattern(spec["id"]):
        return bool(given == spec["id"])
    pattern = json.loads(spec["id"])
    if not isinstance(given, dict) or given.keys() != pattern.keys():
        return False
    return all(_part_matches(given[key], part) for key, part in pattern.items())


def _part_matches(given: Any, part: Any) -> bool:
    if part in WILDCARDS:
        return isinstance(given, str | int | float) and not isinstance(given, bool)
    return bool(given == part)


def _is_pattern(component_id: str) -> bool:
    return component_id.startswith("{")


def _outputs_match(given: Any, output: str) -> bool:
    if output.startswith(".."):
        wanted = list(_split_outputs(output))
        return isinstance(given, list) and _dependencies_match(given, wanted)
    spec = _split_one(output)
    if isinstance(given, list):
        return _entry_matches(given, spec)
    return _one_matches(given, spec)


def _split_outputs(output: str) -> Iterator[Mapping[str, str]]:
    for part in output[2:-2].split("..."):
        yield _split_one(part)


def _split_one(part: str) -> Mapping[str, str]:
    component_id, _, name = part.rpartition(".")
    return {"id": component_id, "property": name}
