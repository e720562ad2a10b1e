"""One clock, shared, that a step of the wall clock does not move."""

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import FieldClock, ManualClock, SystemClock, daylight_start
from domain.errors import ConfigurationError

NOON = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def test_the_system_clock_tells_aware_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_the_system_clock_waits_at_real_speed() -> None:
    assert SystemClock().wait_s(3.0) == 3.0
    first = SystemClock().monotonic()
    assert SystemClock().monotonic() >= first


def test_a_field_clock_starts_where_it_is_told() -> None:
    drift = FieldClock.starting(NOON).now() - NOON
    assert timedelta(0) <= drift < timedelta(seconds=5)


def test_a_field_clock_without_a_start_shows_the_present() -> None:
    assert abs(FieldClock.starting().now() - SystemClock().now()) < timedelta(seconds=5)


def test_a_fast_field_clock_runs_faster_and_waits_shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 110.0)
    clock = FieldClock(NOON, anchor_monotonic_s=100.0, speed=60.0)
    assert clock.now() == NOON + timedelta(minutes=10)
    assert clock.monotonic() == 600.0
    assert clock.wait_s(60.0) == 1.0


def test_a_step_of_the_wall_clock_does_not_move_field_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FieldClock.starting(NOON)
    before = clock.now()
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert timedelta(0) <= clock.now() - before < timedelta(seconds=5)


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    st.floats(0, 1e9),
    st.floats(0.01, 10_000),
)
def test_another_process_reads_the_same_clock_from_its_text(
    at: datetime, anchor_s: float, speed: float
) -> None:
    clock = FieldClock(at, anchor_s, speed)
    assert FieldClock.parse(str(clock)) == clock


def test_a_field_clock_in_another_zone_still_tells_utc() -> None:
    clock = FieldClock.parse("2026-07-01T12:00:00+08:00@0.0x1.0")
    assert clock.now().utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "noon",
        "2026-07-01T04:00:00+00:00",
        "2026-07-01T04:00:00@1x1",
        "2026-07-01T04:00:00+00:00@1x0",
        "@x",
    ],
)
def test_a_clock_text_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="clock"):
        FieldClock.parse(text)


def test_a_manual_clock_moves_only_when_told() -> None:
    clock = ManualClock(NOON)
    assert clock.now() == NOON
    clock.advance(90)
    assert clock.now() == NOON + timedelta(seconds=90)
    assert clock.monotonic() == 90


@pytest.mark.parametrize(
    ("story", "local", "expected"),
    [
        ("day stays", "2026-07-01T12:00", "2026-07-01T12:00"),
        ("first minute of day stays", "2026-07-01T08:30", "2026-07-01T08:30"),
        ("last minute of day stays", "2026-07-01T15:30", "2026-07-01T15:30"),
        ("early morning becomes half past ten", "2026-07-01T08:29", "2026-07-01T10:30"),
        ("evening becomes half past ten of the same day", "2026-07-01T23:59", "2026-07-01T10:30"),
    ],
)
def test_a_demonstration_never_starts_in_the_dark(story: str, local: str, expected: str) -> None:
    real = datetime.fromisoformat(local).replace(tzinfo=SHANGHAI)
    wanted = datetime.fromisoformat(expected).replace(tzinfo=SHANGHAI)
    assert daylight_start(real) == wanted, story
