"""Alert management measured: each target with what is reached, alerts a day at the desk, pushes a man."""

from collections.abc import Mapping
from typing import Any

from dash import html

from alerts.rates import DESK_PER_DAY_MAX, AlertRates, met
from dashboard.components.card import card, graph, table
from dashboard.components.theme import AMBER, POWER, figure_layout, value_axis
from dashboard.components.words import MISSING, number, percent
from dashboard.pages.base import Component
from texts.loader import Texts

_HEIGHT = 170


def rates_card(found: AlertRates, names: Mapping[str, str], texts: Texts) -> Component:
    """Return the measures against their targets, the desk's days, and what each man in the field got."""
    title = texts("notify.rate.title")
    parts: list[Component] = [
        table(
            [
                (texts(f"rates.{name}"), name in {"value", "target"})
                for name in ("measure", "value", "target", "met")
            ],
            _rows(found, texts),
            title,
        )
    ]
    if found.per_day:
        parts.append(_days(found, texts))
    if found.per_receiver:
        heads = [
            (texts(f"rates.{name}"), name != "name_of") for name in ("name_of", "mean", "most", "days_over")
        ]
        rows = [
            [
                names.get(one.receiver_id, one.receiver_id),
                number(one.mean, 1),
                number(one.most),
                number(one.days_over),
            ]
            for one in found.per_receiver
        ]
        parts.append(table(heads, rows, texts("rates.field")))
    return card(title, parts)


def _rows(found: AlertRates, texts: Texts) -> list[list[Any]]:
    values = {
        "desk_per_day": number(found.desk_per_day, 1),
        "push_per_day": number(found.push_per_day),
        "flood_share": percent(found.flood_share, 2),
        "stale": number(found.stale),
        "chatter": number(found.chatter),
    }
    reached = met(found)
    rows: list[list[Any]] = [
        [texts(f"rates.name.{name}"), value, texts(f"rates.most_of.{name}"), _met(reached[name], texts)]
        for name, value in values.items()
    ]
    split = MISSING if found.split is None else " / ".join(percent(share) for share in found.split)
    return [*rows, [texts("rates.name.split"), split, texts("rates.most_of.split"), MISSING]]


def _met(reached: bool | None, texts: Texts) -> Component:  # noqa: FBT001 (one of the facts of a row)
    if reached is None:
        return html.Span(MISSING)
    words = texts("rates.yes" if reached else "rates.no")
    return html.Span(words, style={} if reached else {"color": "#a61b1b", "fontWeight": 600})


def _days(found: AlertRates, texts: Texts) -> Component:
    days = [day.isoformat() for day, _ in found.per_day]
    figure = {
        "data": [
            {
                "type": "bar",
                "x": days,
                "y": [count for _, count in found.per_day],
                "marker": {"color": POWER},
                "hovertemplate": "%{x} %{y}<extra></extra>",
            },
            {
                "type": "scatter",
                "mode": "lines",
                "x": [days[0], days[-1]],
                "y": [DESK_PER_DAY_MAX, DESK_PER_DAY_MAX],
                "line": {"color": AMBER, "width": 2, "dash": "dash"},
                "hoverinfo": "skip",
            },
        ],
        "layout": figure_layout(
            xaxis={"type": "date", "tickformat": "%m-%d", "fixedrange": True},
            yaxis=value_axis(),
            showlegend=False,
        ),
    }
    most = max(count for _, count in found.per_day)
    return graph(
        "rates-days", figure, texts("rates.days", most=most, target=DESK_PER_DAY_MAX), texts, _HEIGHT
    )
