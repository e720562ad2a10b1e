"""What the codes of a scene's units mean, instant by instant; a maker's code is evidence and never an alert."""

import re
from collections.abc import Callable, Sequence

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
    for row, there, at, meanings in _said(scene):
        if meanings is None:
            known[row] |= there
        elif any(wanted(each) for each in meanings):
            true[row] |= at
    return true, known


_Said = list[tuple[int, Bools, Bools, Sequence[Meaning] | None]]


def _said(scene: Scene) -> _Said:
    """Return every code any unit tells, with where and what it means; read once a scene."""
    if "codes" not in scene.memory:
        scene.memory["codes"] = _read(scene)
    found: _Said = scene.memory["codes"]
    return found


def _read(scene: Scene) -> _Said:
    found: _Said = []
    known: dict[tuple[str, str, int], Sequence[Meaning]] = {}
    for row, unit in enumerate(scene.units):
        for name, values in unit.values.items():
            if not _CODES.match(name):
                continue
            there = np.isfinite(values)
            found.append((row, there, there, None))
            for value in set(values[there].tolist()):
                key = (unit.device.profile, name, int(value))
                if key not in known:
                    known[key] = scene.context.codes(*key)
                if known[key]:
                    found.append((row, there, values == value, known[key]))
    return found
