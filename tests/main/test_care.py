"""The files about people and contracts: the delivered ones are sound, and every fault is said with its place."""

from pathlib import Path

import pytest

from domain.alert import Severity
from domain.notification import When
from main.care.check import check_care
from main.care.maintenance import load_maintenance
from main.care.notifying import load_notifying
from main.configuration import RegistryProblemsError
from tests.dashboard.fixtures import ROOT, sample_registry

REGISTRY = sample_registry()
CONFIG = ROOT / "config"


def test_the_delivered_files_are_samples_that_route_every_severity_to_somebody() -> None:
    notifying = load_notifying(CONFIG, REGISTRY)
    assert notifying.sample
    assert {severity for route in notifying.routes for severity in route.severities} == set(Severity)
    assert any(route.when is When.UNACKNOWLEDGED for route in notifying.routes)
    maintenance = load_maintenance(CONFIG, REGISTRY)
    assert maintenance.sample
    towns = {plant.town_id for plant in REGISTRY.plants}
    assert all(maintenance.responsible_for(town) is not None for town in towns)


def test_every_plant_of_the_sample_is_somebodys_in_the_field() -> None:
    field = [one for one in load_notifying(CONFIG, REGISTRY).receivers if one.role == "field"]
    covered = {town for one in field for town in one.town_ids}
    assert {plant.town_id for plant in REGISTRY.plants} <= covered


NOTIFYING = """sample: true
targets:
  - {id: wecom, kind: apprise}
receivers:
  - {id: zhao, name: "赵某（虚构）", role: feild, targets: [wecon], towns: ["611002999"]}
routes:
  - {id: r1, roles: [field], severities: [S7], when: at_onse}
timming: {}
"""
MAINTENANCE = """sample: true
responsible:
  - {title: 主任}
plants:
  - {id: banqiao-99}
inspections:
  - {id: x, name: 巡检, first: 2026-13-01, every_months: 0, checklist: []}
"""


def test_every_fault_of_both_files_is_said_at_once_with_line_and_nearest_word(tmp_path: Path) -> None:
    (tmp_path / "notifying.yaml").write_text(NOTIFYING, "utf-8")
    (tmp_path / "maintenance.yaml").write_text(MAINTENANCE, "utf-8")
    with pytest.raises(RegistryProblemsError) as found:
        check_care(tmp_path, REGISTRY)
    said = {(Path(one.file).name, one.key, one.code): one for one in found.value.problems}
    expected = {
        ("notifying.yaml", "role", "bad_choice"),
        ("notifying.yaml", "targets", "unknown_target"),
        ("notifying.yaml", "towns", "unknown_town"),
        ("notifying.yaml", "severities", "bad_pattern"),
        ("notifying.yaml", "when", "bad_choice"),
        ("notifying.yaml", "timming", "unknown_key"),
        ("notifying.yaml", "secret", "missing_key"),
        ("maintenance.yaml", "name", "missing_key"),
        ("maintenance.yaml", "id", "unknown_plant"),
        ("maintenance.yaml", "every_months", "out_of_range"),
    }
    assert expected <= set(said)
    assert said["notifying.yaml", "targets", "unknown_target"].suggestion == "wecom"
    assert said["notifying.yaml", "role", "bad_choice"].suggestion == "field"
    assert said["notifying.yaml", "timming", "unknown_key"].suggestion == "timing"
    assert said["notifying.yaml", "targets", "unknown_target"].line == 5


def test_without_the_files_nobody_is_told_and_nothing_breaks(tmp_path: Path) -> None:
    assert load_notifying(tmp_path, REGISTRY).receivers == ()
    assert load_maintenance(tmp_path, REGISTRY).responsible_for("611002105") is None
