"""What became of samples: silence under a maintenance tag is told as such, and what names a reason beats silence."""

from datetime import UTC, date, datetime, timedelta

import pytest

from domain.slots import SlotState, Strip, accounts_of, merged, microseconds, tagged
from domain.timespan import Interval

NINE = datetime(2026, 6, 1, 1, tzinfo=UTC)  # 09:00 in Shangzhou
FIVE = timedelta(minutes=5)
S = SlotState


def strip(*states: int, device_id: str = "inv-1") -> Strip:
    return Strip(device_id, date(2026, 6, 1), microseconds(NINE), 300_000_000, bytearray(states))


def span(first: float, end: float) -> Interval:
    """A tag from slot ``first`` to slot ``end``."""
    return Interval(NINE + first * FIVE, NINE + end * FIVE)


@pytest.mark.parametrize("silence", [S.NO_ANSWER, S.WIRE_DOWN, S.QUARANTINED, S.MALFORMED, 128 + 6])
def test_silence_under_a_tag_is_maintenance(silence: int) -> None:
    assert tagged(strip(silence, silence, silence), [span(1, 2)]) == bytes([silence, S.MAINTENANCE, silence])


@pytest.mark.parametrize(
    "other",
    set(S) - {S.NO_ANSWER, S.WIRE_DOWN, S.QUARANTINED, S.MALFORMED},
)
def test_what_a_tag_does_not_explain_stays_under_it(other: int) -> None:
    assert tagged(strip(other), [span(0, 1)]) == bytes([other])


def test_a_slot_is_under_the_tag_it_began_under_and_a_tag_may_begin_long_before_and_end_long_after() -> None:
    silent = strip(*[S.NO_ANSWER] * 4)
    assert [*tagged(silent, [span(0.5, 2.5)])] == [S.NO_ANSWER, S.MAINTENANCE, S.MAINTENANCE, S.NO_ANSWER]
    assert [*tagged(silent, [span(-900, 900)])] == [S.MAINTENANCE] * 4
    assert [*tagged(silent, [span(-9, -3), span(4, 9)])] == [S.NO_ANSWER] * 4
    assert silent.states == bytes([S.NO_ANSWER] * 4), "what was kept stays what it was"


def test_the_account_counts_maintenance_of_the_devices_that_hang_under_the_tag() -> None:
    strips = [strip(S.GOOD, S.NO_ANSWER), strip(S.GOOD, S.NO_ANSWER, device_id="inv-2")]
    first, second = accounts_of(strips, NINE + 9 * FIVE, {"inv-1": [span(0, 2)]})
    assert (first.good, first.missing) == (1, {"maintenance": 1})
    assert (second.good, second.missing) == (1, {"no_answer": 1})


@pytest.mark.parametrize("named", [S.SOURCE_GAP, S.IMPLAUSIBLE_TIME])
def test_what_somebody_names_beats_silence_and_no_sample(named: int) -> None:
    assert merged(S.NO_ANSWER, named) == named
    assert merged(S.SKIPPED, named) == named
    assert merged(S.GOOD, named) == S.GOOD
    assert merged(named, S.NO_ANSWER) == named
    assert merged(named, S.GOOD) == S.GOOD
