"""F06: a whole plant gives nothing although the grid is there and the light would do."""

import numpy as np

from alerts.condition import Bounds, Limits
from alerts.conditions.grid import grid_gone
from alerts.judgement import Judgement, shortfall, verdicts
from alerts.scene import Scene

BOUNDS: Bounds = {"zero_share": (0.0, 0.1), "expected_share": (0.02, 0.5), "clear_share": (0.02, 0.9)}


def judge(scene: Scene, limits: Limits) -> Judgement:
    """TRUE: power under ``zero_share`` of the rating while ``expected_share`` is to be expected.

    Expected means by measured light (own or a neighbour's): a clear sky alone does not tell fog from a stop.
    """
    with np.errstate(invalid="ignore"):
        share = scene.plant_power_w / scene.plant_rated_w
        expected = scene.plant_expected_w / scene.plant_rated_w
        known = np.isfinite(share) & (expected > limits["expected_share"]) & ~grid_gone(scene)
        stopped = share < limits["zero_share"]
        clear = share > np.minimum(limits["clear_share"], 0.5 * expected)

    measures = {"power_w": scene.plant_power_w, "expected_power_w": scene.plant_expected_w}
    return Judgement(
        scene.plant_subjects,
        verdicts(known, stopped, clear),
        measures,
        lost_w=shortfall(scene.plant_expected_w, scene.plant_power_w),
    )
