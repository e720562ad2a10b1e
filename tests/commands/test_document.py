"""One document, five forms: the same words and numbers in print, spreadsheet, message and picture."""

import io
from decimal import Decimal

from openpyxl import load_workbook
from PIL import Image
from pypdf import PdfReader

from commands.papers.document import (
    FORMS,
    PICTURE_WIDTH,
    document_pdf,
    document_png,
    document_text,
    document_xlsx,
)
from domain.document import Document, SeenTable

TABLE = SeenTable("各电站", ("电站", "电量 kWh"), (("板桥一号", Decimal("1234.5")), ("=1+1", None)))
DOCUMENT = Document("六月 月报", ("共发电 1,234.5 kWh。",), (TABLE,), "样例数据")


def test_the_print_holds_every_sentence_and_cell() -> None:
    text = PdfReader(io.BytesIO(document_pdf(DOCUMENT))).pages[0].extract_text()
    for words in ("六月 月报", "共发电 1,234.5 kWh。", "板桥一号", "1,234.5", "—", "样例数据"):
        assert words in text


def test_the_spreadsheet_keeps_numbers_and_takes_no_formula() -> None:
    sheet = load_workbook(io.BytesIO(document_xlsx(DOCUMENT))).worksheets[0]
    cells = {cell.value: cell.data_type for row in sheet.iter_rows() for cell in row}
    assert cells[1234.5] == "n"
    assert cells["=1+1"] == "s"


def test_the_words_are_short_enough_for_a_message() -> None:
    many = SeenTable("表", ("电站", "电量"), tuple((f"第{n}站", Decimal(n)) for n in range(100)))
    words = document_text(Document("题", ("句。",), (many, TABLE)))
    assert words.startswith("题\n句。")
    assert "第0站：电量 0" in words
    assert "第99站" not in words
    assert "板桥一号：电量 kWh 1,234.5" in words


def test_the_picture_is_750_wide_and_grows_with_what_is_told() -> None:
    short = Image.open(io.BytesIO(document_png(Document("题", ("句。",), ()))))
    long = Image.open(io.BytesIO(document_png(Document("题", ("句。",), (TABLE,) * 5))))
    assert short.width == long.width == PICTURE_WIDTH
    assert long.height > short.height
    darkest = long.convert("L").getextrema()[0]
    assert isinstance(darkest, int | float)
    assert darkest < 100  # something is written


def test_every_form_is_made_of_an_empty_document_too() -> None:
    for _, make in FORMS.values():
        assert make(Document("题", (), ()))
