"""The level an inverter limits itself at: where it is cut off, and not where an even sky held it for a while."""

import numpy as np
import pytest

from domain.series import Flag
from kpis.expected import _limit_w


def _marked(power: np.ndarray, low: float, high: float) -> np.ndarray:
    return np.where((power >= low) & (power <= high), np.uint16(Flag.CLIPPED.value), np.uint16(0))


def test_the_level_at_which_power_is_cut_off_is_the_limit() -> None:
    power = np.minimum(np.linspace(0.0, 70_000.0, 500), 50_000.0)
    assert _limit_w(power, _marked(power, 50_000.0, 50_000.0)) == pytest.approx(50_000.0)


def test_a_level_the_unit_has_clearly_passed_is_no_limit() -> None:
    power = np.linspace(0.0, 45_000.0, 500)
    assert _limit_w(power, _marked(power, 12_000.0, 12_500.0)) == np.inf


def test_a_unit_never_seen_at_a_limit_has_none() -> None:
    power = np.linspace(0.0, 45_000.0, 500)
    assert _limit_w(power, np.zeros(500, dtype=np.uint16)) == np.inf
