"""Alerts as a table and one alert in full; pure: view records in, components out."""

from datetime import timedelta
from typing import Any

from dash import dcc, html

from alerts.message import part_name, rule_name
from dashboard.components.card import card, empty, facts, graph, table
from dashboard.components.evidence import evidence_lines
from dashboard.components.state import badge
from dashboard.components.theme import AMBER, POWER, QUIET, RED, figure_layout, time_axis, value_axis
from dashboard.components.words import MISSING, axis_start, date_time, exact_time, number
from domain.alert import Alert, Severity
from queries.alerts import AlertDetail, AlertList, AlertRow
from texts.loader import Texts

Component = Any
SEVERITY_COLOUR = {Severity.S1: RED, Severity.S2: RED, Severity.S3: AMBER, Severity.S4: QUIET}
_LOOK = {Severity.S1: "fault", Severity.S2: "fault", Severity.S3: "derated", Severity.S4: "unknown"}


def severity_badge(severity: Severity, texts: Texts) -> Component:
    """Return the badge of a severity: its short name and how soon."""
    words = f"{severity.name} {texts(f'alerts.page.sev.{severity.name}')}"
    return badge("operation", _LOOK[severity], SEVERITY_COLOUR[severity], words)


def span_text(span: timedelta, texts: Texts) -> str:
    """Return a duration as hours and minutes, days where it is long."""
    minutes = int(span.total_seconds() // 60)
    if minutes >= 2 * 1440:
        return texts("alerts.page.days", days=minutes // 1440, hours=minutes % 1440 // 60)
    return texts("alerts.page.hours", hours=minutes // 60, minutes=minutes % 60)


def where(row: AlertRow, texts: Texts) -> str:
    """Return the plant's name, or the feeder's with how many plants it touches."""
    if row.plant is not None:
        return row.plant.label(texts.language)
    count = len(row.alert.plant_ids)
    return f"{row.alert.subject} · {texts('alerts.page.many', count=count)}" if count else row.alert.subject


def open_table(view: AlertList, prefix: str, texts: Texts) -> Component:
    """Return open alerts, one row per cause."""
    if not view.rows:
        return empty(texts("alerts.page.none"))
    heads = [
        ("severity", False),
        ("rule", False),
        ("plant", False),
        ("device", False),
        ("part", False),
        ("since", False),
        ("duration", True),
        ("under", True),
        ("risk", True),
        ("lost", True),
    ]
    return table(
        [(texts(f"alerts.page.col.{key}"), is_number) for key, is_number in heads],
        [_cells(row, prefix, texts) for row in view.rows],
        texts("alerts.page.title"),
    )


def _cells(row: AlertRow, prefix: str, texts: Texts) -> list[Any]:
    alert = row.alert
    place = where(row, texts)
    return [
        severity_badge(alert.severity, texts),
        dcc.Link(f"{rule_name(alert.rule, texts)} {alert.rule}", href=f"{prefix}queue/{alert.alert_id}"),
        place if row.plant is None else dcc.Link(place, href=f"{prefix}plants/{alert.plant_id}"),
        MISSING if row.device is None else row.device.name,
        part_name(alert.part, texts) or MISSING,
        date_time(alert.since),
        span_text(row.open_for, texts),
        texts("alerts.page.count", count=row.under) if row.under else MISSING,
        yuan(alert.at_risk_fen),
        number(alert.lost_kwh, 1),
    ]


def yuan(fen: int | None) -> str:
    """Return fen as yuan, a dash where nobody knows."""
    return MISSING if fen is None else number(fen / 100.0, 0)


def detail_card(view: AlertDetail, prefix: str, texts: Texts) -> Component:
    """Return one alert: what it means, what to check first, the values behind it, its life, the power around."""
    alert = view.row.alert
    return card(
        f"{rule_name(alert.rule, texts)} · {where(view.row, texts)}",
        [
            severity_badge(alert.severity, texts),
            _meaning(alert, texts),
            facts(_facts(view, texts)),
            _curve(view, texts),
            html.H3(texts("alerts.page.life")),
            html.Ul(
                [
                    html.Li(
                        f"{exact_time(each.at)} {texts(f'alerts.page.state.{each.state.value}')} {each.severity.name}"
                    )
                    for each in view.life
                ]
            ),
            html.Ul(
                [
                    html.Li(
                        dcc.Link(
                            _child(each.alert, texts),
                            href=f"{prefix}queue/{each.alert.alert_id}",
                        )
                    )
                    for each in view.children
                ]
            ),
            html.P(texts("alerts.page.history", count=view.before)),
        ],
        class_name="side",
    )


def _child(alert: Alert, texts: Texts) -> str:
    return f"{rule_name(alert.rule, texts)} {alert.subject} {part_name(alert.part, texts)}".rstrip()


def _meaning(alert: Alert, texts: Texts) -> Component:
    key = f"alerts.rule.{alert.rule}"
    if f"{key}.meaning" not in texts:
        return html.P(alert.rule)
    checks = texts(f"{key}.checks").split("|")
    return html.Div(
        [
            html.P(texts(f"{key}.meaning")),
            html.H3(texts("alerts.page.checks")),
            html.Ol([html.Li(each) for each in checks]),
        ]
    )


def _facts(view: AlertDetail, texts: Texts) -> list[tuple[str, Any]]:
    alert = view.row.alert
    cause = f"alerts.page.cause.{alert.cause}"
    rows: list[tuple[str, Any]] = [
        (texts("alerts.page.col.device"), MISSING if view.row.device is None else view.row.device.name),
        (texts("alerts.page.col.part"), part_name(alert.part, texts) or MISSING),
        (texts("alerts.page.col.since"), exact_time(alert.since)),
        (texts("alerts.page.col.cause"), texts(cause) if cause in texts else alert.cause or MISSING),
        (texts("alerts.page.col.risk"), yuan(alert.at_risk_fen)),
        (texts("alerts.page.col.lost"), number(alert.lost_kwh, 1)),
    ]
    values = " · ".join(f"{name} {value}" for name, value in evidence_lines(alert, texts))
    return [*rows, (texts("alerts.page.evidence"), values or MISSING)]


def _curve(view: AlertDetail, texts: Texts) -> Component:
    if not view.curve:
        return html.Div()
    figure = {
        "data": [
            {
                "type": "scatter",
                "mode": "lines",
                "x": [axis_start(at) for at, _ in view.curve],
                "y": [value for _, value in view.curve],
                "line": {"color": POWER, "width": 2},
                "hovertemplate": "%{y:,.1f} kW<extra></extra>",
            }
        ],
        "layout": figure_layout(xaxis=time_axis(), yaxis=value_axis(), showlegend=False),
    }
    return graph("alert-curve", figure, texts("alerts.page.curve"), texts, 180)
