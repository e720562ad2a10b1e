"""Which village owns how much of a plant on a day (确权), and who follows a village that is no more.

An act of ownership holds from its day until the next one. When a village merges or is renamed, its one
successor takes its share from that day on; when a village is split, arithmetic cannot know who gets what,
so a newer act must say it. Shares are compared in whole watts: 0.1 + 0.2 kW is 300 W.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

from domain.plant import Capacity, Ownership, Plant, Registry, Village
from revenue.refusal import FactMissingError


class ShareFaultKind(Enum):
    """What can be wrong with a share table."""

    SUM = "sum"  # the shares do not add up to the AC capacity on `day`
    NOT_POSITIVE = "not_positive"
    UNKNOWN_VILLAGE = "unknown_village"
    NOT_YET = "not_yet"  # the village came into being on `day`, after the act
    ENDED = "ended"  # the village ended on `day`, before the act
    NEEDS_ACT = "needs_act"  # the village was split on `day`, and no act of that day or later follows
    SAME_DAY = "same_day"  # two acts of one day


@dataclass(frozen=True, slots=True)
class ShareFault:
    """One fault of act number ``act`` (0 is the oldest). Powers in kW, None where they say nothing."""

    kind: ShareFaultKind
    act: int
    day: date
    village_id: str = ""
    found_kw: float | None = None
    expected_kw: float | None = None


def watts(kw: float) -> int:
    """Return a power of the registry in whole watts. [W]"""
    return round(kw * 1000)


def total_kw(shares_kw: Mapping[str, float]) -> float:
    """Return the exact sum of shares. [kW]"""
    return sum(watts(kw) for kw in shares_kw.values()) / 1000


def faults_in(
    acts: Sequence[Ownership], capacities: Sequence[Capacity], villages: Mapping[str, Village]
) -> list[ShareFault]:
    """Return every fault in the share tables of one plant; an empty list means they are sound.

    Parameters
    ----------
    acts, capacities : sequence
        Of one plant, oldest first.
    villages : mapping
        Every village by id, former ones included.
    """
    faults: list[ShareFault] = []
    for index, act in enumerate(acts):
        following = acts[index + 1].valid_from if index + 1 < len(acts) else None
        if following == act.valid_from:
            faults.append(ShareFault(ShareFaultKind.SAME_DAY, index + 1, act.valid_from))
        faults.extend(_sum_faults(index, act, following, capacities))
        for village_id, kw in act.shares_kw.items():
            if watts(kw) <= 0:
                faults.append(ShareFault(ShareFaultKind.NOT_POSITIVE, index, act.valid_from, village_id, kw))
            faults.extend(_village_faults(index, act, following, village_id, villages))
    return faults


def _sum_faults(
    index: int, act: Ownership, following: date | None, capacities: Sequence[Capacity]
) -> Iterator[ShareFault]:
    found_kw = total_kw(act.shares_kw)
    for day, capacity_kw in _capacities_within(act.valid_from, following, capacities):
        if watts(found_kw) != watts(capacity_kw):
            yield ShareFault(ShareFaultKind.SUM, index, day, "", found_kw, capacity_kw)


def _capacities_within(
    first: date, following: date | None, capacities: Sequence[Capacity]
) -> Iterator[tuple[date, float]]:
    """Yield AC capacities in force while an act holds, each with the first day both hold."""
    if not capacities:
        return
    at_start = next((c for c in reversed(capacities) if c.valid_from <= first), capacities[0])
    yield first, at_start.ac_capacity_kw
    for capacity in capacities:
        begins_within = capacity.valid_from > first and (following is None or capacity.valid_from < following)
        if begins_within and capacity is not at_start:
            yield capacity.valid_from, capacity.ac_capacity_kw


def _village_faults(
    index: int, act: Ownership, following: date | None, village_id: str, villages: Mapping[str, Village]
) -> Iterator[ShareFault]:
    village = villages.get(village_id)
    if village is None:
        yield ShareFault(ShareFaultKind.UNKNOWN_VILLAGE, index, act.valid_from, village_id)
        return
    if village.valid_from > act.valid_from:
        yield ShareFault(ShareFaultKind.NOT_YET, index, village.valid_from, village_id)
    if village.valid_to is not None and village.valid_to <= act.valid_from:
        yield ShareFault(ShareFaultKind.ENDED, index, village.valid_to, village_id)
        return
    stopped_on = _succession_stops_on(village, villages)
    if stopped_on is not None and (following is None or stopped_on < following):
        yield ShareFault(ShareFaultKind.NEEDS_ACT, index, stopped_on, village_id)


def _succession_stops_on(village: Village, villages: Mapping[str, Village]) -> date | None:
    """Return the day on which following successors one by one ends in more (or less) than one, or None."""
    seen: set[str] = set()
    while village.valid_to is not None:
        follower = villages.get(village.successor_ids[0]) if len(village.successor_ids) == 1 else None
        if follower is None or village.village_id in seen:
            return village.valid_to
        seen.add(village.village_id)
        village = follower
    return None


def successor_on(village_id: str, day: date, villages: Mapping[str, Village]) -> str:
    """Return who holds the rights of ``village_id`` on ``day``: itself while it lives, else its successor.

    Raises
    ------
    FactMissingError
        The village is not known, or was split, so that its successors' parts need an act of ownership.
    """
    seen: set[str] = set()
    while True:
        village = villages.get(village_id)
        if village is None:
            raise FactMissingError("no_village", village=village_id)
        if village.valid_to is None or day < village.valid_to:
            return village_id
        if len(village.successor_ids) != 1 or village_id in seen:
            raise FactMissingError(
                "village_ended",
                village=village_id,
                day=village.valid_to,
                successors=", ".join(village.successor_ids) or "-",
            )
        seen.add(village_id)
        village_id = village.successor_ids[0]


def shares_on(plant: Plant, day: date, villages: Mapping[str, Village]) -> dict[str, float]:
    """Return who owns how much of ``plant`` on ``day``, successors in place of villages that are no more. [kW]

    Raises
    ------
    FactMissingError
        There is no act of ownership yet, or it does not tell who follows a village that was split.
    """
    act = plant.ownership_on(day)
    if act is None:
        raise FactMissingError("no_act", plant=plant.plant_id, day=day)
    held_w: dict[str, int] = {}
    for village_id, kw in act.shares_kw.items():
        holder = successor_on(village_id, day, villages)
        held_w[holder] = held_w.get(holder, 0) + watts(kw)
    return {village_id: value / 1000 for village_id, value in held_w.items()}


def holdings_on(registry: Registry, village_id: str, day: date) -> dict[str, float]:
    """Return how much of which plant a village owns on ``day``; plants without an act yet are left out. [kW]

    Raises
    ------
    FactMissingError
        An act does not tell who follows a village that was split.
    """
    found: dict[str, float] = {}
    for plant in registry.plants:
        if plant.ownership_on(day) is None:
            continue
        kw = shares_on(plant, day, registry.villages_by_id).get(village_id)
        if kw is not None:
            found[plant.plant_id] = kw
    return found


def divide_kw(kw: float, weights: Mapping[str, int]) -> dict[str, float]:
    """Divide a power among villages in proportion to whole-number weights, exact to the watt. [kW]

    Largest remainders get the odd watts; ties go to the smaller id, so the same input gives the same table.

    Raises
    ------
    FactMissingError
        A weight is negative, or none is positive.
    """
    total_weight = sum(weights.values())
    if total_weight <= 0 or min(weights.values()) < 0:
        raise FactMissingError("no_weight", kw=kw)
    parts = {key: divmod(watts(kw) * weight, total_weight) for key, weight in weights.items()}
    left_over = watts(kw) - sum(whole for whole, _ in parts.values())
    lucky = set(sorted(parts, key=lambda key: (-parts[key][1], key))[:left_over])
    return {key: (whole + (key in lucky)) / 1000 for key, (whole, _) in parts.items()}


def after_split(
    shares_kw: Mapping[str, float], village_id: str, weights: Mapping[str, int]
) -> dict[str, float]:
    """Return the share table a new act may state after ``village_id`` was split: its kW go to ``weights``.

    Raises
    ------
    FactMissingError
        The village owns nothing here, or the weights cannot divide anything.
    """
    if village_id not in shares_kw:
        raise FactMissingError("owns_nothing", village=village_id)
    found_w = {key: watts(kw) for key, kw in shares_kw.items() if key != village_id}
    for key, kw in divide_kw(shares_kw[village_id], weights).items():
        if kw > 0:
            found_w[key] = found_w.get(key, 0) + watts(kw)
    return {key: value / 1000 for key, value in found_w.items()}
