import io
from pathlib import Path

import pytest
from openpyxl import Workbook
from reportlab.pdfgen.canvas import Canvas

from commands.money_files import sheet_rows
from commands.tables import TableRefusedError
from revenue import sheet

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
