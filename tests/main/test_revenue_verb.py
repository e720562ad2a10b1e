"""`pvmon revenue`, done as docs/revenue.md says: its files, its commands, in both languages of the guide."""

import json
import re
import shlex
from pathlib import Path

import pytest
from beancount import loader
from openpyxl import load_workbook

from domain.account import Role, Scope, User
from main.__main__ import main
from main.build import options_from
from main.settings import load_settings
from stores.records.store import SqlRecordStore
from tests.commands.builders import PASSWORD, QUICK
from tests.conftest import ROOT

V1, V2, V3 = "611002001201", "611002001202", "611002001203"
PEOPLE = {
    "settler": (Role.SETTLEMENT, Scope(everything=True)),
    "county": (Role.COUNTY, Scope(everything=True)),
    "village": (Role.ACCOUNTANT, Scope(village_ids=frozenset({V1}))),
    "town": (Role.TOWNSHIP, Scope(town_ids=frozenset({V1[:9]}))),
    "auditor": (Role.AUDITOR, Scope(everything=True)),
}
GUIDE = ROOT / "docs" / "revenue.md"
pytestmark = pytest.mark.timeout(900)
BLOCK = re.compile(r"```(csv [^\n]+|sh)\n(.*?)```", re.DOTALL)


def _office(folder: Path) -> Path:
    data = folder / "data"
    (data / "records").mkdir(parents=True)
    records = SqlRecordStore.at(data / "records" / "records.sqlite")
    for name, (role, scope) in PEOPLE.items():
        records.add_user(User(name, f"{name}（虚构）", frozenset({role}), scope, QUICK.hash(PASSWORD)))
        (folder / f"{name}.txt").write_text(PASSWORD + "\n")
    records.close()
    return data


def _pvmon(data: Path, *words: str) -> int:
    return main(["--config", str(ROOT / "config"), "--data", str(data), *words])


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, list[tuple[str, int]]]:
    folder = tmp_path_factory.mktemp("guide")
    data = _office(folder)
    codes: list[tuple[str, int]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        made = options_from(load_settings(config_dir=ROOT / "config", data_dir=data))
        patch.setattr("main.build.options_from", lambda _settings: made)  # fifty commands read the same files
        for kind, text in BLOCK.findall(GUIDE.read_text("utf-8")):
            if kind.startswith("csv "):
                (folder / kind.removeprefix("csv ")).write_text(text, "utf-8")
                continue
            for line in text.splitlines():
                if line.startswith("pvmon "):
                    codes.append((line, _pvmon(data, *shlex.split(line)[1:])))
    return folder, data, codes


def test_every_command_of_the_guide_does_what_it_says(
    followed: tuple[Path, Path, list[tuple[str, int]]],
) -> None:
    _, _, codes = followed
    assert [line for line, code in codes if code] == []
    assert len(codes) == 47


def test_both_languages_of_the_guide_give_the_same_files_and_commands() -> None:
    english = (ROOT / "docs" / "revenue.en.md").read_text("utf-8")
    assert BLOCK.findall(english) == BLOCK.findall(GUIDE.read_text("utf-8"))


def test_the_guide_ends_in_the_balances_it_should(
    followed: tuple[Path, Path, list[tuple[str, int]]],
) -> None:
    _, data, _ = followed
    records = SqlRecordStore.at(data / "records" / "records.sqlite")
    balances = records.balances()
    found = {
        village: {
            a: sum(b.fen for b in balances if (b.village_id, b.account) == (village, a))
            for a in ("10201", "50101")
        }
        for village in (V1, V2, V3)
    }
    records.close()
    kwh = (30_000, 2_000, 52_000, 60_000, 62_000, 58_600, 61_000, 57_000, 48_000, 40_000, 30_000, 24_000)
    stated = [one * 3545 // 100 for one in kwh]
    sales = sum(stated) - 21_270  # the correction of January
    assert sum(-one["50101"] for one in found.values()) == sales
    subsidy = sum(one * 4955 // 100 for one in kwh[:6])
    net_paid = sum(stated) - 2 * 108_000 - 300_000 + subsidy
    assert sum(one["10201"] for one in found.values()) == 1_200_000 + 720_000 + 960_000 + net_paid
    shares = {V1: 663, V2: 397, V3: 530}
    for village, kw in shares.items():
        assert abs(-found[village]["50101"] - sales * kw / 1590) <= 1


def test_what_was_exported_is_checked_by_others(
    followed: tuple[Path, Path, list[tuple[str, int]]],
) -> None:
    folder, _, _ = followed
    _, errors, _ = loader.load_file(str(folder / "books.beancount"))
    assert errors == []
    rows = list(load_workbook(folder / "books.xlsx").active.iter_rows(values_only=True))  # type: ignore[union-attr]
    assert all(cell is None or isinstance(cell, str) for row in rows for cell in row)
    assert {row[0] for row in rows[1:]} == {V1, V2, V3}
    lines = (folder / "books.csv").read_text("utf-8-sig").splitlines()
    assert len(lines) == len(rows)


def test_a_bad_file_is_told_row_by_row_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = _office(tmp_path)
    path = tmp_path / "坏.csv"
    path.write_text("户号,结算月份,电费\n123,202601,5\n9900000000001,某月,5", "utf-8")
    who = ("--user", "settler", "--password-file", str(tmp_path / "settler.txt"))
    assert _pvmon(data, "revenue", "import-statements", str(path), *who) == 1
    said = capsys.readouterr().out
    assert "第 2 行 户号：户号 123 没有登记" in said
    assert "第 3 行 月份" in said
    assert "什么都没有录入" in said
    assert _pvmon(data, "--json", "revenue", "import-statements", str(path), *who) == 1
    told = json.loads(capsys.readouterr().out)["files"][0]
    assert {(2, "unknown_account"), (3, "period")} <= {
        (one["row"], one["reason"]) for one in told["problems"]
    }


def test_a_wrong_password_or_a_role_that_may_not_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = _office(tmp_path)
    (tmp_path / "wrong.txt").write_text("nonsense")
    wrong = ("--user", "county", "--password-file", str(tmp_path / "wrong.txt"))
    assert _pvmon(data, "revenue", "settle", "2026-01", *wrong) == 4
    auditor = ("--user", "auditor", "--password-file", str(tmp_path / "auditor.txt"))
    assert _pvmon(data, "revenue", "settle", "2026-01", *auditor) == 4
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "auditor 没有此项权限" in said
    assert _pvmon(data, "--lang", "en", "revenue", "settle", "2026-01", *auditor) == 4
    assert "auditor has no permission for this" in capsys.readouterr().err


def test_a_broken_ledger_is_said_and_ends_in_a_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import sqlite3

    data = _office(tmp_path)
    path = data / "records" / "records.sqlite"
    from tests.stores.records.ledger_contract import NOW, receipt

    records = SqlRecordStore.at(path)
    records.post([receipt()], NOW)
    records.close()
    assert _pvmon(data, "revenue", "verify") == 0
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("DROP TRIGGER ledger_entries_no_update")
    connection.execute("UPDATE ledger_entries SET summary = '改了'")
    connection.close()
    assert _pvmon(data, "revenue", "verify") == 1
    said = capsys.readouterr().out
    assert "2026-07 第 1 号" in said
    assert "内容与封印不符" in said
    assert _pvmon(data, "--lang", "en", "revenue", "verify") == 1
    assert "2026-07 no. 1" in (english := capsys.readouterr().out)
    assert "does not fit its seal" in english
