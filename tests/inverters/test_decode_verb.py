"""`pvmon decode` as a person types it."""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from domain.errors import CommandError, ProfileError
from main.cli import Context, Exit
from main.verbs.decode import VERB
from texts.loader import Texts


def run(*words: str, language: str = "en", as_json: bool = False) -> int:
    texts = Texts(language)
    parser = argparse.ArgumentParser()
    VERB.arguments(parser, texts)
    context = Context(Path("config"), Path("data"), texts, as_json)
    return int(VERB.run(parser.parse_args(list(words)), context))


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert run(*words) == Exit.OK
    printed: dict[str, Any] = json.loads(capsys.readouterr().out)
    return printed


def test_registers_become_names_values_and_units(capsys: pytest.CaptureFixture[str]) -> None:
    printed = answer(capsys, "huawei_sun2000", "--address", "32087", "471", "0xFFFF", "0x0201")
    values = {reading["name"]: reading for reading in printed["readings"]}
    assert (values["internal_temperature_c"]["value"], values["internal_temperature_c"]["unit"]) == (
        47.1,
        "C",
    )
    assert values["insulation_resistance_ohm"]["quality"] == "absent"
    assert values["insulation_resistance_ohm"]["unverified"] is True
    assert values["device_status"]["meaning"][0]["zh"] == "并网：限功率"
    assert printed["state"]["state"] == "derated"


def test_options_may_stand_anywhere_among_the_words(capsys: pytest.CaptureFixture[str]) -> None:
    forms = [
        ("sungrow_sg", "--address", "4999", "--function", "4", "0x0132"),
        ("sungrow_sg", "--function", "4", "--address", "4999", "0x0132"),
        ("sungrow_sg", "0x0132", "--address", "4999", "--function", "4"),
        ("--function", "4", "--address", "0x1387", "0x0132"),
    ]
    first = answer(capsys, *forms[0])
    assert first["readings"][0]["text"] == "306"
    assert first["readings"][0]["meaning"][0]["en"].startswith("SG60KU-M")
    assert [answer(capsys, *form) for form in forms[1:3]] == [first, first]
    assert run(*forms[3]) == Exit.USAGE  # no profile


def test_a_clock_is_shown_as_the_device_shows_it(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("2010", "10", "30", "9", "40", "37")
    printed = answer(capsys, "sungrow_sg", "--function", "3", "--address", "4999", *words)
    assert printed["readings"][0]["local_time"] == "2010-10-30 09:40:37"


def test_ratios_multiply_secondary_values(capsys: pytest.CaptureFixture[str]) -> None:
    printed = answer(capsys, "meter_acrel_dtsd1352", "--ct", "60", "--address", "20", "0", "100")
    assert printed["readings"][0]["value"] == 60_000.0


@pytest.mark.parametrize(
    ("story", "words", "reason"),
    [
        ("unknown profile", ("nobody", "--address", "1", "1"), "huawei_sun2000"),
        ("a document profile", ("pvmon_json", "--address", "1", "1"), "no profile"),
        ("no number", ("huawei_sun2000", "--address", "1", "five"), "five"),
        ("too large", ("huawei_sun2000", "--address", "1", "65536"), "65536"),
        ("negative address", ("huawei_sun2000", "--address", "0x10000", "1"), "0x10000"),
        ("nothing there", ("huawei_sun2000", "--address", "1", "1"), "counted from 0"),
        ("half a value", ("huawei_sun2000", "--address", "32080", "1"), "whole"),
        ("too many", ("huawei_sun2000", "--address", "1", *["1"] * 126), "125"),
        ("a ratio of nothing", ("huawei_sun2000", "--ct", "0", "--address", "32080", "0", "1"), "ratio"),
    ],
)
def test_a_mistake_is_told_in_words(story: str, words: tuple[str, ...], reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        run(*words)


def test_incomplete_words_show_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("huawei_sun2000", language="zh") == Exit.USAGE
    assert "--address" in capsys.readouterr().err


def _vectors(folder: Path, value: float) -> str:
    vector = {
        "id": "one",
        "kind": "registers",
        "registers": ["0x0005"],
        "decode": {"type": "u16"},
        "expected": [{"value": value}],
    }
    path = folder / "vectors.json"
    path.write_text(json.dumps({"vectors": [vector]}), "utf-8")
    return str(path)


def test_a_file_of_vectors_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--vectors", _vectors(tmp_path, 5)) == Exit.OK
    assert "1 vectors: 1 pass, 0 fail, 0 unsupported" in capsys.readouterr().out
    assert run("--vectors", _vectors(tmp_path, 6), as_json=True) == Exit.PROBLEM
    printed = json.loads(capsys.readouterr().out)
    assert (printed["fail"], printed["total"], printed["vectors"][0]["outcome"]) == (1, 1, "fail")


@pytest.mark.parametrize("content", ["", "[]", "{", '"x"'])
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "vectors.json"
    path.write_text(content, "utf-8")
    with pytest.raises(CommandError):
        run("--vectors", str(path))


def test_a_broken_folder_of_profiles_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("name: broken\n", "utf-8")
    with pytest.raises(ProfileError, match="broken"):
        run("huawei_sun2000", "--address", "1", "1", "--profiles", str(tmp_path))


def test_a_request_tells_the_address_of_its_answer(capsys: pytest.CaptureFixture[str]) -> None:
    frames = ("--frame", "01 04 13 87 00 01 85 67", "--frame", "01:04:02:01:32:39:75")
    printed = answer(capsys, "--profile", "sungrow_sg", *frames)
    request, reply = printed["frames"]
    assert (request["direction"], request["address"], request["count"]) == ("request", 4999, 1)
    assert reply["checks"]["checksum"]["fits"]
    assert reply["readings"][0]["name"] == "model_id"


def test_a_frame_is_named_and_its_values_decoded(capsys: pytest.CaptureFixture[str]) -> None:
    frame = "FE FE 68 61 01 00 00 00 00 68 91 08 33 33 34 33 59 33 33 33 8A 16"
    (meter,) = answer(capsys, "--ct", "10", "--frame", frame)["frames"]
    assert (meter["kind"], meter["meter"]) == ("dlt645", "000000000161")
    assert meter["values"][0]["value"] == 2600.0
    (tcp,) = answer(
        capsys, "huawei_sun2000", "--address", "32080", "--frame", "000700000007010304" + "0000BC52"
    )["frames"]
    assert (tcp["kind"], tcp["readings"][0]["value"]) == ("modbus_tcp", 48210)


def test_a_frame_that_does_not_hold_is_told_and_not_decoded(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        run("huawei_sun2000", "--address", "32080", "--frame", "01 03 04 00 00 BC 52 00 00") == Exit.PROBLEM
    )
    (frame,) = json.loads(capsys.readouterr().out)["frames"]
    assert not frame["checks"]["checksum"]["fits"]
    assert "registers" not in frame
    assert "readings" not in frame


@pytest.mark.parametrize("word", ["", "zz", "01", "01 03 0", "00" * 301])
def test_what_is_no_frame_is_told(word: str) -> None:
    with pytest.raises(CommandError, match="hexadecimal"):
        run("--frame", word)
