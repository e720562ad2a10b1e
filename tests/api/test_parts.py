"""Parameters, cursors and shapes by themselves."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.cursor import CursorError, cursor_of, key_of, question_of
from api.params import (
    ParameterError,
    choice_param,
    day_param,
    instant_param,
    name_param,
    names_param,
    read_params,
    whole_param,
)
from api.shapes import as_lines, as_object, plain, schema_of
from queries.exchange_rows import PlantRow, SampleRow, VillageRow

PARTS = st.one_of(
    st.text(max_size=40),
    st.dates(),
    st.datetimes(timezones=st.just(UTC), min_value=datetime(1900, 1, 1)),
)


@given(st.lists(PARTS, min_size=1, max_size=3), st.text(max_size=20))
def test_a_cursor_leads_back_to_its_key(key: list[object], question: str) -> None:
    assert key_of(cursor_of(tuple(key), question), question) == tuple(key)


@given(st.text(max_size=80))
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(CursorError):
        key_of(text, "q")


def test_a_cursor_of_another_question_is_refused() -> None:
    asked = question_of("/plants", {"limit": 5, "cursor": "x", "kind": "a"})
    assert asked == question_of("/plants", {"limit": 7, "cursor": None, "kind": "a"})
    assert asked != question_of("/plants", {"kind": "b"})
    with pytest.raises(CursorError, match="another question"):
        key_of(cursor_of(("x",), "one"), "other")


PARAMS = (
    name_param("plant_id"),
    names_param("device_id", example="a"),
    whole_param("limit", 1, 10, 5),
    choice_param("kind", ["a", "b"]),
    day_param("first"),
    instant_param("from"),
)


def _read(**given: str | list[str]) -> dict[str, object]:
    lists = {k: v if isinstance(v, list) else [v] for k, v in ({"device_id": "d"} | given).items()}
    return read_params(PARAMS, lists, {})


def test_parameters_become_values_and_defaults() -> None:
    assert _read(**{"device_id": "a,b", "from": "2026-07-01T08:00:00+08:00"}) == {
        "plant_id": "",
        "device_id": ("a", "b"),
        "limit": 5,
        "kind": "",
        "first": None,
        "from": datetime(2026, 7, 1, tzinfo=UTC),
    }


@pytest.mark.parametrize(
    "given",
    [
        {"plant_id": "a b"},
        {"plant_id": ""},
        {"device_id": "a,,b"},
        {"limit": "0"},
        {"limit": "1e3"},
        {"limit": "٣"},
        {"limit": ["1", "1"]},
        {"kind": "c"},
        {"first": "2026-02-30"},
        {"first": "20260201"},
        {"from": "2026-07-01T08:00:00"},
        {"from": "0001-01-01T00:00:00+08:00"},
        {"from": "2026-07-01 08:00:00+08:00"},
        {"other": "1"},
    ],
    ids=str,
)
def test_what_a_schema_does_not_allow_is_refused_by_name(given: dict[str, str]) -> None:
    with pytest.raises(ParameterError) as refusal:
        _read(**given)
    assert refusal.value.name == next(iter(given))


def test_a_missing_required_parameter_is_named() -> None:
    with pytest.raises(ParameterError, match="device_id: is missing"):
        read_params(PARAMS, {}, {})


def test_rows_become_objects_tables_and_schemas() -> None:
    row = VillageRow("611002101201", "=村", "V", "611002101")
    assert as_object(row)["name"] == "=村"
    assert as_lines(VillageRow, [row])[1][1] == "'=村"
    words = dict.fromkeys(("", *VillageRow.__dataclass_fields__), "x")
    assert schema_of(VillageRow, words)["required"] == ["village_id", "name", "name_en", "town_id"]
    at = datetime(2026, 7, 1, tzinfo=UTC)
    sample = SampleRow("d", at, {"a_w": 1.5, "b_w": None})
    assert as_lines(SampleRow, [sample], ["a_w", "b_w"]) == [
        ["device_id", "measured_at", "a_w", "b_w"],
        ["d", "2026-07-01T00:00:00Z", "1.5", ""],
    ]
    hints = schema_of(PlantRow, dict.fromkeys(("", *PlantRow.__dataclass_fields__), "x"))["properties"]
    assert hints["village_ids"]["items"] == {"type": "string"}
    assert hints["grid_date"]["format"] == "date"
    assert plain(date(2026, 7, 1)) == "2026-07-01"
