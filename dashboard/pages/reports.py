"""Reports: choose a kind, what it is about and a day; read it, copy its words, take it along as a file or a picture."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from dash import dcc, html
from flask import Flask, Response, abort, request

from access.permissions import Permission
from access.principal import Principal
from commands.papers.document import FORMS, cell_text, document_text, is_number
from dashboard import guard
from dashboard.components.card import card, empty, table
from dashboard.components.words import date_time, job_name
from dashboard.pages.base import Component, Site, Visit
from domain.document import Document
from domain.errors import AccessDeniedError
from domain.timespan import day_of
from queries.report_runs import JOB, read_made
from queries.reports import Reports
from texts.loader import Texts

FILE_PATH = "report-file"
FORM_PATH = "report-form"
_RUNS = 40


class ReportsPage:
    """``/app/reports?kind=&subject=&day=``."""

    path = "/reports"
    permission = Permission.VIEW_OVERVIEW
    title = "reports.page"

    def layout(self, visit: Visit) -> Component:
        """Return the choosers, the report and what the schedule made."""
        texts, site = visit.texts, visit.site
        reports = reports_of(site)
        kinds = reports.kinds(visit.principal)
        heading = html.H1(texts(self.title), className="visually-hidden")
        if not kinds:
            return html.Div([heading, empty(texts("reports.nothing"))], className="page")
        kind = visit.args.get("kind", "")
        kind = kind if kind in kinds else kinds[0]
        subjects = reports.subjects(visit.principal, kind)
        subject = visit.args.get("subject", "") or (subjects[0][0] if subjects else "")
        day = _day(visit.args.get("day", ""), site)
        asked = {"kind": kind, "subject": subject, "day": day.isoformat()}
        body: Component
        try:
            found = reports.document(visit.principal, kind, subject, day, texts)
            body = _shown(found, asked, site, texts)
        except AccessDeniedError:
            body = empty(texts("reports.wrong"))
        choosers = [_kinds(kinds, asked, site, texts), _form(asked, subjects, site, texts)]
        return html.Div([heading, *choosers, body, _runs(site, texts)], className="page")

    def register(self, app: Any, site: Site) -> None:
        """No callbacks: a report is an address."""


def reports_of(site: Site) -> Reports:
    """Return the reports over what this server has."""
    services = site.services
    sources = services.sources
    return Reports(
        sources.registry,
        sources.clock,
        sources.days,
        services.work.views if services.work is not None else None,
        services.money_queries,
        services.payout.queries if services.payout is not None else None,
    )


def register(server: Flask, site: Site) -> None:
    """Register the route of files and pictures; the report's own permission and scope hold."""

    def file(principal: Principal) -> Response:
        asked = request.args
        if asked.get("form") not in FORMS:
            abort(404)
        texts = site.words(principal)
        kind, subject, day = asked.get("kind", ""), asked.get("subject", ""), _day(asked.get("day", ""), site)
        try:
            found = reports_of(site).document(principal, kind, subject, day, texts)
        except AccessDeniedError:
            abort(404)
        content_type, make = FORMS[asked["form"]]
        answer = Response(make(found), content_type=content_type)
        named = "".join(
            char for char in f"{kind}-{subject}-{day}" if char.isascii() and (char.isalnum() or char in "-_")
        )
        answer.headers["Content-Disposition"] = f'attachment; filename="{named}.{asked["form"]}"'
        return answer

    server.add_url_rule(
        f"{site.prefix}{FILE_PATH}", "report_file", guard.page(Permission.VIEW_OVERVIEW)(file)
    )


def _day(text: str, site: Site) -> date:
    """Return the day asked for, not after today; yesterday where it is none: the last whole one."""
    today = day_of(site.services.sources.clock.now())
    try:
        return min(date.fromisoformat(text), today)
    except ValueError:
        return today - timedelta(days=1)


def _kinds(kinds: list[str], asked: dict[str, str], site: Site, texts: Texts) -> Component:
    links: list[Component] = [
        dcc.Link(
            texts(f"reports.kind.{kind}"),
            href=f"{site.prefix}reports?{urlencode({'kind': kind, 'day': asked['day']})}",
            className="button chosen" if kind == asked["kind"] else "button",
        )
        for kind in kinds
    ]
    links += [
        html.Span(className="grow"),
        html.A(texts("reports.form.title"), href=f"{site.prefix}{FORM_PATH}", className="button"),
    ]
    return html.Div(links, className="toolbar")


def _form(asked: dict[str, str], subjects: list[tuple[str, str]], site: Site, texts: Texts) -> Component:
    fields: list[Component] = [dcc.Input(type="hidden", name="kind", value=asked["kind"])]
    if any(name for _, name in subjects):
        options = html.Datalist(
            [html.Option(name, value=key) for key, name in subjects], id="report-subjects"
        )
        chooser = dcc.Input(
            type="text",
            name="subject",
            value=asked["subject"],
            list="report-subjects",
            size="22",
            autoComplete="off",
        )
        fields.append(html.Label([texts("reports.subject"), chooser, options]))
    day = dcc.Input(type="text", name="day", value=asked["day"], pattern=r"\d{4}-\d{2}-\d{2}", size="10")
    fields.append(html.Label([texts("reports.period"), day]))
    button = html.Button(texts("reports.show"), type="submit", className="button")
    return html.Form([*fields, button], method="GET", action=f"{site.prefix}reports", className="toolbar")


def _shown(found: Document, asked: dict[str, str], site: Site, texts: Texts) -> Component:
    def link(form: str, words: str) -> Component:
        query = urlencode({**asked, "form": form})
        return html.A(words, href=f"{site.prefix}{FILE_PATH}?{query}", className="plain-export")

    links = html.Div(
        [link("pdf", "PDF"), link("xlsx", "XLSX"), link("png", texts("reports.picture"))], className="exports"
    )
    copied = html.Details(
        [
            html.Summary(texts("reports.copy")),
            dcc.Textarea(
                value=document_text(found), readOnly=True, id="report-words", className="copied-words"
            ),
        ]
    )
    tables = [
        table(
            [(head, is_number(one, place)) for place, head in enumerate(one.heads)],
            [[cell_text(cell) for cell in row] for row in one.rows],
            one.name,
        )
        for one in found.tables
        if one.rows
    ]
    named = [
        card(one.name, shown) for one, shown in zip([t for t in found.tables if t.rows], tables, strict=True)
    ]
    summary = card(
        found.title,
        [*[html.P(line) for line in found.lines], copied, html.P(found.footer, className="foot")],
        aside=links,
    )
    return html.Div([summary, *named], className="column")


def _runs(site: Site, texts: Texts) -> Component:
    """Return what the schedule made lately."""
    runs = [
        one for one in site.services.sources.records.job_runs(count_max=2_000) if one.job.startswith(JOB)
    ][:_RUNS]
    if not runs:
        return card(texts("reports.kept"), empty(texts("reports.none_kept")))
    heads = [
        (texts("reports.page"), False),
        (texts("reports.column.made"), False),
        (texts("reports.column.file"), False),
    ]
    rows = [
        [
            job_name(one.job, texts).removeprefix(JOB),
            date_time(one.finished_at or one.started_at),
            _made(one.detail, texts),
        ]
        for one in runs
    ]
    return card(texts("reports.kept"), table(heads, rows, texts("reports.kept")))


def _made(line: str, texts: Texts) -> str:
    """Return a run's line in the reader's language."""
    made = read_made(line)
    if made is None:
        return line
    count, files, day, unsent = made
    told = texts("reports.made", count=count, files=files, day=day)
    return f"{told}{texts('reports.unsent', why=unsent)}" if unsent else told
