"""The card of links that are paid for: use, forecast, end of the plan. Pure."""

from collections.abc import Sequence
from typing import Any

from dash import html

from dashboard.components.card import card, table
from dashboard.components.state import badge
from dashboard.components.theme import AMBER, GREEN, RED
from dashboard.components.words import MISSING, date_time, number
from domain.link import MEGABYTE
from queries.links import LinkRow
from texts.loader import Texts


def links_card(rows: Sequence[LinkRow], texts: Texts) -> list[Any]:
    """Return the card, nothing where no gateway has a SIM."""
    if not rows:
        return []
    heads = [(texts(f"links.column.{name}"), name in {"used", "days"}) for name in
             ("gateway", "sim", "state", "used", "days")]  # fmt: skip
    return [
        card(
            texts("links.title"),
            html.Div(
                [
                    table(heads, [_row(row, texts) for row in rows], texts("links.title")),
                    html.P(texts("links.note"), className="hint"),
                ]
            ),
            key="links",
            texts=texts,
        )
    ]


def _row(row: LinkRow, texts: Texts) -> list[Any]:
    name = row.plant.label(texts.language)
    return [
        html.Span(row.gateway.gateway_id, title=name),
        row.gateway.sim_shown or MISSING,
        _state(row, texts),
        _used(row, texts),
        MISSING if row.days is None else number(row.days),
    ]


def _state(row: LinkRow, texts: Texts) -> Any:
    if row.days is not None and row.days < 0:
        return badge("operation", "fault", RED, texts("links.ended"))
    state = row.state
    if row.runs_out and state is not None:
        words = texts("links.runs_out", at=date_time(state.exhausted_at))
        slowed = f" · {texts('links.slowed', stretch=state.stretch)}" if row.is_slowed else ""
        return badge("data", "late", AMBER, words + slowed)
    if row.is_slowed and state is not None:
        return badge("data", "late", AMBER, texts("links.slowed", stretch=state.stretch))
    if row.ends_soon:
        return badge("data", "late", AMBER, texts("links.ends_soon"))
    if state is None:
        return MISSING
    return badge(
        "data", "fresh", GREEN, texts("links.lasts" if row.gateway.is_metered else "links.unmetered")
    )


def _used(row: LinkRow, texts: Texts) -> Any:
    state = row.state
    if state is None:
        return MISSING
    used = number(state.use.used_bytes / MEGABYTE, 1)
    title = texts(
        "links.parts",
        sent=number(state.use.sent_bytes / MEGABYTE, 1),
        received=number(state.use.received_bytes / MEGABYTE, 1),
        overhead=number(state.use.overhead_bytes / MEGABYTE, 1),
        forecast=MISSING if state.forecast_bytes is None else number(state.forecast_bytes / MEGABYTE),
        begins=state.use.begins.isoformat(),
    )
    words = f"{used} / {number(row.gateway.plan_mb)} MB" if row.gateway.is_metered else f"{used} MB"
    return html.Span(words, title=title)
