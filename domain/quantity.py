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

    def can_be(self, value: float) -> bool:
        """Tell whether a value is plausible. No grid has no frequency: 0 Hz is true, an outage is told by it."""
        return self.low <= value <= self.high or (value == 0 and self.unit == "Hz")


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
    ("ac_phase_a_reactive_power_var", "var", _G, -1e7, 1e7),
    ("ac_phase_b_reactive_power_var", "var", _G, -1e7, 1e7),
    ("ac_phase_c_reactive_power_var", "var", _G, -1e7, 1e7),
    ("ac_phase_a_apparent_power_va", "VA", _G, 0, 1e7),
    ("ac_phase_b_apparent_power_va", "VA", _G, 0, 1e7),
    ("ac_phase_c_apparent_power_va", "VA", _G, 0, 1e7),
    ("power_factor_phase_a", "1", _G, -1, 1),
    ("power_factor_phase_b", "1", _G, -1, 1),
    ("power_factor_phase_c", "1", _G, -1, 1),
    ("grid_frequency_phase_b_hz", "Hz", _G, 45, 65),
    ("grid_frequency_phase_c_hz", "Hz", _G, 45, 65),
    ("ac_zero_sequence_current_a", "A", _G, -5000, 5000),
    ("ac_current_total_a", "A", _G, -15_000, 15_000),
    ("voltage_imbalance_percent", "%", _G, 0, 100),
    ("current_imbalance_percent", "%", _G, 0, 100),
    ("ac_active_power_peak_today_w", "W", _S, 0, 1e7),
    ("rated_active_power_w", "W", _G, 0, 1e7),
    ("efficiency_percent", "%", _G, 0, 100),
    # ratings and set points, read back and never written
    ("rated_apparent_power_va", "VA", _S, 0, 1e7),
    ("rated_reactive_power_var", "var", _S, 0, 1e7),
    ("max_active_power_w", "W", _S, 0, 1e7),
    ("max_apparent_power_va", "VA", _S, 0, 1e7),
    ("max_reactive_power_export_var", "var", _S, -1e7, 1e7),
    ("max_reactive_power_import_var", "var", _S, -1e7, 1e7),
    ("active_power_limit_w", "W", _S, 0, 1e7),
    ("active_power_limit_percent", "%", _S, 0, 110),
    ("active_power_limit_enabled", "1", _S, 0, 65535),
    ("reactive_power_set_var", "var", _S, -1e7, 1e7),
    ("start_stop_command", "1", _S, 0, 65535),
    ("mppt_count", "1", _S, 0, 32),
    ("dc_string_count", "1", _S, 0, 64),
    ("output_type", "1", _S, 0, 65535),
    ("grid_code", "1", _S, 0, 65535),
    # direct current
    ("dc_power_w", "W", _G, -1e3, 1e7),
    ("dc_voltage_v", "V", _G, 0, 2000),
    ("dc_current_a", "A", _G, -100, 5000),
    ("dc_bus_voltage_v", "V", _G, 0, 2000),
    ("dc_bus_positive_voltage_v", "V", _G, 0, 1000),
    ("dc_bus_negative_voltage_v", "V", _G, -1000, 1000),
    ("pv_negative_to_ground_voltage_v", "V", _G, -2000, 2000),
    ("dc_mppt_NN_voltage_v", "V", _G, 0, 1600),
    ("dc_mppt_NN_current_a", "A", _G, -5, 200),
    ("dc_mppt_NN_power_w", "W", _G, -1e3, 2e5),
    ("dc_mppt_NN_temperature_c", "C", _G, -40, 150),
    ("dc_mppt_NN_status", "1", _S, 0, 65535),
    ("dc_mppt_NN_alarm_word", "1", _S, 0, 4294967295),
    ("dc_string_NN_voltage_v", "V", _G, -100, 1600),
    ("dc_string_NN_current_a", "A", _G, -5, 60),
    # energy
    ("ac_energy_total_wh", "Wh", _C, 0, 1e13),
    ("ac_energy_today_wh", "Wh", _C, 0, 1e9),
    ("ac_energy_this_month_wh", "Wh", _C, 0, 1e11),
    ("ac_energy_this_year_wh", "Wh", _C, 0, 1e12),
    ("meter_energy_forward_wh", "Wh", _C, 0, 1e13),
    ("meter_energy_reverse_wh", "Wh", _C, 0, 1e13),
    ("ac_energy_yesterday_wh", "Wh", _S, 0, 1e9),
    ("ac_energy_last_month_wh", "Wh", _S, 0, 1e11),
    ("ac_energy_last_year_wh", "Wh", _S, 0, 1e12),
    ("dc_energy_total_wh", "Wh", _C, 0, 1e13),
    ("dc_mppt_NN_energy_today_wh", "Wh", _C, 0, 1e8),
    ("dc_mppt_NN_energy_total_wh", "Wh", _C, 0, 1e12),
    ("meter_energy_total_wh", "Wh", _C, -1e13, 1e13),
    ("meter_energy_total_sharp_wh", "Wh", _C, -1e13, 1e13),
    ("meter_energy_total_peak_wh", "Wh", _C, -1e13, 1e13),
    ("meter_energy_total_flat_wh", "Wh", _C, -1e13, 1e13),
    ("meter_energy_total_valley_wh", "Wh", _C, -1e13, 1e13),
    ("meter_energy_forward_sharp_wh", "Wh", _C, 0, 1e13),
    ("meter_energy_forward_peak_wh", "Wh", _C, 0, 1e13),
    ("meter_energy_forward_flat_wh", "Wh", _C, 0, 1e13),
    ("meter_energy_forward_valley_wh", "Wh", _C, 0, 1e13),
    ("meter_energy_reverse_sharp_wh", "Wh", _C, 0, 1e13),
    ("meter_energy_reverse_peak_wh", "Wh", _C, 0, 1e13),
    ("meter_energy_reverse_flat_wh", "Wh", _C, 0, 1e13),
    ("meter_energy_reverse_valley_wh", "Wh", _C, 0, 1e13),
    ("meter_phase_a_energy_forward_wh", "Wh", _C, 0, 1e13),
    ("meter_phase_b_energy_forward_wh", "Wh", _C, 0, 1e13),
    ("meter_phase_c_energy_forward_wh", "Wh", _C, 0, 1e13),
    ("meter_phase_a_energy_reverse_wh", "Wh", _C, 0, 1e13),
    ("meter_phase_b_energy_reverse_wh", "Wh", _C, 0, 1e13),
    ("meter_phase_c_energy_reverse_wh", "Wh", _C, 0, 1e13),
    ("meter_reactive_energy_forward_varh", "varh", _C, 0, 1e13),
    ("meter_reactive_energy_reverse_varh", "varh", _C, 0, 1e13),
    ("meter_reactive_energy_total_varh", "varh", _C, -1e13, 1e13),
    ("meter_reactive_energy_q1_varh", "varh", _C, 0, 1e13),
    ("meter_reactive_energy_q2_varh", "varh", _C, 0, 1e13),
    ("meter_reactive_energy_q3_varh", "varh", _C, 0, 1e13),
    ("meter_reactive_energy_q4_varh", "varh", _C, 0, 1e13),
    ("meter_reactive_energy_total_sharp_varh", "varh", _C, -1e13, 1e13),
    ("meter_reactive_energy_total_peak_varh", "varh", _C, -1e13, 1e13),
    ("meter_reactive_energy_total_flat_varh", "varh", _C, -1e13, 1e13),
    ("meter_reactive_energy_total_valley_varh", "varh", _C, -1e13, 1e13),
    ("meter_reactive_energy_forward_sharp_varh", "varh", _C, 0, 1e13),
    ("meter_reactive_energy_forward_peak_varh", "varh", _C, 0, 1e13),
    ("meter_reactive_energy_forward_flat_varh", "varh", _C, 0, 1e13),
    ("meter_reactive_energy_forward_valley_varh", "varh", _C, 0, 1e13),
    ("meter_reactive_energy_reverse_sharp_varh", "varh", _C, 0, 1e13),
    ("meter_reactive_energy_reverse_peak_varh", "varh", _C, 0, 1e13),
    ("meter_reactive_energy_reverse_flat_varh", "varh", _C, 0, 1e13),
    ("meter_reactive_energy_reverse_valley_varh", "varh", _C, 0, 1e13),
    ("meter_ct_ratio", "1", _S, 0, 65535),
    ("meter_pt_ratio", "1", _S, 0, 65535),
    ("meter_phase_a_active_power_w", "W", _G, -1e6, 1e6),
    ("meter_phase_b_active_power_w", "W", _G, -1e6, 1e6),
    ("meter_phase_c_active_power_w", "W", _G, -1e6, 1e6),
    ("meter_active_power_w", "W", _G, -1e7, 1e7),
    ("meter_reactive_power_var", "var", _G, -1e7, 1e7),
    ("meter_status", "1", _S, 0, 65535),
    # a whole plant, as its logger sums it up
    ("plant_active_power_w", "W", _G, -5e5, 1e8),
    ("plant_reactive_power_var", "var", _G, -1e8, 1e8),
    ("plant_dc_power_w", "W", _G, -1e3, 1e8),
    ("plant_dc_current_a", "A", _G, -100, 1e5),
    ("plant_power_factor", "1", _G, -1, 1),
    ("plant_efficiency_percent", "%", _G, 0, 100),
    ("plant_phase_a_current_a", "A", _G, -5000, 32000),
    ("plant_phase_b_current_a", "A", _G, -5000, 32000),
    ("plant_phase_c_current_a", "A", _G, -5000, 32000),
    ("plant_line_ab_voltage_v", "V", _G, 0, 50_000),
    ("plant_line_bc_voltage_v", "V", _G, 0, 50_000),
    ("plant_line_ca_voltage_v", "V", _G, 0, 50_000),
    ("plant_energy_today_wh", "Wh", _C, 0, 1e10),
    ("plant_energy_total_wh", "Wh", _C, 0, 1e14),
    ("plant_run_time_today_s", "s", _C, 0, 90_000),
    ("plant_active_power_limit_w", "W", _S, 0, 1e9),
    ("plant_active_power_limit_percent", "%", _S, 0, 110),
    ("plant_active_power_available_w", "W", _G, 0, 1e9),
    ("plant_rated_power_w", "W", _S, 0, 1e9),
    ("plant_dc_capacity_w", "W", _S, 0, 1e9),
    ("plant_inverter_running_count", "1", _G, 0, 1000),
    ("plant_status", "1", _S, 0, 65535),
    ("plant_status_shaanxi", "1", _S, 0, 65535),
    ("plant_locked", "1", _S, 0, 1),
    # state
    ("device_status", "1", _S, 0, 4294967295),
    ("device_status_vendor", "1", _S, 0, 65535),
    ("fault_code", "1", _S, 0, 4294967295),
    ("warning_code", "1", _S, 0, 4294967295),
    ("alarm_word_NN", "1", _S, 0, 4294967295),
    ("device_state_word_NN", "1", _S, 0, 4294967295),
    ("device_time_epoch_s", "s", _S, 0, 4294967295),
    ("fault_sub_code", "1", _S, 0, 65535),
    ("minor_fault_code", "1", _S, 0, 4294967295),
    ("minor_fault_sub_code", "1", _S, 0, 65535),
    ("warning_sub_code", "1", _S, 0, 65535),
    ("fault_time_epoch_s", "s", _S, 0, 4294967295),
    ("string_unmatch_word_NN", "1", _S, 0, 65535),
    ("string_unbalance_word_NN", "1", _S, 0, 65535),
    ("string_disconnect_word_NN", "1", _S, 0, 65535),
    ("string_abnormal_word_NN", "1", _S, 0, 65535),
    ("fan_fault_word", "1", _S, 0, 65535),
    ("derating_mode", "1", _S, 0, 65535),
    ("derating_word", "1", _S, 0, 4294967295),
    ("function_word", "1", _S, 0, 65535),
    ("pid_status", "1", _S, 0, 65535),
    ("pid_fault_word", "1", _S, 0, 65535),
    ("pid_alarm_code", "1", _S, 0, 65535),
    ("afci_status", "1", _S, 0, 65535),
    ("alarm_active_sequence", "1", _S, 0, 4294967295),
    ("alarm_history_sequence", "1", _S, 0, 4294967295),
    ("device_connection_status", "1", _S, 0, 65535),
    ("last_startup_epoch_s", "s", _S, 0, 4294967295),
    ("last_shutdown_epoch_s", "s", _S, 0, 4294967295),
    ("run_time_total_s", "s", _C, 0, 4e9),
    ("run_time_today_s", "s", _C, 0, 90_000),
    ("signal_percent", "%", _G, 0, 100),
    # condition
    ("insulation_resistance_ohm", "ohm", _G, 0, 1e9),
    ("internal_temperature_c", "C", _G, -40, 125),
    ("heatsink_temperature_c", "C", _G, -40, 150),
    ("transformer_temperature_c", "C", _G, -40, 200),
    ("igbt_temperature_c", "C", _G, -40, 150),
    ("boost_temperature_c", "C", _G, -40, 150),
    ("other_temperature_c", "C", _G, -40, 150),
    ("dc_terminal_temperature_c", "C", _G, -40, 150),
    ("inverter_module_a_temperature_c", "C", _G, -40, 150),
    ("inverter_module_b_temperature_c", "C", _G, -40, 150),
    ("inverter_module_c_temperature_c", "C", _G, -40, 150),
    ("ac_terminal_temperature_c", "C", _G, -40, 150),
    ("leakage_current_a", "A", _G, -10, 10),
    # weather
    ("irradiance_poa_w_m2", "W/m2", _G, -10, 1600),
    ("irradiance_ghi_w_m2", "W/m2", _G, -10, 1600),
    ("irradiance_diffuse_w_m2", "W/m2", _G, -10, 1600),
    ("irradiance_dni_w_m2", "W/m2", _G, -10, 1600),
    ("irradiation_today_wh_m2", "Wh/m2", _C, 0, 15_000),
    ("ambient_temperature_c", "C", _G, -45, 60),
    ("module_temperature_c", "C", _G, -45, 110),
    ("wind_speed_m_s", "m/s", _G, 0, 75),
    ("wind_direction_deg", "deg", _G, 0, 360),
    ("relative_humidity_percent", "%", _G, 0, 100),
    ("air_pressure_hpa", "hPa", _G, 300, 1100),
    ("rainfall_mm", "mm", _G, 0, 2000),
    ("snow_depth_mm", "mm", _G, 0, 5000),
    ("inclination_x_deg", "deg", _S, -360, 360),
    ("inclination_y_deg", "deg", _S, -360, 360),
    ("inclination_z_deg", "deg", _S, -360, 360),
    ("latitude_deg", "deg", _S, -90, 90),
    ("longitude_deg", "deg", _S, -180, 180),
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
