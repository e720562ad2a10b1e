"""The data page: which numbers cannot be trusted now, how old the data are, which jobs ran."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dash import Input, Output, dcc, html

from access.permissions import Permission
from access.principal import Principal
from dashboard import guard
from dashboard.components.card import card, empty, facts, table
from dashboard.components.links import links_card
from dashboard.components.overview_figures import plant_label
from dashboard.components.state import badge, data_badge
from dashboard.components.theme import AMBER, GREEN, RED
from dashboard.components.words import (
    MISSING,
    age,
    clock_time,
    date_time,
    exact_time,
    job_name,
    number,
    percent,
    size,
)
from dashboard.pages.base import Component, Site, Visit
from domain.records import JobRun, JobState
from queries.data_age import DataView, PlantAge
from queries.sample_accounts import AccountView
from queries.states import DataState
from texts.loader import Texts
from texts.samples import reasons

REFRESH_MS = 30_000
TICK, BODY = "data-tick", "data-body"
_JOB_LOOK = {
    JobState.RUNNING: ("data-late", AMBER),
    JobState.DONE: ("data-fresh", GREEN),
    JobState.FAILED: ("operation-fault", RED),
}


class DataPage:
    """``/app/data``."""

    path = "/data"
    permission = Permission.VIEW_OVERVIEW
    title = "pages.data.title"

    def layout(self, visit: Visit) -> Component:
        """Return ages, store and jobs."""
        return html.Div(
            [
                html.H1(visit.texts(self.title), className="visually-hidden"),
                dcc.Interval(id=TICK, interval=REFRESH_MS),
                html.Div(body(visit.principal, visit.site, visit.texts), id=BODY, className="columns"),
            ],
            className="page",
        )

    def register(self, app: Any, site: Site) -> None:
        """Refresh the whole body."""

        @guard.secured(
            app,
            Output(BODY, "children"),
            Input(TICK, "n_intervals"),
            permission=Permission.VIEW_OVERVIEW,
            takes=(int,),
            prevent_initial_call=True,
            running=[(Output(TICK, "disabled"), True, False)],
        )
        def refresh(principal: Principal, _ticks: int | None) -> list[Component]:
            return body(principal, site, site.words(principal))


def body(principal: Principal, site: Site, texts: Texts) -> list[Component]:
    """Return the two columns: plants by age, with their samples of the newest whole day; store and jobs."""
    view, samples = site.queries.data_age.view(principal), site.queries.samples.newest_day(principal)
    return [
        card(
            texts("pages.data.plants"),
            table(
                [
                    (texts("pages.data.column.plant"), False),
                    (texts("pages.data.column.town"), False),
                    (texts("pages.data.column.state"), False),
                    (texts("pages.data.column.at"), False),
                    (texts("pages.data.column.age"), True),
                    (texts("pages.data.column.devices"), True),
                    (texts("pages.data.column.samples", day=f"{samples.day:%m-%d}"), True),
                ],
                [
                    [*_plant(one, view.taken_at, site, texts), _samples(one, samples.by_plant, site, texts)]
                    for one in view.plants
                ],
                texts("pages.data.plants"),
            ),
            aside=_counts(view, texts),
            class_name="grow tall brief",
            key="data_age",
            texts=texts,
        ),
        html.Div(
            [
                *links_card(view.links, texts),
                card(texts("pages.data.store"), _store(view, texts), key="store", texts=texts),
                card(texts("pages.data.jobs"), _jobs(view, texts), key="jobs", texts=texts),
            ],
            className="column side",
        ),
    ]


def _counts(view: DataView, texts: Texts) -> Component:
    counts = {state: sum(one.now.data is state for one in view.plants) for state in DataState}
    return html.Div(
        [
            html.Span([data_badge(state, texts), f" {count}"], className="count")
            for state, count in counts.items()
            if count
        ],
        className="legend",
    )


def _plant(one: PlantAge, taken_at: datetime, site: Site, texts: Texts) -> list[Any]:
    now = one.now
    devices = (
        f"{one.reporting}/{one.expected}" if now.data not in {DataState.MANUAL, DataState.FILE} else MISSING
    )
    return [
        dcc.Link(plant_label(now, texts.language), href=site.plant_path(now.plant.plant_id)),
        one.town.label(texts.language),
        data_badge(now.data, texts),
        exact_time(now.measured_at),
        age(now.measured_at, taken_at, texts),
        devices,
    ]


def _samples(one: PlantAge, samples: Mapping[str, AccountView], site: Site, texts: Texts) -> Component:
    """Return how many samples of the day were good; behind it which were not, and why."""
    plant_id = one.now.plant.plant_id
    found = samples.get(plant_id)
    if found is None:
        return html.Span(MISSING)
    said = texts(
        "slots.page.hint",
        expected=number(found.expected),
        suspect=reasons(found.suspect, texts),
        missing=reasons(found.missing, texts),
    )
    href = f"{site.plant_path(plant_id)}?tab=masks"
    return html.Span(dcc.Link(percent(found.good_awake_share, 1), href=href), title=said)


def _store(view: DataView, texts: Texts) -> Component:
    if view.store is None:
        return html.Div(
            texts("pages.data.store_failed", reason=view.failure), className="bar warn", role="alert"
        )
    rows: list[tuple[str, Any]] = [
        (texts("pages.data.store_name"), view.store.name),
        (texts("pages.data.rows"), number(view.store.rows)),
        (texts("pages.data.size"), size(view.store.size_bytes)),
        (texts("pages.data.oldest"), date_time(view.store.oldest)),
        (texts("pages.data.newest"), exact_time(view.store.newest)),
        *((_figure(key, texts), value) for key, value in view.figures.items()),
    ]
    return facts(rows)


def _figure(key: str, texts: Texts) -> str:
    name = f"pages.data.figure.{key}"
    return texts(name) if name in texts else key


def _jobs(view: DataView, texts: Texts) -> Component:
    if not view.jobs:
        return empty(texts("pages.data.no_jobs"))
    return table(
        [
            (texts("pages.data.column.job"), False),
            (texts("pages.data.column.period"), False),
            (texts("pages.data.column.outcome"), False),
            (texts("pages.data.column.when"), True),
        ],
        [_job(run, texts) for run in view.jobs],
        texts("pages.data.jobs"),
    )


def period_text(period: str) -> str:
    """Return the period of a job in local time; one that is no instant stays as it is."""
    try:
        return date_time(datetime.fromisoformat(period))
    except ValueError:
        return period


def _job(run: JobRun, texts: Texts) -> list[Any]:
    picture, colour = _JOB_LOOK[run.state]
    kind, _, value = picture.partition("-")
    return [
        job_name(run.job, texts),
        period_text(run.period),
        html.Span(
            badge(kind, value, colour, texts(f"pages.data.outcome.{run.state.value}")), title=run.detail
        ),
        clock_time(run.finished_at or run.started_at),
    ]
