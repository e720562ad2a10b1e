"""Design energies and earlier months on the spreadsheet: in, out again, and each wrong row named."""

from datetime import date
from pathlib import Path

import openpyxl
import pytest

from main.cli import Context, Exit
from main.configuration import load_registry
from main.verbs.registry import read_spreadsheet
from tests.main.registry_files import read_profiles_once, write
from tests.main.test_registry import assert_row_refused, edit, overlay, run
from texts.loader import Texts


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    read_profiles_once(monkeypatch)
    return Context(write(tmp_path / "config"), tmp_path / "data", Texts("en"), False)


@pytest.fixture
def book(context: Context, tmp_path: Path) -> Path:
    run(context, "export", str(tmp_path / "plants.xlsx"))
    return tmp_path / "plants.xlsx"


def _designs(book: Path) -> None:
    """Give a plant a design and two earlier months, as a person would type them."""
    months = {("designs", f"{column}3"): 1000 + number for number, column in enumerate("CDEFGHIJKLMN")}
    typed: dict[tuple[str, str], object] = {
        ("designs", "A3"): "alpha",
        ("designs", "B3"): date(2017, 7, 1),
        ("designs", "O3"): 0.7,
        ("designs", "P3"): "可研报告 12 页",
    }
    for row, month in enumerate((date(2024, 7, 15), date(2024, 6, 1)), 3):
        typed |= {("earlier_months", f"A{row}"): "alpha", ("earlier_months", f"B{row}"): month}
        typed |= {("earlier_months", f"C{row}"): 900.5 + row, ("earlier_months", f"D{row}"): "结算单"}
    edit(book, {**typed, **months})


def test_design_energies_and_earlier_months_come_in_by_spreadsheet_and_go_out_again(
    context: Context, book: Path, tmp_path: Path
) -> None:
    _designs(book)
    assert run(context, "import", str(book), "--yes", "--user", "me") == Exit.OK
    plant = load_registry(context.config, overlay(context)).plants_by_id["alpha"]
    (design,) = plant.designs
    assert (design.valid_from, design.months_kwh[0], design.months_kwh[11]) == (date(2017, 7, 1), 1000, 1011)
    assert design.yearly_loss == pytest.approx(0.007)
    assert design.source == "可研报告 12 页"
    assert [(one.month, one.energy_kwh) for one in plant.earlier_months] == [
        (date(2024, 6, 1), 904.5),
        (date(2024, 7, 1), 903.5),
    ]
    again = tmp_path / "again.xlsx"
    assert run(context, "export", str(again)) == Exit.OK
    assert run(context, "import", str(again), "--dry-run") == Exit.OK
    assert read_spreadsheet(again).plants["alpha"].same_as(read_spreadsheet(book).plants["alpha"])


def test_a_list_from_before_there_were_designs_still_comes_in(context: Context, book: Path) -> None:
    opened = openpyxl.load_workbook(book)
    for title in [page.title for page in opened.worksheets]:
        if title.split()[0] in {"designs", "earlier_months"}:
            del opened[title]
    opened.save(book)
    assert run(context, "import", str(book), "--dry-run") == Exit.OK


BASELINE_FAULTS = [
    ("earlier_months", "B4", date(2024, 7, 2), "month", "there are two of 2024-07-01"),
    ("earlier_months", "B4", date(2017, 5, 1), "month", "before the plant was connected"),
    ("designs", "C3", -1, "kwh_01", "out of range"),
    ("designs", "N3", None, "kwh_12", "needs this key"),
    ("designs", "A3", "alfa", "plant", "no plant alfa"),
]


@pytest.mark.parametrize(("sheet", "cell", "value", "key", "words"), BASELINE_FAULTS)
def test_a_wrong_baseline_is_named_and_nothing_is_changed(
    context: Context,
    book: Path,
    capsys: pytest.CaptureFixture[str],
    sheet: str,
    cell: str,
    value: object,
    key: str,
    words: str,
) -> None:
    _designs(book)
    edit(book, {(sheet, cell): value})
    assert_row_refused(context, book, capsys, (sheet, cell, key, words))
