"""Availability by time and by energy: technical, contractual, and the state in which nothing is known.

Sources: IEC TS 63019 (information unavailable is a state of its own), SolarPower Europe's guide (weights by
DC capacity), rdtools (a stopped inverter gives less than 0.1 % of its 99th percentile).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from domain.series import Floats

Mask = NDArray[np.bool_]
DOWN_SHARE = 0.001


def down(power_w: Floats, useful: Mask) -> Mask:
    """Return the useful steps in which an inverter stands still; a step without data is not among them."""
    if np.isnan(power_w).all():
        return np.zeros(len(power_w), dtype=bool)
    limit = DOWN_SHARE * float(np.nanquantile(power_w, 0.99))
    with np.errstate(invalid="ignore"):
        return np.asarray(useful & (power_w <= limit))


def time_availability(power_w: Floats, useful: Mask, excused: Mask | None = None) -> float | None:
    """Return (useful - down) / useful; None when no useful step is known.

    ``excused`` steps (grid, order, force majeure) count as up: the contractual figure. Steps without data
    count neither way.
    """
    told = useful & ~np.isnan(power_w)
    if not told.any():
        return None
    still = down(power_w, told)
    if excused is not None:
        still &= ~excused
    return float(1.0 - still.sum() / told.sum())


def energy_availability(produced_kwh: float | None, lost_kwh: float | None) -> float | None:
    """Return 1 - lost / (lost + produced) (rdtools); None when either is not known or both are nought."""
    if produced_kwh is None or lost_kwh is None or produced_kwh + lost_kwh <= 0:
        return None
    return 1.0 - lost_kwh / (lost_kwh + produced_kwh)


def weighted_availability(parts: Sequence[tuple[float | None, float]]) -> float | None:
    """Return the availability of a plant from (availability, DC capacity in kW) of its inverters."""
    known = [(share, size) for share, size in parts if share is not None and size > 0]
    total = sum(size for _, size in known)
    return sum(share * size for share, size in known) / total if total > 0 else None
