"""Faults of the demonstration: on whatever registry it runs, read by the simulator's own strict reader."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from main.configuration import load_registry
from main.demo.faults import fault_script, write_fault_script
from simulator.faults import FaultKind
from simulator.script import read_script
from tests.conftest import ROOT

START = datetime(2026, 7, 1, 2, 30, tzinfo=UTC)


def test_the_sample_registry_gets_one_fault_of_each_severity_on_four_plants(tmp_path: Path) -> None:
    registry = load_registry(ROOT / "config")
    faults = read_script(write_fault_script(registry, tmp_path, START), registry, START)
    assert [each.kind for each in faults] == [
        FaultKind.GRID_OUTAGE,
        FaultKind.INVERTER_TRIP,
        FaultKind.STRING_OPEN,
        FaultKind.DEAD_UNIT,
        FaultKind.INVERTER_TRIP,
    ]
    assert all(each.start_s < START.timestamp() for each in faults)
    assert [each.end_s < START.timestamp() for each in faults] == [False, False, False, False, True]
    plants = {registry.devices_by_id[each.device_ids[0]].plant_id for each in faults}
    assert len(plants) == 4


def test_a_registry_with_few_plants_gets_none() -> None:
    registry = load_registry(ROOT / "config")
    assert fault_script(replace(registry, plants=registry.plants[:2]), START) == "format: 1\nfaults: []\n"
