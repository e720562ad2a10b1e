"""`pvmon payout` carries a village from a roster file to a verified notice, as docs/revenue_out.md tells it."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from commands.passwords import Passwords
from domain.account import Role, Scope, User
from domain.clock import SystemClock
from domain.timespan import day_of
from main.__main__ import main
from revenue.accounts import CostKind
from revenue.bookkeeping import Voucherhead, receipt_entry, settlement_entry
from stores.records.store import SqlRecordStore
from tests.commands.payout_world import roster_file

CONFIG = Path(__file__).parents[2] / "config"
VILLAGE = "611002107201"
FIRST = date(2026, 7, 1)
MONTHS = ("--first", "2026-07", "--last", "2026-09")
LINES = "用途,事由,方式,金额,标准,权数,收款人\n公益岗位,道路保洁,按天,2000,60,,\n补助,困难补助,按权数,1200.01,,积分,\n"

PASSWORD = "shui-ku-bian-de-bai-yang"
HASH = Passwords().hash(PASSWORD)

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    records = SqlRecordStore.at(folder / "records" / "records.sqlite")
    for name, role in (("kuaiji", Role.ACCOUNTANT), ("zhenjie", Role.TOWNSHIP)):
        records.add_user(User(name, name, frozenset({role}), Scope(everything=True), HASH))
    (tmp_path / "password").write_text(PASSWORD + "\n", "utf-8")
    head = ("电费", "statement", "ST-1", "settlement")
    due = settlement_entry(
        Voucherhead("statement:ST-1", VILLAGE, FIRST, FIRST, *head),
        "banqiao-01",
        gross_fen=400_000,
        vat_fen=0,
        costs_fen={CostKind.OPERATION: 40_000},
    )
    assert due is not None
    paid = Voucherhead("receipt:R-1", VILLAGE, FIRST, FIRST, "到账", "receipt", "R-1", "settlement")
    came = receipt_entry(paid, "lot:R-1", due_fen={"banqiao-01": 360_000}, subsidy_fen={})
    records.post([due, came], SystemClock().now())
    records.close()
    return folder


@pytest.fixture
def run(data: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def go(*words: object, code: int = 0) -> dict[str, Any]:
        given = ["--config", CONFIG, "--data", data, "--lang", "en", "--json", "payout", *words]
        if "--as" in words and "--password-file" not in words:
            given += ["--password-file", data.parent / "password"]
        ended = main([str(word) for word in given])
        out = capsys.readouterr().out
        assert ended == code, out
        found: dict[str, Any] = json.loads(out)
        return found

    return go


def _published(run: Run, tmp_path: Path) -> str:
    """Take a plan from a roster file to its notice; return its id."""
    for name, content in (
        ("roster.csv", roster_file(6)),
        ("plan.csv", LINES.encode()),
        ("days.csv", "身份证号,天数\n61100219000230001Z,10\n".encode()),
        ("paper.jpg", b"photo"),
    ):
        (tmp_path / name).write_bytes(content)
    paper, today = tmp_path / "paper.jpg", day_of(SystemClock().now())
    roster = (
        "roster",
        "--as",
        "kuaiji",
        "--village",
        VILLAGE,
        "--on",
        "2026-01-01",
        "--file",
        tmp_path / "roster.csv",
    )
    assert "roster" not in run(*roster)
    assert run(*roster, "--keep")["roster"] == f"{VILLAGE}-20260101"
    plan = run("draft", "--as", "kuaiji", "--village", VILLAGE, *MONTHS, "--file", tmp_path / "plan.csv")[
        "plan"
    ]
    assert run("show", "--plan", plan)["blockers"] == []
    numbers = ("--due", 30, "--present", 24, "--votes", 20, "--paper", paper)
    early = today - timedelta(days=1)
    for step in ("proposed", "discussed", "reviewed", "decided"):
        run("step", "--as", "kuaiji", "--plan", plan, "--step", step, "--on", early, *numbers)
    skipped = run("step", "--as", "zhenjie", "--plan", plan, "--step", "filed", "--on", today, code=1)
    assert "cannot be taken now" in skipped["message"]
    code = run("publish", "--as", "kuaiji", "--plan", plan)["code"]
    assert run("verify", "--notice", code)["sound"] is True
    assert "no notice" in run("verify", "--notice", "0000-0000-0000-0001", code=1)["message"]
    assert "notice_runs" in run("show", "--plan", plan)["blockers"]
    return str(plan)


def test_a_village_from_a_roster_to_a_notice_that_is_verified(run: Run, tmp_path: Path) -> None:
    plan = _published(run, tmp_path)
    paper, today = tmp_path / "paper.jpg", day_of(SystemClock().now())
    assert run("object", "--as", "kuaiji", "--plan", plan, "--text", "少算", "--on", today)["number"] == 1
    run("answer", "--as", "kuaiji", "--plan", plan, "--number", 1, "--text", "已核对")
    sheet = (
        "attendance",
        "--as",
        "kuaiji",
        "--plan",
        plan,
        "--line",
        1,
        "--first",
        "2026-07",
        "--on",
        "2026-07-31",
    )
    run(*sheet, "--file", tmp_path / "days.csv", "--paper", paper)
    printed = run("notice", "--as", "kuaiji", "--plan", plan, "--number", 1, "--out", tmp_path / "n.pdf")
    assert Path(printed["path"]).read_bytes().startswith(b"%PDF")
    again = run(
        "notice", "--as", "kuaiji", "--plan", plan, "--number", 1, "--out", tmp_path / "n.pdf", code=1
    )
    assert "exists" in again["message"]
    assert run("watch", *MONTHS)["fallen"] == []
    assert len(run("plans")["plans"]) == 1
    assert "lines" in run("broadcast", "--plan", plan, "--number", 1)
    assert Path(run("report", "--village", VILLAGE, *MONTHS, "--out", tmp_path / "r.xlsx")["path"]).exists()


def test_what_changes_something_is_somebodys_and_needs_a_permission(run: Run, tmp_path: Path) -> None:
    (tmp_path / "plan.csv").write_text(LINES, "utf-8")
    draft = (
        "draft",
        "--village",
        VILLAGE,
        "--first",
        "2026-07",
        "--last",
        "2026-09",
        "--file",
        tmp_path / "plan.csv",
    )
    assert "--as" in run(*draft, code=1)["message"]
    assert run(*draft, "--as", "nobody", code=4)["error"] == "LoginRefusedError"
    (tmp_path / "guess").write_text("wrong", "utf-8")
    guess = ("--as", "kuaiji", "--password-file", tmp_path / "guess")
    assert run(*draft, *guess, code=4)["error"] == "LoginRefusedError"
    gone = ("--as", "kuaiji", "--password-file", tmp_path / "gone")
    assert "cannot be read" in run(*draft, *gone, code=1)["message"]
    assert run(*draft, "--as", "zhenjie", code=4)["error"] == "AccessDeniedError"
    assert "no roster" in run(*draft, "--as", "kuaiji", code=1)["message"]


def test_a_file_of_lines_that_cannot_be_read_says_which_row(run: Run, tmp_path: Path) -> None:
    (tmp_path / "plan.csv").write_text("用途,事由,方式,金额\n游玩,x,按天,5\n", "utf-8")
    said = run(
        "draft", "--as", "kuaiji", "--village", VILLAGE, "--first", "2026-07", "--last", "2026-07",
        "--file", tmp_path / "plan.csv", code=1,
    )  # fmt: skip
    assert "row 2" in said["message"]
