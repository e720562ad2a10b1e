"""The doctor is red where what is backed up would not be there when it is needed."""

import json
import zipfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from main.__main__ import main
from main.backup.health import judge_backups
from main.backup.shelf import Entry, Journal
from main.doctor import Verdict
from main.log_bundle import Scrubber
from stores.records.store import SqlRecordStore
from tests.main.registry_files import write
from tests.stores.records.contract import user

NOW = datetime(2026, 7, 10, 3, tzinfo=UTC)
DAY = timedelta(days=1)


def _verdicts(*entries: Entry) -> dict[str, tuple[str, str]]:
    return {found.check: (found.verdict.value, found.outcome) for found in judge_backups(entries, NOW)}


def _entry(what: str, days: float, *, ok: bool = True, reason: str = "", other_disk: bool = False) -> Entry:
    return Entry(NOW - days * DAY, what, ok, "f", reason, other_disk)


def test_where_nothing_was_ever_kept_nothing_is_missing() -> None:
    assert _verdicts() == {"backup": ("ok", "none")}


def test_a_fresh_installation_has_time_and_then_is_red() -> None:
    fresh = _verdicts(_entry("since", 1))
    assert {verdict for verdict, _ in fresh.values()} == {"warn"}
    assert {verdict for verdict, _ in _verdicts(_entry("since", 8)).values()} == {"fail"}


def test_a_copy_on_the_same_disk_is_no_copy_elsewhere() -> None:
    kept = [_entry("since", 30), _entry("backup", 0.2), _entry("restore_test", 0.1)]
    assert _verdicts(*kept, _entry("copy", 1))["copy"] == ("fail", "never")
    assert _verdicts(*kept, _entry("copy", 6.9, other_disk=True))["copy"] == ("ok", "good")
    assert _verdicts(*kept, _entry("copy", 7.1, other_disk=True))["copy"] == ("fail", "old")


def test_a_backup_that_cannot_be_restored_is_red_at_once() -> None:
    entries = [
        _entry("since", 30),
        _entry("restore_test", 2),
        _entry("restore_test", 0.1, ok=False, reason="x"),
    ]
    assert _verdicts(*entries)["restore_test"] == (Verdict.FAIL.value, "failed")


def test_a_failed_backup_after_a_good_one_warns_and_says_why() -> None:
    found = judge_backups(
        [_entry("backup", 1), _entry("backup", 0.1, ok=False, reason="the disk is full")], NOW
    )
    assert (found[0].verdict, found[0].values["reason"]) == (Verdict.WARN, "the disk is full")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    write(tmp_path / "config")
    with closing(SqlRecordStore.at(tmp_path / "data/records/records.sqlite")) as records:
        records.add_user(user("zhangsan", display_name="张三"))
    (tmp_path / "data/log").mkdir()
    (tmp_path / "data/log/pvmon.log").write_text(
        "login zhangsan (张三) from 10.20.30.40, tel 13800138000\n"
        "card 6222020200112233445 token=abcdef password: hunter2 at redis://u:pw@host/ li@example.cn\n"
        "poll of inv-1 took 123 ms, 2026-07-01T02:30:00\n",
        "utf-8",
    )
    Journal(tmp_path / "data/backup").note(Entry(NOW, "since", ok=True))
    return tmp_path


def test_the_bundle_holds_the_logs_and_no_person(place: Path) -> None:
    words = ["--config", str(place / "config"), "--data", str(place / "data"), "--json", "doctor"]
    main([*words, "--bundle", str(place / "logs.zip")])
    with zipfile.ZipFile(place / "logs.zip") as bundle:
        everything = "\n".join(bundle.read(name).decode() for name in bundle.namelist())
        assert {"log/pvmon.log", "doctor.json", "versions.json", "settings.json", "jobs.json"} == set(
            bundle.namelist()
        )
    hidden = (
        "zhangsan",
        "张三",
        "10.20.30.40",
        "13800138000",
        "6222020200112233445",
        "abcdef",
        "hunter2",
        "u:pw",
        "li@",
    )
    assert [word for word in hidden if word in everything] == []
    assert "poll of inv-1 took 123 ms, 2026-07-01T02:30:00" in everything


def test_a_short_name_does_not_eat_other_words() -> None:
    assert Scrubber(["li", "王五"])("li said line of 王五") in {
        "person-1 said line of person-2",
        "person-2 said line of person-1",
    }


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_sheet_names_accounts_versions_and_the_last_backup_and_no_password(
    place: Path, language: str
) -> None:
    words = ["--lang", language, "--config", str(place / "config"), "--data", str(place / "data"), "doctor"]
    main([*words, "--report", str(place / "sheet.html")])
    page = (place / "sheet.html").read_text("utf-8")
    assert "@page{size:A4" in page
    for word in ("zhangsan", "SQLite", "duckdb", str(place / "data")):
        assert word in page
    assert "argon2" not in page


def test_a_check_can_be_left_out(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--config", str(place / "config"), "--data", str(place / "data"), "--json", "doctor"]
    main(words)
    assert "copy" in {each["check"] for each in json.loads(capsys.readouterr().out)["checks"]}
    main([*words, "--without", "backup"])
    assert "copy" not in {each["check"] for each in json.loads(capsys.readouterr().out)["checks"]}
