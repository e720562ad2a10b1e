"""KPIs against the numbers of recorded plants, and where they must say nothing."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis import performance as kpi
from kpis.availability import energy_availability, time_availability, weighted_availability
from kpis.slow_changes import degradation_per_year, limited_share, slides_by_day, soiling_loss

GAMMA = -0.0037


@pytest.fixture(scope="module")
def simulated(test_data: Path) -> pd.DataFrame:
    with gzip.open(test_data / "heliocity_simfaults_a" / "plant01.csv.gz", "rt") as file:
        return pd.read_csv(file)


@pytest.mark.needs("data:heliocity_simfaults_a")
def test_yields_and_ratios_of_a_healthy_plant(simulated: pd.DataFrame) -> None:
    power, light, warm = (
        simulated[name].to_numpy() for name in ("healthy_p_ac", "poa_w_m2", "module_temp_c")
    )
    energy, irradiation = power.sum() / 1000.0, kpi.irradiation_kwh_m2(light, 3600.0)
    assert energy == pytest.approx(70_229.4, abs=0.05)
    assert irradiation == pytest.approx(2_313.914, abs=5e-4)
    assert kpi.ratio(energy, 36.0) == pytest.approx(1_950.817, abs=5e-4)
    assert kpi.performance_ratio(energy, 36.0, irradiation) == pytest.approx(0.843081, abs=5e-7)
    standard = kpi.temperature_corrected_ratio(power, light, warm, 36.0, 3600.0, GAMMA)
    assert standard == pytest.approx(0.927683, abs=5e-6)
    mean = kpi.weighted_temperature_c(light, warm)
    assert mean == pytest.approx(49.648, abs=5e-4)
    assert mean is not None
    told = ~np.isnan(warm)
    annual = kpi.temperature_corrected_ratio(power[told], light[told], warm[told], 36.0, 3600.0, GAMMA, mean)
    plain = kpi.performance_ratio(
        power[told].sum() / 1000.0, 36.0, kpi.irradiation_kwh_m2(light[told], 3600.0)
    )
    assert annual == pytest.approx(plain)  # the trap: a mean of the very data changes nothing over all of it


@pytest.mark.needs("data:heliocity_simfaults_a")
def test_an_open_string_and_a_failed_inverter(simulated: pd.DataFrame) -> None:
    healthy, string, failed, light = (
        simulated[name].to_numpy()
        for name in ("healthy_p_ac", "string_open_circuit_p_ac", "inverter_failure_p_ac", "poa_w_m2")
    )
    assert string.sum() / 1000.0 == pytest.approx(65_872.2, abs=0.05)
    assert kpi.performance_index(string.sum(), healthy.sum()) == pytest.approx(0.93796, abs=5e-6)
    assert time_availability(failed, light > 50.0) == pytest.approx(0.95574, abs=5e-6)
    lost = np.maximum(healthy - failed, 0.0).sum()
    assert energy_availability(failed.sum(), lost) == pytest.approx(0.95142, abs=5e-6)


@pytest.mark.needs("data:twinsolar_enerpos_15days")
def test_conversion_efficiency_of_four_string_inverters(test_data: Path) -> None:
    with gzip.open(test_data / "twinsolar_enerpos_15days" / "inverters_10min.csv.gz", "rt") as file:
        table = pd.read_csv(file)
    wanted = {1: (10_000.0, 0.9728), 2: (10_000.0, 0.9744), 3: (15_000.0, 0.9719), 4: (15_000.0, 0.9704)}
    for number, (rated_w, told) in wanted.items():
        dc = table[f"Inv{number}_DC_MPPT1"].to_numpy() + table[f"Inv{number}_DC_MPPT2"].to_numpy()
        found = kpi.conversion_efficiency(table[f"Inv{number}_AC"].to_numpy(), dc, rated_w)
        assert found == pytest.approx(told, abs=5e-5), number


@pytest.mark.needs("data:pvanalytics_qa_a")
def test_a_recorded_day_of_snow_and_one_with_the_inverter_off(test_data: Path) -> None:
    with gzip.open(test_data / "pvanalytics_qa_a" / "nrel_RSF_II.csv.gz", "rt") as file:
        table = pd.read_csv(file, index_col=0)
    power = table["inv2_ac_power_w__1047"].to_numpy()
    light = table["poa_irradiance__1055"].to_numpy()
    days = [slice(start, start + 96) for start in range(0, 480, 96)]
    ratios = [
        kpi.performance_ratio(power[d].sum() / 4000.0, 204.12, float(light[d].sum()) / 4000.0) for d in days
    ]
    assert ratios[4] == pytest.approx(0.0, abs=5e-5)
    assert ratios[:4] == pytest.approx([0.5567, 0.5738, 0.7457, 0.7759], abs=5e-5)


@pytest.mark.parametrize(
    ("strings", "wanted"), [(8, 0.378), (12, 0.302), (16, 0.258), (24, 0.209), (28, 0.192)]
)
def test_one_dead_string_disperses_by_one_over_the_root_of_the_others(strings: int, wanted: float) -> None:
    currents = np.full(strings, 8.0)
    currents[0] = 0.0
    assert kpi.dispersion(currents) == pytest.approx(1 / np.sqrt(strings - 1))
    assert kpi.dispersion(currents) == pytest.approx(wanted, abs=5e-4)


def test_without_a_design_there_is_no_attainment_rather_than_nought_or_all() -> None:
    assert kpi.attainment(1000.0, None) is None
    assert kpi.attainment(1000.0, 0.0) is None
    assert kpi.attainment(950.0, kpi.design_of_month(12_000.0, 1 / 12, 0.0, 5)) == pytest.approx(0.95)
    assert kpi.corrected_attainment(800.0, 1000.0, 100.0, 125.0) == pytest.approx(1.0)
    assert kpi.corrected_attainment(800.0, 1000.0, None, 125.0) is None


def test_capacity_factor_and_line_loss_by_hand() -> None:
    assert kpi.capacity_factor(1090.0, 1.0, 8760.0) == pytest.approx(0.1244, abs=5e-5)
    assert kpi.line_loss(1000.0, 975.0) == pytest.approx(0.025)
    assert kpi.line_loss(1000.0, 1010.0) == pytest.approx(-0.01)
    assert kpi.line_loss(None, 975.0) is None
    assert kpi.auxiliary_share(1000.0, 980.0, 5.0) == pytest.approx(0.025)


def test_ranking_needs_four_peers() -> None:
    assert kpi.ranking_scores([4.0, 4.0, 3.6]) == [None, None, None]
    assert kpi.ranking_scores([4.0, 4.0, 3.6, None, 4.0]) == [1.0, 1.0, 0.9, None, 1.0]


def test_a_step_without_data_is_neither_up_nor_down() -> None:
    power, useful = np.array([np.nan, 100.0, 0.0, 100.0]), np.ones(4, dtype=bool)
    assert time_availability(power, useful) == pytest.approx(2 / 3)
    assert time_availability(power, useful, excused=np.array([False, False, True, False])) == 1.0
    assert time_availability(np.full(4, np.nan), useful) is None
    assert weighted_availability([(1.0, 90.0), (0.0, 10.0), (None, 50.0)]) == pytest.approx(0.9)


def test_soiling_is_what_fell_since_the_last_rain() -> None:
    index = np.tile(1.0 - 0.002 * np.arange(30), 4)
    assert soiling_loss(index, np.ones(120)) == pytest.approx(0.029, abs=0.004)
    assert soiling_loss(np.full(120, 0.9), np.ones(120)) == pytest.approx(0.0)
    assert soiling_loss(index[:40], np.ones(40)) is None


def test_degradation_is_year_on_year_and_needs_two_years() -> None:
    days = np.arange(3 * 365)
    index = (1.0 - 0.008 * days / 365) * (1.0 + 0.05 * np.sin(days / 365 * 2 * np.pi))
    assert degradation_per_year(index) == pytest.approx(-0.008, abs=0.0005)
    assert degradation_per_year(index[:700]) is None
    assert limited_share(5.0, 95.0) == pytest.approx(0.05)


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0.1, 1e4)), min_size=1, max_size=20))
def test_a_ratio_of_sums_lies_between_the_least_and_the_most(parts: list[tuple[float, float]]) -> None:
    whole = kpi.ratio(sum(above for above, _ in parts), sum(below for _, below in parts))
    assert whole is not None
    each = [above / below for above, below in parts]
    assert min(each) * (1 - 1e-9) <= whole <= max(each) * (1 + 1e-9)


def test_dirt_that_comes_half_a_per_cent_a_day_is_a_slide_over_noisy_days_and_dull_weeks_and_a_step_is_none() -> (
    None
):
    share = np.clip((np.arange(58) - 20.0) / 25.0, 0.0, 1.0) * 0.12
    step = np.where(np.arange(58) >= 30, 0.06, 0.0)
    found, taken_for_dirt = [], 0
    for seed in range(40):
        dice = np.random.default_rng(seed)
        noise = dice.normal(1.0, 0.01, 58)
        told = np.sort(dice.choice(58, 47, replace=False))
        assert not slides_by_day(noise[told], told).any()
        taken_for_dirt += bool(slides_by_day((noise * (1.0 - step))[told], told).any())
        slid = slides_by_day((noise * (1.0 - share))[told], told)
        found.append(float(slid.sum() / share[told].sum()))
    assert float(np.mean(found)) == pytest.approx(1.0, abs=0.1)
    assert sum(each > 0.75 for each in found) >= 36
    assert taken_for_dirt <= 2
