"""A notice says what the books say, and can be checked by anyone who holds the sheet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import Money
from domain.roster import masked_account, masked_id, masked_name
from revenue.distribution import distribute
from revenue.notice import (
    NoticeTotal,
    code_of,
    fen_of,
    plain_code,
    rows_of,
    spoken,
    totals_in_page,
    totals_in_text,
    totals_of,
)
from revenue.plan import Basis
from revenue.rule import LineClass
from tests.revenue.builders import line, plan, roster, rule, sheet


def test_the_code_is_sixteen_characters_in_four_groups_and_is_read_back_however_it_was_typed() -> None:
    head = "3f2a90c177be04d5" + "0" * 48
    assert code_of(head) == "3F2A-90C1-77BE-04D5"
    for typed in ("3F2A-90C1-77BE-04D5", "3f2a90c1 77be04d5", "3F2A—9OC1—77BE—O4D5"):
        assert plain_code(typed) == head[:16]
    assert plain_code("3F2A") == ""


def test_the_totals_are_those_of_the_distribution() -> None:
    result = distribute(plan(), rule(), roster(), [sheet()])
    totals = {total.kind: total.fen for total in totals_of(plan(), result)}
    assert sum(totals.values()) == plan().available_fen
    assert totals[LineClass.POSTS] == 280_000
    assert totals[LineClass.RETAINED] == 319_999


def test_a_need_that_only_two_have_is_not_told() -> None:
    few = line("1", LineClass.AID, 10, Basis.WEIGHTS, weights={"p1": 1, "p2": 1}, purpose="重病")
    many = line("1", LineClass.AID, 10, Basis.WEIGHTS, weights={"p1": 1, "p2": 1, "p3": 1}, purpose="重病")
    for one, purposes in ((few, {""}), (many, {"重病"})):
        given_plan = plan(net_fen=10, lines=(one,))
        result = distribute(given_plan, rule(), roster(), [])
        assert {row.purpose for row in rows_of(given_plan, roster(), result)} == purposes


@given(st.integers(-(10**13), 10**13))
def test_an_amount_is_read_back_as_it_was_written(fen: int) -> None:
    assert fen_of(str(Money(fen))) == fen
    page = f'<td data-total="posts" class="n">{Money(fen)}</td>'
    assert totals_in_page(page) == {"posts": fen}
    assert totals_in_text(f"公益岗位\n12 {Money(fen)}\n", {"posts": "公益岗位"}) == {"posts": fen}


@given(st.text("张欧阳明月·ab １", max_size=8))
def test_a_masked_name_never_shows_more_than_two_characters(name: str) -> None:
    masked = masked_name(name)
    shown = [char for char in masked if char != "*"]
    plain = "".join(name.split())
    assert len(masked) == len(plain)
    assert len(shown) <= (2 if len(plain) >= 3 else 1)
    assert masked_name(masked) == masked


@pytest.mark.parametrize(("name", "masked"), [("张三", "张*"), ("欧阳明月", "欧**月"), ("", ""), ("张", "*")])
def test_names_are_masked_by_one_function(name: str, masked: str) -> None:
    assert masked_name(name) == masked


def test_numbers_show_their_ends_only() -> None:
    assert masked_id("61100219000230123X") == "611***********123X"
    assert masked_id("123") == "***"
    assert masked_account("6217000000001234") == "****1234"
    assert masked_account("12") == "****"


def test_what_is_read_out_is_said_in_yuan_and_fen() -> None:
    totals = [NoticeTotal(LineClass.POSTS, 12_345, 2), NoticeTotal(LineClass.AID, 5_000, 1)]
    words = {LineClass.POSTS: "公益岗位", LineClass.AID: "困难补助"}
    assert spoken(totals, words) == "公益岗位123元45分，困难补助50元"
