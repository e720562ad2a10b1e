"""Alerts live: the newest minutes of a store become alerts, once, also across a restart."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from alerts.context import Context
from alerts.engine import judge
from domain.alert import Alert, AlertState, Severity
from domain.clock import ManualClock
from domain.errors import StoppedError
from domain.handling import PlannedStop, StopKind
from domain.measurement import Batch, Origin, Quality
from domain.plant import DeviceKind, Registry
from domain.price import EnergyPrice
from domain.series import PlantSeries
from domain.timespan import Interval
from jobs.evaluate_alerts import AlertWatch, DailyAlerts, context_for, maintenance_of, meanings
from stores.memory import MemoryStore
from stores.records.store import SqlRecordStore
from tests.alerts.builders import RULES, change, everywhere, local, plant, series, span

pytestmark = pytest.mark.slow

POWER = "ac_active_power_w"
NAMES = ("p1", "p2", "p3")
REGISTRY = Registry("商州区", (), (), tuple(plant(3, name) for name in NAMES))
QUICK = [rule for rule in RULES.values() if rule.rule_id in {"F01", "F03", "F04", "F05", "F06", "F08", "F10"}]


@pytest.fixture
def records(tmp_path: Path) -> Iterator[SqlRecordStore]:
    store = SqlRecordStore.at(tmp_path / "records.sqlite")
    yield store
    store.close()


def kept(store: MemoryStore, made: PlantSeries) -> None:
    """Write a made plant into the store, device by device."""
    for each in made.devices.values():
        spoke = np.zeros(len(made.instants), dtype=bool)
        for values in each.values.values():  # noqa: PD011 (a mapping)
            spoke |= np.isfinite(values)
        table = pd.DataFrame(
            {
                "device_id": each.device.device_id,
                "measured_at": pd.DatetimeIndex(made.instants).tz_localize("UTC").as_unit("ns"),
                **dict(each.values),
            }
        )
        store.write_table(list(each.values), table[spoke], Origin.POLL)


def filled(*made: PlantSeries) -> MemoryStore:
    store = MemoryStore(ManualClock(local("20 00:00")))
    for each in made:
        kept(store, each)
    return store


def run(
    store: MemoryStore, records: SqlRecordStore, first: str, last: str, watch: AlertWatch | None = None
) -> AlertWatch:
    clock = ManualClock(local(first))
    watch = watch or AlertWatch(store, records, REGISTRY, clock, QUICK, context_for(REGISTRY))
    watch._clock = clock
    while clock.now() <= local(last):
        watch.step()
        clock.advance(180.0)
    return watch


def minutes(name: str, fault: str = "") -> PlantSeries:
    day = series(step_s=60.0, units=3, plant_id=name)
    if fault == "zero":
        day = change(day, 2, POWER, span(day, "10 11:00", "10 12:00"), 0.0)
    if fault == "dark":
        where = span(day, "10 11:00", "10 11:40")
        for phase in "abc":
            day = everywhere(day, f"ac_phase_{phase}_voltage_v", where, 0.0)
        day = everywhere(day, POWER, where, 0.0)
    return day


def summary(alerts: list[Alert]) -> list[tuple[str, str, object, object]]:
    return sorted((each.rule, each.key[1], each.fired_at, each.resolved_at) for each in alerts)


def test_live_alerts_are_those_of_a_replay(records: SqlRecordStore) -> None:
    made = [minutes("p1", "zero"), minutes("p2"), minutes("p3")]
    run(filled(*made), records, "10 10:51", "10 12:30")
    found = [each for each in records.alert_history(_all()) if each.rule == "F08"]
    expected = [each for each in judge(made, QUICK, Context(REGISTRY.plants_by_id)) if each.rule == "F08"]
    assert summary(found) == summary(expected)
    [alert] = found
    assert alert.fired_at == local("10 11:15")
    assert alert.lost_kwh == pytest.approx(expected[0].lost_kwh, rel=0.05)


def test_a_plant_asked_every_five_minutes_is_told_as_soon_and_loses_no_less_beside_one_asked_every_minute(
    records: SqlRecordStore,
) -> None:
    sparse = replace(plant(3, "p2"), poll_period_s=300.0)
    registry = Registry("商州区", (), (), (plant(3, "p1"), sparse))
    day = series(step_s=300.0, units=3, plant_id="p2")
    slow = change(day, 2, POWER, span(day, "10 11:00", "10 12:00"), 0.0)
    clock = ManualClock(local("10 10:51"))
    watch = AlertWatch(
        filled(minutes("p1", "zero"), slow), records, registry, clock, QUICK, context_for(registry)
    )
    while clock.now() <= local("10 12:40"):
        watch.step()
        clock.advance(60.0)
    found = [each for each in records.alert_history(_all()) if each.rule == "F08"]
    by_plant = {each.plant_id: each for each in found}
    assert {name: each.fired_at for name, each in by_plant.items()} == dict.fromkeys(
        ("p1", "p2"), local("10 11:15")
    )
    assert by_plant["p2"].lost_kwh == pytest.approx(by_plant["p1"].lost_kwh, rel=0.1)
    assert by_plant["p2"].resolved_at is not None


def test_a_device_that_is_not_believed_is_an_alert_and_no_silence_until_it_is_believed_again(
    records: SqlRecordStore,
) -> None:
    made = minutes("p1")
    others = {name: each for name, each in made.devices.items() if name != "p1-inv-02"}
    store = filled(replace(made, devices=others), minutes("p2"), minutes("p3"))
    before = [local("10 08:40") + timedelta(minutes=minute) for minute in range(131)]
    store.write([Batch("p1-inv-02", at, (POWER,), (9e4,), None, at) for at in before])
    rules = [*QUICK, RULES["F46"]]
    clock = ManualClock(local("10 10:51"))
    watch = AlertWatch(store, records, REGISTRY, clock, rules, context_for(REGISTRY))
    for minute in range(100):
        now = clock.now()
        doubt = local("10 11:00") <= now < local("10 12:00")
        quality = Quality.INCONSISTENT if doubt else Quality.GOOD
        store.write([Batch("p1-inv-02", now, (POWER,), (9e4,), (quality,), now)])
        if minute % 3 == 0:
            watch.step()
        clock.advance(60.0)
    [alert] = records.alert_history(_all())
    assert (alert.rule, alert.device_id, alert.severity) == ("F46", "p1-inv-02", Severity.S2)
    assert local("10 10:57") <= alert.since <= local("10 11:04")
    assert alert.resolved_at is not None
    assert alert.resolved_at >= local("10 12:00")


def _all() -> Interval:
    return Interval(local("09 00:00"), local("12 00:00"))


def test_a_restart_in_the_middle_changes_nothing(records: SqlRecordStore) -> None:
    store = filled(minutes("p1", "zero"), minutes("p2"), minutes("p3"))
    for first, last in (("10 10:54", "10 11:08"), ("10 11:09", "10 11:40"), ("10 11:42", "10 12:30")):
        run(store, records, first, last)
    [alert] = [each for each in records.alert_history(_all()) if each.rule == "F08"]
    assert (alert.since, alert.fired_at) == (local("10 11:00"), local("10 11:15"))
    assert alert.resolved_at == local("10 12:15")
    assert [each.state for each in records.transitions(alert.alert_id)] == [
        AlertState.FIRING,
        AlertState.RESOLVED,
    ]


def test_a_feeder_outage_is_one_open_alert_with_its_plants_under_it(records: SqlRecordStore) -> None:
    run(filled(*(minutes(name, "dark") for name in NAMES)), records, "10 10:50", "10 11:30")
    roots = [each for each in records.open_alerts() if each.parent_id is None]
    assert [(each.rule, each.subject, each.plant_ids, each.severity) for each in roots] == [
        ("F05", "10kV甲线", NAMES, Severity.S1)
    ]
    assert {each.rule for each in records.children(roots[0].alert_id)} == {"F04"}


def test_the_outage_ends_when_the_plants_are_back(records: SqlRecordStore) -> None:
    run(filled(*(minutes(name, "dark") for name in NAMES)), records, "10 10:50", "10 12:00")
    assert records.open_alerts() == []
    [area] = [each for each in records.alert_history(_all()) if each.rule == "F05"]
    assert area.resolved_at is not None


def test_an_empty_store_is_survived_and_judges_nothing(records: SqlRecordStore) -> None:
    run(MemoryStore(ManualClock(local("20 00:00"))), records, "10 10:50", "10 11:30")
    assert records.open_alerts() == []


def test_nothing_is_judged_twice(records: SqlRecordStore) -> None:
    store = filled(minutes("p1", "zero"), minutes("p2"), minutes("p3"))
    watch = run(store, records, "10 11:00", "10 11:30")
    assert watch.step() == "nothing new" or watch._clock.now() > local("10 11:30")
    clock = ManualClock(local("10 11:20"))
    watch._clock = clock
    assert watch.step() == "nothing new"


def cut(made: PlantSeries, last: str) -> PlantSeries:
    """The same plant up to an instant."""
    kept_ = span(made, "10 00:00", last)
    devices = {
        name: replace(
            each,
            values={quantity: values[kept_] for quantity, values in dict(each.values).items()},
            expected_power_w=None,
        )
        for name, each in made.devices.items()
    }
    return replace(
        made,
        instants=made.instants[kept_],
        devices=devices,
        sun_elevation_deg=made.sun_elevation_deg[kept_],
        clear_sky_poa_w_m2=made.clear_sky_poa_w_m2[kept_],
        irradiance_poa_w_m2=None,
        irradiance_source="",
        module_temperature_c=None,
        ambient_temperature_c=None,
    )


def test_weeks_of_days_are_judged_in_the_evening_and_kept_under_one_id(records: SqlRecordStore) -> None:
    days = change(series(days=6, step_s=900.0, units=5), 2, POWER, slice(0, None), lambda power: power * 0.85)
    registry = replace(REGISTRY, plants=(plant(5),))
    clock = ManualClock(local("13 21:30"))
    store = filled(days)
    job = DailyAlerts(store, records, registry, clock, [RULES["F15"]], context_for(registry))
    with pytest.raises(StoppedError):  # a program that ends leaves the period undone, so it comes again
        job.run(stopping=lambda: True)
    assert records.open_alerts() == []
    job.run()
    [alert] = records.open_alerts()
    assert (alert.rule, alert.device_id) == ("F15", "p1-inv-02")
    evening = span(days, "10 00:00", "13 21:30")
    given = days.devices["p1-inv-02"].good(POWER)
    assert given is not None
    lost_kwh = float(given[evening].sum()) * 0.15 / 0.85 / 4000.0
    assert alert.since == local("10 00:00")
    assert alert.lost_kwh == pytest.approx(lost_kwh, rel=0.01)
    clock.advance(timedelta(days=1).total_seconds())
    job.run()
    [again] = records.open_alerts()
    assert (again.alert_id, again.fired_at) == (alert.alert_id, alert.fired_at)
    [replayed] = judge([cut(days, "14 21:30")], [RULES["F15"]], Context(registry.plants_by_id))
    assert again.since == replayed.since
    assert again.lost_kwh == pytest.approx(replayed.lost_kwh, abs=0.01)
    healed = filled(series(days=6, step_s=900.0, units=5))
    DailyAlerts(healed, records, registry, clock, [RULES["F15"]], context_for(registry)).run()
    assert records.open_alerts() == []


@pytest.mark.parametrize(
    ("outage", "is_explained"),
    [
        ({"rule": "F05", "subject": "10kV线路", "plant_id": "", "plant_ids": ("p1", "p2")}, True),
        ({"rule": "F06"}, True),
        ({"rule": "F06", "plant_id": "p2"}, False),
        ({"rule": "F05", "subject": "10kV线路", "plant_id": "", "plant_ids": ("p2", "p3")}, False),
        ({"rule": "F06", "state": AlertState.PENDING, "fired_at": None}, False),
    ],
)
def test_an_outage_that_is_over_by_evening_still_explains_its_day(
    records: SqlRecordStore, outage: dict[str, Any], is_explained: bool
) -> None:
    days = change(series(days=6, step_s=900.0, units=5), 2, POWER, slice(0, None), lambda power: power * 0.85)
    registry = replace(REGISTRY, plants=(plant(5),))
    clock = ManualClock(local("13 21:30"))
    since, ended = local("10 06:00"), local("13 20:00")
    given = Alert(
        **{
            "alert_id": "o1",
            "rule": "F06",
            "plant_id": "p1",
            "device_id": "",
            "part": "",
            "severity": Severity.S1,
            "state": AlertState.RESOLVED,
            "since": since,
            "fired_at": since,
            "resolved_at": ended,
            **outage,
        }
    )
    records.put_alerts([given], ended)
    DailyAlerts(filled(days), records, registry, clock, [RULES["F15"]], context_for(registry)).run()
    [alert] = [each for each in records.open_alerts() if each.rule == "F15"]
    assert alert.parent_id == ("o1" if is_explained else None)


def test_codes_of_a_make_are_told_in_common_words() -> None:
    [arc] = [each for each in meanings("huawei_sun2000", "alarm_word_01", 2) if each.rank >= 2]
    assert (arc.category, arc.name) == ("string", "DC Arc Fault")
    assert meanings("huawei_sun2000", "alarm_word_01", 0) == ()
    assert meanings("no_such_profile", "fault_code", 7) == ()
    assert DeviceKind.INVERTER in {each.kind for each in REGISTRY.devices()}


def priced_run(records: SqlRecordStore, fen: str, first: str, last: str) -> None:
    price = EnergyPrice(Decimal(fen), Decimal(0))
    context = context_for(REGISTRY, Context(prices=lambda _plant, _day: price))
    store = filled(minutes("p1", "zero"), minutes("p2"), minutes("p3"))
    run(
        store,
        records,
        first,
        last,
        AlertWatch(store, records, REGISTRY, ManualClock(local(first)), QUICK, context),
    )


def test_money_of_small_minutes_adds_up(records: SqlRecordStore) -> None:
    priced_run(records, "0.5", "10 10:54", "10 12:30")
    [alert] = [each for each in records.alert_history(_all()) if each.rule == "F08"]
    assert alert.lost_kwh is not None
    assert alert.lost_fen == pytest.approx(alert.lost_kwh * 0.5, abs=1)
    assert int(alert.evidence["lost_benchmark_fen"]) == alert.lost_fen


@pytest.mark.parametrize(("fen", "severity"), [("0.5", Severity.S3), ("1000", Severity.S2)])
def test_money_moves_a_severity_by_one_step_however_often_it_is_judged(
    records: SqlRecordStore, fen: str, severity: Severity
) -> None:
    priced_run(records, fen, "10 10:54", "10 12:05")
    [alert] = [each for each in records.open_alerts() if each.rule == "F08"]
    assert RULES["F08"].severity is Severity.S2
    assert alert.severity is severity


def stop(plant_id: str = "", device_id: str = "", feeder: str = "") -> PlannedStop:
    span_ = (local("10 10:30"), local("10 12:30"))
    made = PlannedStop("s1", StopKind.MAINTENANCE, *span_, "更换风扇", "u1", local("10 08:00"))
    return replace(made, plant_id=plant_id, device_id=device_id, feeder=feeder)


@pytest.mark.parametrize(
    ("where", "alerts"),
    [({}, 1), ({"plant_id": "p1"}, 0), ({"device_id": "p1-inv-02"}, 0), ({"plant_id": "p2"}, 1)],
)
def test_nothing_is_raised_where_people_work(
    records: SqlRecordStore, where: dict[str, str], alerts: int
) -> None:
    store = filled(minutes("p1", "zero"), minutes("p2"), minutes("p3"))
    stops = [stop(**where)] if where else []
    clock = ManualClock(local("10 10:54"))
    watch = AlertWatch(store, records, REGISTRY, clock, QUICK, context_for(REGISTRY), lambda _span: stops)
    run(store, records, "10 10:54", "10 11:30", watch)
    assert len([each for each in records.alert_history(_all()) if each.rule == "F08"]) == alerts


def test_a_stop_of_a_feeder_covers_its_plants_and_one_taken_off_early_no_more() -> None:
    plants = tuple(replace(each, feeder=f"f{n % 2}") for n, each in enumerate(REGISTRY.plants))
    registry = replace(REGISTRY, plants=plants)
    assert set(maintenance_of([stop(feeder="f0")], registry)) == {"p1", "p3"}
    [span_] = maintenance_of([replace(stop(plant_id="p1"), ended_at=local("10 11:00"))], registry)["p1"]
    assert span_ == Interval(local("10 10:30"), local("10 11:00"))
    assert maintenance_of([replace(stop(plant_id="p1"), ended_at=local("10 10:00"))], registry) == {}


COUNTER = "ac_energy_total_wh"


def begins_anew() -> tuple[PlantSeries, MemoryStore]:
    """A plant of which the second counter begins anew at 11:20, and a store with it and its neighbours."""
    day = minutes("p1")
    made = change(day, 2, COUNTER, span(day, "10 11:20", "11 00:00"), lambda wh: wh - 9e7)
    return made, filled(made, minutes("p2"), minutes("p3"))


def watched(store: MemoryStore, records: SqlRecordStore, first: str, last: str) -> None:
    """Let a new watch look at counters from minute to minute."""
    watch = AlertWatch(
        store, records, REGISTRY, ManualClock(local(first)), [RULES["F37"]], context_for(REGISTRY)
    )
    run(store, records, first, last, watch)


def test_a_counter_that_begins_anew_is_told_in_its_minute_as_replays_tell_it(records: SqlRecordStore) -> None:
    made, store = begins_anew()
    rules = [RULES["F37"]]
    watched(store, records, "10 10:51", "10 11:24")
    [alert] = records.alert_history(_all())
    [replayed] = judge([made], rules, Context(REGISTRY.plants_by_id))
    assert (alert.rule, alert.device_id, alert.severity) == ("F37", "p1-inv-02", Severity.S3)
    assert (alert.since, alert.fired_at) == (local("10 11:20"), local("10 11:21"))
    assert (alert.fired_at, alert.evidence) == (replayed.fired_at, replayed.evidence)
    assert alert.evidence["counter_step_kwh"] == "-9e+04"
    watched(store, records, "10 11:27", "10 12:30")  # a restart does not tell it twice
    [again] = records.alert_history(_all())
    assert again.resolved_at == local("10 11:22")


def test_a_counter_that_froze_for_longer_than_the_watch_looks_back_is_no_leap_when_it_moves_again(
    records: SqlRecordStore,
) -> None:
    day = minutes("p1")
    frozen = span(day, "10 10:00", "10 14:30")
    counter = day.devices["p1-inv-02"].values[COUNTER]  # noqa: PD011 (a mapping)
    made = change(day, 2, COUNTER, frozen, float(counter[frozen.start]))
    store = filled(made, minutes("p2"), minutes("p3"))
    watched(store, records, "10 13:51", "10 15:00")
    assert records.alert_history(_all()) == []


def test_a_counter_exchanged_while_its_device_was_silent_is_told_in_the_evening_and_once(
    records: SqlRecordStore,
) -> None:
    days = series(days=4, step_s=900.0, units=3)
    changed = change(days, 2, COUNTER, span(days, "12 14:00", "14 00:00"), lambda wh: wh - 9e7)
    for name in changed.devices["p1-inv-02"].values:  # noqa: PD011 (a mapping)
        changed = change(changed, 2, name, span(days, "12 10:00", "12 14:00"), np.nan)
    registry = replace(REGISTRY, plants=(plant(3),))
    clock, rules = ManualClock(local("12 21:30")), [RULES["F37"]]
    store = filled(changed)
    job = DailyAlerts(store, records, registry, clock, rules, context_for(registry))
    for _ in range(3):
        job.run()
        clock.advance(timedelta(hours=6).total_seconds())
    [alert] = records.alert_history(Interval(local("09 00:00"), local("14 00:00")))
    assert (alert.rule, alert.device_id, alert.is_open) == ("F37", "p1-inv-02", False)
    assert alert.since == local("12 14:00")


def test_what_the_watch_told_of_a_counter_is_not_told_again_in_the_evening(records: SqlRecordStore) -> None:
    _, store = begins_anew()
    watched(store, records, "10 10:51", "10 11:30")
    evening, context = ManualClock(local("10 21:30")), context_for(REGISTRY)
    job = DailyAlerts(store, records, REGISTRY, evening, [RULES["F37"]], context)
    job.run()
    assert len(records.alert_history(_all())) == 1
