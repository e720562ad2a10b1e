import contextlib
import io
import zipfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from commands import tables
from commands.tables import TableRefusedError, read_table
from texts.loader import LANGUAGES, Texts

COLUMNS = {"plant": ("plant_id", "电站编号"), "note": ("note", "备注")}


def xlsx(*rows: list[Any]) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    book.close()
    return content.getvalue()


def refused(content: bytes) -> str:
    with pytest.raises(TableRefusedError) as refusal:
        read_table(content, COLUMNS, frozenset({"note"}))
    for language in LANGUAGES:
        assert "{" not in refusal.value.words(Texts(language))
    return refusal.value.key.rpartition(".")[2]


def test_headings_may_be_chinese_or_english_in_any_order_and_empty_rows_are_skipped() -> None:
    content = "x, Plant_ID ,备 注\n1,a,eins\n,,\n2,b\n".encode()
    rows = read_table(content, COLUMNS)
    assert [(row.number, dict(row.cells)) for row in rows] == [
        (2, {"plant": "a", "note": "eins"}),
        (4, {"plant": "b", "note": ""}),
    ]


def test_a_missing_column_is_named_and_an_optional_one_is_not_missed() -> None:
    assert refused(b"note\nx\n") == "column"
    [row] = read_table(b"plant_id\na\n", COLUMNS, frozenset({"note"}))
    assert dict(row.cells) == {"plant": "a"}


def test_a_formula_is_refused_and_never_evaluated() -> None:
    assert refused(xlsx(["plant_id"], ["=1+1"])) == "formula"
    [row] = read_table(b"plant_id\n=1+1\n", COLUMNS, frozenset({"note"}))
    assert row.cells["plant"] == "=1+1"  # in a CSV it is only text


def _archive(**files: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b"", "empty"),
        (b"\xff\xfe\x00\x00\x81", "kind"),
        (b"plant_id\n\x00\n", "kind"),
        (b"PK\x03\x04", "kind"),
        (_archive(nothing=b"x"), "kind"),
        (_archive(bomb=b"0" * 30_000_000), "large"),
        (_archive(**{"xl/vbaProject.bin": b"macro"}), "macro"),
        (b"plant_id\n" + b"a\n" * 20_001, "rows"),
        (b"x," * 60 + b"\n", "columns"),
        (b"plant_id\n" + b"x" * (20 * 1024 * 1024), "large"),
        (b'plant_id\n"' + b"x" * 200_000, "kind"),
    ],
    ids=range(11),
)
def test_a_hostile_file_is_refused_with_words(content: bytes, key: str) -> None:
    assert refused(content) == key


def test_an_entity_bomb_in_a_sheet_is_refused() -> None:
    good = xlsx(["plant_id"], ["a"])
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    bomb += b"".join(b'<!ENTITY %c "%s">' % (99 + n, b"&%c;" % (98 + n) * 10) for n in range(9)) + b"]>"
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as source, zipfile.ZipFile(target, "w") as changed:
        for name in source.namelist():
            data = source.read(name)
            if name.endswith("sheet1.xml"):
                data = bomb + data.replace(b"<sheetData>", b"<sheetData>&k;", 1)
            changed.writestr(name, data)
    assert refused(target.getvalue()) in {"kind", "column", "empty"}


@given(st.binary(max_size=300))
def test_no_bytes_whatever_make_the_reader_fail(content: bytes) -> None:
    with contextlib.suppress(TableRefusedError):
        assert isinstance(read_table(content, COLUMNS, frozenset({"note"})), list)


def test_a_cell_is_cut_at_its_limit() -> None:
    [row] = read_table(b"plant_id\n" + b"y" * 5_000 + b"\n", COLUMNS, frozenset({"note"}))
    assert len(row.cells["plant"]) == tables.TEXT_CHARS_MAX
