"""What the codes of a scene's units mean, instant by instant; a maker's code is evidence and never an alert."""

import re
from collections.abc import Callable

import numpy as np

from alerts.context import Meaning
from alerts.judgement import Bools
from alerts.scene import Scene

_CODES = re.compile(
    r"^(device_status|fault_code|minor_fault_code|warning_code|alarm_word_\d\d|device_state_word_\d\d)$"
)
Wanted = Callable[[Meaning], bool]


def told(scene: Scene, wanted: Wanted) -> tuple[Bools, Bools]:
    """Return where a unit tells a code that is ``wanted``, and where it tells any code at all."""
    shape = (len(scene.units), scene.length)
    true, known = np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.bool_)
    for row, unit in enumerate(scene.units):
        for name, values in unit.values.items():
            if not _CODES.match(name):
                continue
            there = np.isfinite(values)
            known[row] |= there
            for value in np.unique(values[there]).tolist():
                meanings = scene.context.codes(unit.device.profile, name, int(value))
                if any(wanted(each) for each in meanings):
                    true[row] |= values == value
    return true, known
