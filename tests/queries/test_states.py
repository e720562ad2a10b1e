"""The two axes: how old data are, and what a plant does."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.plant import Connection
from queries.states import DataState, data_state, known_operation, plant_operation
from queries.states import OperationState as State

NOW = datetime(2026, 6, 18, 4, tzinfo=UTC)
LIVE = Connection.LIVE


@pytest.mark.parametrize(
    ("age_s", "daylight", "expected"),
    [
        (0, True, DataState.FRESH),
        (120, True, DataState.FRESH),
        (121, True, DataState.LATE),
        (3600, True, DataState.LATE),
        (3601, True, DataState.INTERRUPTED),
        (3601, False, DataState.LATE),
        (86_400, False, DataState.LATE),
        (86_401, False, DataState.INTERRUPTED),
    ],
)
def test_data_age_by_two_periods_then_an_hour_by_day_or_a_day_by_night(
    age_s: Any, daylight: Any, expected: Any
) -> None:
    newest = NOW - timedelta(seconds=age_s)
    assert data_state(LIVE, newest, NOW, 60, daylight=daylight) is expected


def test_a_plant_that_never_reported_is_never_seen_and_one_without_a_link_is_no_communication_fault() -> None:
    assert data_state(LIVE, None, NOW, 60, daylight=True) is DataState.NEVER
    assert data_state(Connection.MANUAL, None, NOW, 60, daylight=True) is DataState.MANUAL
    old = NOW - timedelta(days=30)
    assert data_state(Connection.FILE, old, NOW, 60, daylight=True) is DataState.FILE


@pytest.mark.parametrize(
    ("devices", "daylight", "expected"),
    [
        ([State.GENERATING] * 20 + [State.FAULT], True, State.FAULT),
        ([State.GENERATING] * 20 + [State.STANDBY], True, State.GENERATING),
        ([State.GENERATING, State.DERATED], True, State.DERATED),
        ([State.GENERATING, State.STOPPED], True, State.STOPPED),
        ([State.STANDBY, State.STANDBY], True, State.STANDBY),
        ([State.STANDBY, State.NIGHT], False, State.NIGHT),
        ([State.STOPPED, State.NIGHT], False, State.NIGHT),
        ([], False, State.NIGHT),
        ([], True, State.UNKNOWN),
        ([State.UNKNOWN], True, State.UNKNOWN),
    ],
)
def test_the_worst_child_wins_and_night_is_no_fault(devices: Any, daylight: Any, expected: Any) -> None:
    assert plant_operation(devices, None, daylight=daylight) is expected


def test_a_plant_whose_devices_do_not_tell_their_state_generates_when_it_gives_power() -> None:
    assert plant_operation([State.UNKNOWN], 12.0, daylight=True) is State.GENERATING


def test_a_device_that_is_silent_by_night_sleeps_and_by_day_nobody_knows() -> None:
    running, night = State.GENERATING, State.NIGHT
    assert known_operation(DataState.FRESH, State.FAULT, night) is State.FAULT
    assert known_operation(DataState.LATE, running, night) is night
    assert known_operation(DataState.LATE, running, running) is None
    assert known_operation(DataState.INTERRUPTED, running, night) is None, "longer than a night"
    assert known_operation(DataState.NEVER, State.UNKNOWN, night) is None
