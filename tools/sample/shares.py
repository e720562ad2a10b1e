"""Invented shares: who owns how much of which plant, from which day on, by which paper."""

from datetime import date

from main.registry.emit import row
from main.registry.records import ACT, OWNERSHIP, Row
from tools.sample.towns import TOWNS, SampleTown
from tools.sample.villages import SPLIT_ON, village_id, villages_of

_FIRST_ACT = date(2018, 6, 1)
_WEIGHTS = (5, 3, 4, 2, 6)


def _owners(town: SampleTown, plants: list[Row]) -> list[list[str]]:
    """Return the villages of each plant of a town: every village somewhere; a small last plant has one owner."""
    villages = villages_of(town)
    owners: list[list[str]] = [[] for _ in plants]
    joint = len(plants)
    if plants[-1]["connection"] != "live" and len(plants) > 1:
        joint -= 1
        owners[-1] = [villages.pop()]
    for index, village in enumerate(villages):
        owners[index % joint].append(village)
    if joint > 1 and len(villages) > 3:
        owners[0].append(villages[1])  # one village of most towns holds shares of two plants
    return owners


def _split_kw(total_kw: int, villages: list[str]) -> dict[str, float]:
    """Return whole-kW shares in rough proportion to the weights; the first village takes the rest."""
    weights = [_WEIGHTS[index % len(_WEIGHTS)] for index in range(len(villages))]
    shares = {
        village: float(total_kw * weight // sum(weights))
        for village, weight in zip(villages, weights, strict=True)
    }
    shares[villages[0]] += total_kw - sum(shares.values())
    return shares


def _act(on: date, total_kw: float, villages: list[str]) -> Row:
    return row(
        {
            "valid_from": on,
            "source": f"样例确权书 {on.isoformat()}",
            "shares_kw": _split_kw(round(total_kw), villages),
        },
        ACT,
    )


def _before(villages: list[str]) -> list[str]:
    """Return the villages as they were in 2018, before merger, split and renaming."""
    earlier: list[str] = []
    for village in villages:
        for one in _PREDECESSORS.get(village, (village,)):
            if one not in earlier:
                earlier.append(one)
    return earlier


def _code(town: str, number: int) -> str:
    return village_id(next(one for one in TOWNS if one.slug == town), number)


_PREDECESSORS: dict[str, tuple[str, ...]] = {
    _code("yecun", 9): (_code("yecun", 91), _code("yecun", 9)),
    _code("dajing", 12): (_code("dajing", 91), _code("dajing", 92)),
    _code("yaoshi", 9): (_code("yaoshi", 91),),
    _code("yaoshi", 10): (_code("yaoshi", 91),),
    _code("banqiao", 8): (_code("banqiao", 91),),
}
_SPLIT = frozenset({_code("yaoshi", 9), _code("yaoshi", 10)})


def _acts(plant: Row, villages: list[str]) -> tuple[Row, ...]:
    """Return the acts of a plant: the first of 2018, one after every change of capacity, one after a split."""
    capacities = plant["capacities"]
    first_on = max(_FIRST_ACT, capacities[0]["valid_from"])
    earlier = _before(villages)
    acts = [_act(first_on, capacities[0]["ac_capacity_kw"], earlier)]
    acts += [_act(c["valid_from"], c["ac_capacity_kw"], earlier) for c in capacities[1:]]
    if _SPLIT & set(villages):
        acts.append(_act(SPLIT_ON, capacities[-1]["ac_capacity_kw"], villages))
    return tuple(acts)


def make_ownership(plants: list[Row]) -> list[Row]:
    """Return the records of `ownership/`, one for each plant."""
    by_town: dict[str, list[Row]] = {}
    for plant in plants:
        by_town.setdefault(plant["town"], []).append(plant)
    found = []
    for town in TOWNS:
        for plant, villages in zip(by_town[town.town_id], _owners(town, by_town[town.town_id]), strict=True):
            found.append(row({"plant": plant["id"], "acts": _acts(plant, villages)}, OWNERSHIP))
    return found
