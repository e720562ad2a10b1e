"""From a fault on the wire to the message at its target, through sockets, DuckDB, jobs and a webhook, in real time."""

import pytest

from bench.fault_to_push import measured

pytestmark = pytest.mark.alone


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_fault_on_the_wire_is_told_within_hold_time_one_poll_period_and_ten_seconds() -> None:
    for heard in measured(2, hold_min=1.0):
        assert heard.rule == "F07"
        assert heard.in_time, heard
