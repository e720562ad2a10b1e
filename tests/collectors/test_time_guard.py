"""The clock is watched: steps are found, and no stamp is made by a clock that cannot be right."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.time_guard import ClockSource, TimeGuard
from domain.clock import FieldClock, ManualClock, is_plausible
from tests.collectors.clocks import SteppingClock

NOON = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
YEAR_1970 = datetime(1970, 1, 1, 0, 0, 30, tzinfo=UTC)
YEAR_2200 = datetime(2200, 1, 1, tzinfo=UTC)


def test_a_clock_that_only_runs_steps_nowhere() -> None:
    clock = ManualClock(NOON)
    guard: TimeGuard[str] = TimeGuard(clock)
    for _ in range(100):
        clock.advance(1.0)
        assert guard.look() == 0.0
    assert (guard.trusted, guard.unsure, guard.state().steps) == (True, False, 0)


@pytest.mark.parametrize("step_s", [-3600.0, -20.0, 30.0, 3600.0])
def test_a_step_is_found_said_and_makes_its_minute_unsure(
    step_s: float, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    clock = SteppingClock(NOON)
    guard: TimeGuard[str] = TimeGuard(clock)
    clock.advance(1.0)
    clock.step(step_s)
    assert guard.look() == pytest.approx(step_s)
    assert guard.unsure
    assert guard.trusted
    assert "clock_unsure" in caplog.text
    clock.advance(59.0)
    assert guard.look() == 0.0, "each step once"
    assert guard.unsure
    clock.advance(2.0)
    assert not guard.unsure


@pytest.mark.parametrize("step_s", [-0.5, 0.5, 2.0])
def test_a_slewing_clock_is_left_alone(step_s: float) -> None:
    clock = SteppingClock(NOON)
    guard: TimeGuard[str] = TimeGuard(clock)
    clock.step(step_s)
    assert guard.look() == 0.0
    assert not guard.unsure


@pytest.mark.parametrize("wrong", [YEAR_1970, YEAR_2200])
def test_samples_of_a_wrong_year_wait_and_are_stamped_to_the_second(
    wrong: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    clock = SteppingClock(wrong)
    guard: TimeGuard[int] = TimeGuard(clock)
    guard.look()
    assert not guard.trusted
    for number in range(5):
        assert guard.hold(number) is None
        clock.advance(60.0)
        assert guard.release() == []
    clock.show(NOON)
    guard.look()
    assert guard.trusted
    expected = [(NOON - timedelta(seconds=60.0 * (5 - number)), number) for number in range(5)]
    assert guard.release() == expected
    assert guard.release() == [], "each once"
    assert "cannot be trusted" in caplog.text
    assert f"{wrong:%Y}-01-01" in caplog.text


def test_too_many_that_wait_cost_the_oldest_and_are_counted() -> None:
    guard: TimeGuard[int] = TimeGuard(SteppingClock(YEAR_1970), held_max=3)
    assert [guard.hold(number) for number in range(5)] == [None, None, None, 0, 1]
    assert (guard.state().held, guard.state().dropped) == (3, 2)


def test_a_person_must_confirm_and_cannot_confirm_what_cannot_be() -> None:
    clock = SteppingClock(YEAR_1970)
    guard: TimeGuard[int] = TimeGuard(clock, ClockSource.PERSON)
    assert not guard.confirm()
    clock.show(NOON)
    guard.look()
    assert not guard.trusted
    assert guard.confirm()
    assert guard.trusted
    assert guard.by_person


def test_the_majority_of_the_field_is_believed_over_the_machine() -> None:
    clock = SteppingClock(NOON)
    guard: TimeGuard[int] = TimeGuard(clock, ClockSource.FIELD)
    right = NOON + timedelta(hours=8)
    guard.heard("gw-1", right)
    guard.heard("gw-2", right + timedelta(seconds=20))
    assert guard.off_s is None, "two are no majority"
    guard.heard("gw-3", right)
    guard.heard("gw-4", datetime(2001, 1, 1, tzinfo=UTC))
    assert guard.off_s == pytest.approx(8 * 3600, abs=20)
    assert not guard.trusted
    clock.step(8 * 3600.0)
    for name in ("gw-1", "gw-2", "gw-3"):
        guard.heard(name, clock.now())
    assert guard.trusted
    other: TimeGuard[int] = TimeGuard(clock)
    for name in ("gw-1", "gw-2", "gw-3"):
        other.heard(name, right + timedelta(days=1))
    assert other.trusted, "where the system's synchronisation counts, the field only informs"


def test_clocks_of_the_field_that_differ_say_nothing() -> None:
    guard: TimeGuard[int] = TimeGuard(SteppingClock(NOON), ClockSource.FIELD)
    for number in range(5):
        guard.heard(f"gw-{number}", NOON + timedelta(hours=number))
    assert guard.off_s is None
    assert guard.trusted


@given(
    st.lists(
        st.tuples(
            st.floats(0.1, 600.0),
            st.sampled_from([0.0, -3600.0, -20.0, -0.5, 0.5, 30.0, 3600.0, "1970", "2200", "right"]),
        ),
        max_size=40,
    )
)
def test_whatever_the_clock_does_nothing_is_lost_or_doubled_and_no_stamp_is_of_another_century(
    story: list[tuple[float, float | str]],
) -> None:
    clock = SteppingClock(NOON)
    guard: TimeGuard[int] = TimeGuard(clock)
    out: list[tuple[datetime, int]] = []
    for number, (run_s, jump) in enumerate(story):
        clock.advance(run_s)
        if isinstance(jump, float):
            clock.step(jump)
        else:
            clock.show({"1970": YEAR_1970, "2200": YEAR_2200, "right": NOON}[jump])
        guard.look()
        out += guard.release()
        if guard.trusted:
            out.append((clock.now(), number))
        else:
            guard.hold(number)
    clock.show(NOON)
    guard.look()
    out += guard.release()
    assert sorted(number for _, number in out) == list(range(len(story)))
    assert [number for _, number in out] == list(range(len(story))), "in their order"
    assert all(is_plausible(at) for at, _ in out)


def test_a_clock_that_was_set_to_the_years_of_a_recording_is_believed() -> None:
    assert not is_plausible(datetime(2020, 5, 15, tzinfo=UTC), ManualClock(NOON))
    assert is_plausible(
        datetime(2020, 5, 15, tzinfo=UTC), FieldClock.starting(datetime(2020, 5, 15, tzinfo=UTC))
    )
