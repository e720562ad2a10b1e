"""F17: an inverter hot enough to hold itself back, and giving less than its peers."""

import numpy as np

from alerts.codes import told
from alerts.condition import Bounds, Limits
from alerts.judgement import Judgement, shortfall, verdicts
from alerts.scene import Scene

BOUNDS: Bounds = {"hot_c": (40, 110), "cool_c": (30, 105), "peer_ratio": (0.5, 1.0)}


def judge(scene: Scene, limits: Limits) -> Judgement:
    """TRUE: hotter than ``hot_c`` (or says so) and under ``peer_ratio`` of the median peer's power."""
    inside = scene.quantity("internal_temperature_c")
    says_so, _ = told(scene, lambda code: code.category == "temperature" and code.rank >= 1)
    median = scene.to_units(scene.median_specific)
    reference = np.where(scene.to_units(scene.reporting) > 2, median, scene.modelled_w / scene.dc_capacity_w)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = scene.specific / reference
        hot = (inside > limits["hot_c"]) | says_so
        known = (np.isfinite(inside) | says_so) & np.isfinite(ratio)
        cool = ~says_so & ~(inside > limits["cool_c"])
        found = verdicts(known, hot & (ratio < limits["peer_ratio"]), cool | (ratio >= limits["peer_ratio"]))
    measures = {"internal_temperature_c": inside, "ratio_to_peers": ratio}
    return Judgement(scene.subjects, found, measures, lost_w=shortfall(scene.expected_w, scene.power_w))
