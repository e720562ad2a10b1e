"""Texts, clocks, plain rules and frames."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import MalformedAnswerError, ProfileError
from inverters.frames import bcd_number, crc16, dlt645_answer, gdw3761_frame, rtu_registers
from inverters.point import Type
from inverters.special import decode_clock, decode_text, encode_text
from inverters.words import byte_order_of, decode_words


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (b"GW17KT-DT ", "GW17KT-DT"),
        (b"SUN2000-3KTL\0\0\0\0010XYZ", "SUN2000-3KTL"),
        (b"\0\0\0\0", None),
        (b"\xff\xff\xff\xff", None),
        (b"AB\xe2\x28", "AB("),
        (b"", None),
    ],
)
def test_a_text_ends_at_the_first_nul(words: bytes, text: str | None) -> None:
    assert decode_text(words) == text


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", min_size=1, max_size=20))
def test_texts_come_back(text: str) -> None:
    assert decode_text(encode_text(text, 10)) == text


@given(st.text("0123456789ABCDEF", min_size=16, max_size=16))
def test_swapped_digits_come_back(digits: str) -> None:
    expected = None if set(digits) <= {"0"} or set(digits) <= {"F"} else digits
    assert decode_text(encode_text(digits, 4, "nibble_swapped"), "nibble_swapped") == expected


@pytest.mark.parametrize("words", [b"\x00" * 12, b"\xff" * 12, bytes.fromhex("07EA000D0001000000000000")])
def test_a_clock_that_shows_no_date_is_absent(words: bytes) -> None:
    assert decode_clock(words, Type.CLOCK6) is None


@given(st.binary(min_size=6, max_size=6), st.binary(min_size=12, max_size=12))
def test_any_clock_words_are_a_time_or_nothing(short: bytes, long: bytes) -> None:
    for words, type_ in ((short, Type.CLOCK3), (long, Type.CLOCK6)):
        value = decode_clock(words, type_)
        assert value is None or isinstance(value, float)


@pytest.mark.parametrize(
    ("order", "number"),
    [("ABCD", -1430532899), ("DCBA", -573785174), ("BADC", -1146430004), ("CDAB", -857888069)],
)
def test_bytes_are_put_in_the_order_named(order: str, number: int) -> None:
    assert decode_words([0xAABB, 0xCCDD], "i32", byte_order=order) == number


def test_word_order_little_is_cdab() -> None:
    assert byte_order_of("little", 4) == "CDAB"
    assert decode_words([0xFFFE, 0x7FFF], "i32", word_order="little") == 2147483646


@pytest.mark.parametrize(("type_", "words"), [("u32", [1]), ("u16", [1, 2]), ("u17", [1]), ("u64", [1, 2])])
def test_a_type_that_does_not_fit_is_an_error(type_: str, words: list[int]) -> None:
    with pytest.raises(ProfileError, match="does not fit"):
        decode_words(words, type_)


def _rtu(content: bytes) -> bytes:
    return content + crc16(content).to_bytes(2, "little")


def test_an_rtu_answer_gives_function_and_registers() -> None:
    assert rtu_registers(_rtu(bytes([1, 4, 4, 0, 1, 0, 2]))) == (4, (1, 2))


@pytest.mark.parametrize(
    ("story", "frame"),
    [
        ("nothing", b""),
        ("one bit over", bytes([1, 4, 2, 0, 1]) + b"\x00\x00"),
        ("an exception", _rtu(bytes([1, 0x84, 2]))),
        ("cut", _rtu(bytes([1, 4, 4, 0, 1]))),
        ("too long", _rtu(bytes([1, 4, 2, 0, 1, 0, 2]))),
        ("half a register", _rtu(bytes([1, 4, 3, 0, 1, 0]))),
    ],
)
def test_an_rtu_answer_that_does_not_fit_is_refused(story: str, frame: bytes) -> None:
    with pytest.raises(MalformedAnswerError):
        rtu_registers(frame)


def _meter_answer(content: bytes, control: int = 0x91) -> bytes:
    body = bytes.fromhex("68610100000000" + "68") + bytes([control, len(content)])
    body += bytes((byte + 0x33) & 0xFF for byte in content)
    return b"\xfe\xfe" + body + bytes([sum(body) & 0xFF, 0x16])


def test_a_meter_answer_is_taken_apart() -> None:
    answer = dlt645_answer(_meter_answer(bytes.fromhex("0000020078563412")))
    assert (answer.meter_address, answer.identifier) == ("000000000161", "00020000")
    assert bcd_number(answer.content, 2) == 123456.78


@given(st.integers(0, 14), st.integers(1, 255))
def test_a_disturbed_meter_answer_is_refused(position: int, change: int) -> None:
    frame = bytearray(_meter_answer(bytes.fromhex("0000020078563412"))[2:])
    if position >= len(frame):
        return
    frame[position] ^= change
    with pytest.raises(MalformedAnswerError):
        dlt645_answer(bytes(frame))


def test_a_refusing_meter_is_an_error() -> None:
    with pytest.raises(MalformedAnswerError, match="no reading"):
        dlt645_answer(_meter_answer(b"\x02", control=0xD1))


@pytest.mark.parametrize(("content", "signed", "number"), [("1294", False, 94.12), ("1294", True, -14.12)])
def test_the_top_bit_of_bcd_is_a_sign_where_the_quantity_has_one(
    content: str, signed: bool, number: float
) -> None:
    assert bcd_number(bytes.fromhex(content), 2, signed=signed) == number


def test_a_digit_above_nine_is_corrupt() -> None:
    with pytest.raises(MalformedAnswerError, match="above nine"):
        bcd_number(b"\x1a", 0)


@given(st.binary(max_size=40))
def test_arbitrary_bytes_are_refused_in_words_by_every_frame_reader(content: bytes) -> None:
    for read in (rtu_registers, dlt645_answer, gdw3761_frame):
        with pytest.raises(MalformedAnswerError, match=r"frame|BCD"):
            read(content)
