"""From a fault on the wire to the message at its target: hold time, one poll period and ten seconds, in field time."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from domain.clock import ManualClock, SystemClock
from domain.notification import Notifying
from jobs.evaluate_alerts import AlertWatch, context_for
from jobs.schedule import Schedule
from jobs.send_notifications import Delivery, Notifier, Teller
from main.alert_jobs import watch_job
from notifiers.webhook import Webhook
from stores.records.store import SqlRecordStore
from tests.alerts.builders import RULES, local
from tests.alerts.makers import notifying, receiver
from tests.jobs.test_evaluate_alerts import QUICK, REGISTRY, filled, minutes
from tests.notifiers.peers import Peer, peer

POLL = timedelta(seconds=60)
HOLD = timedelta(seconds=RULES["F08"].timing.on_s)
FIRST_BAD = local("10 11:00")  # the sample of this minute is the first that shows it


@pytest.fixture
def there() -> Iterator[Peer]:
    with peer() as state:
        yield state


def people(there: Peer) -> Notifying:
    desk = receiver("desk", "desk", target_ids=("hook",))
    return notifying(desk, private_hosts=frozenset({there.host}))


def heard_at(there: Peer, folder: Path, caught_up: Callable[[datetime], bool]) -> datetime:
    """Play the hour second by second; return the field instant at which the target had the message."""
    store = filled(minutes("p1", "zero"), minutes("p2"), minutes("p3"))
    records = SqlRecordStore.at(folder / "records.sqlite")
    clock = ManualClock(local("10 10:56"))
    watch = AlertWatch(store, records, REGISTRY, clock, QUICK, context_for(REGISTRY), caught_up=caught_up)
    job = watch_job(watch)
    schedule = Schedule([job], records, clock)
    hook = Webhook(there.url, "", frozenset({there.host}), SystemClock())
    delivery = Delivery(records, {"hook": hook}, clock)
    notifier = Notifier(Teller(records, REGISTRY, people(there), clock), delivery)
    try:
        while not there.raw and clock.now() < FIRST_BAD + HOLD + 5 * POLL:
            schedule.run_due(job)
            notifier.step(wait=True)
            clock.advance(1.0 if clock.now() >= FIRST_BAD + HOLD - POLL else 10.0)
        return clock.now()
    finally:
        delivery.close()
        records.close()


def test_a_fault_is_told_within_hold_time_one_poll_period_and_ten_seconds(
    there: Peer, tmp_path: Path
) -> None:
    """The worst case: it began right after a sample, so that a whole period passed before the wire showed it."""
    began = FIRST_BAD - POLL + timedelta(milliseconds=1)
    latest = began + HOLD + POLL + timedelta(seconds=10)
    assert heard_at(there, tmp_path, lambda _: True) <= latest
    assert "F08" not in there.bodies[0]["title"]


def test_what_may_still_be_on_its_way_is_waited_for(there: Peer, tmp_path: Path) -> None:
    at = heard_at(there, tmp_path, lambda _: False)
    assert FIRST_BAD + HOLD + timedelta(seconds=55) < at < FIRST_BAD + HOLD + timedelta(seconds=75)
