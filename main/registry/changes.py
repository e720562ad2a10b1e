"""What differs between two registries, fact by fact, for a person to read before saying yes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from domain.plant import sim_shown
from main.registry.facts import Facts
from main.registry.fields import number_text
from main.registry.records import Many, One, Record, Row

Fact = tuple[str, str]  # what it is (a word of registry.word), and its id


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. ``key`` is empty when a whole record came or went; texts as a person writes them."""

    kind: str  # added, changed, removed
    what: str
    id: str
    key: str = ""
    old: str = ""
    new: str = ""


_PARTS = {
    "capacities": ("capacity", ("valid_from",)),
    "gateways": ("gateway", ("id",)),
    "devices": ("device", ("id",)),
    "accounts": ("account", ("account_number", "valid_from")),
    "designs": ("design", ("valid_from",)),
    "earlier_months": ("earlier_month", ("month",)),
}


def written(value: Any) -> str:
    """Return a value as a person writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, tuple):
        return ", ".join(str(one) for one in value)
    return str(value)


def _flat(row: Row) -> dict[str, str]:
    return {key: written(value) for key, value in row.values.items() if not _nested(value)}


def _shown(name: str, value: str) -> str:
    return sim_shown(value) if name == "sim" else value


def _nested(value: Any) -> bool:
    return isinstance(value, Row | Mapping) or (
        isinstance(value, tuple) and any(isinstance(one, Row) for one in value)
    )


def facts_by_id(facts: Facts) -> dict[Fact, dict[str, str]]:
    """Return every fact as texts, by what it is and its id."""
    return dict(_facts(facts))


def _facts(facts: Facts) -> Iterator[tuple[Fact, dict[str, str]]]:
    if facts.district is not None:
        values = _flat(facts.district) | _flat(facts.district["box"])
        yield ("district", facts.district["division_code"]), _without(values, "towns")
    groups = (("town", facts.towns), ("village", facts.villages), ("village_event", facts.events))
    for what, rows in groups:
        for key, row in rows.items():
            yield (what, key), _flat(row)
    for plant_id, plant in facts.plants.items():
        yield ("plant", plant_id), _without(_flat(plant), *_PARTS)
        for name, (what, keys) in _PARTS.items():
            for row in plant[name]:
                own = " ".join(written(row[key]) for key in keys)
                whole = own if keys == ("id",) else f"{plant_id} {own}"
                yield (what, whole), {"plant": plant_id} | _flat(row)
    for plant_id, ownership in facts.ownership.items():
        for act in ownership["acts"]:
            for village, kw in act["shares_kw"].items():
                fact = ("share", f"{plant_id} {act['valid_from']} {village}")
                yield fact, {"share_kw": number_text(kw), "source": act["source"]}


def _without(values: dict[str, str], *keys: str) -> dict[str, str]:
    return {key: value for key, value in values.items() if key not in keys}


def changes_between(old: Facts, new: Facts) -> list[Change]:
    """Return every difference, in the order of ``new``, what went away last."""
    before, after = facts_by_id(old), facts_by_id(new)
    found: list[Change] = []
    for (what, key), values in after.items():
        earlier = before.get((what, key))
        if earlier is None:
            detail = values.get("name") or values.get("share_kw") or values.get("ac_capacity_kw") or ""
            found.append(Change("added", what, key, new=detail))
            continue
        found += [
            Change("changed", what, key, name, _shown(name, earlier.get(name, "")), _shown(name, value))
            for name, value in values.items()
            if earlier.get(name, "") != value
        ]
    found += [Change("removed", what, key) for what, key in before if (what, key) not in after]
    return found


def differs(record: Record, one: Row | None, other: Row | None) -> bool:
    """Tell whether two rows of ``record`` say something different; lists of records inside count."""
    if one is None or other is None:
        return one is not other
    kept = [f.name for f in record.fields if not (record.name == "district" and isinstance(f.type, Many))]
    assert all(not isinstance(f.type, One) or f.name == "box" for f in record.fields)
    return any(not _same(one[name], other[name]) for name in kept)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, Row) and isinstance(other, Row):
        return one.same_as(other)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(_same(a, b) for a, b in zip(one, other, strict=True))
    return bool(one == other)
