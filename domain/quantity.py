"""The closed vocabulary of measured quantities: name, unit, kind, plausible range.

The unit ends the name. Numbered families (``dc_string_03_current_a``) are one row with ``NN``. Names are
spelt as in the device tables; a test holds GLOSSARY.md against this file.
"""

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache


class Kind(Enum):
    """How a quantity behaves over time, which decides how it may be aggregated."""

    GAUGE = "gauge"  # independent instants: power, temperature. Average it.
    COUNTER = "counter"  # ever-growing total: energy. Subtract it, never average it.
    STATE = "state"  # a code or a bit field with no arithmetic. Take the last.


@dataclass(frozen=True, slots=True)
class Quantity:
    """One quantity. ``low`` and ``high`` bound what is plausible for a device of a village plant."""

    name: str
    unit: str
    kind: Kind
    low: float = float("-inf")
    high: float = float("inf")


_G, _C, _S = Kind.GAUGE, Kind.COUNTER, Kind.STATE

_TABLE: tuple[tuple[str, str, Kind, float, float], ...] = (
    # alternating current
    ("ac_active_power_w", "W", _G, -5e5, 1e7),
    ("ac_reactive_power_var", "var", _G, -1e7, 1e7),
    ("ac_apparent_power_va", "VA", _G, 0, 1e7),
    ("ac_phase_a_active_power_w", "W", _G, -1e7, 1e7),
    ("ac_phase_b_active_power_w", "W", _G, -1e7, 1e7),
    ("ac_phase_c_active_power_w", "W", _G, -1e7, 1e7),
    ("ac_phase_a_voltage_v", "V", _G, 0, 50_000),
    ("ac_phase_b_voltage_v", "V", _G, 0, 50_000),
    ("ac_phase_c_voltage_v", "V", _G, 0, 50_000),
    ("ac_line_ab_voltage_v", "V", _G, 0, 50_000),
    ("ac_line_bc_voltage_v", "V", _G, 0, 50_000),
    ("ac_line_ca_voltage_v", "V", _G, 0, 50_000),
    ("ac_phase_a_current_a", "A", _G, -5000, 5000),
    ("ac_phase_b_current_a", "A", _G, -5000, 5000),
    ("ac_phase_c_current_a", "A", _G, -5000, 5000),
    ("grid_frequency_hz", "Hz", _G, 45, 65),
    ("power_factor", "1", _G, -1, 1),
    ("rated_active_power_w", "W", _G, 0, 1e7),
    ("efficiency_percent", "%", _G, 0, 100),
    # direct current
    ("dc_power_w", "W", _G, -1e3, 1e7),
    ("dc_bus_voltage_v", "V", _G, 0, 2000),
    ("dc_mppt_NN_voltage_v", "V", _G, 0, 1600),
    ("dc_mppt_NN_current_a", "A", _G, -5, 200),
    ("dc_mppt_NN_power_w", "W", _G, -1e3, 2e5),
    ("dc_string_NN_voltage_v", "V", _G, -100, 1600),
    ("dc_string_NN_current_a", "A", _G, -5, 60),
    # energy
    ("ac_energy_total_wh", "Wh", _C, 0, 1e13),
    ("ac_energy_today_wh", "Wh", _C, 0, 1e9),
    ("ac_energy_this_month_wh", "Wh", _C, 0, 1e11),
    ("ac_energy_this_year_wh", "Wh", _C, 0, 1e12),
    ("meter_energy_forward_wh", "Wh", _C, 0, 1e13),
    ("meter_energy_reverse_wh", "Wh", _C, 0, 1e13),
    # state
    ("device_status", "1", _S, 0, 4294967295),
    ("fault_code", "1", _S, 0, 4294967295),
    ("warning_code", "1", _S, 0, 4294967295),
    ("alarm_word_NN", "1", _S, 0, 65535),
    ("device_state_word_NN", "1", _S, 0, 4294967295),
    ("device_time_epoch_s", "s", _S, 0, 4294967295),
    # condition
    ("insulation_resistance_ohm", "ohm", _G, 0, 1e9),
    ("internal_temperature_c", "C", _G, -40, 125),
    ("leakage_current_a", "A", _G, -10, 10),
    # weather
    ("irradiance_poa_w_m2", "W/m2", _G, -10, 1600),
    ("irradiance_ghi_w_m2", "W/m2", _G, -10, 1600),
    ("ambient_temperature_c", "C", _G, -45, 60),
    ("module_temperature_c", "C", _G, -45, 110),
    ("wind_speed_m_s", "m/s", _G, 0, 75),
    ("wind_direction_deg", "deg", _G, 0, 360),
    ("relative_humidity_percent", "%", _G, 0, 100),
)

_EXACT = {row[0]: Quantity(*row) for row in _TABLE if "NN" not in row[0]}
_FAMILY = {row[0]: row for row in _TABLE if "NN" in row[0]}
_NUMBERED = re.compile(r"_(\d{2})(?=_|$)")


@lru_cache(maxsize=4096)
def quantity(name: str) -> Quantity:
    """Return the quantity called ``name``; numbered families are expanded (01 to 99).

    Raises
    ------
    KeyError
        The vocabulary has no such name.
    """
    found = _EXACT.get(name)
    if found is not None:
        return found
    row = _FAMILY.get(_NUMBERED.sub("_NN", name, count=1))
    if row is None or "NN" in name or "_00" in name:
        raise KeyError(name)
    return Quantity(name, *row[1:])


def is_known(name: str) -> bool:
    """Tell whether the vocabulary has ``name``."""
    try:
        quantity(name)
    except KeyError:
        return False
    return True


def vocabulary() -> tuple[str, ...]:
    """Return every name, numbered families once with ``NN``."""
    return tuple(row[0] for row in _TABLE)
