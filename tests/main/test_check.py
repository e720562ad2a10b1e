"""`pvmon check`: what it prints, and what it answers to a machine."""

import argparse
import json
from pathlib import Path

import pytest

from domain.errors import CommandError
from domain.plant import WireProtocol
from main.cli import Context, Exit
from main.registry.schema import schemas
from main.verbs.check import VERB
from tests.conftest import ROOT
from tests.main.registry_files import change, read_profiles_once, write
from texts.loader import Texts


@pytest.fixture(autouse=True)
def _profiles(monkeypatch: pytest.MonkeyPatch) -> None:
    read_profiles_once(monkeypatch)


def run(context: Context, *words: str) -> int:
    parser = argparse.ArgumentParser()
    VERB.arguments(parser, context.texts)
    return VERB.run(parser.parse_args(words), context)


def context_of(config: Path, tmp_path: Path, language: str = "en", *, as_json: bool = False) -> Context:
    return Context(config, tmp_path / "data", Texts(language), as_json)


def test_a_sound_sample_prints_its_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(context_of(ROOT / "config", tmp_path, "zh")) == Exit.OK
    said = capsys.readouterr().out
    assert "电站 60 座 · 村 124 个" in said
    assert "镇街 18 个" in said
    assert "62,730 kW" in said
    assert "46 在线 · 9 人工 · 5 文件" in said
    assert "样例" in said


def test_a_machine_gets_the_same_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(context_of(ROOT / "config", tmp_path, as_json=True)) == Exit.OK
    answer = json.loads(capsys.readouterr().out)
    assert answer["sound"] is True
    assert (answer["plants"], answer["ac_capacity_kw"], answer["villages"]) == (60, 62_730, 124)
    assert answer["connections"] == {"live": 46, "manual": 9, "file": 5}
    assert answer["devices"]["inverter"] == 1250
    assert answer["plants_without_ownership"] == []


def test_quiet_says_nothing_when_all_is_sound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(context_of(write(tmp_path / "config"), tmp_path), "--quiet") == Exit.OK
    assert capsys.readouterr().out == ""


def test_plants_without_shares_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(context_of(write(tmp_path / "config"), tmp_path)) == Exit.OK
    assert "plants without shares yet: beta" in capsys.readouterr().out


def test_faults_are_printed_even_when_quiet_and_exit_with_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write(tmp_path / "config")
    line = change(config, "plants/alpha.yaml", "tilt_deg: 30", "tilt_dge: 30")
    change(config, "ownership/alpha.yaml", ": 60,", ": 61,")
    assert run(context_of(config, tmp_path), "--quiet") == Exit.PROBLEM
    said = capsys.readouterr().out
    assert f"{config}/plants/alpha.yaml:{line}: tilt_dge: " in said
    assert 'did you mean "tilt_deg"?' in said
    assert "shares add up to 101 kW" in said
    assert "3 problem(s) in 2 file(s)" in said


def test_a_machine_gets_the_faults_in_parts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = write(tmp_path / "config")
    change(config, "ownership/alpha.yaml", ": 60,", ": 61,")
    assert run(context_of(config, tmp_path, as_json=True)) == Exit.PROBLEM
    answer = json.loads(capsys.readouterr().out)
    assert answer["sound"] is False
    (problem,) = answer["problems"]
    assert (problem["code"], problem["line"], problem["key"]) == ("share_sum", 5, "shares_kw")


def test_the_source_of_each_fact_of_a_plant_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write(tmp_path / "config")
    assert run(context_of(config, tmp_path), "--sources", "alpha") == Exit.OK
    said = capsys.readouterr().out
    assert f"{config}/plants/alpha.yaml:17: device alpha-inv-1 huawei_sun2000" in said
    assert f"{config}/ownership/alpha.yaml:1: share 2018-06-01 甲镇·东沟村 60 kW" in said
    assert f"{config}/district.yaml:6: town 甲镇" in said


def test_the_sources_of_an_unknown_plant_suggest_the_nearest(tmp_path: Path) -> None:
    context = context_of(write(tmp_path / "config"), tmp_path)
    with pytest.raises(CommandError, match="did you mean alpha"):
        run(context, "--sources", "alpa")


def test_the_delivered_schemas_are_those_of_the_reader(tmp_path: Path) -> None:
    delivered = {path.name: path.read_text("utf-8") for path in (ROOT / "config/schema").iterdir()}
    assert delivered == schemas()
    assert run(context_of(ROOT / "config", tmp_path), "--write-schema", str(tmp_path / "schema")) == Exit.OK
    assert {path.name for path in (tmp_path / "schema").iterdir()} == set(delivered)


def test_schemas_explain_every_key_in_both_languages() -> None:
    plant = json.loads(schemas()["plants.json"])
    assert plant["additionalProperties"] is False
    assert plant["properties"]["id"]["description"] == "电站编号 / plant id"
    assert "feeder" not in plant["required"]
    gateway = plant["properties"]["gateways"]["items"]["properties"]
    assert gateway["protocol"]["enum"] == [protocol.value for protocol in WireProtocol]
    assert "rtu_serial" in gateway["protocol"]["enum"]
