"""Errors planted on purpose: each still fits the program, and its tests turn red (a quick one here, all by the campaign)."""

from pathlib import Path

import pytest

from bench.planted import ERRORS, ROOT, Planted, copied, main, planted

QUICK = next(error for error in ERRORS if error.name == "past_the_refused")


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.name)
def test_the_line_to_spoil_is_there_once_and_its_tests_exist(error: Planted) -> None:
    assert (ROOT / error.file).read_text("utf-8").count(error.old) == 1
    assert error.new != error.old
    for word in error.gate:
        assert word.startswith("-") or "/" not in word or (ROOT / word).exists(), word


def test_a_planted_error_turns_its_tests_red_and_the_copy_is_mended(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    red, said = planted(QUICK, folder)
    assert red, said
    assert "test_forward.py" in said
    assert QUICK.old in (folder / QUICK.file).read_text("utf-8")


def test_what_there_is_can_be_listed_and_an_unknown_one_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    listed = capsys.readouterr().out
    assert [error.name for error in ERRORS if error.name not in listed] == []
    with pytest.raises(SystemExit):
        main(["earthquake"])
    assert "earthquake" in capsys.readouterr().err
