"""What the codes of a scene's units mean, instant by instant; a maker's code is evidence and never an alert."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import numpy as np

from alerts.context import Meaning
from alerts.judgement import Bools
from alerts.scene import Ints, Scene
from domain.series import Floats

_CODE = re.compile(
    r"^(device_status|fault_code|minor_fault_code|warning_code|alarm_word_\d\d|device_state_word_\d\d)$"
)
Wanted = Callable[[Meaning], bool]


@lru_cache(maxsize=1024)
def _is_code(name: str) -> bool:
    return _CODE.match(name) is not None


def told(scene: Scene, wanted: Wanted) -> tuple[Bools, Bools]:
    """Return where a unit tells a code that is ``wanted``, and where it tells any code at all."""
    shape = (len(scene.units), scene.length)
    true, known = np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.bool_)
    for rows, said, meanings in _said(scene):
        if meanings is None:
            known[rows] |= np.isfinite(said)
            continue
        for value, means in meanings.items():
            if any(wanted(each) for each in means):
                true[rows] |= said == value
    return true, known


_Said = list[tuple[Ints, Floats, Mapping[float, Sequence[Meaning]] | None]]


def _said(scene: Scene) -> _Said:
    """Return every code word of the units of every profile, and what its values mean; read once a scene."""
    if "codes" not in scene.memory:
        scene.memory["codes"] = _read(scene)
    found: _Said = scene.memory["codes"]
    return found


def _read(scene: Scene) -> _Said:
    """Return each word twice: as told (no meanings), and with the meanings of the values it took."""
    found: _Said = []
    profiles: dict[str, list[int]] = {}
    for row, unit in enumerate(scene.units):
        profiles.setdefault(unit.device.profile, []).append(row)
    names = sorted(name for name in scene.names if _is_code(name))
    for profile, members in profiles.items():
        rows = np.array(members, dtype=np.int64)
        for name in names:
            whole = scene.raw(name)
            assert whole is not None
            said = whole[rows]
            values = np.unique(said[np.isfinite(said)]).tolist()
            if not values:
                continue
            known = {value: scene.context.codes(profile, name, int(value)) for value in values}
            found.append((rows, said, None))
            found.append((rows, said, {value: means for value, means in known.items() if means}))
    return found
