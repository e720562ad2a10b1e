"""One closed vocabulary; the unit ends the name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.quantity import Kind, is_known, quantity, vocabulary

UNIT_ENDINGS = {
    "W": "_w", "var": "_var", "VA": "_va", "V": "_v", "A": "_a", "Hz": "_hz", "%": "_percent", "Wh": "_wh", "varh": "_varh", "Wh/m2": "_wh_m2",
    "s": "_s", "ohm": "_ohm", "C": "_c", "W/m2": "_w_m2", "m/s": "_m_s", "deg": "_deg", "hPa": "_hpa", "mm": "_mm",
}  # fmt: skip


def _example(name: str) -> str:
    return name.replace("NN", "07")


@pytest.mark.parametrize("name", vocabulary())
def test_the_unit_ends_the_name(name: str) -> None:
    found = quantity(_example(name))
    assert found.unit == "1" or name.endswith(UNIT_ENDINGS[found.unit])


@pytest.mark.parametrize("name", vocabulary())
def test_every_quantity_can_be_looked_up_and_has_a_plausible_range(name: str) -> None:
    found = quantity(_example(name))
    assert found.name == _example(name)
    assert found.low < found.high


def test_no_name_is_given_twice() -> None:
    assert len(set(vocabulary())) == len(vocabulary())


@given(st.integers(1, 99))
def test_a_numbered_family_has_ninety_nine_members(number: int) -> None:
    assert is_known(f"dc_string_{number:02d}_current_a")


@pytest.mark.parametrize(
    "name",
    ["", "power", "dc_string_00_current_a", "dc_string_3_current_a", "dc_string_NN_current_a",
     "dc_string_100_current_a", "ac_active_power", "AC_ACTIVE_POWER_W", "ac_active_power_w "],
)  # fmt: skip
def test_a_name_outside_the_vocabulary_is_unknown(name: str) -> None:
    assert not is_known(name)
    with pytest.raises(KeyError):
        quantity(name)


def test_lifetime_energy_is_a_counter_and_starts_at_zero() -> None:
    total = quantity("ac_energy_total_wh")
    assert (total.kind, total.low) == (Kind.COUNTER, 0)


def test_every_counter_is_an_amount_and_every_code_is_a_state() -> None:
    found = [quantity(_example(name)) for name in vocabulary()]
    assert {q.unit for q in found if q.kind is Kind.COUNTER} <= {"Wh", "varh", "Wh/m2", "s"}
    assert {q.kind for q in found if "_energy_total_" in q.name} == {Kind.COUNTER}
    assert {q.kind for q in found if q.name.endswith(("_code", "_status", "_word"))} == {Kind.STATE}


def test_a_negative_string_current_of_some_amperes_is_still_plausible() -> None:
    assert quantity("dc_string_01_current_a").low < -1


def test_no_grid_has_no_frequency_and_that_can_be() -> None:
    hertz = quantity("grid_frequency_hz")
    assert [hertz.can_be(value) for value in (0.0, 20.0, 44.9, 45.0, 50.0, 65.0, 65.1)] == [
        True, False, False, True, True, True, False
    ]  # fmt: skip
    assert not quantity("module_temperature_c").can_be(-300.0)
    assert not quantity("ac_phase_a_voltage_v").can_be(-1.0)
