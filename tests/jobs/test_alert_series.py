"""The window alerts look through follows the registry: who comes is in it, who leaves is out, the rest is kept."""

from dataclasses import replace

import numpy as np

from domain.plant import Connection, Registry
from jobs.alert_series import Window, parcels
from tests.alerts.builders import local, plant, series
from tests.jobs.test_evaluate_alerts import POWER, filled


def test_a_device_that_is_added_while_the_window_moves_is_seen_and_the_others_keep_their_past() -> None:
    store = filled(series(units=3, step_s=60.0))
    given = Registry("商州区", (), (), (plant(2, "p1"),))
    window = Window(store, given, 60.0, 30)
    (before,) = window.read_until(local("10 12:00"))
    given.become(Registry("商州区", (), (), (plant(3, "p1"),)))
    (after,) = window.read_until(local("10 12:05"))
    assert set(after.devices) - set(before.devices) == {"p1-inv-03"}
    old, kept = before.devices["p1-inv-01"].values[POWER], after.devices["p1-inv-01"].values[POWER]
    assert np.array_equal(kept[:25], old[5:], equal_nan=True)
    assert np.isfinite(after.devices["p1-inv-03"].values[POWER][-5:]).any()
    given.become(Registry("商州区", (), (), (plant(1, "p1"),)))
    (left,) = window.read_until(local("10 12:06"))
    assert "p1-inv-03" not in left.devices


def test_plants_are_read_by_as_many_as_memory_bears_and_never_by_none() -> None:
    made = [plant(1, f"p{number}") for number in range(7)]
    given = Registry("商州区", (), (), (*made, replace(plant(1, "by-hand"), connection=Connection.MANUAL)))
    few, many, one = (list(parcels(given, length)) for length in (8_000, 10, 90_000))
    assert [len(each) for each in few] == [2, 2, 2, 1]
    assert many == [tuple(f"p{number}" for number in range(7))]
    assert [len(each) for each in one] == [1] * 7
