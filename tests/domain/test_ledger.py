"""An entry sums to zero, its reversal is its exact opposite, and money is taken from what came first."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import LedgerRefusedError
from domain.ledger import Entry, Lot, Posting, reversal, seal, take_from_lots

DAY = date(2026, 7, 10)
FEN = st.integers(-(10**12), 10**12).filter(bool)
NAMES = st.sampled_from(["", "a", "b"])
POSTINGS = st.lists(
    st.builds(Posting, st.sampled_from(["10201", "11201", "213", "50101"]), FEN, NAMES, NAMES, NAMES),
    min_size=1,
    max_size=6,
)


def balanced(postings: list[Posting]) -> tuple[Posting, ...]:
    off_fen = sum(posting.fen for posting in postings)
    return (*postings, Posting("322", -off_fen))


def entry(postings: Iterable[Posting], made_by: str = "li", checked_by: str = "wang") -> Entry:
    return Entry(
        *("e", "v", DAY, date(2026, 6, 1), "结算", tuple(postings), "statement", "s", made_by, checked_by)
    )


def sums(*entries: Entry) -> dict[tuple[str, str, str, str], int]:
    """What stands on every account, by person, plant and receipt; nothing left out but zeros."""
    found: Counter[tuple[str, str, str, str]] = Counter()
    for one in entries:
        for posting in one.postings:
            found[posting.account, posting.person_id, posting.plant_id, posting.lot_id] += posting.fen
    return {key: fen for key, fen in found.items() if fen}


def undo_of(one: Entry) -> Entry:
    return reversal(one, key="u", booked_on=DAY, summary="冲正", made_by="li", checked_by="wang")


@given(POSTINGS, FEN)
def test_an_entry_that_is_off_by_any_amount_is_never_made(postings: list[Posting], off_fen: int) -> None:
    whole = balanced(postings)
    assert sum(posting.fen for posting in entry(whole).postings) == 0
    with pytest.raises(LedgerRefusedError, match="off"):
        entry([*whole, Posting("322", off_fen)])


@given(POSTINGS)
def test_what_is_reversed_leaves_nothing_on_any_account(postings: list[Posting]) -> None:
    original = entry(balanced(postings))
    assert sums(original, undo_of(original)) == {}


@given(POSTINGS)
def test_what_is_reversed_and_entered_anew_stands_as_it_stood(postings: list[Posting]) -> None:
    original = entry(balanced(postings))
    assert sums(original, undo_of(original), replace(original, key="again")) == sums(original)


def test_a_reversal_is_not_reversed_and_needs_a_second_person() -> None:
    original = entry(balanced([Posting("213", 5)]))
    with pytest.raises(LedgerRefusedError, match="reverses_reversal"):
        undo_of(undo_of(original))
    with pytest.raises(LedgerRefusedError, match="no_checker"):
        reversal(original, key="u", booked_on=DAY, summary="冲正", made_by="li", checked_by="")


@given(POSTINGS, st.text(min_size=1), st.text(min_size=1))
def test_nobody_checks_what_they_made(postings: list[Posting], maker: str, checker: str) -> None:
    if maker == checker:
        checker += "2"
    assert entry(balanced(postings), maker, checker).checked_by == checker
    with pytest.raises(LedgerRefusedError, match="same_person"):
        entry(balanced(postings), maker, maker)


def test_an_entry_has_two_lines() -> None:
    with pytest.raises(LedgerRefusedError, match="one_line"):
        entry([])


@given(POSTINGS, st.data())
def test_any_change_of_a_posted_line_shows_in_its_content(
    postings: list[Posting], data: st.DataObject
) -> None:
    whole = balanced(postings)
    place = data.draw(st.integers(0, len(whole) - 1))
    fields = ("account", "person_id", "plant_id", "lot_id")
    name = data.draw(st.sampled_from(fields))
    other = replace(whole[place], **{name: getattr(whole[place], name) + "x"})
    changed = (*whole[:place], other, *whole[place + 1 :])
    assert entry(changed).content_hash() != entry(whole).content_hash()
    assert entry(whole).content_hash() == replace(entry(whole), made_by="zhao").content_hash()


@given(st.dictionaries(st.text(max_size=3), st.integers()), st.text(max_size=4), st.text(max_size=4))
def test_a_seal_covers_the_row_and_the_seal_before_it(row: dict[str, int], before: str, other: str) -> None:
    assert (seal(row, before) == seal(row, other)) is (before == other)
    assert seal({**row, "new": 1}, before) != seal({**row, "new": 2}, before)


LOTS = st.lists(st.tuples(st.integers(1, 28), st.integers(0, 500)), min_size=1, max_size=6).map(
    lambda days: [
        Lot("v", "10201", f"r{n}", date(2026, 7, day), 500, left) for n, (day, left) in enumerate(days)
    ]
)


@given(LOTS, st.integers(-5, 3500))
def test_a_payment_takes_what_came_first_and_never_more_than_is_there(lots: list[Lot], fen: int) -> None:
    there_fen = sum(lot.left_fen for lot in lots)
    if not 0 < fen <= there_fen:
        with pytest.raises(LedgerRefusedError, match="not_positive" if fen <= 0 else "no_cash"):
            take_from_lots(lots, fen)
        return
    taken = take_from_lots(lots, fen)
    parts = dict(taken)
    assert sum(parts.values()) == fen
    assert len(parts) == len(taken), "a receipt is named once"
    ordered = sorted((lot for lot in lots if lot.left_fen), key=lambda lot: (lot.received_on, lot.lot_id))
    assert [lot_id for lot_id, _ in taken] == [lot.lot_id for lot in ordered[: len(taken)]]
    assert all(parts[lot.lot_id] == lot.left_fen for lot in ordered[: len(taken) - 1]), "the first ones whole"
    assert 0 < taken[-1][1] <= ordered[len(taken) - 1].left_fen
