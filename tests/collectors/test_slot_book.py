"""The book of slots: each expected sample ends once, whatever is said, in whatever order, and however often."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.slot_book import Grid, SlotBook
from domain.measurement import Batch, Quality
from domain.slots import SampleAccount, SlotRange, SlotState, accounts_of, is_there, state_of

S = SlotState
NOON = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)  # 12:00 in Shangzhou
MINUTE = timedelta(minutes=1)
GRID = Grid.of(60.0)


def followed(at: datetime = NOON, grid: Grid = GRID) -> SlotBook:
    book = SlotBook()
    book.follow("inv-1", grid, at)
    return book


def account(book: SlotBook, now: datetime, day: date = date(2026, 6, 1)) -> SampleAccount:
    [found] = [one for one in accounts_of(book.strips(), now) if one.day == day]
    return found


def test_every_slot_that_is_over_is_counted_and_the_running_one_is_not() -> None:
    book = followed()
    for number in range(5):
        book.note("inv-1", NOON + number * MINUTE, S.GOOD)
    assert account(book, NOON + 5 * MINUTE) == SampleAccount("inv-1", date(2026, 6, 1), 5, 5)
    assert account(book, NOON + 4.5 * MINUTE).expected == 4


def test_what_nobody_spoke_of_had_no_collector() -> None:
    book = followed()
    book.note("inv-1", NOON, S.GOOD)
    book.note("inv-1", NOON + 2 * MINUTE, S.PARTIAL)
    found = account(book, NOON + 4 * MINUTE)
    assert (found.good, found.suspect, found.missing) == (1, {"partial": 1}, {"collector_down": 2})
    assert found.good_share == 0.25


def test_a_day_ends_at_local_midnight_and_the_next_has_all_its_slots() -> None:
    book = followed(NOON, Grid.of(300.0, 17.0))
    book.apply(SlotRange("inv-1", S.NO_ANSWER, NOON + timedelta(days=2)))
    days = accounts_of(book.strips(), NOON + timedelta(days=2))
    assert [(one.day.day, one.expected) for one in days] == [(1, 145), (2, 288), (3, 143)]
    assert days[1].missing == {"no_answer": 288}


def test_a_stop_is_explained_from_the_last_word_to_the_first_new_slot() -> None:
    book = followed()
    for number in range(3):
        book.note("inv-1", NOON + number * MINUTE, S.GOOD)
    again = SlotBook(book.strips())
    again.follow("inv-1", GRID, NOON + 10.5 * MINUTE)
    again.note("inv-1", NOON + 10.6 * MINUTE, S.GOOD)
    found = account(again, NOON + 11 * MINUTE)
    assert (found.expected, found.good, found.missing) == (11, 4, {"collector_down": 7})


def test_a_restart_within_a_slot_counts_it_once() -> None:
    book = followed()
    book.note("inv-1", NOON, S.GOOD)
    book.follow("inv-1", GRID, NOON + 0.5 * MINUTE)
    book.note("inv-1", NOON + 0.6 * MINUTE, S.GOOD)
    assert account(book, NOON + MINUTE) == SampleAccount("inv-1", date(2026, 6, 1), 1, 1)


def test_another_period_begins_where_the_old_grid_ends() -> None:
    book = followed()
    book.note("inv-1", NOON, S.GOOD)
    book.follow("inv-1", Grid.of(300.0), NOON + 12 * MINUTE)
    book.apply(SlotRange("inv-1", S.NO_ANSWER, NOON + 30 * MINUTE))
    found = account(book, NOON + 30 * MINUTE)
    # ten minutes on the old grid, then 12:10, 12:15, 12:20 and 12:25 on the new one
    assert (found.expected, found.good, found.missing) == (14, 1, {"collector_down": 9, "no_answer": 4})


def test_a_late_sample_fills_a_gap_and_a_shed_one_opens_it_again() -> None:
    book = followed()
    book.apply(SlotRange("inv-1", S.NO_ANSWER, NOON + 3 * MINUTE))
    book.apply(SlotRange("inv-1", S.SOURCE_GAP, NOON + 3 * MINUTE, start=NOON + MINUTE))
    book.note("inv-1", NOON + MINUTE, S.GOOD)
    assert account(book, NOON + 3 * MINUTE).missing == {"no_answer": 1, "source_gap": 1}
    book.note("inv-1", NOON + MINUTE, S.SPOOL_SHED)
    assert account(book, NOON + 3 * MINUTE).missing == {"no_answer": 1, "source_gap": 1, "spool_shed": 1}


def test_a_device_that_left_is_expected_no_more() -> None:
    book = followed()
    book.note("inv-1", NOON, S.GOOD)
    book.leave("inv-1", NOON + MINUTE)
    assert account(book, NOON + timedelta(hours=1)).expected == 1


def test_an_instant_far_ahead_opens_no_days() -> None:
    book = followed()
    book.note("inv-1", datetime(2200, 1, 1, tzinfo=UTC), S.GOOD)
    assert len(list(book.strips())) == 1


def test_an_absence_of_years_makes_no_years_of_slots() -> None:
    book = followed()
    again = SlotBook(book.strips())
    again.follow("inv-1", GRID, NOON + timedelta(days=3650))
    assert len(list(again.strips())) <= 17


def test_the_gravest_doubt_names_the_slot() -> None:
    batch = Batch("inv-1", NOON, ("a", "b"), (1.0, 2.0), (Quality.OUT_OF_RANGE, Quality.INCONSISTENT))
    assert state_of(batch) is S.INCONSISTENT
    assert state_of(Batch("inv-1", NOON, ("a",), (1.0,))) is S.GOOD


words = st.tuples(
    st.integers(0, 90),
    st.sampled_from([S.GOOD, S.PARTIAL, S.NO_ANSWER, S.ASLEEP, S.SPOOL_SHED, S.SOURCE_GAP, 130]),
    st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(words, max_size=40))
def test_whatever_is_said_the_account_adds_up_and_undoing_leaves_no_trace(
    said: list[tuple[int, int, bool]],
) -> None:
    book = followed()
    book.settled()
    for number, state, closes in said:
        at = NOON + number * MINUTE
        if closes:
            book.apply(SlotRange("inv-1", state, at))
        else:
            book.note("inv-1", at, state)
        book.settled()
    before = [bytes(strip.states) for strip in book.strips()]
    book.follow("inv-1", Grid.of(70.0), NOON + 200 * MINUTE)
    book.apply(SlotRange("inv-1", S.NO_ANSWER, NOON + timedelta(days=3)))
    book.undo()
    assert [bytes(strip.states) for strip in book.strips()] == before
    found = account(book, NOON + 100 * MINUTE)
    assert found.expected == 100 == found.good + sum(found.suspect.values()) + sum(found.missing.values())


@settings(max_examples=100, deadline=None)
@given(st.permutations([S.NO_ANSWER, S.GOOD, S.SOURCE_GAP, S.GOOD]))
def test_a_sample_counts_whenever_it_comes(order: list[SlotState]) -> None:
    book = followed()
    for state in order:
        book.note("inv-1", NOON, state)
    assert book.is_there("inv-1", NOON)
    assert is_there(next(iter(book.strips())).states[0])
