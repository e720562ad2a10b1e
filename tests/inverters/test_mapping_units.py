"""Documents that name the unit of a number themselves: known units are scaled, unknown ones are no value."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.plant import Device, DeviceKind
from inverters.mapping import MappedDevice, Message
from inverters.profile import lint
from tests.inverters.support import shipped

NOON = datetime(2026, 7, 1, 4, tzinfo=UTC)
DEVICE = Device("d", "p", DeviceKind.INVERTER, "d", "json_solis_cloud", "g", 1, serial_number="S1")
SCALES = {"Wh": 1.0, "kWh": 1e3, "MWh": 1e6, "GWh": 1e9}
HEAD = (
    "format: 1\nname: mine\nkind: inverter\nmake: M\nmodels: [m]\ndocument: {time: $.t}\n"
    "quality: {recorded_case: false, fault_codes: false, checked_on_site: false, notes: [n]}\nvalues:\n"
)


def total(number: object, unit: object) -> float | None:
    mapping = shipped()["json_solis_cloud"].mapping
    assert mapping is not None
    document = {"sn": "S1", "state": 1, "fac": 50.0, "eTotal": number, "eTotalStr": unit}
    (reading,) = MappedDevice(mapping, DEVICE).read(Message("t", document, NOON))
    return reading.batch.value("ac_energy_total_wh")


@given(st.floats(0, 900), st.sampled_from(sorted(SCALES)))
def test_a_number_is_what_its_unit_makes_of_it(number: float, unit: str) -> None:
    assert total(number, unit) == pytest.approx(number * SCALES[unit])
    assert total(str(number), f" {unit} ") == pytest.approx(number * SCALES[unit])


@pytest.mark.parametrize("unit", ["kwh", "度", "", None, 1000, ["kWh"], {"kWh": 1}])
def test_a_unit_that_is_not_listed_is_no_value(unit: object) -> None:
    assert total(5.0, unit) is None


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("unit: {is: {kWh: 1000}}", "unit.at: is missing"),
        ("unit: {at: $.u}", "unit.is: is missing"),
        ("unit: {at: u, is: {kWh: 1000}}", "unit.at: "),
        ("unit: {at: $.u, is: {kWh: 0}}", "kWh: is 0"),
        ("unit: {at: $.u, is: {kWh: 1.0e+30}}", "one step is already more"),
        ("scale: 1000, unit: {at: $.u, is: {kWh: 1000}}", "scale: stands beside unit"),
    ],
)
def test_a_unit_that_cannot_be_is_told_with_its_line(line: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(HEAD + f"  - {{name: ac_energy_total_wh, from: $.e, {line}}}\n", "utf-8")
    told = [str(problem) for problem in lint([path])]
    assert any("mine.yaml:9" in one and why in one for one in told), told
