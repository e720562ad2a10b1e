"""A form is filled and otherwise left alone: formulas, formats, merged cells; what is odd is refused."""

import io
import zipfile
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font

from commands.papers.template import TemplateRefusedError, fill, names_in

VALUES: dict[str, str | Decimal | None] = {
    "month": "2026-06",
    "energy_kwh": Decimal("1234.5"),
    "paid_yuan": None,
    "evil": "=1+1",
}


def form() -> bytes:
    book = Workbook()
    sheet: Any = book.active
    sheet["A1"] = "{{month}} 月报（{{ energy_kwh }} 度）"
    sheet["A1"].font = Font(bold=True, color="FFCC0000")
    sheet.merge_cells("A1:C1")
    sheet["A2"], sheet["B2"] = "电量", "{{energy_kwh}}"
    sheet["B2"].number_format = "#,##0.00"
    sheet["B3"] = "=B2*0.3545"
    sheet["A4"], sheet["A5"], sheet["A6"] = "{{paid_yuan}}", "{{nobody}}", "{{evil}}"
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def shared() -> bytes:
    """A form as spreadsheets write it: its texts in one list beside the sheets."""
    import xlsxwriter

    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write_string(0, 0, "{{month}} 月报")
    sheet.write_string(1, 0, "{{energy_kwh}}")
    sheet.write_formula(2, 0, "=A2*2")
    book.close()
    return target.getvalue()


def test_texts_kept_beside_the_sheets_are_filled_too() -> None:
    sheet: Any = load_workbook(io.BytesIO(fill(shared(), VALUES))).active
    assert [sheet.cell(row, 1).value for row in (1, 2, 3)] == ["2026-06 月报", 1234.5, "=A2*2"]
    assert names_in(shared()) == ["month", "energy_kwh"]


def filled() -> Any:
    return load_workbook(io.BytesIO(fill(form(), VALUES))).active


def test_names_become_values_numbers_stay_numbers() -> None:
    sheet = filled()
    assert sheet["A1"].value == "2026-06 月报（1,234.5 度）"
    assert (sheet["B2"].value, sheet["B2"].data_type) == (1234.5, "n")


def test_formulas_formats_and_merged_cells_are_untouched() -> None:
    sheet = filled()
    assert sheet["B3"].value == "=B2*0.3545"
    assert sheet["B2"].number_format == "#,##0.00"
    assert sheet["A1"].font.bold
    assert sheet["A1"].font.color.rgb == "FFCC0000"
    assert [str(one) for one in sheet.merged_cells.ranges] == ["A1:C1"]
    assert b'fullCalcOnLoad="1"' in zipfile.ZipFile(io.BytesIO(fill(form(), VALUES))).read("xl/workbook.xml")


def test_what_is_not_known_is_a_dash_and_an_unknown_name_stays() -> None:
    sheet = filled()
    assert sheet["A4"].value == "—"
    assert sheet["A5"].value == "{{nobody}}"
    assert names_in(form()) == ["month", "energy_kwh", "paid_yuan", "nobody", "evil"]


def test_no_value_becomes_a_formula() -> None:
    cell = filled()["A6"]
    assert cell.value == "=1+1"
    assert cell.data_type in {"s", "inlineStr"}


def packed(parts: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return target.getvalue()


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b"", "no_xlsx"),
        (b"PK\x03\x04nonsense", "no_xlsx"),
        (packed({"word/document.xml": b"<w/>"}), "no_xlsx"),
        (packed({"xl/workbook.xml": b"<workbook/>", "xl/vbaProject.bin": b"x"}), "macros"),
        (packed({"xl/workbook.xml": b"<workbook/>", "xl/bomb.xml": b"0" * 90_000_000}), "large"),
    ],
)
def test_what_is_no_form_is_refused(content: bytes, key: str) -> None:
    with pytest.raises(TemplateRefusedError) as caught:
        fill(content, VALUES)
    assert caught.value.key == f"reports.form.{key}"
