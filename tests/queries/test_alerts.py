"""What the page of alerts shows: scope, roots with what is under them, one alert in full."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from access.principal import Principal
from domain.account import Role, Scope
from domain.alert import Alert, AlertState, Severity
from domain.clock import ManualClock
from domain.errors import AccessDeniedError
from domain.plant import Registry
from queries.alerts import Alerts
from queries.sources import Sources
from stores.latest import LatestCache
from stores.memory import MemoryStore
from stores.records.store import SqlRecordStore
from tests.alerts.builders import local, plant

CLOCK = ManualClock(local("10 12:00"))
REGISTRY = Registry("商州区", (), (), (plant(3, "p1"), plant(3, "p2")))
EVERYTHING = Scope(everything=True)


def person(scope: Scope = EVERYTHING, *roles: Role) -> Principal:
    return Principal("li", "李四（虚构）", frozenset(roles or {Role.OM}), scope)


def alert(number: int, rule: str = "F08", plant_id: str = "p1", **changes: object) -> Alert:
    since = local("10 11:00") + timedelta(minutes=number)
    device = f"{plant_id}-inv-01" if plant_id else ""
    made = Alert(
        f"{rule}-{number}",
        rule,
        plant_id,
        device,
        "",
        Severity.S2,
        AlertState.FIRING,
        since,
        since,
        subject=device,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture
def alerts(tmp_path: Path) -> Iterator[Alerts]:
    records = SqlRecordStore.at(tmp_path / "records.sqlite")
    sources = Sources(REGISTRY, MemoryStore(CLOCK), LatestCache(), records, CLOCK, alerts=records)
    area = alert(0, "F05", "", device_id="", plant_ids=("p1", "p2"), subject="10kV甲线", severity=Severity.S1)
    records.put_alerts(
        [
            area,
            alert(1, "F04", "p1", parent_id="F05-0"),
            alert(2, "F04", "p2", parent_id="F05-0"),
            alert(3, "F10", "p2", severity=Severity.S3, part="string_03"),
            alert(4, state=AlertState.RESOLVED, resolved_at=local("10 11:30")),
        ],
        CLOCK.now(),
    )
    yield Alerts(sources)
    records.close()


def test_one_row_per_cause_with_what_is_under_it(alerts: Alerts) -> None:
    view = alerts.open(person())
    assert [(row.alert.rule, row.under) for row in view.rows] == [("F05", 2), ("F10", 0)]
    assert (view.total, view.children) == (4, 2)
    assert view.counts[Severity.S1] == 1
    assert sum(view.counts.values()) == len(view.rows), "what stands under another is counted apart"
    assert view.rows[1].open_for == timedelta(minutes=57)


def test_a_weak_day_is_no_row_of_its_own_after_the_outage_that_explains_it_but_a_fault_that_stays_is(
    alerts: Alerts,
) -> None:
    store = alerts._store
    over = alert(9, "F06", "p2", device_id="", state=AlertState.RESOLVED, resolved_at=local("10 11:20"))
    store.put_alerts([over, alert(10, "F25", "p2", device_id="", parent_id="F06-9")], CLOCK.now())
    store.put_alerts([alert(11, "F08", "p2", parent_id="F06-9")], CLOCK.now())
    view = alerts.open(person())
    assert [row.alert.rule for row in view.rows] == ["F05", "F08", "F10"]
    assert (view.total, view.children) == (6, 3)


def test_a_level_or_a_plant_narrows_the_list(alerts: Alerts) -> None:
    assert [row.alert.rule for row in alerts.open(person(), Severity.S3).rows] == ["F10"]
    assert [row.alert.rule for row in alerts.open(person(), plant_id="p1").rows] == ["F05"]


def test_alerts_of_plants_out_of_scope_are_not_there(alerts: Alerts) -> None:
    own = person(Scope(plant_ids=frozenset({"p1"})))
    assert [row.alert.rule for row in alerts.open(own).rows] == ["F05"]
    assert alerts.detail(own, "F10-3") is None
    detail = alerts.detail(own, "F05-0")
    assert detail is not None
    assert [row.alert.plant_id for row in detail.children] == ["p1"]


def test_an_alert_is_shown_with_its_life_and_what_it_explains(alerts: Alerts) -> None:
    detail = alerts.detail(person(), "F05-0")
    assert detail is not None
    assert [each.state for each in detail.life] == [AlertState.FIRING]
    assert len(detail.children) == 2
    assert alerts.detail(person(), "nobody") is None


def test_who_may_not_see_alerts_sees_none(alerts: Alerts) -> None:
    with pytest.raises(AccessDeniedError):
        alerts.open(person(EVERYTHING, Role.SETTLEMENT))


def test_a_root_is_listed_with_the_cost_of_what_it_explains(tmp_path: Path) -> None:
    records = SqlRecordStore.at(tmp_path / "records.sqlite")
    own = Alerts(Sources(REGISTRY, MemoryStore(CLOCK), LatestCache(), records, CLOCK, alerts=records))
    stop = alert(1, "F08", parent_id="F18-0", at_risk_fen=9_000)
    records.put_alerts([alert(0, "F18", at_risk_fen=0), stop], CLOCK.now())
    [row] = own.open(person()).rows
    assert (row.alert.rule, row.alert.at_risk_fen, row.under) == ("F18", 9_000, 1)
    found = own.detail(person(), "F18-0")
    assert found is not None
    assert (found.row.alert.at_risk_fen, found.children[0].alert.at_risk_fen) == (9_000, 9_000)
    records.close()
