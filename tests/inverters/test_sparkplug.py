"""Sparkplug B as bytes: read as the public specification lays it down, and nothing crashes on what is none."""

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inverters.sparkplug import Metric, Payload, SparkplugError, decode_payload, encode_payload

# by hand, from the specification: timestamp 1, metrics 2 (name 1, alias 2, datatype 4, int 10, float 12, double 13), seq 3
BY_HAND = bytes.fromhex(
    "08 e8 07"  # timestamp 1000
    "12 0b 0a 01 50 10 05 20 03 50 fe ff 03"  # P, alias 5, Int32, 0xFFFE
    "12 0c 0a 01 55 20 09 65 00 00 67 43 38 00"  # U, Float 231.0, is_null false
    "12 0a 10 07 20 0b 70 01 28 01 18 09"  # alias 7, Boolean true, historical, time 9
    "18 ff 01"  # seq 255
)


def test_bytes_written_by_hand_read_as_the_specification_says() -> None:
    said = decode_payload(BY_HAND)
    assert (said.time_ms, said.seq) == (1000, 255)
    power, voltage, flag = said.metrics
    assert (power.name, power.alias, power.value) == ("P", 5, 0xFFFE)
    assert (voltage.name, voltage.value) == ("U", 231.0)
    assert (flag.name, flag.alias, flag.value, flag.historical, flag.time_ms) == ("", 7, True, True, 9)


@pytest.mark.parametrize(
    ("datatype", "bits", "value"),
    [(1, 8, -5), (2, 16, -300), (3, 32, -70_000), (4, 64, -(2**40)), (7, 32, 2**32 - 1), (8, 64, 2**53)],
)
def test_whole_numbers_keep_their_sign_in_every_width(datatype: int, bits: int, value: int) -> None:
    del bits
    (metric,) = decode_payload(encode_payload(Payload((Metric("n", value, datatype=datatype),)))).metrics
    assert metric.value == value


def test_a_small_signed_number_may_come_with_all_its_upper_bits() -> None:
    whole = bytes.fromhex("20 01 50 fb ff ff ff 0f")  # Int8, -5 as 32 bits
    (metric,) = decode_payload(b"\x12" + bytes([len(whole)]) + whole).metrics
    assert metric.value == -5


def test_null_and_what_is_not_read_are_no_values() -> None:
    given_null = Metric("n", None, quality=0)
    (metric,) = decode_payload(encode_payload(Payload((given_null,)))).metrics
    assert (metric.value, metric.quality) == (None, 0)
    dataset = bytes.fromhex("0a 01 44 20 10 8a 01 02 08 01")  # name D, DataSet in field 17
    assert decode_payload(b"\x12" + bytes([len(dataset)]) + dataset).metrics[0].value is None


values = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=9),
    st.floats(allow_nan=False),
    st.integers(-(2**31), 2**31 - 1),
)


@given(
    st.lists(
        st.builds(
            lambda name, value, alias, time, past, quality: Metric(
                name, value, alias, time, past, quality,
                datatype=3 if isinstance(value, int) and not isinstance(value, bool) else
                {bool: 11, str: 12}.get(type(value), 10),
            ),
            st.text(min_size=1, max_size=9), values, st.none() | st.integers(0, 2**63),
            st.none() | st.integers(0, 2**45), st.booleans(), st.none() | st.sampled_from([0, 192, 500]),
        ),
        max_size=5,
    ),
    st.none() | st.integers(0, 2**45), st.none() | st.integers(0, 255),
)  # fmt: skip
def test_what_is_written_is_read(metrics: list[Metric], time_ms: int | None, seq: int | None) -> None:
    payload = Payload(tuple(metrics), time_ms, seq)
    assert decode_payload(encode_payload(payload)) == payload


@given(st.binary(max_size=200))
def test_no_bytes_crash_it(data: bytes) -> None:
    with suppress(SparkplugError):
        assert decode_payload(data).metrics is not None


@given(st.integers(1, len(BY_HAND) - 1))
def test_a_payload_that_is_cut_off_is_no_payload_or_says_less(end: int) -> None:
    try:
        said = decode_payload(BY_HAND[:end])
    except SparkplugError:
        return
    assert said.metrics == decode_payload(BY_HAND).metrics[: len(said.metrics)]


def test_a_float_of_a_wrong_length_is_refused() -> None:
    metric = b"\x62\x02" + struct.pack("<H", 1)  # float in a field of its own length
    with pytest.raises(SparkplugError, match="2 bytes"):
        decode_payload(b"\x12" + bytes([len(metric)]) + metric)
