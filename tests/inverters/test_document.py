"""JSON documents: numbers as texts, clocks of every kind, nothing invented."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import MalformedAnswerError
from inverters.decode import Decoder
from inverters.told import as_number, document_time
from tests.inverters.support import NOON, sample, shipped, values_of

DECODER = Decoder(shipped()["pvmon_json"])


def _decoded(values: Any, **rest: Any) -> Any:
    return DECODER.decode_document(sample(document={"format": 1, "values": values, **rest}))


@pytest.mark.parametrize(
    ("given_value", "number"),
    [
        (5, 5.0),
        ("5.25", 5.25),
        (" 7 ", 7.0),
        ("1e3", 1000.0),
        ("--", None),
        ("", None),
        (None, None),
        (True, None),
        ([1], None),
        ("nan", None),
        ("inf", None),
        (10**400, None),
    ],
)
def test_a_value_is_a_number_or_missing(given_value: Any, number: float | None) -> None:
    assert as_number(given_value) == number


@pytest.mark.parametrize(
    ("story", "time", "instant"),
    [
        ("ISO with a zone", "2026-07-01T11:59:00+08:00", NOON - timedelta(minutes=1)),
        ("ISO, UTC", "2026-07-01T03:59:00Z", NOON - timedelta(minutes=1)),
        ("seconds", NOON.timestamp() - 60, NOON - timedelta(minutes=1)),
        ("milliseconds", (NOON.timestamp() - 60) * 1000, NOON - timedelta(minutes=1)),
        ("milliseconds as a text", str(int(NOON.timestamp() - 60) * 1000), NOON - timedelta(minutes=1)),
        ("no zone: whose noon?", "2026-07-01T11:59:00", None),
        ("a clock that lost its date", 12, None),
        ("the year 2000", "2000-01-01T00:00:00Z", None),
        ("far ahead", "2031-01-01T00:00:00Z", None),
        ("words", "noon", None),
        ("absent", None, None),
        ("a number beyond any calendar", 1e300, None),
    ],
)
def test_the_time_of_a_document(story: str, time: Any, instant: datetime | None) -> None:
    assert document_time(time, NOON) == instant, story


def test_without_a_time_the_arrival_stands() -> None:
    batch = _decoded({"ac_active_power_w": 5})
    assert batch.measured_at == batch.received_at == NOON


def test_a_document_may_be_empty_of_values_but_not_without_them() -> None:
    assert values_of(_decoded({})) == {}
    for document in (None, {}, {"values": [1]}, {"format": 2, "values": {}}):
        with pytest.raises(MalformedAnswerError):
            DECODER.decode_document(sample(document=document))


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from(["ac_active_power_w", "power_factor", "serial_number", "x"]), _JSON),
    _JSON,
)
def test_any_json_is_a_batch_or_a_stated_error(values: dict[str, Any], time: Any) -> None:
    batch = _decoded(json.loads(json.dumps(values)), time=time)
    assert batch.measured_at.tzinfo is UTC
    assert len(batch.quantities) == len(batch.values)
