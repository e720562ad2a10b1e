import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.cell import harmless, harmless_or_number

FORMULAS = ["=1+1", "+1", "-1", "@x", "|x", "%x", " =x", "\t=x", "\u3000=x", "＝1", "\rx", "\nx", "－1"]
FORMULAS += ["\x0b=1", "\x1f+1", "\u2003=1", "\u200b=1", "\ufeff@x", " \x85|x"]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_could_be_a_formula_begins_with_an_apostrophe(text: str) -> None:
    assert harmless(text) == f"'{text}"


@given(st.text())
def test_no_cell_of_text_begins_as_a_formula(text: str) -> None:
    safe = harmless(text)
    assert safe in {text, f"'{text}"}
    assert safe.lstrip()[:1] not in set("=+-@|%")


@pytest.mark.parametrize("text", ["-12.50", "+3", "1,234.00", "-1e5", "村道", "", "2026-07"])
def test_numbers_and_plain_words_stay_as_they_are(text: str) -> None:
    assert harmless_or_number(text) == text


@pytest.mark.parametrize("text", ["-1+cmd|' /C calc'!A0", "=-1", "-", "+a1", "－12.50"])
def test_what_only_looks_like_a_number_is_made_harmless(text: str) -> None:
    assert harmless_or_number(text) == f"'{text}"
