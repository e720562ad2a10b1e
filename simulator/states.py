"""What inverters of each make say about their state: the inverse of the code tables, for the virtual field."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np

from simulator.noise import Floats


class UnitState(IntEnum):
    """What a virtual inverter is doing."""

    RUNNING = 0
    STANDBY = 1
    DERATED = 2
    CURTAILED = 3
    FAULT = 4
    NO_GRID = 5


@dataclass(frozen=True, slots=True)
class StateCodes:
    """Codes of one make, in the order of `UnitState`; ``fault_code`` likewise (0: none)."""

    status: tuple[int, int, int, int, int, int]
    fault_code: tuple[int, int, int, int, int, int] = (0, 0, 0, 0, 0, 0)

    def status_of(self, states: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Floats:
        """Return the status word of each unit."""
        return np.array(self.status, dtype=np.float64)[states]

    def fault_of(self, states: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Floats:
        """Return the fault code of each unit."""
        return np.array(self.fault_code, dtype=np.float64)[states]


# Huawei: 0x0200 on grid, 0x0002 waiting for light, 0x0202 derated, 0x0201 limited, 0x0300 fault stop.
_HUAWEI: Final = StateCodes((0x0200, 0x0002, 0x0202, 0x0201, 0x0300, 0x0300), (0, 0, 0, 0, 2064, 2032))
CODES: Final[Mapping[str, StateCodes]] = {
    "huawei_sun2000": _HUAWEI,
    "huawei_sun2000_v2": _HUAWEI,
    "huawei_smartlogger_inverter": _HUAWEI,
    "sungrow_sg": StateCodes((0x0000, 0x1400, 0x8100, 0x8200, 0x5500, 0x5500), (0, 0, 0, 0, 39, 10)),
    "growatt_max": StateCodes((1, 0, 1, 1, 3, 3), (0, 0, 0, 0, 401, 302)),
    "json_growatt_grott": StateCodes((1, 0, 1, 1, 3, 3)),
    "json_solis_cloud": StateCodes((0x0003, 0x0000, 0x0003, 0x0003, 0x1032, 0x1015)),
    "goodwe_mt": StateCodes((1, 0, 1, 1, 2, 0)),
    "ginlong_solis": StateCodes((0x0003, 0x0000, 0x0003, 0x0003, 0x1032, 0x1015)),
    "sunspec": StateCodes((4, 8, 5, 5, 7, 7)),
    "pvmon_json": StateCodes((1, 0, 2, 2, 3, 3)),
}
UNKNOWN_MAKE: Final = CODES["pvmon_json"]
