"""Who explains whom: a child whose parent is open, or opens soon after, is attached and not told.

The tree: source cloud > area > plant link > plant grid > plant > meter > bus > inverter > MPPT > string.
Nothing is lost: children stay in the record under their parent. A child that still holds half an hour after
its parent is clear stands on its own again, with the parent's name in its evidence.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from alerts.catalog import KINDS
from alerts.lifecycle import LAST_TRUE
from domain.alert import Alert
from domain.plant import Plant

WAIT = timedelta(minutes=15)  # a parent may show itself this much later than its children
RELEASE = timedelta(minutes=30)  # and a child may recover this much later than its parent
RELEASE_DAY = timedelta(hours=36)  # a rule on whole days says "over" only in the evening of the day after
FORMER_PARENT = "former_parent"
INPUTS = "dc_inputs"  # in the evidence of an input: how many its inverter has
_STRING, _INPUT = re.compile(r"string_(\d+)"), re.compile(r"mppt_(\d+)")


def attach(alerts: Sequence[Alert], plants: Mapping[str, Plant], now: datetime | None = None) -> list[Alert]:
    """Return the alerts, each with the nearest one to the root that explains it.

    ``now`` is the instant of a live step; None judges whole lives after the fact.
    """
    found = []
    by_plant: dict[str, list[Alert]] = {}
    for alert in alerts:
        for plant_id in alert.plant_ids or (alert.plant_id,):
            by_plant.setdefault(plant_id, []).append(alert)
    for alert in alerts:
        nearby = [] if alert.plant_ids else by_plant.get(alert.plant_id, [])
        found.append(_attached(alert, nearby, plants, now))
    return found


def _attached(
    alert: Alert, nearby: Sequence[Alert], plants: Mapping[str, Plant], now: datetime | None
) -> Alert:
    parents = [each for each in nearby if explains(each, alert, plants, now)]
    if parents:
        first = [one for one in parents if not any(explains(each, one, plants, now) for each in parents)]
        root = min(first or parents, key=lambda each: (KINDS[each.rule].level, each.since, each.alert_id))
        return replace(alert, parent_id=root.alert_id)
    if alert.parent_id is None:
        return alert
    return replace(alert, parent_id=None, evidence={**alert.evidence, FORMER_PARENT: alert.parent_id})


def is_explained(alert: Alert, parents: Mapping[str, Alert], now: datetime) -> bool:
    """Tell whether a parent speaks for an alert: it is open, or ended so lately that its children still recover."""
    parent = parents.get(alert.parent_id or "")
    if parent is None or parent.resolved_at is None:
        return parent is not None and parent.is_open
    daily = alert.rule in KINDS and KINDS[alert.rule].daily
    held = (_last_true(alert, now) if daily else now) or now
    return held <= parent.resolved_at + (RELEASE_DAY if daily else RELEASE)


def explains(parent: Alert, child: Alert, plants: Mapping[str, Plant], now: datetime | None = None) -> bool:
    """Tell whether one alert is the reason for another."""
    if parent.alert_id == child.alert_id or child.rule not in KINDS[parent.rule].explains:
        return False
    if not _contains(parent, child, plants):
        return False
    daily = KINDS[
        child.rule
    ].daily  # its first sign is the day's first instant: what came by day may explain it
    first = child.since if not daily or child.fired_at is None else child.fired_at
    release = RELEASE_DAY if daily else RELEASE
    begun = (parent.fired_at or parent.since) if KINDS[parent.rule].slow else parent.since
    if begun > first + WAIT:
        return False
    parent_end = parent.resolved_at
    if parent_end is None:
        return True
    if child.since > parent_end + RELEASE:
        return False
    child_end = child.resolved_at or now
    if daily:
        child_end = _last_true(child, child_end)
    return child_end is not None and child_end <= parent_end + release


def _last_true(alert: Alert, otherwise: datetime | None) -> datetime | None:
    """Return until when a rule on days was seen to hold: dull days, which say nothing, do not make it last."""
    told = alert.evidence.get(LAST_TRUE)
    return otherwise if told is None else datetime.fromisoformat(told)


def _contains(parent: Alert, child: Alert, plants: Mapping[str, Plant]) -> bool:
    if parent.plant_ids:
        return child.plant_id in parent.plant_ids
    if parent.plant_id != child.plant_id:
        return False
    if not parent.device_id:
        return not parent.part or _on_bus(parent.part, child, plants)
    if parent.device_id != child.device_id:
        return False
    return not parent.part or not child.part or parent.part == child.part or _on_input(parent, child, plants)


def _on_input(parent: Alert, child: Alert, plants: Mapping[str, Plant]) -> bool:
    """Tell whether a string hangs on a DC input of its inverter, strings dealt out evenly and in order.

    Where strings cannot be dealt evenly the neighbouring input may have it; where nobody counted them, any may.
    """
    string, lies_on = _STRING.fullmatch(parent.part), _INPUT.fullmatch(child.part)
    if string is None or lies_on is None:
        return False
    plant = plants.get(child.plant_id)
    devices = plant.devices if plant is not None else ()
    strings = next((each.string_count for each in devices if each.device_id == child.device_id), 0)
    inputs = int(float(child.evidence.get(INPUTS, "0")))
    if not strings or not inputs or int(string[1]) > strings:
        return True
    dealt = (int(string[1]) - 1) * inputs // strings + 1
    return abs(dealt - int(lies_on[1])) <= (strings % inputs > 0)


def _on_bus(gateway_id: str, child: Alert, plants: Mapping[str, Plant]) -> bool:
    """Tell whether the child's device hangs on a bus (the part of a bus alert is its gateway)."""
    plant = plants.get(child.plant_id)
    devices = plant.devices if plant is not None else ()
    return any(each.device_id == child.device_id and each.gateway_id == gateway_id for each in devices)
