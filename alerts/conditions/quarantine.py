"""F46: what a device says is not believed: another serial number answers, or values have a wrong unit."""

import numpy as np

from alerts.condition import Bounds, Limits
from alerts.judgement import Judgement, Subject, verdicts
from alerts.scene import Scene
from domain.series import QUARANTINED

BOUNDS: Bounds = {}


def judge(scene: Scene, limits: Limits) -> Judgement:  # noqa: ARG001
    """TRUE: the collector stored what a device said as not to be counted."""
    found = [
        (each.device, each.values[QUARANTINED])
        for plant in scene.plants
        for each in plant.devices.values()
        if QUARANTINED in each.values
    ]
    if not found:
        return Judgement((), np.empty((0, scene.length), dtype=np.int8))
    subjects = [Subject(device.plant_id, device.device_id) for device, _ in found]
    marked = np.stack([values for _, values in found])
    return Judgement(subjects, verdicts(np.isfinite(marked), marked > 0.0))
