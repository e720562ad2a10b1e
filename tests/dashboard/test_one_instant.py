"""One instant and one cost of an alert on every page that lists it."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from access.principal import Principal
from alerts.message import line
from dashboard.components.alert_table import open_table
from dashboard.components.words import date_time
from dashboard.pages import queue
from dashboard.pages.one_alert import facts_of
from domain.account import Role, Scope
from domain.alert import AlertState, Severity
from domain.clock import ManualClock
from domain.maintenance import Maintenance
from domain.notification import Notifying
from domain.plant import Registry
from queries.alerts import Alerts
from queries.sources import Sources
from queries.work import Work, WorkSources
from stores.latest import LatestCache
from stores.memory import MemoryStore
from stores.records.store import SqlRecordStore
from tests.alerts.builders import local, plant
from tests.alerts.makers import alert
from texts.loader import Texts

NOW = local("10 12:00")
BEGAN, TOLD = NOW - timedelta(hours=3), NOW - timedelta(hours=1)
REGISTRY = Registry("商州区", (), (), (plant(3, "p1"),))
READER = Principal("om", "运维", frozenset({Role.OM}), Scope(everything=True))


def kept(folder: Path) -> tuple[SqlRecordStore, Work, Alerts]:
    records, clock = SqlRecordStore.at(folder / "records.sqlite"), ManualClock(NOW)
    one = alert("f18", Severity.S3, rule="F18", plant_id="p1", since=BEGAN, fired_at=TOLD, at_risk_fen=0)
    one = replace(one, state=AlertState.FIRING)
    stop = replace(one, alert_id="f08", rule="F08", parent_id="f18", at_risk_fen=12_300)
    records.put_alerts([one, stop], NOW)
    work = Work(WorkSources(REGISTRY, records, clock, Maintenance(), Notifying()))
    sources = Sources(REGISTRY, MemoryStore(clock), LatestCache(), records, clock, alerts=records)
    return records, work, Alerts(sources)


def shown(at: datetime, *parts: Any) -> bool:
    return any(date_time(at) in str(part) for part in parts)


def test_queue_list_and_message_say_when_an_alert_began_and_its_page_also_when_it_was_raised(
    tmp_path: Path,
) -> None:
    records, work, listed = kept(tmp_path)
    site = cast(
        "Any",
        SimpleNamespace(
            prefix="/app/",
            services=SimpleNamespace(sources=SimpleNamespace(registry=REGISTRY, clock=ManualClock(NOW))),
        ),
    )
    for language in ("zh", "en"):
        texts = Texts(language)
        rows = (queue.body(work.queue(READER), site, texts), open_table(listed.open(READER), "/app/", texts))
        assert all(shown(BEGAN, row) and not shown(TOLD, row) for row in rows)
        facts = dict(facts_of(work.alert(READER, "f18"), texts, NOW))
        assert facts[texts("work.fact.since")] == date_time(BEGAN)
        assert facts[texts("work.fact.fired")] == date_time(TOLD)
        assert (
            texts("work.column.since") == texts("alerts.page.col.since") == texts("industry_alerts.col.since")
        )
        assert date_time(BEGAN)[5:] in line(work.queue(READER).trips[0].rows[0].alert, REGISTRY, texts)
    records.close()


def test_queue_sum_trip_and_page_count_what_a_root_explains_once(tmp_path: Path) -> None:
    records, work, listed = kept(tmp_path)
    view = work.queue(READER)
    assert (view.at_risk_fen, view.trips[0].rows[0].children) == (12_300, 1)
    assert work.alert(READER, "f18").row.alert.at_risk_fen == 12_300
    assert listed.open(READER).rows[0].alert.at_risk_fen == 12_300
    records.close()
