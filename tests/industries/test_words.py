"""Numbers in capital characters, read back."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from industries.words import echo, in_capitals
from tests.industries.builders import BAG, TEN_THOUSAND

DIGITS = {character: number for number, character in enumerate("零壹贰叁肆伍陆柒捌玖")}
PLACES = {"拾": 10, "佰": 100, "仟": 1000}


def read(words: str) -> int:
    for sign, factor in (("万亿", 10**12), ("亿", 10**8), ("万", 10**4)):
        above, found, below = words.partition(sign)
        if found:
            return read(above) * factor + (read(below) if below else 0)
    total = digit = 0
    for character in words:
        if character in PLACES:
            total, digit = total + digit * PLACES[character], 0
        else:
            digit = DIGITS[character]
    return total + digit


@given(st.integers(min_value=0, max_value=10**15))
def test_capitals_say_the_number(value: int) -> None:
    words = in_capitals(Decimal(value))
    assert read(words) == value
    assert "零零" not in words
    assert value == 0 or not words.endswith("零")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("0", "零"),
        ("10", "壹拾"),
        ("123000", "壹拾贰万叁仟"),
        ("100000000", "壹亿"),
        ("10050", "壹万零伍拾"),
        ("20300000", "贰仟零叁拾万"),
        ("12.05", "壹拾贰点零伍"),
    ],
)
def test_capitals_of_papers(value: str, words: str) -> None:
    assert in_capitals(Decimal(value)) == words


def test_the_echo_gives_both_units() -> None:
    assert echo(Decimal(123_000), TEN_THOUSAND, BAG, "zh") == "12.3 万袋 = 123,000 袋（壹拾贰万叁仟袋）"
    assert echo(Decimal(123_000), TEN_THOUSAND, BAG, "en") == "12.3 ten thousand bags = 123,000 bags"
    assert echo(Decimal(500), BAG, BAG, "en") == "500 bags"


def test_a_number_below_zero_says_so() -> None:
    assert in_capitals(Decimal("-12.5")) == "负壹拾贰点伍"
