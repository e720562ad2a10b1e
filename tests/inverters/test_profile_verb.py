"""`pvmon profile` as a person types it."""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from domain.errors import CommandError
from main.cli import Context, Exit
from main.columns import table, width
from main.verbs.profile import VERB
from tests.inverters.support import made_up, shipped, write_profile
from texts.loader import Texts


def run(*words: str, language: str = "en", as_json: bool = False) -> int:
    texts = Texts(language)
    parser = argparse.ArgumentParser()
    VERB.arguments(parser, texts)
    context = Context(Path("config"), Path("data"), texts, as_json)
    return int(VERB.run(parser.parse_args(list(words)), context))


def answer(capsys: pytest.CaptureFixture[str], *words: str, code: int = Exit.OK) -> dict[str, Any]:
    assert run(*words, as_json=True) == code
    printed: dict[str, Any] = json.loads(capsys.readouterr().out)
    return printed


def test_every_profile_is_listed_with_its_basis(capsys: pytest.CaptureFixture[str]) -> None:
    printed = answer(capsys, "list")
    assert [row["name"] for row in printed["profiles"]] == sorted(shipped())
    huawei = next(row for row in printed["profiles"] if row["name"] == "huawei_sun2000")
    assert huawei["quality"] == {"recorded_case": True, "fault_codes": True, "checked_on_site": False}
    assert huawei["unverified"] > 0


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_list_for_people_is_in_their_language(language: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list", language=language) == Exit.OK
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(shipped()) + 2
    assert ("逆变器" in lines[1]) == (language == "zh")


@pytest.mark.parametrize(("language", "mark"), [("zh", "未证实"), ("en", "unverified")])
def test_every_point_is_shown_and_what_is_unverified_is_marked(
    language: str, mark: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, profile in shipped().items():
        assert run("show", name, language=language) == Exit.OK
        lines = capsys.readouterr().out.splitlines()
        for point in profile.points:
            rows = [line.split() for line in lines if line.startswith(f"{point.name} ")]
            row = next(row for row in rows if row[2] == str(point.address) and row[1] == str(point.function))
            assert (mark in " ".join(row)) == point.unverified, (name, point.name)


def test_show_for_a_machine_has_the_facts(capsys: pytest.CaptureFixture[str]) -> None:
    printed = answer(capsys, "show", "growatt_max")
    sub = next(point for point in printed["point_list"] if point["name"] == "fault_sub_code")
    assert (sub["address"], sub["unless"]["state"], sub["unless"]["is"][-1]) == (107, "fault_code", 32)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(CommandError, match="huawei_sun2000"):
        run("show", "nobody")


def test_a_folder_adds_and_overrides(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_profile(tmp_path, made_up("{name: ac_active_power_w, at: 1, type: u16}"))
    printed = answer(capsys, "list", "--profiles", str(tmp_path))
    mine = next(row for row in printed["profiles"] if row["name"] == "made_up")
    assert (mine["points"], mine["source"]) == (1, str(tmp_path / "made_up.yaml"))
    assert len(printed["profiles"]) == len(shipped()) + 1


def test_the_shipped_profiles_are_sound(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(capsys, "lint") == {"files": len(shipped()), "problems": []}


POINTS = """
{name: ac_active_power_w, at: 1, type: u16}
{name: ac_reactive_power_var, at: 1, type: u16}
{name: ac_activ_power_w, at: 3, type: u16}
{name: grid_frequency_hz, at: 4, type: u17}
{name: dc_power_w, at: 5, type: u16, scale: 0}
{name: dc_bus_voltage_v, at: 6, type: u16, scale: 1.0e+9}
{name: efficiency_percent, at: 7, type: u16, scale: .inf}
{name: ac_apparent_power_va, at: 8, type: u16, scal: 2}
{name: mppt_count, at: 70000, type: u16}
"""


def test_all_problems_are_told_at_once_with_their_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_profile(tmp_path, made_up(POINTS))
    other = write_profile(tmp_path, "name: [", "broken")
    printed = answer(capsys, "lint", str(path), str(other), code=Exit.PROBLEM)
    lines = path.read_text("utf-8").splitlines()
    first = next(number for number, line in enumerate(lines, 1) if "at: 1," in line)
    told = {(one["line"] - first, one["message"].split(" ")[0]) for one in printed["problems"]}
    assert {line for line, _ in told if line >= 0} == set(range(1, 9))
    assert any("overlaps" in one["message"] for one in printed["problems"] if one["line"] == first + 1)
    assert any("already more" in one["message"] for one in printed["problems"])
    assert any(one["file"].endswith("broken.yaml") for one in printed["problems"])


MODELS = """
format: 1
name: made_up
kind: inverter
make: Nobody
models: [X]
default_map:
  - {model: 1, at: 40002, length: 66}
  - {model: 103, at: 40071, length: 50}
scale_factors:
  - {models: 103, at: 15, usual: 1}
points:
  - {name: serial_number, models: 1, at: 50, type: string, words: 16, class: identity}
  - {name: ac_active_power_w, models: 103, at: 14, type: i16, sf: 15}
  - {name: grid_frequency_hz, models: 103, at: 16, type: u16, sf: 17}
  - {name: dc_power_w, models: 104, at: 20, type: u32}
  - {name: ac_apparent_power_va, models: 104, at: 21, type: u16}
  - {name: mppt_count, at: 8, type: u16}
  - {name: dc_voltage_v, models: 103, at: 29, type: u16, every: 20}
"""


def test_tables_of_models_are_checked_in_every_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_profile(tmp_path, MODELS.lstrip())
    printed = answer(capsys, "lint", str(path), code=Exit.PROBLEM)
    told = " | ".join(f"{one['line']}: {one['message']}" for one in printed["problems"])
    for part in (
        "does not begin where",
        "14: ",
        "sf 17 of model 103",
        "overlaps dc_power_w in model 104",
        "17: ",
        "no NN",
    ):
        assert part in told, told


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="nowhere"):
        run("lint", "--profiles", str(tmp_path / "nowhere"))
    assert run("lint", "--profiles", str(tmp_path)) == Exit.PROBLEM


def test_columns_stand_under_each_other_in_both_scripts() -> None:
    lines = table([["名称", "x"], ["name", "y"], ["a", "z"]])
    assert [width(line) for line in lines] == [7, 7, 7]
    assert table([]) == []
