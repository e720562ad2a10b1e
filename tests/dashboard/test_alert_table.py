"""Alerts as a table and in full: what is missing stays missing, words come from the texts."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from plotly.utils import PlotlyJSONEncoder

from dashboard.components.alert_cards import SHOWN_MAX, count_tile, plant_alerts
from dashboard.components.alert_table import detail_card, open_table, span_text, yuan
from domain.alert import AlertState, Severity, Transition
from queries.alerts import AlertDetail, AlertList, AlertRow
from tests.alerts.builders import local, plant
from tests.queries.test_alerts import alert
from texts.loader import LANGUAGES, Texts

PLANT = plant(3, "p1")
ROW = AlertRow(
    alert(1, lost_kwh=12.34, at_risk_fen=12_300), PLANT, PLANT.devices[0], 2, timedelta(minutes=75)
)


def text_of(component: Any) -> str:
    return json.dumps(component, cls=PlotlyJSONEncoder, ensure_ascii=False)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_row_tells_rule_place_duration_and_money(language: str) -> None:
    view = AlertList(local("10 12:00"), (ROW,), dict.fromkeys(Severity, 0), 0)
    said = text_of(open_table(view, "/app/", Texts(language)))
    for part in (
        Texts(language)("alerts.rule.F08.name"),
        {"zh": "1 小时 15 分", "en": "1 h 15 min"}[language],
        "123",
        "12.3",
        "/app/queue/F08-1",
    ):
        assert part in said


def test_no_open_alert_says_so() -> None:
    view = AlertList(local("10 12:00"), (), dict.fromkeys(Severity, 0), 0)
    assert Texts("zh")("alerts.page.none") in text_of(open_table(view, "/app/", Texts("zh")))


def test_an_alert_in_full_says_what_it_means_and_what_to_check_first() -> None:
    life = (Transition("F08-1", local("10 11:15"), AlertState.FIRING, Severity.S2),)
    curve = ((local("10 11:00"), 12.5), (local("10 11:05"), None))
    said = text_of(detail_card(AlertDetail(ROW, life, (), 3, curve), "/app/", Texts("zh")))
    checks = Texts("zh")("alerts.rule.F08.checks").split("|")
    assert all(each in said for each in checks)
    assert "触发" in said
    assert "3 次" in said


def test_money_nobody_knows_is_a_dash_and_long_spans_are_days() -> None:
    assert yuan(None) == "—"
    assert span_text(timedelta(days=3, hours=4), Texts("en")) == "3 d 4 h"
    assert span_text(timedelta(days=3, hours=4), Texts("zh")) == "3 天 4 小时"
    assert span_text(timedelta(hours=47, minutes=5), Texts("en")) == "47 h 05 min"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_plant_lists_a_few_open_alerts_with_the_way_to_each_and_says_how_many_more(language: str) -> None:
    rows = tuple(replace(ROW, alert=alert(n, at_risk_fen=12_300)) for n in range(1, SHOWN_MAX + 4))
    texts = Texts(language)
    said = text_of(
        plant_alerts(AlertList(local("10 12:00"), rows, dict.fromkeys(Severity, 0), 0), "/app/", texts)
    )
    assert "/app/queue/F08-1" in said
    assert f"/app/queue/F08-{SHOWN_MAX}" in said
    assert f"/app/queue/F08-{SHOWN_MAX + 1}" not in said
    assert texts("detection.alerts.more", count=3) in said
    assert texts("detection.alerts.risk", yuan="123") in said


def test_a_plant_without_alerts_says_so() -> None:
    view = AlertList(local("10 12:00"), (), dict.fromkeys(Severity, 0), 0)
    assert Texts("zh")("alerts.page.none") in text_of(plant_alerts(view, "/app/", Texts("zh")))


def test_the_count_of_the_district_is_by_severity() -> None:
    counts = {Severity.S1: 1, Severity.S2: 2, Severity.S3: 3, Severity.S4: 4}
    said = text_of(count_tile(AlertList(local("10 12:00"), (), counts, 0), "/app/", Texts("zh")))
    assert '"10"' in said
    for level, count in counts.items():
        assert f"{level.name} {Texts('zh')(f'alerts.page.sev.{level.name}')} {count}" in said
        assert f"/app/alerts?level={level.name}" in said
