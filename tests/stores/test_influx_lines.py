"""A batch as a line of line protocol: every value once, missing ones not at all, doubtful ones under another name."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ConfigurationError
from domain.measurement import Batch, Origin, Quality
from domain.plant import DeviceKind
from stores.influx_lines import LineBuilder
from stores.influx_names import instant, key_text, layout_number, parts_of, tag_of
from tests.stores.rows import COUNTER, NOON, POWER, QUANTITIES, STATE, batch

DEVICES = {"inv-1": DeviceKind.INVERTER, "a, b=c": DeviceKind.REVENUE_METER}
NAMES = (POWER, COUNTER, STATE)
values = st.one_of(st.none(), st.just(float("nan")), st.floats(allow_nan=False, allow_infinity=False))
qualities = st.sampled_from(list(Quality))


def taken_apart(line: str) -> tuple[str, dict[str, float], int]:
    key, fields, at = line.rsplit(" ", 2)
    pairs = [field.split("=") for field in fields.split(",")]
    found = {name: float(value) for name, value in pairs}
    assert len(found) == len(pairs), "a field twice"
    return key, found, int(at)


def test_a_line_has_key_fields_and_nanoseconds() -> None:
    line = LineBuilder(DEVICES).batch(batch(0, origin=Origin.MQTT))
    number = layout_number(QUANTITIES)
    assert line == (
        f"inverter,device=inv-1 {POWER}=1000.0,{COUNTER}=5000.0,{STATE}=1.0,layout={number},field_count=3,"
        f"origin=1,arrival_delay_ms=2000 {int(NOON.timestamp())}000000000"
    )


@given(
    said=st.tuples(values, values, values),
    marks=st.one_of(st.none(), st.tuples(qualities, qualities, qualities)),
)
def test_a_line_says_what_the_batch_says_and_nothing_else(
    said: tuple[float | None, ...], marks: tuple[Quality, ...] | None
) -> None:
    builder = LineBuilder(DEVICES)
    first = Batch("inv-1", NOON, NAMES, said, marks)
    line = builder.batch(first)
    assert builder.batch(first) == line, "the second time from the kept template"
    key, fields, at = taken_apart(line)
    assert (key, instant(at // 1000)) == ("inverter,device=inv-1", NOON)
    ours = {name: fields.pop(name) for name in ("layout", "field_count", "origin")}
    assert ours == {"layout": layout_number(NAMES), "field_count": len(fields), "origin": 0}
    expected = {}
    for name, value, mark in zip(NAMES, said, marks or (Quality.GOOD,) * 3, strict=True):
        missing = value is None or value != value  # noqa: PLR0124 (NaN)
        if mark or not missing:
            expected[name, mark, missing] = 1.0 if missing or value is None else value
    assert {parts_of(name): value for name, value in fields.items()} == expected


@pytest.mark.parametrize("mark", [None, (Quality.GOOD, Quality.STALE, Quality.GOOD)])
def test_an_infinite_value_is_no_line(mark: tuple[Quality, ...] | None) -> None:
    bad = Batch("inv-1", NOON, NAMES, (1.0, float("-inf"), None), mark)
    with pytest.raises(ValueError, match="infinite"):
        LineBuilder(DEVICES).batch(bad)


def test_huge_values_whose_sum_is_infinite_are_kept() -> None:
    _, fields, _ = taken_apart(LineBuilder(DEVICES).row("inv-1", 0, (POWER, COUNTER), (1.7e308, 1.7e308), 0))
    assert (fields[POWER], fields[COUNTER]) == (1.7e308, 1.7e308)


def test_a_key_is_escaped_and_comes_back() -> None:
    line = LineBuilder(DEVICES).row("a, b=c", 1, (POWER,), (1.0,), 0)
    assert line.startswith("revenue_meter,device=a\\,\\ b\\=c ")
    assert tag_of("device=a\\,\\ b\\=c") == "a, b=c"


@given(st.text(min_size=1))
def test_every_text_that_is_taken_as_a_key_comes_back(text: str) -> None:
    try:
        escaped = key_text(text)
    except ConfigurationError:
        assert "\\" in text or not text.isprintable()
    else:
        assert tag_of(f"device={escaped}") == text
        assert "\n" not in escaped


def test_batches_of_one_layout_share_a_number_and_others_do_not() -> None:
    assert layout_number(NAMES) == layout_number(list(NAMES))
    assert layout_number(NAMES) != layout_number(NAMES[:2])
    assert float(layout_number(NAMES)) == layout_number(NAMES), "a field is a float"


def test_an_arrival_before_the_instant_is_a_negative_delay() -> None:
    early = Batch("inv-1", NOON, (POWER,), (1.0,), received_at=NOON - timedelta(seconds=3))
    assert taken_apart(LineBuilder(DEVICES).batch(early))[1]["arrival_delay_ms"] == -3000
