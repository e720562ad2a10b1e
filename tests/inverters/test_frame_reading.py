"""Whole frames: named, checked, and taken apart only when they hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inverters.frame_reading import FrameReading, read_frame
from inverters.frames import crc16


def _rtu(text: str) -> bytes:
    body = bytes.fromhex(text)
    return body + crc16(body).to_bytes(2, "little")


def _tcp(text: str, transaction: int = 7) -> bytes:
    body = bytes.fromhex(text)
    return transaction.to_bytes(2) + b"\0\0" + len(body).to_bytes(2) + body


def _meter(control: int, data: bytes) -> bytes:
    body = bytes.fromhex("68 610100000000 68") + bytes([control, len(data)])
    body += bytes((byte + 0x33) & 0xFF for byte in data)
    return body + bytes([sum(body) & 0xFF, 0x16])


def _broken(reading: FrameReading) -> set[str]:
    return {verdict.check for verdict in reading.verdicts if not verdict.fits}


@pytest.mark.parametrize(("make", "kind"), [(_rtu, "modbus_rtu"), (_tcp, "modbus_tcp")])
def test_request_answer_and_exception_are_told_apart(make: object, kind: str) -> None:
    frame = _rtu if kind == "modbus_rtu" else _tcp
    request = read_frame(frame("01 04 13 87 00 01"))
    assert (request.kind, request.direction, request.address, request.count) == (kind, "request", 4999, 1)
    answer = read_frame(frame("01 04 04 00 00 BC 52"))
    assert (answer.kind, answer.direction, answer.registers) == (kind, "answer", (0, 0xBC52))
    refused = read_frame(frame("01 83 02"))
    assert (refused.direction, refused.function, refused.exception) == ("exception", 3, "02 illegal address")
    assert all(one.holds and one.unit == 1 for one in (request, answer, refused))


def test_the_transaction_of_a_tcp_frame_is_told() -> None:
    assert read_frame(_tcp("01 03 02 00 01", 0x1234)).transaction == 0x1234
    assert read_frame(_rtu("01 03 02 00 01")).transaction is None


@pytest.mark.parametrize(
    ("story", "frame", "check"),
    [
        ("a bit turned on the wire", _rtu("01 03 02 00 01")[:-1] + b"\x00", "checksum"),
        ("an answer cut short", _tcp("01 03 04 00 00 BC 52")[:-1], "length"),
        ("two bytes too many", _tcp("01 03 02 00 01") + b"\0\0", "length"),
        ("fewer registers than announced", _tcp("01 03 06 00 00 BC 52"), "content"),
        ("half a register", _rtu("01 03 03 00 00 BC"), "content"),
        ("an answer of nothing", _rtu("01 03 00"), "content"),
        ("a write", _rtu("01 06 00 01 00 05"), "function"),
        ("a request for too much", _rtu("01 03 00 00 00 7E"), "content"),
        ("an exception with a tail", _tcp("01 83 02 00"), "content"),
        ("no frame at all", bytes(range(200, 212)), "protocol"),
        ("a meter's checksum", _meter(0x91, bytes(8))[:-2] + b"\x00\x16", "checksum"),
        ("a meter's end", _meter(0x91, bytes(8))[:-1] + b"\x17", "end"),
        ("a meter's length", _meter(0x91, bytes(8)).replace(b"\x91\x08", b"\x91\x07"), "length"),
        ("a meter told to write", _meter(0x14, bytes(12)), "function"),
        ("a meter's value of another length", _meter(0x91, bytes.fromhex("00000100 26")), "content"),
    ],
)
def test_a_frame_that_does_not_hold_says_why_and_carries_nothing(
    story: str, frame: bytes, check: str
) -> None:
    reading = read_frame(frame)
    assert check in _broken(reading), story
    assert not reading.holds
    assert (reading.registers, reading.values) == ((), ())


def test_a_meter_answers_with_values_after_any_number_of_wake_up_bytes() -> None:
    frame = _meter(0x91, bytes.fromhex("00000100 26000000"))
    for lead in range(5):
        reading = read_frame(b"\xfe" * lead + frame, ct_ratio=60)
        assert (reading.kind, reading.holds, reading.meter_address) == ("dlt645", True, "000000000161")
        assert [(value.name, value.value) for value in reading.values] == [
            ("meter_energy_forward_wh", 15_600)
        ]


def test_a_meter_that_refuses_tells_the_reason() -> None:
    reading = read_frame(_meter(0xD1, b"\x02"))
    assert (reading.holds, reading.control, reading.exception) == (True, "refused", "no such data")


def test_a_question_to_a_meter_names_what_is_asked() -> None:
    reading = read_frame(_meter(0x11, bytes.fromhex("00000100")))
    assert (reading.direction, reading.identifier, reading.values) == ("request", "00010000", ())


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reading_of_frames(frame: bytes) -> None:
    reading = read_frame(frame)
    assert reading.verdicts
    if not reading.holds:
        assert reading.registers == ()


@given(st.binary(min_size=1, max_size=250), st.integers(0, 255), st.sampled_from([3, 4]))
def test_registers_come_back_as_they_were_sent(words: bytes, unit: int, function: int) -> None:
    words += b"\0" * (len(words) % 2)
    body = bytes([unit, function, len(words)]) + words
    for frame in (body + crc16(body).to_bytes(2, "little"), _tcp(body.hex())):
        reading = read_frame(frame)
        assert b"".join(register.to_bytes(2) for register in reading.registers) == words


@given(st.binary(min_size=8, max_size=60), st.data())
def test_one_changed_byte_of_an_rtu_frame_is_always_found(words: bytes, data: st.DataObject) -> None:
    frame = bytearray(_rtu((bytes([1, 3, len(words) // 2 * 2]) + words[: len(words) // 2 * 2]).hex()))
    place = data.draw(st.integers(0, len(frame) - 1))
    frame[place] ^= data.draw(st.integers(1, 255))
    assert not read_frame(bytes(frame)).holds
