"""The further acts of `pvmon revenue`: two persons for each, refused in words, checked with the books."""

from pathlib import Path

import pytest

from stores.records.store import SqlRecordStore
from tests.main.test_revenue_verb import V1, _office, _pvmon

LINES = "科目,借方,贷方\n51109,5.00,\n21101,,5.00\n"


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
