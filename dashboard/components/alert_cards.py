"""Open alerts on other pages: the short list of a plant, the count by severity of the district. Pure."""

from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from alerts.message import part_name, rule_name
from dashboard.components.alert_table import severity_badge, span_text, yuan
from dashboard.components.card import card, empty, tile
from dashboard.components.words import MISSING
from domain.alert import Severity
from queries.alerts import AlertList, AlertRow
from texts.loader import Texts

Component = Any
SHOWN_MAX = 6


def plant_alerts(view: AlertList, prefix: str, texts: Texts) -> Component:
    """Return the card of a plant's open alerts, the most severe first; children are counted, not listed."""
    more = len(view.rows) - SHOWN_MAX
    body: list[Any] = [html.Ul(_items(view.rows[:SHOWN_MAX], prefix, texts), className="worst")]
    if more > 0:
        body.append(dcc.Link(texts("detection.alerts.more", count=more), href=f"{prefix}alerts"))
    shown = body if view.rows else empty(texts("alerts.page.none"))
    return card(texts("alerts.page.plant_card"), shown)


def _items(rows: Sequence[AlertRow], prefix: str, texts: Texts) -> list[Component]:
    return [
        html.Li(
            [
                html.Div(
                    [
                        dcc.Link(_named(row, texts), href=f"{prefix}queue/{row.alert.alert_id}"),
                        severity_badge(row.alert.severity, texts),
                    ],
                    className="worst-head",
                ),
                html.Div(
                    [html.Span(span_text(row.open_for, texts)), html.Span(_cost(row, texts))],
                    className="worst-why",
                ),
            ]
        )
        for row in rows
    ]


def _named(row: AlertRow, texts: Texts) -> str:
    parts = [rule_name(row.alert.rule, texts), "" if row.device is None else row.device.name]
    parts.append(part_name(row.alert.part, texts))
    return " · ".join(part for part in parts if part)


def _cost(row: AlertRow, texts: Texts) -> str:
    money = yuan(row.alert.at_risk_fen)
    return "" if money == MISSING else texts("detection.alerts.risk", yuan=money)


def count_tile(view: AlertList, prefix: str, texts: Texts) -> Component:
    """Return the tile of open alerts: how many need somebody, and how many of each severity."""
    links = [
        dcc.Link(
            f"{level.name} {texts(f'alerts.page.sev.{level.name}')} {view.counts[level]}",
            href=f"{prefix}alerts?level={level.name}",
            className="count",
        )
        for level in Severity
    ]
    return tile(
        texts("alerts.page.open_count"),
        str(view.total),
        texts("detection.alerts.unit"),
        links,
        key="alerts",
        texts=texts,
    )
