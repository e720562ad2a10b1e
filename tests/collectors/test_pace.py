"""Waiting in field time."""

import asyncio
from datetime import UTC, datetime, timedelta

from collectors.pace import sleep
from domain.clock import ManualClock, SystemClock

NOON = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)


def test_sleeping_on_a_manual_clock_costs_no_time_but_moves_it() -> None:
    clock = ManualClock(NOON)
    asyncio.run(sleep(clock, 3600))
    assert clock.now() == NOON + timedelta(hours=1)


def test_a_sleep_of_the_past_ends_at_once() -> None:
    clock = SystemClock()
    before = clock.monotonic()
    asyncio.run(sleep(clock, -5))
    assert clock.monotonic() - before < 2
