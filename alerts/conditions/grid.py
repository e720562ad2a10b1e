"""F04 and helpers: is the grid there?"""

import numpy as np

from alerts.judgement import Bools, bools, floats
from alerts.scene import Scene
from domain.series import Floats

PHASES = ("ac_phase_a_voltage_v", "ac_phase_b_voltage_v", "ac_phase_c_voltage_v")
LINES = ("ac_line_ab_voltage_v", "ac_line_bc_voltage_v", "ac_line_ca_voltage_v")
_NOMINAL_V = (220.0, 230.0, 277.0, 380.0, 400.0, 480.0, 500.0, 540.0, 800.0, 10_000.0, 35_000.0)
_GONE_SHARE = 0.2


def greatest_voltage(scene: Scene) -> Floats:
    """Return the greatest phase (or line) voltage of each unit, NaN where it says none. [V]"""
    found = [each for each in (scene.maybe(name) for name in (*PHASES, *LINES)) if each is not None]
    if not found:
        return np.full((len(scene.units), scene.length), np.nan)
    return floats(np.fmax.reduce(found))


def nominal_v(voltage: Floats) -> Floats:
    """Return the usual voltage of each unit [units, 1]: the nominal value nearest to its upper range. [V]"""
    usual = np.full((len(voltage), 1), np.nan)
    for row, values in enumerate(voltage):
        known = values[np.isfinite(values) & (values > 0)]
        if known.size:
            typical = float(np.quantile(known, 0.8))
            usual[row] = min(_NOMINAL_V, key=lambda each: abs(np.log(each / typical)))
    return usual


def grid_gone(scene: Scene, share: float = 0.5) -> Bools:
    """Return where at least ``share`` of the units that tell a voltage tell next to none [plants, instants]."""
    voltage = greatest_voltage(scene)
    nominal = np.where(np.isnan(nominal_v(voltage)), _NOMINAL_V[0], nominal_v(voltage))
    gathered = scene.by_plant(voltage / nominal)
    told = np.isfinite(gathered).sum(axis=1)
    with np.errstate(invalid="ignore"):
        gone = (gathered < _GONE_SHARE).sum(axis=1)
    return bools((told > 0) & (gone >= share * told))
