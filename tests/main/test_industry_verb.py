"""`pvmon industry` from the command line on a fresh data folder: words, JSON, refusals, files."""

import json
from pathlib import Path

import pytest

from commands.passwords import Passwords
from domain.account import Role, Scope, User
from main.__main__ import main
from main.cli import Exit
from stores.records.store import SqlRecordStore
from tests.commands.industry_world import reports_sheet

CONFIG = Path(__file__).parents[2] / "config"
TOWN = "611002107"
PASSWORD = "shan-gou-li-de-huai-shu"
HASH = Passwords().hash(PASSWORD)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    records = SqlRecordStore.at(tmp_path / "records" / "records.sqlite")
    for name, role in (("zhen", Role.TOWNSHIP), ("qu", Role.COUNTY)):
        records.add_user(User(name, name, frozenset({role}), Scope(everything=True), HASH))
    records.close()
    (tmp_path / "password").write_text(PASSWORD, "utf-8")
    return tmp_path


def run(data: Path, *words: str, lang: str = "zh") -> int:
    person = ["--password-file", str(data / "password")] if "--as" in words else []
    return main(["--config", str(CONFIG), "--data", str(data), "--lang", lang, *words, *person])


def test_the_path_is_shown_to_whoever_may_open_the_folder(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(data, "industry", "attainment", "--period", "2026-07") == Exit.OK
    assert "食用菌栽培袋数：完成 —，应到 5000，目标 10000" in capsys.readouterr().out
    assert run(data, "--json", "industry", "missing", "--period", "2026-07") == Exit.OK
    told = json.loads(capsys.readouterr().out)
    assert {one["there"] for one in told["missing"]} == {0}
    assert run(data, "--json", "industry", "missing", "--period", "2026-07", "--town", TOWN) == Exit.OK
    told = json.loads(capsys.readouterr().out)
    assert told["villages"] == len(told["missing"]) > 0
    assert all(one.startswith(TOWN) for one in told["missing"])
    assert run(data, "industry", "funds", lang="en") == Exit.OK
    assert "Risk-guarantee fund" in capsys.readouterr().out


def test_a_workbook_is_fetched_filled_looked_at_and_kept(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report.xlsx"
    fetch = ("industry", "template", "--as", "zhen", "--period", "2026-07", "--out", str(out))
    assert run(data, *fetch) == Exit.OK
    assert out.read_bytes().startswith(b"PK")
    filled = tmp_path / "filled.xlsx"
    filled.write_bytes(reports_sheet(("食用菌栽培袋数", "板桥镇", "2026-07", "12.5", "", "", "")))
    capsys.readouterr()
    assert run(data, "industry", "import", "--as", "zhen", "--file", str(filled)) == Exit.OK
    assert "1 行有数" in capsys.readouterr().out
    assert run(data, "industry", "import", "--as", "zhen", "--file", str(filled), "--keep") == Exit.OK
    assert run(data, "industry", "check", "--as", "qu", "--town", TOWN, "--period", "2026-07") == Exit.OK
    capsys.readouterr()
    assert run(data, "industry", "import", "--as", "zhen", "--file", str(filled)) == Exit.PROBLEM
    assert "已报过（第 1 版）" in capsys.readouterr().out
    records = SqlRecordStore.at(data / "records" / "records.sqlite")
    assert [one.step_by for one in records.reports()] == ["qu"]
    records.close()


def test_what_changes_something_is_somebodys_and_refusals_are_words(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--indicator", "fungus_bags", "--reporter", TOWN, "--period", "2026-07", "--amount", "-3")
    assert run(data, "industry", "report", *words) != Exit.OK
    assert run(data, "industry", "report", "--as", "zhen", *words) != Exit.OK
    assert "不能是负数" in capsys.readouterr().err
    assert run(data, "industry", "report", "--as", "nobody", *words) == Exit.DENIED
    gone = ("industry", "import", "--as", "zhen", "--file", str(data / "gone.xlsx"))
    assert run(data, *gone) != Exit.OK
    assert "读不了文件" in capsys.readouterr().err
