"""Values held against each other: a sound look has no contradiction, a planted one is found and named."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inverters.verdicts import RULES, Contradiction, Known, Verdict, contradictions, verdict_of

U_V, I_A, FACTOR = 230.0, 70.0, 0.99
AC_W = 3 * U_V * I_A * FACTOR


def look(**changed: float | None) -> dict[str, float]:
    """A 50 kW inverter at noon whose numbers agree; ``changed`` values are planted, None takes one away."""
    values: dict[str, float | None] = {
        "ac_active_power_w": AC_W,
        "power_factor": FACTOR,
        "dc_power_w": AC_W / 0.98,
        "ac_energy_today_wh": 200_000.0,
        "ac_energy_total_wh": 9e8,
    }
    for phase in "abc":
        values |= {f"ac_phase_{phase}_voltage_v": U_V, f"ac_phase_{phase}_current_a": I_A}
    values |= {f"ac_line_{pair}_voltage_v": math.sqrt(3) * U_V for pair in ("ab", "bc", "ca")}
    for number in range(1, 9):
        values |= {
            f"dc_string_{number:02d}_voltage_v": 620.0,
            f"dc_string_{number:02d}_current_a": AC_W / 0.98 / 8 / 620.0,
        }
    return {name: value for name, value in {**values, **changed}.items() if value is not None}


def found(values: dict[str, float], known: Known | None = None) -> dict[str, Contradiction]:
    return {one.name: one for one in contradictions(values, known)}


def test_a_sound_look_has_no_contradiction() -> None:
    assert contradictions(look(), Known(50_000.0)) == ()


@pytest.mark.parametrize(
    ("planted", "name", "rule", "ten"),
    [
        ({"ac_active_power_w": AC_W * 10}, "ac_active_power_w", "power_of_phases", 1),
        ({"ac_active_power_w": AC_W / 10}, "ac_active_power_w", "power_of_phases", -1),
        ({f"ac_phase_{p}_current_a": I_A * 10 for p in "abc"}, "ac_active_power_w", "power_of_phases", -1),
        ({"dc_power_w": AC_W / 9.8}, "dc_power_w", "power_of_strings", -1),
        ({f"dc_string_{n:02d}_current_a": 90.0 for n in range(1, 9)}, "dc_power_w", "power_of_strings", -1),
        (
            {"dc_power_w": None, "power_factor": None, "ac_active_power_w": AC_W / 2},
            "ac_active_power_w",
            "efficiency",
            0,
        ),
        ({"ac_line_bc_voltage_v": 230.0}, "ac_line_bc_voltage_v", "line_voltage", 0),
        ({"ac_energy_today_wh": 2e9}, "ac_energy_today_wh", "energy_part", 0),
        ({"rated_active_power_w": 5000.0}, "rated_active_power_w", "rating", -1),
    ],
)
def test_a_planted_contradiction_is_found_and_named(
    planted: dict[str, float | None], name: str, rule: str, ten: int
) -> None:
    one = found(look(**planted), Known(50_000.0))[name]
    assert (one.rule, one.ten) == (rule, ten)
    assert one.rule in RULES


def test_powers_far_above_the_rating_are_denied_without_currents() -> None:
    denied = found({"ac_active_power_w": 480_000.0}, Known(50_000.0))
    assert denied["ac_active_power_w"].rule == "over_rating"
    assert contradictions({"ac_active_power_w": 52_000.0}, Known(50_000.0)) == ()


def test_a_meter_that_takes_in_what_is_fed_is_judged_by_size_and_not_by_sign() -> None:
    meter = look(ac_active_power_w=None, dc_power_w=None, meter_active_power_w=-AC_W, power_factor=-FACTOR)
    assert contradictions(meter) == ()
    assert found({**meter, "meter_active_power_w": -AC_W / 10})["meter_active_power_w"].ten == -1


def test_phases_of_a_meter_add_up() -> None:
    parts = {f"meter_phase_{phase}_active_power_w": 5000.0 for phase in "abc"}
    assert contradictions({**parts, "meter_active_power_w": 15_200.0}) == ()
    assert found({**parts, "meter_active_power_w": 5000.0})["meter_active_power_w"].rule == "phase_powers"


def test_at_night_small_numbers_contradict_nobody() -> None:
    night = look(ac_active_power_w=0.0, power_factor=0.0, dc_power_w=0.0)
    night |= {name: 0.0 for name in night if name.endswith("current_a")}
    assert contradictions(night, Known(50_000.0)) == ()


@given(
    st.dictionaries(
        st.sampled_from(sorted(look())), st.floats(-1e7, 1e7, allow_nan=False), min_size=1, max_size=30
    )
)
def test_whatever_a_device_says_is_judged_without_an_error(values: dict[str, float]) -> None:
    names = [one.name for one in contradictions(values, Known(50_000.0))]
    assert len(names) == len(set(names))
    assert set(names) <= set(values)


def test_a_verdict_follows_the_quality_unless_siblings_deny_it() -> None:
    assert verdict_of("good", contradicted=False) is Verdict.PLAUSIBLE
    assert verdict_of("not_applicable", contradicted=False) is Verdict.ABSENT
    assert verdict_of("out_of_range", contradicted=False) is Verdict.OUT_OF_RANGE
    assert verdict_of("good", contradicted=True) is Verdict.INCONSISTENT
