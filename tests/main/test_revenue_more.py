"""The further acts of `pvmon revenue`: two persons for each, refused in words, checked with the books."""

from pathlib import Path

import pytest

from stores.records.store import SqlRecordStore
from tests.main.test_revenue_verb import V1, _office, _pvmon

pytestmark = pytest.mark.slow

LINES = "科目,借方,贷方\n51109,5.00,\n21101,,5.00\n"
FILES = {
    "结算单.csv": "户号,结算月份,结算单号,上网电量,电价,电费,补贴电价,补贴电费\n"
    "9900000000001,202601,S1,30000,0.3545,10635.00,0.4955,14865.00\n",
    "流水.csv": "本方账号,流水号,交易日期,收入金额,对方户名\n61,B1,2026-02-20,10000.00,供电公司\n",
    "清单.csv": "电站编号,月份,部分,金额\nchengguan-01,202601,标杆,10000.00\n",
    "坏清单.csv": "电站编号,月份,部分,金额\nchengguan-01,202601,别的,x\n",
    "对照.csv": "本系统科目,平台科目\n10201,1002\n",
    "余额.csv": "科目代码,借方余额,贷方余额\n1002,1.00,\n",
    "补贴.csv": "电站编号,金额\nchengguan-01,100.00\n",
    "名单.csv": "身份证号\n61100219000230001Z\n",
}


def _as(folder: Path, data: Path, who: str, act: str, *words: str) -> int:
    return _pvmon(data, "revenue", act, *words, "--user", who, "--password-file", str(folder / f"{who}.txt"))


def test_a_typed_voucher_is_kept_by_one_booked_by_another_numbered_and_reversed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = _office(tmp_path)
    file = tmp_path / "分录.csv"
    file.write_text(LINES, "utf-8")
    typed = ("--village", V1, "--on", "2026-01-31", "--summary", "手续费", "--document", "回单")
    assert _as(tmp_path, data, "village", "draft-voucher", "fee1", str(file), *typed) == 0
    assert _as(tmp_path, data, "town", "approve-voucher", "fee1") == 0
    assert "2026-01 第 1 号凭证" in capsys.readouterr().out
    assert _as(tmp_path, data, "village", "platform-number", "draft:fee1", "记-17") == 0
    assert _as(tmp_path, data, "village", "ask-reversal", "draft:fee1", "--reason", "重复") == 0
    assert _as(tmp_path, data, "town", "reverse", "draft:fee1") == 0
    records = SqlRecordStore.at(data / "records" / "records.sqlite")
    assert records.balances([V1]) == []
    assert records.facts("platform_voucher", identity="draft:fee1")[0].content["number"] == "记-17"
    assert records.verify().vouchers == 2
    records.close()


def test_accounts_and_exchanges_are_entered_and_what_cannot_be_read_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = _office(tmp_path)
    mapped = ("map-account", "77001", "chengguan-01", "--document", "户号变更单")
    assert _as(tmp_path, data, "settler", *mapped) == 0
    change = ("--old-end", "1150", "--new-start", "0", "--new-multiplier", "40", "--document", "工单")
    assert _as(tmp_path, data, "settler", "exchange", "77001", "--on", "2026-02-30", *change) != 0
    assert "不是日期" in capsys.readouterr().err
    assert _as(tmp_path, data, "settler", "exchange", "77001", "--on", "2026-02-03", *change) == 0
    assert _as(tmp_path, data, "village", "ask-year-end", V1, "2025", "--document", "决议") == 0
    assert _as(tmp_path, data, "town", "year-end", V1, "2025") != 0
    assert "没有可以结转的" in capsys.readouterr().err
    assert _pvmon(data, "revenue", "verify", "--notice", "0000-0000-0000-0000") != 0
    assert "没有公示" in capsys.readouterr().err
    assert _pvmon(data, "revenue", "trace", "--source", "nothing") != 0
    assert "没有应得" in capsys.readouterr().err


def test_what_is_held_against_the_books_is_said_and_shown_by_the_verb(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = _office(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, "utf-8")

    def run(who: str, act: str, *words: str) -> tuple[int, str]:
        code = _as(tmp_path, data, who, act, *(str(tmp_path / w) if w in FILES else w for w in words))
        seen = capsys.readouterr()
        return code, seen.out + seen.err

    assert run("settler", "import-statements", "结算单.csv")[0] == 0
    assert run("county", "settle", "2026-01", "--on", "2026-02-06")[0] == 0
    assert run("settler", "import-receipts", "流水.csv")[0] == 0
    code, said = run("county", "confirm-items", "61|2026-02-20|B1", "坏清单.csv")
    assert (code, "第 2 行 部分：“别的”不认识" in said, "第 2 行 金额：“x”不是数字" in said) == (
        1,
        True,
        True,
    )
    assert "已对上 1 项，分到 3 个村" in run("county", "confirm-items", "61|2026-02-20|B1", "清单.csv")[1]
    code, said = run("village", "advices", V1)
    assert (code, "确认：-" in said) == (0, True)
    assert "已确认收到" in run("village", "confirm-advice", V1, "61|2026-02-20|B1|1")[1]
    assert "确认：village" in run("village", "advices", V1)[1]
    assert run("village", "compare-platform", V1, "2026-02")[0] == 1
    assert run("county", "platform-codes", "对照.csv")[0] == 0
    assert run("village", "platform-balances", V1, "2026-02", "余额.csv")[0] == 0
    code, said = run("village", "compare-platform", V1, "2026-02")
    assert (code, "1002（10201）：本系统 4169.81，平台 1.00，差 -4168.81" in said) == (1, True)
    assert (
        "辅助台账" in run("town", "books-status", V1, "auxiliary", "--on", "2026-01-01", "--document", "x")[1]
    )
    assert run("town", "books-status", V1, "never", "--on", "2026-01-01", "--document", "x")[0] == 1
    hours = ("opening-hours", "chengguan-01", "5000", "--first", "2026-01", "--document", "台账")
    assert run("settler", *hours)[0] == 0
    assert "chengguan-01：已用 5018.9 小时，共 22000" in run("auditor", "hours")[1]
    code, said = run(
        "county", "preview-subsidy", "补贴.csv", "--last", "2026-01", "--roster-on", "2026-10-01"
    )
    assert (code, f"{V1}：41.70 元" in said) == (0, True)
    assert "名单 1 人，其中 0 人" in run("county", "payee-list", "名单.csv")[1]
    assert run("village", "payee-list", "名单.csv")[0] == 4
    code, said = run("auditor", "flags", "2026-01")
    assert (code, "录入后几分钟内就复核" in said) == (0, True)
    assert run("county", "close-flag", "quick_steps|chengguan-01 2026-01", "--reason", "样例")[0] == 0
    assert "quick_steps" not in run("auditor", "flags", "2026-01")[1]
    out = tmp_path / "books.csv"
    assert run("auditor", "export", "--format", "csv", "--out", str(out))[0] == 0
    assert ",1002," in out.read_text("utf-8-sig")


def test_a_long_import_says_on_the_way_how_far_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("main.verbs.revenue.WATCH_EVERY_S", 0.01)
    data = _office(tmp_path)
    path = tmp_path / "长.csv"
    lines = [
        f"9900000000001,{2023 + n // 12 % 3}{n % 12 + 1:02d},S{n},1000,0.3545,354.50" for n in range(3000)
    ]
    path.write_text("\n".join(["户号,结算月份,结算单号,上网电量,电价,电费", *lines]), "utf-8")
    assert _as(tmp_path, data, "settler", "import-statements", str(path)) == 0
    seen = capsys.readouterr()
    assert "新录入 3000 条" in seen.out
    assert "行，共 3001 行" in seen.err
