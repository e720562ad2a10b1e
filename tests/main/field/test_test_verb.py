"""`pvmon test` against the virtual fleet on real sockets: verdicts, exit codes, and the sheet to be signed."""

import json
from pathlib import Path

import pytest

from main.__main__ import main
from tests.main import registry_files
from tests.main.field.field import configured, field, running


def test_a_device_is_read_and_every_value_has_a_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with field() as (port,):
        code = main([*configured(tmp_path, port), "--json", "test", "alpha-inv-1"])
    (report,) = json.loads(capsys.readouterr().out)
    assert code == 0, [one for one in report["values"] if one["verdict"] == "inconsistent"]
    assert report["counts"]["plausible"] > 20
    power = next(one for one in report["values"] if one["name"] == "ac_active_power_w")
    assert power["verdict"] == "plausible"
    assert power["raw"].startswith("0x")
    assert report["serial_number"]


def test_a_value_the_registry_denies_ends_with_1_and_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with field() as (port,):
        words = configured(tmp_path, port)
        registry_files.change(
            tmp_path / "config", "plants/alpha.yaml", "rated_power_kw: 50", "rated_power_kw: 5"
        )
        code = main([*words, "test", "alpha-inv-1"])
    said = capsys.readouterr().out
    assert code == 1
    assert "[inconsistent] rated_active_power_w" in said
    assert "off by a factor of 10" in said
    assert "one master" in said


def test_the_sheet_of_a_plant_has_every_device_and_room_for_hand_and_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "alpha.html"
    with field() as (port,):
        words = configured(tmp_path, port)
        words[-1] = "zh"
        main([*words, "test", "alpha", "--sheet", str(sheet)])
        capsys.readouterr()
        assert main([*words, "test", "alpha", "--sheet", str(sheet)]) == 1
        assert "已存在" in capsys.readouterr().err
    page = sheet.read_text("utf-8")
    for word in (
        "接入验收单",
        "alpha-inv-1",
        "alpha-inv-2",
        "alpha-meter",
        "序列号",
        "设备时钟偏差",
        "@page",
    ):
        assert word in page
    assert page.count('class="blank"') > 12
    assert page.count("签字") >= 3
    assert "http" not in page


def test_a_silent_plant_is_told_and_ends_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with field() as (port,):
        words = configured(tmp_path, port)
    assert main([*words, "test", "alpha-inv-2"]) == 1
    assert "check power, network and port" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("target", "why"), [("nobody", "neither"), ("beta", "no device"), ("beta-meter", "no gateway")]
)
def test_what_cannot_be_asked_is_refused_with_a_reason(
    target: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*configured(tmp_path, 1), "test", target]) == 1
    assert why in capsys.readouterr().err


def test_while_the_collector_runs_it_reads_for_us_over_its_own_connection(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with field() as (port,):
        words = configured(tmp_path, port)
        with running(tmp_path) as instance:
            assert instance.collector is not None
            (wire,) = instance.collector._wires._running.values()
            assert main([*words, "--json", "test", "alpha-inv-2"]) == 0
            assert wire.shared.source.connects == 1  # type: ignore[attr-defined]
    (report,) = json.loads(capsys.readouterr().out)
    assert report["counts"]["plausible"] > 20
