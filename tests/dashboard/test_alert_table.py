"""Alerts as a table and in full: what is missing stays missing, words come from the texts."""

import json
from datetime import timedelta
from typing import Any

import pytest
from plotly.utils import PlotlyJSONEncoder

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
        "1 h 15 min",
        "123",
        "12.3",
        "/app/alerts?id=F08-1",
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
    assert span_text(timedelta(days=3, hours=4)) == "3 d 4 h"
