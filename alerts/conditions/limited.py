"""F23, F24: power held back by a set-point or a plateau, and power cut off at the top of the inverter."""

import numpy as np

from alerts.condition import Bounds, Limits
from alerts.conditions.data import witnesses
from alerts.judgement import Bools, Ints, Judgement, floats, shortfall, verdicts
from alerts.rule import Daylight
from alerts.scene import Scene, quantile
from alerts.windows import days_of
from domain.alert import Severity
from domain.series import Flag, Floats

CURTAILED_BOUNDS: Bounds = {
    "set_point_percent": (1, 100),
    "plateau": (0.001, 0.05),
    "plateau_min": (10, 240),
    "units_share": (0.3, 1.0),
    "below_expected": (0.5, 0.99),
}
CLIPPED_BOUNDS: Bounds = {"share_of_bright": (0.01, 0.9), "days": (5, 31)}
_BELOW_CEILING = 0.97
_MOST_UNITS, _UNITS_LEAST = 0.8, 4
_EVEN, _USUALLY = (
    0.004,
    4.0,
)  # of their height: units on one order; how many times that they are usually apart
_ALIKE = 0.001  # of their height: no light makes unlike units so alike, whatever the sky is said to be
_USUAL = 0.75  # quantile; live, an order may fill most of the window
_LOW_SHARE = 0.05
_PEERS_PASS, _PEERS_MOVE, _SAME, _HELD_BACK = 1.1, 1.05, 0.005, 4.0
_SAMPLES, _LEVEL_BACKS, _LEVEL_NEED = 3, (2.0, 4.0), 0.5  # samples; parts of the time a plateau must last
_SET_POINTS = ("active_power_limit_percent", "plant_active_power_limit_percent")


def _windows(values: Floats, length: int) -> Floats:
    """Return the last ``length`` values up to each instant [rows, instants, length], -inf before the first."""
    padded = np.concatenate([np.full((len(values), length - 1), -np.inf), values], axis=1)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, length, axis=1))


def _extremes(values: Floats, length: int) -> tuple[Floats, Floats]:
    """Return the least and greatest of the last ``length`` values, NaN where one of them is not there."""
    least = greatest = values
    done = 1
    while done < length:  # twice as many a time
        ahead = min(done, length - done)
        least, greatest = _with_earlier(np.minimum, least, ahead), _with_earlier(np.maximum, greatest, ahead)
        done += ahead
    return least, greatest


def _with_earlier(of: np.ufunc, values: Floats, ahead: int) -> Floats:
    found = np.full_like(values, np.nan)
    found[:, ahead:] = of(values[:, ahead:], values[:, :-ahead])
    return found


def flat(scene: Scene, tolerance: float, least_min: float) -> Bools:
    """Return where a unit's power has stayed within a share of itself for some time [units, instants]."""
    lowest, highest = _extremes(scene.share, max(2, round(least_min * 60.0 / scene.step_s)))
    with np.errstate(invalid="ignore"):
        # of its height: under an even sky a low power is near level
        return np.asarray((highest - lowest) < tolerance * highest)


def _evenness(scene: Scene, bright: Bools) -> Floats:
    """Return within which share of it most units lie around their middle one [plants, instants], NaN for few."""
    found = np.full((len(scene.plants), scene.length), np.nan)
    when = np.flatnonzero(bright.any(axis=0))
    if when.size == 0:
        return found
    off = np.abs(scene.share[:, when] / scene.to_units(scene.median_share[:, when]) - 1.0)
    gathered = np.sort(scene.by_plant(off), axis=1)  # NaN last
    count = scene.reporting[:, when]
    most = np.clip(np.ceil(_MOST_UNITS * count).astype(np.int64) - 1, 0, gathered.shape[1] - 1)
    told = np.take_along_axis(gathered, most[:, None], axis=1)[:, 0]
    found[:, when] = np.where(count >= _UNITS_LEAST, told, np.nan)
    return found


def _resolution(scene: Scene) -> Floats:
    """Return the least step in which a plant's units tell their share [plants, 1]."""
    steps = np.abs(np.diff(scene.share, axis=1))
    least = np.where(steps > 0, steps, np.inf).min(axis=1, initial=np.inf)
    return scene.median(np.where(np.isfinite(least), least, np.nan)[:, None])


def leveled(scene: Scene, limits: Limits) -> Bools:
    """Return where a plant's units keep returning to one share of their ratings that they never pass.

    Under broken clouds an order shows only between the clouds. Units of one plant are never so alike of
    themselves: they must lie several times closer together than they usually do. That the plant lacks power is
    asked of a light that was measured or lent; without one, and where the units are one to a thousandth, it is
    enough that they stay below their ceiling.
    """
    if scene.length < 2 or len(scene.units) < _UNITS_LEAST:
        return np.zeros((len(scene.plants), scene.length), dtype=np.bool_)
    bright = scene.daylight(Daylight.D3)
    apart = _evenness(scene, bright)
    usual = quantile(np.where(bright, apart, np.nan), _USUAL)[:, None]
    middle = scene.median_share
    even = (apart < _EVEN) & (usual > _USUALLY * _EVEN) & (middle > _LOW_SHARE)
    even &= _resolution(scene) <= _EVEN * middle  # where power is told in large steps evenness means nothing
    need = max(_SAMPLES, round(_LEVEL_NEED * limits["plateau_min"] * 60.0 / scene.step_s))
    expected = np.where(np.isfinite(scene.plant_expected_w), scene.plant_expected_w, -np.inf)
    seen = np.where(bright & np.isfinite(middle), middle, -np.inf)
    below = middle < _BELOW_CEILING * quantile(middle, 0.999)[:, None]
    exact = below & (apart < _ALIKE) & (_resolution(scene) <= _ALIKE * middle)
    lit = np.array([plant.irradiance_source != "" for plant in scene.plants])[:, None]
    found = np.zeros_like(even)
    for times in _LEVEL_BACKS:  # soon after it began, and where clouds leave little of it
        back = max(_SAMPLES, round(times * limits["plateau_min"] * 60.0 / scene.step_s))
        best = _windows(expected, back).max(axis=2)  # a lent sky is minutes early or late
        lacks = np.where(lit & (best > 0), scene.plant_power_w < limits["below_expected"] * best, below)
        lacks |= exact
        levels = _windows(np.where(even & lacks, middle, np.nan), back)
        top = _windows(seen, back).max(axis=2)
        found |= (levels >= (1.0 - limits["plateau"]) * top[:, :, None]).sum(axis=2) >= need
    return np.asarray(found & np.isfinite(middle))


def held_alone(scene: Scene, limits: Limits) -> tuple[Bools, Bools]:
    """Return where one unit stops at the same power again and again while its peers pass it, and where they pass.

    Its highest values are one value, and those of its peers at the same instants are not.
    """
    found = np.zeros((len(scene.units), scene.length), dtype=np.bool_)
    need = max(_SAMPLES + 1, round(limits["plateau_min"] * 60.0 / scene.step_s))
    back = max(2 * need, round(_HELD_BACK * limits["plateau_min"] * 60.0 / scene.step_s))
    share, peers = scene.share, scene.by_peers_w / scene.rated_w
    _, moves = witnesses(scene)
    below = (
        (peers > _PEERS_PASS * share) & (share > _LOW_SHARE) & (share < _BELOW_CEILING * scene.known_ceiling)
    )
    steps = np.abs(np.diff(share, axis=1))
    least = np.where(steps > 0, steps, np.inf).min(axis=1, initial=np.inf)
    for row in np.flatnonzero((below.sum(axis=1) >= need) & (least < _SAME * _LOW_SHARE)).tolist():
        total = np.concatenate([np.zeros(back, dtype=np.int64), np.cumsum(below[row])])
        when = np.flatnonzero(total[back:] - total[:-back] >= need)
        if when.size == 0:
            continue
        own = _windows(np.where(np.isfinite(share[row]), share[row], -np.inf)[None], back)[0, when]
        others = _windows(np.where(below[row], peers[row], np.nan)[None], back)[0, when]
        at_top = (own >= (1.0 - _SAME) * own.max(axis=1)[:, None]) & np.isfinite(others)
        lowest = np.where(at_top, others, np.inf).min(axis=1)
        highest = np.where(at_top, others, -np.inf).max(axis=1)
        alive = _windows(moves[row].astype(np.float64)[None], back)[0, when].max(axis=1) > 0
        found[row, when] = (at_top.sum(axis=1) >= need) & (highest > _PEERS_MOVE * lowest) & alive
    return found, below


def judge_curtailed(scene: Scene, limits: Limits) -> Judgement:
    """F23. TRUE: a set-point below its full value, or most units held below what the light would give.

    A single unit that is held while its peers pass it is a subject of its own: no order, but a fault to look at.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        low = scene.power_w < limits["below_expected"] * scene.modelled_w
        held = (
            flat(scene, limits["plateau"], limits["plateau_min"])
            & low
            & (scene.share < _BELOW_CEILING * scene.known_ceiling)
        )
        held &= scene.share > 0.02
    gathered = scene.by_plant(np.where(np.isfinite(scene.share), held, np.nan))
    told = np.isfinite(gathered).sum(axis=1)
    plateau = (told > 0) & (np.nansum(gathered, axis=1) >= limits["units_share"] * told)
    point = _set_point(scene)
    with np.errstate(invalid="ignore", divide="ignore"):
        asked = point < limits["set_point_percent"]
        plateau |= leveled(scene, limits)
        alone, passed = held_alone(scene, limits)
    known = np.isfinite(scene.plant_power_w) | np.isfinite(point)
    units = verdicts(np.isfinite(scene.power_w), alone & ~scene.to_units(asked | plateau), ~passed)
    said = np.concatenate([verdicts(known, asked | plateau), units])
    power = np.concatenate([scene.plant_power_w, scene.power_w])
    nowhere = np.full_like(scene.power_w, np.nan)
    plants = len(scene.plants)
    return Judgement(
        (*scene.plant_subjects, *scene.subjects),
        said,
        {"set_point_percent": np.concatenate([point, nowhere]), "power_w": power},
        np.where(np.arange(len(said))[:, None] < plants, 0, int(Severity.S3)).astype(np.int8)
        * np.ones((1, scene.length), dtype=np.int8),
        lost_w=shortfall(np.concatenate([scene.plant_expected_w, scene.expected_w]), power),
    )


def _set_point(scene: Scene) -> Floats:
    """Return the least set-point any device of each plant tells, NaN where none does. [%]"""
    found = np.full((len(scene.plants), scene.length), np.nan)
    for row, plant in enumerate(scene.plants):
        for each in plant.devices.values():
            for name in _SET_POINTS:
                values = each.good(name)
                enabled = each.good("active_power_limit_enabled")
                if values is not None:
                    in_force = values if enabled is None else np.where(enabled == 0, np.nan, values)
                    found[row] = np.fmin(found[row], in_force)
    return found


def judge_clipped(scene: Scene, limits: Limits) -> Judgement:
    """F24. TRUE: clipped for more than a share of the bright hours of the last ``days``. Design, not fault."""
    days = days_of(scene)
    bright = scene.to_units(scene.daylight(Daylight.D3)) & np.isfinite(scene.power_w)
    clipped = np.zeros_like(bright)
    for row, unit in enumerate(scene.units):
        flags = unit.flags.get("ac_active_power_w")
        if flags is not None:
            clipped[row] = (flags & np.uint16(Flag.CLIPPED.value)) != 0
    with np.errstate(invalid="ignore"):
        clipped &= scene.share >= _BELOW_CEILING * scene.ceiling  # lower down: an order
        clipped |= scene.share >= 0.995
    back = int(limits["days"])
    count, of = (_last_days(days.count_of(each), back) for each in (clipped & bright, bright))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = count / of
    known = np.isfinite(share) & (of * scene.step_s > 20 * 3600.0)
    found = days.place(verdicts(known, share > limits["share_of_bright"]), scene.plant_of)
    return Judgement(scene.subjects, found, {"clipped_share": days.spread(share)})


def _last_days(by_day: Ints, back: int) -> Floats:
    total = np.concatenate([np.zeros((len(by_day), 1)), np.cumsum(by_day, axis=1)], axis=1)
    day = np.arange(by_day.shape[1])
    return floats(total[:, day + 1] - total[:, np.maximum(day + 1 - back, 0)])
