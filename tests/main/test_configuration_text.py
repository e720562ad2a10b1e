"""What the writer writes, the reader reads: any name, number and day survives the YAML text."""

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from main.configuration import read_layer
from main.registry import emit
from main.registry.problem import Problems
from main.registry.records import VILLAGE, VILLAGES, plain

NAMES = st.text(min_size=1, max_size=40).map(str.strip).filter(lambda text: text and text.isprintable())
TRAPS = st.sampled_from(["no", "on", "~", "null", "1e5", "0x1F", "12:30", "- a", "a: b", "a #b", "&a", "*a", "=1", "'", '"', "\\", "{", "[x]", "2020-01-01", "<<", "%TAG", "@x", "`", "|", ">", "? x", "a:", "!t"])  # fmt: skip
DAYS = st.dates(date(1950, 1, 1), date(2100, 1, 1))


def _villages(rows: list[dict[str, Any]]) -> str:
    villages = tuple(emit.row(one, VILLAGE) for one in rows)
    return emit.document(VILLAGES, emit.row({"villages": villages}, VILLAGES), "a header\nof two lines")


@given(st.lists(st.tuples(st.one_of(NAMES, TRAPS), st.one_of(NAMES, TRAPS), DAYS), min_size=1, max_size=5))
def test_any_name_survives_writing_and_reading(rows: list[tuple[str, str, date]]) -> None:
    written = [
        {"id": f"6110021002{n:02d}", "name": name, "name_en": other, "town": "611002100", "valid_from": day}
        for n, (name, other, day) in enumerate(rows)
    ]
    problems = Problems()
    with TemporaryDirectory() as folder:
        (Path(folder) / "villages.yaml").write_text(_villages(written), "utf-8")
        found = read_layer(Path(folder), problems)
    assert [str(one) for one in problems.found] == []
    assert [plain(row) for row in found.villages.values()] == written


@given(st.floats(0.001, 200_000).map(lambda value: round(value, 6)))
def test_any_number_survives_writing_and_reading(value: float) -> None:
    from main.registry.fields import Number, Scalar, number_text

    text = number_text(value)
    assert Number(0, 1e6).parse(Scalar("float", text)) == value


def test_a_row_of_a_program_must_fit_its_record() -> None:
    with pytest.raises(KeyError, match="colour"):
        emit.row({"id": "1", "name": "x", "name_en": "x", "town": "1", "colour": "red"}, VILLAGE)
    with pytest.raises(KeyError, match="town"):
        emit.row({"id": "1", "name": "x", "name_en": "x"}, VILLAGE)
