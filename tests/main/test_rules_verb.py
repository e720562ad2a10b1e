"""`pvmon rules`: list, explain, score."""

import json
from pathlib import Path

import pytest

from alerts.catalog import KINDS
from main.__main__ import main
from main.cli import Exit
from tests.alerts.test_score import ALERTS, TRUTH
from tests.conftest import ROOT
from texts.loader import LANGUAGES, Texts

CONFIG = ("--config", str(ROOT / "config"))


def test_every_rule_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*CONFIG, "--json", "rules", "list"]) == Exit.OK
    assert {each["id"] for each in json.loads(capsys.readouterr().out)} == set(KINDS)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("rule", list(KINDS))
def test_every_rule_has_a_name_a_meaning_and_three_checks(rule: str, language: str) -> None:
    texts = Texts(language)
    assert texts(f"alerts.rule.{rule}.name")
    assert texts(f"alerts.rule.{rule}.meaning")
    assert len(texts(f"alerts.rule.{rule}.checks").split("|")) == 3


def test_a_rule_is_explained_and_a_wrong_one_gets_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*CONFIG, "rules", "explain", "f10"]) == Exit.OK
    said = capsys.readouterr().out
    assert "组串断路" in said
    assert "open_share 0.03" in said
    assert main([*CONFIG, "rules", "explain", "F99"]) == Exit.PROBLEM
    assert "did you mean" in capsys.readouterr().err


def test_alerts_are_scored_against_the_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth, alerts = tmp_path / "truth.csv", tmp_path / "alerts.csv"
    truth.write_text(TRUTH, "utf-8")
    alerts.write_text(ALERTS, "utf-8")
    words = ["rules", "score", "--truth", str(truth), "--alerts", str(alerts), "--days", "10"]
    assert main(["--json", *words]) == Exit.OK
    found = {each["rule"]: each for each in json.loads(capsys.readouterr().out)}
    assert found["F08"]["found"] == 1
    assert main(words) == Exit.OK
    assert "F08" in capsys.readouterr().out
    assert main(["rules", "score"]) == Exit.PROBLEM
