"""Telling people: steps over a thousand open alerts, and how long a new alert takes to its target."""

import tempfile
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from domain.clock import ManualClock, SystemClock
from domain.notification import Notification
from jobs.send_notifications import Delivery, Notifier, Teller
from stores.records.store import SqlRecordStore
from tests.access.people import registry
from tests.alerts.makers import NOON, S, alert, notifying, receiver


class _Bell:
    def __init__(self) -> None:
        self.rung = threading.Event()
        self.heard: list[Notification] = []

    def send(self, notification: Notification) -> None:
        self.heard.append(notification)
        self.rung.set()


def run(quick: bool = False) -> dict[str, float | str]:
    with tempfile.TemporaryDirectory() as folder:
        store = SqlRecordStore.at(Path(folder) / "records.sqlite")
        try:
            return {**_thousand(store, 100 if quick else 1000), **_latency(store, 3 if quick else 8)}
        finally:
            store.close()


def _thousand(store: SqlRecordStore, count: int) -> dict[str, float | str]:
    clock, bell = ManualClock(NOON), _Bell()
    people = notifying(*(receiver(f"p{n}", daily_max=0) for n in range(5)))
    delivery = Delivery(store, {"wecom": bell}, clock)
    notifier = Notifier(Teller(store, registry(), people, clock), delivery)
    store.put_alerts([alert(f"y{n}", S.S2, subject=f"d{n}") for n in range(count)], NOON)
    clock.advance(10)
    first_s = _timed(notifier)
    clock.advance(2)
    second_s = _timed(notifier)
    delivery.close()
    told = Counter((one.receiver_id, name) for one in bell.heard for name in one.alert_ids)
    return {
        "alerts": count,
        "receivers": 5,
        "step_all_new_ms": round(first_s * 1000),
        "step_nothing_new_ms": round(second_s * 1000),
        "told_pairs": len(told),
        "told_twice": sum(times > 1 for times in told.values()),
        "messages": len(bell.heard),
    }


def _timed(notifier: Notifier) -> float:
    begun = time.perf_counter()
    notifier.step(wait=True)
    return time.perf_counter() - begun


def _latency(store: SqlRecordStore, times: int) -> dict[str, float | str]:
    """Return how long an alert takes from its store to its target, with a thousand others open."""
    clock, bell = SystemClock(), _Bell()
    people = notifying(receiver(daily_max=0))
    notifier = Notifier(Teller(store, registry(), people, clock), Delivery(store, {"wecom": bell}, clock))
    notifier.start()
    found = []
    for number in range(times):
        time.sleep(1.3 * (number % 3) + 3.0)
        bell.rung.clear()
        now, begun = clock.now(), time.perf_counter()
        one = replace(alert(f"new{number}", S.S1, subject=f"n{number}"), since=now, fired_at=now)
        store.put_alerts([one], now)
        bell.rung.wait(60)
        found.append(time.perf_counter() - begun)
    notifier.stop()
    return {"alert_to_target_median_s": sorted(found)[len(found) // 2], "alert_to_target_most_s": max(found)}


if __name__ == "__main__":
    for name, figure in run().items():
        print(f"{name} = {figure}")
