import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from commands.money_base import MoneyRefusedError
from commands.money_files import sheet_rows
from commands.papers.font import PATH as FONT
from commands.tables import TableRefusedError
from revenue import sheet
from revenue.statement_rows import ReadLines, StatementReader
from tests.commands.money import ACCOUNT, ACCOUNT_2, MAKER, district, open_office
from tests.commands.xls_writer import xls_of

DATA = Path(__file__).parent / "data"


def test_a_csv_of_any_common_encoding_is_read() -> None:
    for encoding in ("utf-8", "utf-8-sig", "gb18030"):
        rows = sheet_rows("户号,电费\n001,12.50".encode(encoding))
        assert [[cell.text for cell in row.cells] for row in rows] == [["户号", "电费"], ["001", "12.50"]]


def _xlsx(*rows: list[object]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_an_xlsx_keeps_codes_numbers_and_formulas_apart() -> None:
    [row] = sheet_rows(_xlsx(["0099", 990000000000000001, 0.1 + 0.2, "=A1"]))
    assert sheet.code(row.cell(0)) == "0099"
    with pytest.raises(sheet.CellError, match="code_as_number"):
        sheet.code(row.cell(1))
    assert sheet.fen(row.cell(2)) == 30
    assert row.cell(3).is_formula


def test_a_pdf_with_text_is_read_by_its_columns_and_a_scan_says_what_to_do() -> None:
    out = io.BytesIO()
    canvas = Canvas(out)
    for place, words in enumerate((("account", "period", "amount"), ("9900000000001", "2026-07", "354.50"))):
        for column, word in enumerate(words):
            canvas.drawString(60 + 150 * column, 700 - 20 * place, word)
    canvas.save()
    rows = sheet_rows(out.getvalue())
    assert [[cell.text for cell in row.cells] for row in rows if row.cells] == [
        ["account", "period", "amount"],
        ["9900000000001", "2026-07", "354.50"],
    ]
    out = io.BytesIO()
    canvas = Canvas(out)
    canvas.rect(10, 10, 100, 100)
    canvas.save()
    with pytest.raises(TableRefusedError, match="scan"):
        sheet_rows(out.getvalue())


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\x01", b"PK\x03\x04broken", b"\xd0\xcf\x11\xe0broken", b"%PDF-1.4 broken", b"\xff\xfe\xfd"],
)
def test_what_is_no_table_is_refused_with_words(content: bytes) -> None:
    with pytest.raises(TableRefusedError):
        sheet_rows(content)


# ------------------------------------------------- really made files, from bytes to lines

TITLE = "国网（虚构）2026年7月光伏上网电费结算单"
MERGED = ("户号", "结算月份", "结算单号", "电量", "标杆", "", "补贴", "")
MERGED_LOW = ("", "", "", "", "电价", "电费", "电价", "电费")
BODY: tuple[tuple[Any, ...], ...] = (
    (ACCOUNT, "202607", "S1", 1000, 0.3545, 354.5, 0.4955, 495.5),
    (ACCOUNT_2, "2026年7月", "S2", 2000, 0.3545, 709.0, 0.4955, 991.0),
    ("小计", "", "", 3000, "", 1063.5, "", 1486.5),
    (ACCOUNT, "2026-08", "S3", 400, 0.3545, 141.8, 0.4955, 198.2),
    ("合计", "", "", 3400, "", 1205.3, "", 1684.7),
)
WHOLE: tuple[tuple[Any, ...], ...] = ((TITLE,), (), MERGED, MERGED_LOW, *BODY)


def _read(content: bytes) -> ReadLines:
    return StatementReader(district()).read(sheet_rows(content))


def _said(found: ReadLines) -> list[tuple[str, str, str, int]]:
    return [(line.plant_id, line.period, line.component, line.fen) for _, line in found.lines]


EXPECTED = [
    ("joint", "2026-07", "benchmark", 35_450),
    ("joint", "2026-07", "subsidy", 49_550),
    ("second", "2026-07", "benchmark", 70_900),
    ("second", "2026-07", "subsidy", 99_100),
    ("joint", "2026-08", "benchmark", 14_180),
    ("joint", "2026-08", "subsidy", 19_820),
]


def _xlsx_merged() -> bytes:
    book = Workbook()
    page = book.active
    assert page is not None
    for line in WHOLE:
        page.append([None if cell == "" else cell for cell in line])
    page.merge_cells("A1:H1")
    page.merge_cells("E3:F3")
    page.merge_cells("G3:H3")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _csv_gb18030() -> bytes:
    return "\r\n".join(",".join(str(cell) for cell in line) for line in WHOLE).encode("gb18030")


def _pdf(lines: Sequence[Sequence[Any]]) -> bytes:
    """A text PDF in a Chinese font, columns set by their places as a grid company's program does."""
    pdfmetrics.registerFont(TTFont("cjk", str(FONT)))
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(1000, 800))
    canvas.setFont("cjk", 11)
    for place, line in enumerate(lines):
        for column, word in enumerate(line):
            canvas.drawString(40 + 115 * column, 740 - 24 * place, str(word))
    canvas.save()
    return out.getvalue()


@pytest.mark.parametrize("made", [_xlsx_merged, _csv_gb18030, lambda: xls_of(WHOLE)])
def test_titles_merged_heads_sums_and_many_accounts_are_read_from_every_kind_of_file(
    made: Callable[[], bytes],
) -> None:
    found = _read(made())
    assert found.problems == ()
    assert _said(found) == EXPECTED


def test_a_text_pdf_in_chinese_is_read_with_title_and_sums() -> None:
    head = ("户号", "结算月份", "结算单号", "电量", "标杆电价", "标杆电费", "补贴电价", "补贴电费")
    body = [line for line in BODY if line[0] != "小计"]
    lines = [(TITLE,), head, *body[:-1], ("合计", "-", "-", 3400, "-", "1,205.30", "-", "1,684.70")]
    found = _read(_pdf(lines))
    assert found.problems == ()
    assert _said(found) == EXPECTED


def test_an_old_xls_says_which_row_and_column_it_cannot_take() -> None:
    floated = list(BODY[0])
    floated[0] = 990000000000000001.0  # an 18-digit id a spreadsheet turned into a number
    found = _read(
        xls_of([MERGED, MERGED_LOW, floated, BODY[1], ("合计", "", "", 3000, "", 1063.49, "", 1486.5)])
    )
    assert [(p.row, p.column, p.reason) for p in found.problems] == [
        (3, "account", "code_as_number"),
        (3, "account", "no_account"),
        (5, "amount", "total_differs"),
    ]


@pytest.mark.parametrize(
    ("change", "column", "reason"),
    [
        ({"F2": "=D2*E2"}, "amount", "formula"),
        ({"A2": 990000000000000001}, "account", "code_as_number"),
        ({"F2": -354.5}, "amount", "wrong_sign"),
        ({"D2": -1000, "F2": -354.5}, "kwh", "negative_energy"),
        ({"F2": 300.0}, "amount", "not_the_product"),
        ({"G2": "2026-07-25", "H2": "2026-06-26"}, "kwh", "days_out_of_order"),
        ({"A2": "1234567890123"}, "account", "unknown_account"),
        ({"B2": "七月"}, "period", "period"),
    ],
)
def test_a_bad_cell_of_a_real_workbook_is_named_and_nothing_of_the_file_is_kept(
    change: dict[str, Any], column: str, reason: str, tmp_path: Path
) -> None:
    book = Workbook()
    page = book.active
    assert page is not None
    page.append(["户号", "结算月份", "结算单号", "上网电量", "电价", "电费", "抄表起", "抄表止"])
    page.append([ACCOUNT, "202607", "S1", 1000, 0.3545, 354.5, "2026-06-26", "2026-07-25"])
    page.append([ACCOUNT_2, "202607", "S2", 2000, 0.3545, 709.0, "2026-06-26", "2026-07-25"])
    for place, value in change.items():
        page[place] = value
    out = io.BytesIO()
    book.save(out)
    office = open_office(tmp_path)
    preview = office.money_in().preview_statements(MAKER, out.getvalue())
    assert (2, column, reason) in [(p.row, p.column, p.reason) for p in preview.problems]
    assert {p.row for p in preview.problems} == {2}
    with pytest.raises(MoneyRefusedError):
        office.money_in().import_statements(MAKER, "x.xlsx", out.getvalue())
    assert office.records.facts("statement") == []
    office.records.close()


def test_a_large_file_tells_how_far_it_is(tmp_path: Path) -> None:
    office = open_office(tmp_path)
    lines = [
        f"{ACCOUNT},{2021 + n // 12}-{n % 12 + 1:02d},S{n},1000,0.3545,354.50,0.4955,495.50"
        for n in range(60)
    ]
    lines += [
        f"{ACCOUNT_2},{2021 + n % 60 // 12}-{n % 12 + 1:02d},T{n},1000,0.3545,354.50,0.4955,495.50"
        for n in range(2000)
    ]
    content = "\n".join(["户号,月份,单号,电量,标杆电价,标杆电费,补贴电价,补贴电费", *lines]).encode()
    told: list[tuple[str, int, int]] = []
    office.money_in().import_statements(MAKER, "l.csv", content, progress=lambda *at: told.append(at))
    assert {stage for stage, _, _ in told} == {"read", "kept"}
    for stage in ("read", "kept"):
        steps = [(done, of) for kind, done, of in told if kind == stage]
        assert steps == sorted(steps)
        assert len(steps) >= 3
        assert steps[-1][0] == steps[-1][1]
    office.records.close()
