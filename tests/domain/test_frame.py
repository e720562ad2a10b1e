"""A measurement frame is checked when it is made."""

from typing import Literal

import numpy as np
import pandas as pd
import pytest

from domain.frame import DEVICE, INSTANT, MeasurementFrame


def table(*minutes: int, unit: Literal["ns", "us"] = "ns") -> pd.DataFrame:
    instants = pd.to_datetime([f"2026-07-01T04:{m:02d}:00Z" for m in minutes]).as_unit(unit)
    return pd.DataFrame(
        {DEVICE: "p001-inv01", INSTANT: instants, "ac_active_power_w": np.arange(len(minutes)) + 1.0}
    )


def test_quantities_are_the_columns_that_are_not_keys() -> None:
    frame = MeasurementFrame(table(0, 5))
    assert frame.quantities == ("ac_active_power_w",)
    assert len(frame) == 2


def test_microseconds_are_refused_because_arithmetic_would_be_off_by_a_thousand() -> None:
    with pytest.raises(ValueError, match="ns"):
        MeasurementFrame(table(0, 5, unit="us"))


def test_instants_without_a_zone_are_refused() -> None:
    naive = table(0)
    naive[INSTANT] = naive[INSTANT].dt.tz_localize(None)
    with pytest.raises(ValueError, match="UTC"):
        MeasurementFrame(naive)


def test_a_device_has_one_row_at_one_instant() -> None:
    with pytest.raises(ValueError, match="two rows"):
        MeasurementFrame(table(0, 0))


def test_qualities_must_be_as_long_as_values() -> None:
    with pytest.raises(ValueError, match="length"):
        MeasurementFrame(table(0, 5), pd.DataFrame({"ac_active_power_w": np.zeros(1, np.uint8)}))


def test_what_is_not_good_becomes_missing_and_the_original_stays() -> None:
    qualities = pd.DataFrame({"ac_active_power_w": np.array([0, 1], np.uint8)})
    frame = MeasurementFrame(table(0, 5), qualities)
    good = frame.good()["ac_active_power_w"]
    assert good.iloc[0] == 1.0
    assert np.isnan(good.iloc[1])
    assert frame.values["ac_active_power_w"].tolist() == [1.0, 2.0]  # noqa: PD011 (our attribute)


def test_without_qualities_everything_is_good() -> None:
    assert MeasurementFrame(table(0, 5)).good()["ac_active_power_w"].tolist() == [1.0, 2.0]
