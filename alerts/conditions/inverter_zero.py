"""F08: an inverter gives nothing while its peers run."""

import numpy as np

from alerts.condition import Bounds, Limits
from alerts.judgement import Judgement, shortfall, verdicts
from alerts.scene import Scene

BOUNDS: Bounds = {
    "zero_share": (0.0, 0.05),
    "peer_share": (0.02, 0.5),
    "clear_share": (0.1, 0.95),
    "peers": (2, 20),
}


def judge(scene: Scene, limits: Limits) -> Judgement:
    """TRUE: power at most ``zero_share`` of the rating while the median peer is above ``peer_share``.

    Clear above ``clear_share`` of the median peer. Without enough peers, or with dim ones, nothing is known.
    """
    median = scene.to_units(scene.median_share)
    enough = scene.to_units(scene.reporting) > limits["peers"]
    with np.errstate(invalid="ignore"):
        known = np.isfinite(scene.share) & (median > limits["peer_share"]) & enough
        zero = scene.share <= limits["zero_share"]
        clear = scene.specific > limits["clear_share"] * scene.to_units(scene.median_specific)

    measures = {"power_w": scene.power_w, "peer_median_w": scene.by_peers_w}
    return Judgement(
        scene.subjects,
        verdicts(known, zero, clear),
        measures,
        lost_w=shortfall(scene.expected_w, scene.power_w),
    )
