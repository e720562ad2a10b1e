"""Yields, performance ratios, attainment, hours, efficiency, dispersion, ranking and line loss.

Each figure is a pure function; None (or NaN in an array) means it cannot be known. Ratios of several units are
ratios of sums. Sources: IEC 61724-1 (yields, ratios), Dierauf et al. 2013 (temperature), rdtools and
pvanalytics (limits); clause by clause in docs/detection.md.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from domain.series import Floats

Mask = NDArray[np.bool_]
STANDARD_C = 25.0
DC_LEAST_SHARE = 0.1
PEERS_MIN = 4


def irradiation_kwh_m2(irradiance_w_m2: Floats, step_s: float) -> float | None:
    """Return irradiation of steps; negative night offsets count as nought, in the sum only. [kWh/m2]"""
    known = irradiance_w_m2[~np.isnan(irradiance_w_m2)]
    return float(np.maximum(known, 0.0).sum() * step_s / 3.6e6) if len(known) else None


def ratio(above: float | None, below: float | None) -> float | None:
    """Return a quotient, None when either is not known or the divisor is not positive."""
    return None if above is None or below is None or below <= 0 else above / below


def performance_ratio(energy_kwh: float | None, dc_kw: float, irradiation: float | None) -> float | None:
    """Return final yield over reference yield (IEC 61724-1); the reference is 1 kW/m2."""
    return ratio(ratio(energy_kwh, dc_kw), irradiation)


def temperature_corrected_ratio(
    energy_wh: Floats,
    irradiance_w_m2: Floats,
    module_c: Floats,
    dc_kw: float,
    step_s: float,
    gamma_per_k: float,
    reference_c: float = STANDARD_C,
) -> float | None:
    """Return the performance ratio with each step's irradiation weighed by the module's temperature.

    ``reference_c`` 25 gives the ratio at standard conditions; the fixed irradiance-weighted mean of a typical
    year gives the annual equivalent. It must be fixed: taken from the data being corrected it changes nothing.
    A missing temperature counts as the reference.
    """
    warm = np.where(np.isnan(module_c), STANDARD_C, module_c)
    weight = 1.0 + gamma_per_k * (warm - reference_c)
    known = ~np.isnan(energy_wh) & ~np.isnan(irradiance_w_m2)
    if not known.any():
        return None
    due_kwh = float((weight * np.maximum(irradiance_w_m2, 0.0))[known].sum() * step_s / 3.6e6 * dc_kw)
    return ratio(float(energy_wh[known].sum()) / 1000.0, due_kwh)


def weighted_temperature_c(irradiance_w_m2: Floats, module_c: Floats) -> float | None:
    """Return the irradiance-weighted mean module temperature, to be fixed once for a plant. [C]"""
    known = ~np.isnan(irradiance_w_m2) & ~np.isnan(module_c) & (irradiance_w_m2 > 0)
    total = float(irradiance_w_m2[known].sum())
    return float((irradiance_w_m2 * module_c)[known].sum()) / total if total > 0 else None


def performance_index(measured_kwh: float | None, expected_kwh: float | None) -> float | None:
    """Return measured over expected energy (EPI, IEC TS 61724-3)."""
    return ratio(measured_kwh, expected_kwh)


def capacity_factor(energy_kwh: float | None, ac_kw: float, hours: float) -> float | None:
    """Return energy over what the AC capacity would have given all the time."""
    return ratio(energy_kwh, ac_kw * hours)


def attainment(energy_kwh: float | None, design_kwh: float | None) -> float | None:
    """Return 达产率: energy over design energy. None without a design (无基准), never 0 or 100 %."""
    return ratio(energy_kwh, design_kwh)


def corrected_attainment(
    energy_kwh: float | None, design_kwh: float | None, measured: float | None, designed: float | None
) -> float | None:
    """Return attainment with the design scaled to the irradiation that came: low plain, normal here: weather."""
    scale = ratio(measured, designed)
    return None if scale is None or design_kwh is None else ratio(energy_kwh, design_kwh * scale)


def design_of_month(annual_kwh: float, share: float, yearly_loss: float, years: float) -> float:
    """Return the design energy of a month: annual energy, its share, and the design's degradation. [kWh]"""
    return float(annual_kwh * share * (1.0 - yearly_loss) ** years)


def dispersion(currents: Floats) -> float | None:
    """Return 组串离散率: population standard deviation over mean, of the strings of one inverter."""
    known = currents[~np.isnan(currents)]
    return float(known.std() / known.mean()) if len(known) > 1 and known.mean() > 0 else None


def conversion_efficiency(ac_w: Floats, dc_w: Floats, rated_w: float) -> float | None:
    """Return AC over DC energy of the steps in which DC is above a tenth of the rating."""
    with np.errstate(invalid="ignore"):
        bright = (dc_w > DC_LEAST_SHARE * rated_w) & ~np.isnan(ac_w)
    return ratio(float(ac_w[bright].sum()), float(dc_w[bright].sum())) if bright.any() else None


def ranking_scores(specific_yields: Sequence[float | None]) -> list[float | None]:
    """Return each unit's specific yield over the median of its peers; None below four that are known."""
    known = [each for each in specific_yields if each is not None]
    middle = float(np.median(known)) if len(known) >= PEERS_MIN else None
    return [ratio(each, middle) for each in specific_yields]


def line_loss(inverters_kwh: float | None, meter_kwh: float | None) -> float | None:
    """Return what is lost between inverters and meter. Negative: a wrong ratio, or an inverter left out."""
    return (
        None
        if inverters_kwh is None or meter_kwh is None
        else ratio(inverters_kwh - meter_kwh, inverters_kwh)
    )


def auxiliary_share(
    generated_kwh: float | None, exported_kwh: float | None, bought_kwh: float = 0.0
) -> float | None:
    """Return 综合厂用电率: generation less export plus what was bought, over generation."""
    if generated_kwh is None or exported_kwh is None:
        return None
    return ratio(generated_kwh - exported_kwh + bought_kwh, generated_kwh)
