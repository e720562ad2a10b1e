"""PlantSeries: a plant on one grid of instants, the arrays that kpis/ enriches and alerts/ judges."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntFlag

import numpy as np
import numpy.typing as npt

from domain.plant import Device

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.uint16]
Instants = npt.NDArray[np.datetime64]


class Flag(IntFlag):
    """Why a value is not to be trusted, or what is special about it. Bits; stored, never renumber.

    A flag is a mask, never a deletion: the value stays where it is.
    """

    MISSING = 1  # nothing was sent, or the device marked it absent
    OUT_OF_RANGE = 2
    SENTINEL = 4  # a maker's "no value" that came through as a number
    STALE = 8  # the device repeats itself
    INTERPOLATED = 16  # a straight line somebody drew
    OUTLIER = 32
    CLOCK = 64  # its instant is doubtful
    COUNTER_RESET = 128
    CATCH_UP = 256  # energy of a gap booked in one step
    UNIT = 512  # off by a factor such as 10, 1000 or sqrt(3)
    CONFIGURATION = 1024  # contradicts what the registry says
    CLIPPED = 2048
    CURTAILED = 4096


QUARANTINED = (
    "quarantined"  # beside the quantities of a device: 1 where what it said was not believed, 0 where it was
)

BAD = (
    Flag.MISSING
    | Flag.OUT_OF_RANGE
    | Flag.SENTINEL
    | Flag.STALE
    | Flag.INTERPOLATED
    | Flag.OUTLIER
    | Flag.UNIT
)  # not CLOCK: the value is right, its instant is not, and a day's energy is the same


@dataclass(frozen=True, slots=True)
class DeviceSeries:
    """One device on the grid of its plant; every array has the grid's length.

    ``values`` holds canonical quantity names; NaN is missing. ``flags`` may lack a quantity: then nothing
    speaks against its values. ``expected_power_w`` is what an undisturbed device would deliver at the AC
    side (NaN: cannot be known), with the irradiance it rests on named in ``expected_source``; its limit is
    in it. ``unlimited_power_w`` is the same without the limit, so the difference is what clipping costs.
    ``expected_spread`` is the spread of a good day about it (1 sigma, relative; NaN: not learnt).
    """

    device: Device
    values: Mapping[str, Floats]
    flags: Mapping[str, Flags] = field(default_factory=dict)
    expected_power_w: Floats | None = None
    expected_source: str = ""
    unlimited_power_w: Floats | None = None
    expected_spread: float = float("nan")

    def good(self, quantity: str) -> Floats | None:
        """Return a quantity with NaN where a flag of `BAD` speaks against it; None when it was never sent."""
        values = self.values.get(quantity)
        flags = self.flags.get(quantity)
        if values is None or flags is None:
            return values
        return np.where(flags & np.uint16(BAD.value), np.nan, values)


@dataclass(frozen=True, slots=True)
class PlantSeries:
    """One plant on a regular grid.

    Attributes
    ----------
    instants : datetime64[ns] array
        UTC, ascending, evenly spaced by ``step_s``; a sample stands for [instant, instant + step).
    sun_elevation_deg, clear_sky_poa_w_m2 : float arrays
        From place and time, never from a device's clock; NaN where the plant has no coordinates.
    irradiance_poa_w_m2 : float array or None
        In the plane of the array, with its ``irradiance_source`` ("own", "neighbour:<id>", "file",
        "peers"; empty: none).
    dirt_share : float array or None
        Of clean power, what dirt takes; None: nobody has looked.
    """

    plant_id: str
    zone: str
    instants: Instants
    step_s: float
    devices: Mapping[str, DeviceSeries]
    sun_elevation_deg: Floats
    clear_sky_poa_w_m2: Floats
    irradiance_poa_w_m2: Floats | None = None
    irradiance_source: str = ""
    module_temperature_c: Floats | None = None
    ambient_temperature_c: Floats | None = None
    dirt_share: Floats | None = None
