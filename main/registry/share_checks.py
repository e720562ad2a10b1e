"""Checks of the share tables: the rules are revenue/ownership.py's, the places in the files are known here."""

from main.registry import build
from main.registry.facts import Facts
from main.registry.fields import number_text
from main.registry.problem import Problems, nearest
from main.registry.records import Row
from revenue.ownership import ShareFault, ShareFaultKind, faults_in


def check_ownership(facts: Facts, problems: Problems) -> None:
    """Note every fault of every share table."""
    events = [build.event(row) for row in facts.events.values() if not row.incomplete]
    rows = [row for row in facts.villages.values() if not row.incomplete]
    villages = {one.village_id: one for one in build.villages(rows, events)}
    for plant_id, ownership in facts.ownership.items():
        plant = facts.plants.get(plant_id)
        if plant is None:
            problems.add(
                ownership.file,
                ownership.at("plant"),
                "plant",
                "unknown_plant",
                suggestion=nearest(plant_id, facts.plants),
                id=plant_id,
            )
            continue
        acts = ownership.get("acts")
        if acts is None or any(act.incomplete for act in acts):
            continue
        parts = plant.get("capacities") or ()
        capacities = () if any(one.incomplete for one in parts) or not parts else build.capacities(plant)
        ordered = sorted(acts, key=lambda one: one["valid_from"])
        for fault in faults_in(build.ownership(ownership), capacities, villages):
            if fault.kind is ShareFaultKind.UNKNOWN_VILLAGE and fault.village_id in facts.villages:
                continue  # it is there, with a fault of its own that is told already
            _note(ordered[fault.act], fault, facts, problems)


def _note(act: Row, fault: ShareFault, facts: Facts, problems: Problems) -> None:
    key = "valid_from" if fault.kind is ShareFaultKind.SAME_DAY else "shares_kw"
    suggestion = ""
    if fault.kind is ShareFaultKind.UNKNOWN_VILLAGE:
        suggestion = nearest(fault.village_id, facts.villages)
    problems.add(
        act.file,
        act.lines.get(f"shares_kw.{fault.village_id}", act.at(key)),
        key,
        f"share_{fault.kind.value}",
        suggestion=suggestion,
        id=fault.village_id,
        day=fault.day,
        found_kw=number_text(fault.found_kw or 0),
        capacity_kw=number_text(fault.expected_kw or 0),
    )
