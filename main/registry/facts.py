"""Facts: all records of all files, by id, and the laying of the overlay over the delivered files."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from main.registry.problem import Problems
from main.registry.records import Row


def event_id(event: Row) -> str:
    """Return what tells one village event from another: the day and who went."""
    return f"{event.get('date')} {'+'.join(event.get('from') or ())}"


@dataclass
class Facts:
    """Records by id. ``ownership`` is by plant. A layer may lack any of them."""

    district: Row | None = None
    towns: dict[str, Row] = field(default_factory=dict)
    villages: dict[str, Row] = field(default_factory=dict)
    events: dict[str, Row] = field(default_factory=dict)
    plants: dict[str, Row] = field(default_factory=dict)
    ownership: dict[str, Row] = field(default_factory=dict)
    removed: Row | None = None

    def groups(self) -> Mapping[str, dict[str, Row]]:
        """Return the groups that win per id, by their name in `removed.yaml`."""
        return {
            "towns": self.towns,
            "villages": self.villages,
            "events": self.events,
            "plants": self.plants,
            "ownership": self.ownership,
        }


def by_id(
    rows: Iterable[Row], problems: Problems, what: str, identify: Callable[[Row], str | None]
) -> dict[str, Row]:
    """Return rows by id; a second one of the same id is a fault of its line."""
    found: dict[str, Row] = {}
    for row in rows:
        key = identify(row)
        if key is None:
            continue
        first = found.get(key)
        if first is not None:
            problems.add(
                row.file,
                row.at("id"),
                "id" if "id" in row.lines else "",
                "duplicate_id",
                what=what,
                id=key,
                other=f"{first.file}:{first.line}",
            )
            continue
        found[key] = row
    return found


def lay_over(base: Facts, overlay: Facts, problems: Problems, *, strict: bool = False) -> Facts:
    """Return ``base`` with ``overlay`` over it: the overlay wins per id, `removed.yaml` takes ids away.

    With ``everything`` in `removed.yaml` nothing of the base is left: the overlay is the whole registry. Only a
    ``strict`` reading (of a layer laid by a person) notes ids that are taken away but were never there.
    """
    removed = overlay.removed
    if removed is not None and removed.get("everything"):
        base = Facts()
    merged = Facts(district=overlay.district or base.district)
    for name, rows in base.groups().items():
        gone = set(removed.get(name) or ()) if removed is not None else set()
        if strict and removed is not None:
            for key in sorted(gone - set(rows)):
                problems.add(removed.file, removed.at(name), name, "removed_unknown", id=key)
        target = merged.groups()[name]
        target.update({key: row for key, row in rows.items() if key not in gone})
        target.update(overlay.groups()[name])
    return merged
