"""A fortnight of two virtual plants with faults through the whole engine: all are found, nothing else is told."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from alerts.score import NAMES
from bench.detection_campaign import CONFIG, Campaign, chosen, parts, report, right, run
from bench.fault_plan import QUIET_DAYS, WARM_UP_DAYS, drawn, replayable
from domain.frame import DEVICE, INSTANT
from main.configuration import load_registry
from simulator.faults import FaultKind

START = datetime.fromisoformat("2026-05-01T00:00:00+08:00")
REGISTRY = chosen(load_registry(CONFIG, None), 9)


def test_faults_of_a_plant_leave_days_to_learn_and_quiet_days_between_them() -> None:
    faults = drawn(REGISTRY, START, 60, 1)
    assert len({each.kind for each in faults}) >= 10
    assert all(each.kind.value in NAMES for each in faults)
    for plant in REGISTRY.plants:
        names = {device.device_id for device in plant.devices}
        own = sorted((each for each in faults if names & set(each.device_ids)), key=lambda each: each.start_s)
        own = [each for each in own if each.kind is not FaultKind.FEEDER_OUTAGE]
        assert own[0].start >= START + timedelta(days=WARM_UP_DAYS)
        for before, after in pairwise(own):
            assert after.start_s - before.end_s > (QUIET_DAYS - 1) * 86_400.0


def test_the_same_seed_draws_the_same_faults_and_another_others() -> None:
    assert drawn(REGISTRY, START, 40, 3) == drawn(REGISTRY, START, 40, 3)
    assert drawn(REGISTRY, START, 40, 3) != drawn(REGISTRY, START, 40, 4)


def test_a_frozen_device_repeats_what_it_said_and_a_new_counter_begins_lower() -> None:
    faults = drawn(REGISTRY, START, 60, 1)
    for kind in (FaultKind.FROZEN_VALUES, FaultKind.COUNTER_RESET):
        fault = next(each for each in faults if each.kind is kind)
        at = pd.date_range(fault.start - timedelta(minutes=10), periods=6, freq="5min").as_unit("ns")
        made = pd.DataFrame(
            {DEVICE: fault.device_ids[0], INSTANT: at, "ac_energy_total_wh": np.arange(6) * 1000.0 + 4e8}
        )
        seen = replayable(made, [replace(fault, start_s=at[2].timestamp() - 1.0)])[
            "ac_energy_total_wh"
        ].to_numpy()
        assert seen[:2].tolist() == [4e8, 4e8 + 1000.0]
        if kind is FaultKind.FROZEN_VALUES:
            assert set(seen[2:]) == {4e8 + 2000.0}
        else:
            assert (np.diff(seen)[1] < -1e6, set(np.diff(seen)[2:])) == (True, {1000.0})


@pytest.mark.slow
def test_every_fault_of_a_fortnight_is_found_and_no_alert_is_about_nothing() -> None:
    done: Campaign = run(chosen(load_registry(CONFIG, None), 2), START, 15, 1)
    assert len(done.events) >= 2
    lines = report(done)
    assert [line for line in lines if "missed" in line] == []
    assert [each for each in done.alerts if not right(each, done)] == []


def test_a_fleet_judged_in_parts_keeps_every_plant_once_and_every_feeder_whole() -> None:
    registry = chosen(load_registry(CONFIG, None), 60)
    made = list(parts(registry, 5))
    assert [plant for part in made for plant in part.plants] == list(registry.plants)
    assert len(made) > 3
    where: dict[str, set[int]] = {}
    for number, part in enumerate(made):
        for plant in part.plants:
            where.setdefault(plant.feeder or plant.plant_id, set()).add(number)
    assert all(len(each) == 1 for each in where.values())
