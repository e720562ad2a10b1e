"""The life of an alert, told as letters: T true, F false, N near, ? unknown; P pending, F firing, R resolved."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.judgement import live
from alerts.lifecycle import Seen, advance
from alerts.rule import Timing
from domain.alert import Alert, AlertState, Severity, Verdict

START = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
STEP_S = 300.0
STEP = timedelta(seconds=STEP_S)
LETTERS = {"T": Verdict.TRUE, "F": Verdict.FALSE, "N": Verdict.NEAR, "?": Verdict.UNKNOWN}
TIMING = Timing(on_s=3 * STEP_S, off_s=2 * STEP_S)


def begin(at: datetime) -> Alert:
    name = f"F08-{at:%H%M}"
    return Alert(name, "F08", "p1", "p1-inv-01", "", Severity.S2, AlertState.PENDING, since=at)


def lives(verdicts: str, timing: Timing = TIMING, every: timedelta = STEP) -> list[Alert | None]:
    alert: Alert | None = None
    found = []
    for number, letter in enumerate(verdicts):
        at = START + number * every
        alert = advance(alert, Seen(LETTERS[letter], at, at + STEP, STEP_S), timing, begin)
        found.append(alert)
    return found


def states(verdicts: str, timing: Timing = TIMING) -> str:
    return "".join("." if each is None else each.state.name[0] for each in lives(verdicts, timing))


@pytest.mark.parametrize(
    ("story", "verdicts", "expected"),
    [
        ("a fault shorter than the hold time never fires", "TTFF", "PP.."),
        ("a firing alert resolves after the clear time", "TTTFFF", "PPFFRR"),
        ("one good instant does not resolve a flapping fault", "TTTFTFT", "PPFFFFF"),
        ("silence does not resolve a firing alert", "TTT????", "PPFFFFF"),
        ("silence neither counts nor resets", "TT??T", "PPPPF"),
        ("between the limits an open alert stays", "TTTNNNF", "PPFFFFF"),
        ("between the limits nothing starts", "TTNTT", "PP.PP"),
        ("clearing begins anew after a value between the limits", "TTTFNFF", "PPFFFFR"),
        ("trouble after the end is another alert", "TTTFFT", "PPFFRP"),
        ("nothing becomes of nothing", "?F?N", "...."),
    ],
)
def test_life_of_an_alert(story: str, verdicts: str, expected: str) -> None:
    assert states(verdicts) == expected, story


def test_one_sample_covers_its_own_interval_and_is_enough_for_a_hold_as_long() -> None:
    [alert] = lives("T", Timing(on_s=STEP_S))
    assert alert is not None
    assert (alert.state, alert.since, alert.fired_at) == (AlertState.FIRING, START, START + STEP)


def test_an_alert_open_at_sunset_is_judged_again_the_next_morning() -> None:
    assert states("TTT" + "?" * 150 + "TFF")[-4:] == "FFFR"


def test_trouble_that_is_back_soon_is_the_same_alert_once_more() -> None:
    soon = Timing(on_s=STEP_S, off_s=STEP_S, reopen_s=3 * STEP_S)
    first, *_, last = lives("TFFT", soon)
    assert first is not None
    assert last is not None
    assert (last.alert_id, last.reopened, last.since, last.fired_at) == (
        first.alert_id,
        1,
        START,
        START + STEP,
    )
    assert last.resolved_at is None
    *_, other = lives("TFFFFFT", soon)
    assert other is not None
    assert (other.alert_id, other.reopened) == ("F08-0230", 0)


def test_a_reopening_that_does_not_hold_leaves_the_alert_ended() -> None:
    timing = Timing(on_s=2 * STEP_S, off_s=STEP_S, reopen_s=3600.0)
    *_, last = lives("TTFTF", timing)
    assert last is not None
    assert (last.state, last.resolved_at, last.reopened) == (AlertState.RESOLVED, START + 3 * STEP, 0)


def test_time_held_is_only_what_counts() -> None:
    *_, last = lives("TT??TT")
    assert last is not None
    assert last.held_s == 4 * STEP_S


timings = st.builds(
    Timing,
    on_s=st.sampled_from([0.0, 60.0, 300.0, 900.0, 1000.0]),
    off_s=st.sampled_from([0.0, 300.0, 700.0]),
    reopen_s=st.sampled_from([0.0, 1500.0]),
)


@given(st.text(alphabet="TTFFN?", max_size=60), timings)
def test_told_in_runs_a_life_is_the_same_as_instant_by_instant(verdicts: str, timing: Timing) -> None:
    alert: Alert | None = None
    expected: list[Alert] = []
    for following in lives(verdicts, timing):
        ended = alert is not None and alert.state is AlertState.RESOLVED
        if ended and alert is not None and (following is None or following.alert_id != alert.alert_id):
            expected.append(alert)
        alert = following
    expected += [] if alert is None else [alert]
    row = np.array([LETTERS[letter] for letter in verdicts], dtype=np.int8)
    naive = np.datetime64(START.replace(tzinfo=None), "ns")
    instants = naive + np.arange(len(verdicts)) * np.timedelta64(300, "s")
    assert live(row, instants, STEP_S, timing, begin) == expected


@given(st.text(alphabet="TFN?", max_size=40), timings, st.integers(0, 40))
def test_a_life_told_in_two_parts_is_the_same_as_in_one(verdicts: str, timing: Timing, cut: int) -> None:
    row = np.array([LETTERS[letter] for letter in verdicts], dtype=np.int8)
    naive = np.datetime64(START.replace(tzinfo=None), "ns")
    instants = naive + np.arange(len(verdicts)) * np.timedelta64(300, "s")
    whole = live(row, instants, STEP_S, timing, begin)
    first = live(row[:cut], instants[:cut], STEP_S, timing, begin)
    left = first[-1] if first else None
    rest = live(row[cut:], instants[cut:], STEP_S, timing, begin, left)
    assert [*first[:-1], *rest] == whole
