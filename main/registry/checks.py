"""Cross-checks of towns, villages and their events, and the one entry to all cross-checks."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from main.registry.facts import Facts
from main.registry.plant_checks import check_fleet, check_plant
from main.registry.problem import Problems, nearest
from main.registry.profiles import KnownProfile
from main.registry.records import Row
from main.registry.share_checks import check_ownership


def check_facts(facts: Facts, profiles: Mapping[str, KnownProfile], problems: Problems, folder: str) -> None:
    """Note every fault between records. A record with a fault of its own is checked as far as it goes."""
    if facts.district is None:
        _missing(problems, folder, "district.yaml")
    if not facts.villages:
        _missing(problems, folder, "villages.yaml")
    if not facts.plants:
        problems.add(f"{folder}/plants", 0, "", "no_plants")
    box = facts.district.get("box") if facts.district is not None else None
    for town in facts.towns.values():
        _check_town(town, facts, box, problems)
    for village in facts.villages.values():
        _check_village(village, facts, problems)
    _check_events(facts, problems)
    for plant in facts.plants.values():
        _check_place(plant, box, problems)
        check_town_known(plant, "town", facts, problems)
        check_plant(plant, profiles, problems)
    check_fleet(facts.plants.values(), problems)
    check_ownership(facts, problems)


def _missing(problems: Problems, folder: str, name: str) -> None:
    if not any(one.file.endswith(name) for one in problems.found):
        problems.add(f"{folder}/{name}", 0, "", "missing_file")


def check_town_known(row: Row, key: str, facts: Facts, problems: Problems) -> None:
    """Note a town that does not exist."""
    town = row.get(key)
    if town is not None and town not in facts.towns:
        problems.add(
            row.file, row.at(key), key, "unknown_town", suggestion=nearest(town, facts.towns), id=town
        )


def _check_place(row: Row, box: Row | None, problems: Problems) -> None:
    latitude, longitude = row.get("latitude"), row.get("longitude")
    if box is None or box.incomplete:
        return
    checks: tuple[tuple[str, Any, str, str], ...] = (
        ("latitude", latitude, "south", "north"),
        ("longitude", longitude, "west", "east"),
    )
    for key, value, low, high in checks:
        if value is not None and not box[low] <= value <= box[high]:
            problems.add(row.file, row.at(key), key, "outside_box", value=value, low=box[low], high=box[high])


def _check_town(town: Row, facts: Facts, box: Row | None, problems: Problems) -> None:
    _check_place(town, box, problems)
    code = facts.district.get("division_code") if facts.district is not None else None
    if code is not None and not str(town.get("id")).startswith(code):
        problems.add(town.file, town.at("id"), "id", "code_outside", id=town["id"], code=code)


def _check_village(village: Row, facts: Facts, problems: Problems) -> None:
    check_town_known(village, "town", facts, problems)
    town = village.get("town")
    if town is not None and not str(village.get("id")).startswith(town):
        problems.add(village.file, village.at("id"), "id", "code_outside", id=village["id"], code=town)


_SIDES = {"merged": ("2+", "1"), "split": ("1", "2+"), "renamed": ("1", "1")}


def _fits(count: int, wanted: str) -> bool:
    return count >= 2 if wanted == "2+" else count == 1


def _check_events(facts: Facts, problems: Problems) -> None:
    ended: dict[str, date] = {}
    complete = [event for event in facts.events.values() if not event.incomplete]
    for event in sorted(complete, key=lambda one: one["date"]):
        _check_sides(event, problems)
        for side in ("from", "to"):
            for village_id in event[side]:
                _check_event_village(event, side, village_id, facts, ended, problems)
        for village_id in set(event["from"]) - set(event["to"]):
            ended.setdefault(village_id, event["date"])


def _check_sides(event: Row, problems: Problems) -> None:
    wanted_from, wanted_to = _SIDES[event["change"]]
    if not _fits(len(set(event["from"])), wanted_from) or not _fits(len(set(event["to"])), wanted_to):
        problems.add(
            event.file,
            event.at("change"),
            "change",
            "event_sides",
            change=event["change"],
            wanted_from=wanted_from,
            wanted_to=wanted_to,
        )


def _check_event_village(
    event: Row, side: str, village_id: str, facts: Facts, ended: Mapping[str, date], problems: Problems
) -> None:
    village = facts.villages.get(village_id)
    if village is None:
        suggestion = nearest(village_id, facts.villages)
        problems.add(
            event.file, event.at(side), side, "unknown_village", suggestion=suggestion, id=village_id
        )
        return
    if village_id in ended:
        problems.add(event.file, event.at(side), side, "village_ended", id=village_id, day=ended[village_id])
    begins = village.get("valid_from")
    if begins is not None and begins > event["date"]:
        problems.add(event.file, event.at(side), side, "village_not_yet", id=village_id, day=begins)
