"""Alerts a day at the desk and pushes a day per field man: a faulty fleet's alerts, told as they came.

The virtual fleet with every kind of fault (`bench.detection_campaign`) is judged town by town; its alerts are then
played through the real telling (records, routes of `config/notifying.yaml`, a channel that counts) in field time.
A child that fires before its parent is told as what it was then. Nobody acknowledges anything: the worst desk there
is. Days on which the engine learns, and no fault is made, do not count.
Of 60 plants the live ones are judged. The bench plays 30 days; `python -m bench.alert_rates --days 90` (about twenty
minutes of processor) a quarter.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np

from alerts.rates import AlertRates, rates
from bench.detection_campaign import CONFIG, chosen, lived
from bench.fault_plan import WARM_UP_DAYS
from domain.alert import Alert, AlertState, Severity
from domain.clock import ManualClock
from domain.notification import Event, Notification, Notifying, Reason
from domain.plant import Plant, Registry
from domain.timespan import day_of, days_between
from jobs.send_notifications import Delivery, Notifier, Teller
from main.care.notifying import load_notifying
from main.configuration import load_registry
from simulator.faults import Fault, FaultKind
from stores.records.store import SqlRecordStore

START = datetime.fromisoformat("2026-05-01T00:00:00+08:00")
_LOOK_S = 1800.0  # lists, reminders and escalations come on whole half hours
_SETTLED_S = 10.0  # after something fired, company has been waited for
_AFTER = timedelta(hours=1)  # an outage may be noticed so much after its end
_PLANTS_AT_ONCE = 7  # whose rows are in memory together
_MEMORY = Path("/dev/shm")
_ONE_ROW = {FaultKind.FEEDER_OUTAGE: "F05", FaultKind.DEAD_GATEWAY: "F01"}


def groups(registry: Registry) -> Iterator[Registry]:
    """Return the plants town by town, whole feeders together, a few at a time."""
    towns = sorted(registry.plants, key=lambda plant: (plant.town_id, plant.feeder or "", plant.plant_id))
    held: list[Plant] = []
    for plant in towns:
        if len(held) >= _PLANTS_AT_ONCE and plant.feeder != held[-1].feeder:
            yield _part(registry, held)
            held = []
        held.append(plant)
    if held:
        yield _part(registry, held)


def _part(registry: Registry, plants: Sequence[Plant]) -> Registry:
    return Registry(registry.district, registry.towns, registry.villages, tuple(plants), sample=True)


class Counting:
    """A channel that takes everything."""

    def send(self, notification: Notification) -> None:
        """Take it: the store knows."""


@dataclass(frozen=True)
class Played:
    """What people got: every alert, every message, how often the day's most held something back."""

    rates: AlertRates
    desk: dict[date, int]
    pushes: dict[tuple[str, date], int]
    capped: int
    told_twice: int


def played(
    alerts: Sequence[Alert], registry: Registry, people: Notifying, start: datetime, end: datetime
) -> Played:
    """Play alerts through the telling, from ``start`` to ``end``, and count."""
    memory = (
        _MEMORY if _MEMORY.is_dir() else None
    )  # thousands of commits, none of which is worth a disk's time
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        store = SqlRecordStore.at(Path(folder) / "records.sqlite")
        clock = ManualClock(min(start, min((each.since for each in alerts), default=start)))
        delivery = Delivery(store, {each.target_id: Counting() for each in people.targets}, clock)
        notifier = Notifier(Teller(store, registry, people, clock), delivery)
        try:
            _play(alerts, store, clock, notifier, end)
            return _counted(alerts, store, people, start, end)
        finally:
            delivery.close()
            store.close()


def _play(
    alerts: Sequence[Alert], store: SqlRecordStore, clock: ManualClock, notifier: Notifier, end: datetime
) -> None:
    fired = {each.alert_id: each.fired_at for each in alerts if each.fired_at is not None}
    changes = [(at, each) for each in alerts if (at := each.fired_at) is not None and at < end]
    changes += [(at, each) for each in alerts if each.fired_at and (at := each.resolved_at) and at < end]
    changes.sort(key=lambda pair: (pair[0], pair[1].alert_id))
    told: dict[str, Alert] = {}
    for at, each in changes:
        _wait(clock, notifier, at)
        over = each.resolved_at is not None and each.resolved_at <= at
        state = AlertState.RESOLVED if over else AlertState.FIRING
        parent = each.parent_id if fired.get(each.parent_id or "", end) <= at else None
        now = replace(each, state=state, resolved_at=each.resolved_at if over else None, parent_id=parent)
        named = [
            replace(one, parent_id=each.alert_id)
            for one in told.values()
            if one.is_open and one.parent_id is None and _parent_of(one, alerts) == each.alert_id
        ]
        told |= {one.alert_id: one for one in (now, *named)}
        store.put_alerts([now, *named], at)
    _wait(clock, notifier, end)


def _parent_of(alert: Alert, alerts: Sequence[Alert]) -> str | None:
    return next((each.parent_id for each in alerts if each.alert_id == alert.alert_id), None)


def _wait(clock: ManualClock, notifier: Notifier, until: datetime) -> None:
    """Let time pass, looking when company was waited for and on every half hour."""
    if clock.now() < until:
        clock.advance(min(_SETTLED_S, (until - clock.now()).total_seconds()))
        notifier.step(wait=True)
    while clock.now() < until:
        left_s = _LOOK_S - clock.now().timestamp() % _LOOK_S
        clock.advance(min(left_s, (until - clock.now()).total_seconds()))
        notifier.step(wait=True)


def _counted(
    alerts: Sequence[Alert], store: SqlRecordStore, people: Notifying, start: datetime, end: datetime
) -> Played:
    field_ids = {one.receiver_id for one in people.receivers if one.role == "field"}
    sent = [one for one in store.notifications(start, count_max=1_000_000) if one.receiver_id in field_ids]
    said = Counter(
        (one.receiver_id, one.event, name)
        for one in sent
        if one.event is Event.FIRING
        for name in one.alert_ids
    )
    rows = [each for each in alerts if each.fired_at is not None and each.parent_id is None]
    desk = Counter(day_of(each.fired_at) for each in rows if each.fired_at and _counts(each, start, end))
    held = {
        (one.alert_id, one.receiver_id)
        for one in store.decisions(count_max=1_000_000)
        if one.reason is Reason.CAPPED and one.receiver_id in field_ids
    }
    days = [day for day in days_between(day_of(start), day_of(end)) if day < day_of(end)]
    per_man = Counter((one.receiver_id, day_of(one.created_at)) for one in sent)
    return Played(
        rates(alerts, sent, field_ids, (), start, end),
        {day: desk[day] for day in days},
        {(name, day): per_man[name, day] for name in sorted(field_ids) for day in days},
        len(held),
        sum(times > 1 + _reopened(alerts, name) for (_, _, name), times in said.items()),
    )


def _counts(alert: Alert, start: datetime, end: datetime) -> bool:
    return alert.severity is not Severity.S4 and start <= (alert.fired_at or end) < end


def _reopened(alerts: Sequence[Alert], alert_id: str) -> int:
    return next((each.reopened for each in alerts if each.alert_id == alert_id), 0)


def rows_of(fault: Fault, alerts: Sequence[Alert], registry: Registry) -> list[Alert]:
    """Return the rows the desk sees of a fault: alerts without a parent that begin at its plants meanwhile."""
    plants = {registry.devices_by_id[name].plant_id for name in fault.device_ids}
    wanted = _ONE_ROW[fault.kind]
    lasts = timedelta(seconds=fault.end_s - fault.start_s)
    own = [
        each
        for each in alerts
        if each.fired_at is not None
        and fault.start <= each.fired_at <= fault.start + lasts + _AFTER
        and each.since >= fault.start - timedelta(minutes=10)
        and plants & {each.plant_id, *each.plant_ids}
    ]
    heads = [each for each in own if each.parent_id is None]
    return sorted(heads, key=lambda each: (each.rule != wanted, each.alert_id))


def measured(plant_count: int, days: int, seed: int = 1) -> dict[str, float | str]:
    """Make, judge, play and count."""
    registry, end = chosen(load_registry(CONFIG, None), plant_count), START + timedelta(days=days)
    people = load_notifying(CONFIG, load_registry(CONFIG, None))
    alerts: list[Alert] = []
    faults: list[Fault] = []
    for part in groups(registry):
        done = lived(part, START, days, seed)
        alerts += done.alerts
        faults += done.faults
    start = START + timedelta(days=WARM_UP_DAYS)
    found = played(alerts, registry, people, start, end)
    return {
        "live_plants": len(registry.plants),
        "days": days,
        "faults": len(faults),
        "alerts_fired": len(alerts),
        **_desk(found),
        **_field(found),
        **_single(faults, alerts, registry),
    }


def _desk(found: Played) -> dict[str, float | str]:
    per_day = np.array(list(found.desk.values()))
    return {
        "desk_per_day_median": float(np.median(per_day)),
        "desk_per_day_p95": float(np.percentile(per_day, 95)),
        "desk_per_day_most": float(per_day.max()),
        "flood_share": found.rates.flood_share or 0.0,
        "chatter": found.rates.chatter,
    }


def _field(found: Played) -> dict[str, float | str]:
    pushes = np.array(list(found.pushes.values()))
    return {
        "push_per_man_and_day_mean": float(pushes.mean()),
        "push_per_man_and_day_most": float(pushes.max()),
        "alerts_held_back_by_the_daily_most": found.capped,
        "told_twice": found.told_twice,
    }


def _single(faults: Sequence[Fault], alerts: Sequence[Alert], registry: Registry) -> dict[str, float | str]:
    figures: dict[str, float | str] = {}
    for kind in _ONE_ROW:
        own = [each for each in faults if each.kind is kind]
        counts = [len(rows_of(each, alerts, registry)) for each in own]
        figures[f"{kind.value}s"] = len(own)
        figures[f"{kind.value}s_of_one_row"] = sum(count == 1 for count in counts)
        figures[f"{kind.value}_rows_most"] = max(counts, default=0)
    return figures


def run(quick: bool = False) -> dict[str, float | str]:
    """Return the figures of the whole fleet, or of a few plants."""
    return measured(6, 24) if quick else measured(60, 30)


def main(words: Sequence[str] | None = None) -> int:
    """Run one of a chosen size and print its figures."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.alert_rates", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--plants", type=int, default=60)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(words)
    print(json.dumps(measured(args.plants, args.days, args.seed), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
