"""The schedule of reports is read with every fault; the verb makes, lists and sends."""

import json
from pathlib import Path

import pytest

from main.__main__ import main
from main.configuration import RegistryProblemsError
from main.reports import load_reports
from tests.dashboard.fixtures import ROOT


def test_the_delivered_schedule_is_sound() -> None:
    plans = {plan.report_id: plan for plan in load_reports(ROOT / "config", ["log"])}
    assert plans["brief"].at_s == 7 * 3600
    assert plans["brief"].month_day == 0
    assert plans["assessment"].month_day == 5


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "reports.yaml").write_text(
        'reports:\n  - {id: a, kind: brief, at: "25:00"}\n'
        '  - {id: a, kind: breif, at: "07:00", month_day: 31}\n'
        '  - {id: b, kind: brief, at: "07:00", targets: [lgo], forms: [docx]}\n',
        "utf-8",
    )
    with pytest.raises(RegistryProblemsError) as caught:
        load_reports(tmp_path, ["log"])
    keys = {problem.key for problem in caught.value.problems}
    assert {"at", "kind", "month_day", "forms", "targets"} <= keys


def test_the_verb_makes_one_report_and_lists_what_a_day_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--config", str(ROOT / "config"), "--data", str(tmp_path / "data"), "--json"]
    target = tmp_path / "brief.txt"
    assert (
        main([*words, "report", "run", "brief", "--form", "txt", "--on", "2026-06-17", "--out", str(target)])
        == 0
    )
    assert target.read_text("utf-8").startswith("2026-06-17 运维日报")
    assert main([*words, "report", "run", "brief", "--form", "docx"]) == 1
    assert main([*words, "report", "run", "plant", "--subject", "nowhere"]) == 4
    assert main([*words, "report", "due", "--on", "2026-06-18"]) == 0
    assert main([*words, "report", "list"]) == 0
    listed = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert [one["file"] for one in listed["files"]] == [
        "brief/2026-06-17/brief.pdf",
        "brief/2026-06-17/brief.xlsx",
    ]
