"""F06: a whole plant gives nothing although the grid is there and the light would do."""

import numpy as np

from alerts.condition import Bounds, Limits
from alerts.conditions.grid import grid_gone
from alerts.judgement import Bools, Judgement, shortfall, verdicts
from alerts.scene import Scene
from alerts.windows import true_of_last
from domain.alert import Severity

BOUNDS: Bounds = {
    "zero_share": (0.0, 0.1),
    "expected_share": (0.02, 0.5),
    "left_share": (0.0, 0.2),
    "clear_share": (0.02, 0.9),
    "dark_w_m2": (200, 1000),
    "dark_min": (30, 600),
}
_NOTHING = 0.001  # of the rating: under the thickest cloud a plant still gives some per cent of a clear sky


def judge(scene: Scene, limits: Limits) -> Judgement:
    """TRUE: power under ``zero_share`` of the rating while ``expected_share`` is to be expected.

    In dim light a plant under thin snow gives so little as well: one that gives more than ``left_share`` of what the
    light would give runs.
    Expected means by measured light (own or a neighbour's): a clear sky alone does not tell fog from low power.
    Where nobody measures light, nothing at all for ``dark_min`` under a high sun is a stop (or snow): no sky is
    so dark.
    """
    with np.errstate(invalid="ignore"):
        share = scene.plant_power_w / scene.plant_rated_w
        expected = scene.plant_expected_w / scene.plant_rated_w
        there = np.isfinite(share) & ~grid_gone(scene)
        known = there & (expected > limits["expected_share"])
        stopped = known & (share < np.minimum(limits["zero_share"], limits["left_share"] * expected))
        clear = share > np.minimum(limits["clear_share"], 0.5 * expected)
        unlit = there & ~np.isfinite(expected) & (scene.clear_sky_w_m2 > limits["dark_w_m2"])
        dark = unlit & _for_long(share <= _NOTHING, unlit, limits["dark_min"] * 60.0 / scene.step_s)
        clear = np.where(np.isfinite(expected), clear, share > limits["clear_share"])
        known |= unlit
        stopped |= dark

    measures = {"power_w": scene.plant_power_w, "expected_power_w": scene.plant_expected_w}
    return Judgement(
        scene.plant_subjects,
        verdicts(known, stopped, clear),
        measures,
        np.where(dark, int(Severity.S2), 0).astype(np.int8),
        lost_w=shortfall(scene.plant_expected_w, scene.plant_power_w),
    )


def _for_long(nothing: Bools, counted: Bools, steps: float) -> Bools:
    """Return where each of the last so many instants that count gave nothing."""
    need = max(2, round(steps))
    return np.asarray(true_of_last(nothing, counted, need) >= need)
