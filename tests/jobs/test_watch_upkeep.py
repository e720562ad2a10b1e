"""What needs a person becomes an alert, is told, and ends with its cause; the engine leaves it alone."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from alerts.context import Context
from alerts.upkeep import PLAN_ENDS, PLAN_RUNS_OUT, RESTORE_FAILED, UPKEEP
from domain.alert import Severity
from domain.clock import ManualClock
from domain.link import MEGABYTE, LinkState, LinkUse
from domain.notification import Notifying, Receiver, Route, Target, TargetKind, When
from domain.plant import Gateway, Registry
from jobs.evaluate_alerts import AlertWatch, DailyAlerts
from jobs.send_notifications import Teller
from jobs.watch_upkeep import Looked, Trouble, UpkeepWatch, restore_look
from main.upkeep import links_look
from queries.links import link_figures, links_of
from stores.memory import MemoryStore
from stores.records.database import sqlite_url
from stores.records.store import SqlRecordStore
from stores.sample_account_protocol import Heartbeat
from tests.collectors.plants import modbus_plant, registry
from texts.loader import LANGUAGES, Texts

NOW = datetime(2026, 6, 10, 4, 0, tzinfo=UTC)
GATEWAY = "plant-1-gw"


@pytest.fixture
def records(tmp_path: Path) -> Iterator[SqlRecordStore]:
    opened = SqlRecordStore(sqlite_url(tmp_path / "records.sqlite"))
    yield opened
    opened.close()


def district(**link: object) -> Registry:
    plant = modbus_plant(1, 15020)
    gateway: Gateway = replace(plant.gateways[0], sim="89860000000000001234", **link)  # type: ignore[arg-type]
    return registry(replace(plant, gateways=(gateway,)))


def told(used_mb: float, *, exhausted_at: datetime | None = None, stretch: int = 1) -> LinkState:
    use = LinkUse(date(2026, 6, 1), 0, round(used_mb * MEGABYTE), 0)
    return LinkState(GATEWAY, use, 500 * MEGABYTE, 600e6, exhausted_at, stretch)


def beat(given: Registry, *states: LinkState) -> Heartbeat:
    return Heartbeat("collector", NOW, link_figures(states, given, NOW))


def test_a_link_told_by_a_heartbeat_is_read_as_it_was_said() -> None:
    given = district(plan_mb=500.0)
    state = told(123.4, exhausted_at=NOW + timedelta(days=3), stretch=2)
    [row] = links_of(given, [beat(given, state)], NOW)
    assert row.state == state
    assert (row.runs_out, row.is_slowed, row.ends_soon) == (True, True, False)
    assert row.gateway.sim_shown == "···1234"


def test_metrics_count_links_and_name_none() -> None:
    given = district(plan_mb=500.0, plan_until=date(2026, 7, 1))
    figures = link_figures([told(10, exhausted_at=NOW, stretch=3)], given, NOW)
    assert figures["pvmon_link_received_bytes"] == 10e6
    names = ("metered", "slowed", "exhausting", "ending")
    assert [figures[f"pvmon_links_{name}"] for name in names] == [1.0] * 4
    assert not [name for name in figures if name.startswith("pvmon") and GATEWAY in name]


@pytest.mark.parametrize(
    ("until", "severity"),
    [
        (date(2026, 7, 11), None),
        (date(2026, 7, 10), Severity.S3),
        (date(2026, 6, 17), Severity.S2),
        (date(2026, 6, 1), Severity.S2),
    ],
)
def test_the_end_of_a_plan_is_said_thirty_days_before(until: date, severity: Severity | None) -> None:
    looked = links_look(links_of(district(plan_until=until), (), NOW))
    assert [one.severity for one in looked.troubles if one.rule == PLAN_ENDS] == [severity] * bool(severity)


def test_a_plan_that_runs_out_fires_once_and_ends_when_it_lasts_again(records: SqlRecordStore) -> None:
    given = district(plan_mb=500.0)
    states = [told(400, exhausted_at=NOW + timedelta(days=5))]
    clock = ManualClock(NOW)
    watch = UpkeepWatch(
        records, clock, [lambda: links_look(links_of(given, [beat(given, one) for one in states], NOW))]
    )
    watch.step()
    watch.step()
    [alert] = records.open_alerts()
    assert (alert.rule, alert.plant_id, alert.severity) == (PLAN_RUNS_OUT, "plant-1", Severity.S3)
    assert alert.evidence["sim"] == "···1234"
    states[:] = [told(500, exhausted_at=NOW)]
    watch.step()
    assert [(one.alert_id, one.severity) for one in records.open_alerts()] == [(alert.alert_id, Severity.S2)]
    states.clear()
    watch.step()
    assert records.open_alerts(), "nobody has told of the link: nothing is known, nothing ends"
    states[:] = [told(3)]
    watch.step()
    assert records.open_alerts() == []


def test_a_failed_restore_test_is_told_to_the_desk_and_ends_with_the_next_good_one(
    records: SqlRecordStore,
) -> None:
    given, clock = district(), ManualClock(NOW)
    result: list[tuple[bool, str]] = []
    watch = UpkeepWatch(records, clock, [restore_look(lambda: result[-1] if result else None)])
    watch.step()
    assert records.open_alerts() == []
    result.append((False, "full-1.tar: records: 3 rows differ"))
    watch.step()
    [alert] = records.open_alerts()
    assert (alert.rule, alert.evidence) == (RESTORE_FAILED, {"reason": "full-1.tar: records: 3 rows differ"})
    desk = Receiver("desk", "值班（虚构）", "desk", ("log",))
    route = Route("all", frozenset({"desk"}), frozenset(Severity), When.AT_ONCE)
    notifying = Notifying(False, (Target("log", TargetKind.LOG),), (desk,), (route,))
    teller = Teller(records, given, notifying, clock)
    clock.advance(60)
    assert teller.think() == 1
    [message] = records.due(clock.now())
    assert "备份恢复演练失败" in message.body
    result.append((True, ""))
    watch.step()
    assert records.open_alerts() == []


def test_the_engine_leaves_alerts_of_upkeep_alone(records: SqlRecordStore) -> None:
    given, clock = district(), ManualClock(NOW)
    trouble = Trouble(PLAN_ENDS, GATEWAY, Severity.S3, "plant-1")
    UpkeepWatch(records, clock, [lambda: Looked((trouble,))]).step()
    parts = (MemoryStore(clock, {}), records, given, clock, (), Context())
    AlertWatch(*parts).step()
    DailyAlerts(*parts).run()
    assert [one.rule for one in records.open_alerts()] == [PLAN_ENDS]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_alert_of_upkeep_has_its_words(language: str) -> None:
    texts = Texts(language)
    for rule in UPKEEP:
        assert texts(f"alerts.rule.{rule}.name")
        assert texts(f"alerts.rule.{rule}.meaning")
        assert len(texts(f"alerts.rule.{rule}.checks").split("|")) == 3
