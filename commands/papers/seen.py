"""Tables as they are seen on a page → CSV and XLSX: text can never become a formula, numbers are numbers."""

import csv
import io
from collections.abc import Sequence
from decimal import Decimal

from commands.papers.sheets import tab_name
from domain.cell import harmless
from domain.document import SeenTable

_TABS_MAX = 30


def seen_csv(table: SeenTable) -> bytes:
    """Return a table as CSV in UTF-8 with the mark by which spreadsheets know it."""
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow([harmless(head) for head in table.heads])
    for row in table.rows:
        writer.writerow(["" if v is None else harmless(v) if isinstance(v, str) else f"{v:f}" for v in row])
    return target.getvalue().encode("utf-8-sig")


def seen_xlsx(tables: Sequence[SeenTable], lead: Sequence[str] = ()) -> bytes:
    """Return tables as a workbook, a sheet each, with ``lead`` lines (page, address, time) above the first."""
    import xlsxwriter

    target = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
    }
    book = xlsxwriter.Workbook(target, options)
    text, head = book.add_format({"num_format": "@"}), book.add_format({"bold": True, "bottom": 1})
    formats = {
        places: book.add_format({"num_format": f"#,##0{'.' if places else ''}{'0' * places}"})
        for places in range(7)
    }
    for number, table in enumerate(tables[:_TABS_MAX], 1):
        sheet = book.add_worksheet(tab_name(f"{number} {table.name}"))
        lines = lead if number == 1 else ()
        for place, line in enumerate(lines):
            sheet.write_string(place, 0, line)
        for column, title in enumerate(table.heads):
            sheet.write_string(len(lines), column, title, head)
            sheet.set_column(column, column, max(10, min(30, 2 * len(title) + 6)))
        for place, row in enumerate(table.rows, len(lines) + 1):
            for column, value in enumerate(row):
                if isinstance(value, Decimal):
                    exponent = value.as_tuple().exponent
                    places = min(6, -exponent if isinstance(exponent, int) and exponent < 0 else 0)
                    sheet.write_number(place, column, float(value), formats[places])
                elif value is not None:
                    sheet.write_string(place, column, value, text)
        sheet.freeze_panes(len(lines) + 1, 0)
    book.close()
    return target.getvalue()
