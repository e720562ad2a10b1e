"""Every rule as code knows it. What a rule costs and how long it waits is in `config/alert_rules.yaml`."""

from collections.abc import Mapping

from alerts.condition import Kind, Level
from alerts.conditions import inverter_zero, plant_stop, string_open

_KINDS = (
    Kind(
        "F06",
        "outage",
        Level.PLANT,
        plant_stop.judge,
        plant_stop.BOUNDS,
        ("ac_active_power_w", "irradiance_poa_w_m2"),
        frozenset({"F08", "F10"}),
    ),
    Kind("F08", "outage", Level.INVERTER, inverter_zero.judge, inverter_zero.BOUNDS, ("ac_active_power_w",)),
    Kind("F10", "string", Level.STRING, string_open.judge, string_open.BOUNDS, ("dc_string_NN_current_a",)),
)
KINDS: Mapping[str, Kind] = {kind.rule_id: kind for kind in _KINDS}
