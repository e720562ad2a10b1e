"""The morning's list: open faults by the yuan a coming day costs, bundled into trips."""

from collections.abc import Sequence
from typing import Any

from dash import Input, Output, State, dcc, html

from access.permissions import Permission
from access.principal import Principal
from dashboard import guard
from dashboard.components.card import card, empty, table
from dashboard.components.markup import aria, data
from dashboard.components.seen import SHARE_PATH
from dashboard.components.words import MISSING, date_time, number
from dashboard.pages.base import Component, Site, Visit
from dashboard.pages.work_words import (
    COLOURS,
    brief_text,
    copy_words,
    fault_name,
    place,
    risk_parts,
    work_of,
    yuan,
)
from domain.handling import PlannedStop
from queries.work import QueueRow, QueueView, Trip
from texts.loader import Texts

REFRESH_MS = 15_000
TICK, BODY, ARGS = "queue-tick", "queue-body", "queue-args"
ROWS_SHOWN = 150  # what a browser draws at once without a pause
_VILLAGES_SHOWN = 3


class QueuePage:
    """``/app/queue``."""

    path = "/queue"
    permission = Permission.VIEW_ALERTS
    title = "work.queue.title"

    def layout(self, visit: Visit) -> Component:
        """Return the queue."""
        view = work_of(visit.site).views.queue(visit.principal)
        every = visit.args.get("all") == "1"
        return html.Div(
            [
                html.H1(visit.texts(self.title), className="visually-hidden"),
                dcc.Interval(id=TICK, interval=REFRESH_MS),
                dcc.Store(id=ARGS, data={"all": every}),
                html.Div(body(view, visit.site, visit.texts, every=every), id=BODY, className="column"),
            ],
            className="page",
        )

    def register(self, app: Any, site: Site) -> None:
        """Refresh the whole list."""

        @guard.secured(
            app,
            Output(BODY, "children"),
            Input(TICK, "n_intervals"),
            State(ARGS, "data"),
            permission=Permission.VIEW_ALERTS,
            takes=(int, dict),
            prevent_initial_call=True,
        )
        def refresh(
            principal: Principal, _ticks: int | None, args: dict[str, bool] | None
        ) -> list[Component]:
            every = bool((args or {}).get("all"))
            return body(work_of(site).views.queue(principal), site, site.words(principal), every=every)


def body(view: QueueView, site: Site, texts: Texts, *, every: bool = False) -> list[Component]:
    """Return the head with the sum, the trips, what is quieted, and planned stops; of many rows the dearest."""
    count = sum(len(trip.rows) for trip in view.trips)
    parts: list[Component] = [
        html.Div(
            [
                html.Span(texts("work.queue.sum", count=count, yuan=number(view.at_risk_fen / 100))),
                html.Span(className="grow"),
                html.A(texts("work.queue.stops"), href=f"{site.prefix}stops"),
                html.Button(
                    texts("desk.copy"),
                    type="button",
                    className="button",
                    **data(copy="queue-brief", **copy_words(texts)),
                ),
                html.Textarea(
                    brief_text(view, site.services.sources.registry, texts),
                    id="queue-brief",
                    className="copy-text",
                    readOnly="readOnly",
                    tabIndex=-1,
                    **aria(hidden="true"),
                ),
                html.A(texts("share.link"), href=f"{site.prefix}{SHARE_PATH}?kind=brief"),
                html.A(texts("work.queue.calls"), href=f"{site.prefix}calls", target="_blank"),
            ],
            className="toolbar",
        )
    ]
    if not view.trips:
        parts.append(card(texts("work.queue.title"), empty(texts("work.queue.none"))))
    shown = count if every else ROWS_SHOWN
    parts += [_trip(trip, rows, site, texts) for trip, rows in _cut(view.trips, shown)]
    if count > shown:
        parts.append(_rest(count - shown, site, texts))
    if view.quiet:
        rows = [_row(row, site, texts) for row in view.quiet[: len(view.quiet) if every else ROWS_SHOWN]]
        parts.append(card(texts("work.queue.quiet"), table(_heads(texts), rows, texts("work.queue.quiet"))))
    if view.stops:
        parts.append(
            card(texts("work.queue.stops"), html.Ul([_stop(stop, site, texts) for stop in view.stops]))
        )
    return parts


def _cut(trips: Sequence[Trip], count: int) -> list[tuple[Trip, tuple[QueueRow, ...]]]:
    """Return trips with the rows that are shown of each, altogether at most ``count``."""
    found = []
    for trip in trips:
        if count <= 0:
            break
        found.append((trip, trip.rows[:count]))
        count -= len(trip.rows)
    return found


def _rest(count: int, site: Site, texts: Texts) -> Component:
    return html.P(
        [
            texts("desk.rest", count=count, shown=ROWS_SHOWN),
            " ",
            dcc.Link(texts("desk.all"), href=f"{site.prefix}queue?all=1"),
        ],
        role="status",
    )


def _trip(trip: Trip, rows: Sequence[QueueRow], site: Site, texts: Texts) -> Component:
    title = texts("work.queue.trip", place=trip.place, count=len(trip.rows))
    aside = texts("work.queue.trip_yuan", yuan=number(trip.at_risk_fen / 100))
    return card(title, table(_heads(texts), [_row(row, site, texts) for row in rows], title), aside=aside)


def _heads(texts: Texts) -> list[tuple[str, bool]]:
    numbers = {"yuan"}
    names = ("severity", "place", "fault", "since", "yuan", "villages", "state")
    return [(texts(f"work.column.{name}"), name in numbers) for name in names]


def _row(row: QueueRow, site: Site, texts: Texts) -> list[Any]:
    alert = row.alert
    more = [texts("work.queue.children", count=row.children)] if row.children else []
    return [
        html.Span(
            texts(f"work.severity.{alert.severity.name}"),
            className="badge",
            style={"--state": COLOURS[int(alert.severity)], "fontWeight": 600},
        ),
        html.A(
            place(alert, site.services.sources.registry, texts), href=f"{site.prefix}queue/{alert.alert_id}"
        ),
        html.Span([fault_name(alert, texts), *(html.Small(f" {one}") for one in more)]),
        date_time(alert.since),
        _money(row, texts),
        _villages(row, texts),
        _state(row, site, texts),
    ]


def _money(row: QueueRow, texts: Texts) -> Component:
    """Return yuan at risk, below it the two parts of the price where they are known."""
    parts = risk_parts(row.alert, texts)
    return html.Span([yuan(row.alert.at_risk_fen), *([html.Br(), html.Small(parts)] if parts else [])])


def _villages(row: QueueRow, texts: Texts) -> str:
    if not row.villages:
        return MISSING
    names = texts("work.list_joint").join(row.villages[:_VILLAGES_SHOWN])
    more = len(row.villages) - _VILLAGES_SHOWN
    return names if more <= 0 else texts("work.queue.more_villages", names=names, count=more)


def _state(row: QueueRow, site: Site, texts: Texts) -> Component:
    if row.case is not None:
        label = f"{row.case.number} {texts(f'cases.state.{row.case.state.value}')}"
        return html.A(label, href=f"{site.prefix}orders/{row.case.case_id}")
    if row.stop is not None:
        return html.Span(texts(f"handling.stop.{row.stop.kind.value}"), title=row.stop.reason)
    handling = row.handling
    now = site.services.sources.clock.now()
    for until, key in ((handling.shelved_until, "shelve"), (handling.silenced_until, "silence")):
        if until is not None and now < until:
            return html.Span(texts("work.queue.until", act=texts(f"handling.act.{key}"), at=date_time(until)))
    if handling.acknowledged_by:
        return html.Span(texts("work.queue.taken", by=handling.owner or handling.acknowledged_by))
    return html.Span(texts("work.queue.new"), style={"fontWeight": 600})


def _stop(stop: PlannedStop, site: Site, texts: Texts) -> Component:
    plant = site.services.sources.registry.plants_by_id.get(stop.plant_id)
    where = stop.feeder or (plant.name if plant is not None else stop.plant_id)
    return html.Li(
        f"{texts(f'handling.stop.{stop.kind.value}')} · {where} {stop.device_id} · "
        f"{date_time(stop.start)} – {date_time(stop.end)} · {stop.reason}"
    )
