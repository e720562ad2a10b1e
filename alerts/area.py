"""F05, F42: many plants at once. One feeder or area without power, or one source of data gone, is one alert."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from math import asin, cos, radians, sin, sqrt

from alerts.rule import AlertRule
from alerts.stake import parts_together
from domain.alert import Alert, AlertState
from domain.plant import Plant

AREA_BOUNDS: Mapping[str, tuple[float, float]] = {
    "plants": (2, 20),
    "within_min": (1, 120),
    "distance_km": (0.5, 50),
    "back_share": (0.3, 1.0),
}
SOURCE_BOUNDS: Mapping[str, tuple[float, float]] = {
    "plants": (2, 60),
    "within_min": (1, 120),
    "share": (0.5, 1.0),
}
OUTAGES = frozenset({"F01", "F04", "F06"})
_EARTH_KM = 6371.0


def area_alerts(alerts: Sequence[Alert], rule: AlertRule, plants: Mapping[str, Plant]) -> list[Alert]:
    """Return one alert per feeder (else neighbourhood) of which several plants went out together.

    Going silent alone is an outage of the area only where no plant of the group shows a live grid meanwhile.
    """
    candidates = [each for each in alerts if each.rule in OUTAGES and each.plant_id in plants]
    found: list[Alert] = []
    used: set[str] = set()
    for name, members in _groups(candidates, plants, rule.limits["distance_km"]).items():
        for cluster in _clusters([each for each in members if each.alert_id not in used], rule):
            if _silent_only(cluster):
                continue
            used |= {each.alert_id for each in cluster}
            found.append(_made(rule, name, cluster, "grid", rule.limits["back_share"]))
    return found


def source_alerts(
    alerts: Sequence[Alert],
    rule: AlertRule,
    plants: Mapping[str, Plant],
    source_of: Callable[[Plant], str],
) -> list[Alert]:
    """Return one alert per source of data whose plants all but vanished together while others speak."""
    members: dict[str, list[Alert]] = {}
    for each in alerts:
        if each.rule == "F01" and each.plant_id in plants:
            members.setdefault(source_of(plants[each.plant_id]), []).append(each)
    total: dict[str, int] = {}
    for plant in plants.values():
        total[source_of(plant)] = total.get(source_of(plant), 0) + 1
    found = []
    for name, own in members.items():
        if len(total) < 2 or total[name] < rule.limits["plants"]:
            continue
        least = rule.limits["share"] * total[name]
        gone = [each for each in _clusters(own, rule) if len({one.plant_id for one in each}) >= least]
        found += [_made(rule, name, each, "communication", 0.8) for each in gone]
    return found


def _groups(
    candidates: Sequence[Alert], plants: Mapping[str, Plant], distance_km: float
) -> dict[str, list[Alert]]:
    groups: dict[str, list[Alert]] = {}
    for each in candidates:
        feeder = plants[each.plant_id].feeder
        if feeder:
            groups.setdefault(feeder, []).append(each)
    for each in candidates:
        centre = plants[each.plant_id]
        if not centre.feeder:
            near = [other for other in candidates if _km(centre, plants[other.plant_id]) <= distance_km]
            groups.setdefault(f"{centre.plant_id} +{distance_km:g} km", []).extend(near)
    return groups


def _km(one: Plant, other: Plant) -> float:
    """Return the distance of two plants. [km]"""
    phi, psi = radians(one.latitude), radians(other.latitude)
    half = sin((psi - phi) / 2) ** 2
    half += cos(phi) * cos(psi) * sin(radians(other.longitude - one.longitude) / 2) ** 2
    return 2 * _EARTH_KM * asin(sqrt(half))


def _clusters(members: Sequence[Alert], rule: AlertRule) -> list[list[Alert]]:
    """Return runs of alerts that began close together, of enough different plants."""
    within = timedelta(minutes=rule.limits["within_min"])
    clusters: list[list[Alert]] = []
    for each in sorted(members, key=lambda alert: alert.since):
        if clusters and each.since - clusters[-1][0].since <= within:
            clusters[-1].append(each)
        else:
            clusters.append([each])
    return [own for own in clusters if len({each.plant_id for each in own}) >= rule.limits["plants"]]


def _silent_only(cluster: Sequence[Alert]) -> bool:
    """Tell whether nothing but silence speaks for an outage: then it is a matter of communication."""
    grown = [each.evidence.get("counter_growth_kwh") for each in cluster if each.rule == "F01"]
    return all(each.rule == "F01" for each in cluster) and any(
        value is not None and float(value) > 1.0 for value in grown
    )


def _made(rule: AlertRule, name: str, cluster: Sequence[Alert], cause: str, back_share: float) -> Alert:
    plant_ids = tuple(sorted({each.plant_id for each in cluster}))
    since = min(each.since for each in cluster)
    fired = sorted(each.fired_at for each in cluster if each.fired_at is not None)
    enough = min(int(rule.limits["plants"]), len(fired)) - 1
    resolved = _back_at(cluster, plant_ids, back_share)
    costs = [each.lost_kwh for each in cluster if each.lost_kwh is not None]
    fen = [each.lost_fen for each in cluster if each.lost_fen is not None]
    risk = [each.at_risk_fen for each in cluster if each.at_risk_fen is not None]
    stamp = since.strftime("%Y%m%dT%H%M")
    return Alert(
        f"{rule.rule_id}-{name}-{stamp}",
        rule.rule_id,
        "",
        "",
        "",
        rule.severity,
        AlertState.FIRING if resolved is None else AlertState.RESOLVED,
        since=since,
        fired_at=fired[enough] if fired else since,
        resolved_at=resolved,
        subject=name,
        plant_ids=plant_ids,
        cause=cause,
        lost_kwh=round(sum(costs), 3) if costs else None,
        lost_fen=sum(fen) if fen else None,
        at_risk_fen=sum(risk) if risk else None,
        evidence={"plants": str(len(plant_ids)), **parts_together(cluster)},
    )


def _back_at(cluster: Sequence[Alert], plant_ids: Sequence[str], back_share: float) -> datetime | None:
    """Return when enough of the plants were back, None while they are not."""
    ends = []
    for plant_id in plant_ids:
        own = [each.resolved_at for each in cluster if each.plant_id == plant_id]
        if all(end is not None for end in own):
            ends.append(max(end for end in own if end is not None))
    need = max(1, round(back_share * len(plant_ids)))
    return sorted(ends)[need - 1] if len(ends) >= need else None
