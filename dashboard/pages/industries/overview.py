"""The overview: every target as a bar with its path, who has not reported, the funds; and the assessment of the towns."""

from typing import Any

from dash import dcc, html

from access.permissions import Permission
from dashboard.components.card import card, empty, table
from dashboard.components.words import MISSING
from dashboard.pages.base import Component, Site, Visit
from dashboard.pages.industries.parts import (
    amount,
    goal,
    industries_of,
    month_links,
    named,
    percent,
    standing_words,
    town_name,
    yuan,
)
from industries.attainment import Attainment
from queries.industry_views import AssessmentRow, IndustriesView
from texts.loader import Texts

SILENT_MAX = 3


class IndustriesPage:
    """``/app/industries``."""

    path = "/industries"
    permission = Permission.VIEW_INDUSTRIES
    title = "industries.page.overview"

    def layout(self, visit: Visit) -> Component:
        """Return the targets first, then the reports of the towns, then the funds."""
        texts, site = visit.texts, visit.site
        queries = industries_of(site).queries
        period = queries.period(visit.principal, visit.args.get("month", ""))
        view = queries.overview(visit.principal, period)
        return html.Div(
            [
                html.H1(texts(self.title), className="visually-hidden"),
                html.Div(
                    [month_links(visit, "industries", period), *_tools(visit, period)], className="toolbar"
                ),
                card(
                    texts("industries.notice.title"),
                    _notices(visit, view),
                    aside=dcc.Link(texts("industry_alerts.all"), href=f"{site.prefix}industry-alerts"),
                ),
                card(f"{texts('industries.page.targets')} {period}", _targets(visit, view)),
                card(
                    texts("industries.page.reports"),
                    _reports(visit, view),
                    aside=texts("industries.page.due_on", day=view.due_on),
                ),
                card(texts("industries.page.funds"), _funds(view, texts)),
            ],
            className="page",
        )

    def register(self, app: Any, site: Site) -> None:
        """No callbacks: reports come monthly."""


class AssessmentPage:
    """``/app/assessment``."""

    path = "/assessment"
    permission = Permission.VIEW_INDUSTRIES
    title = "industries.page.assessment"

    def layout(self, visit: Visit) -> Component:
        """Return the table with its downloads."""
        texts, site = visit.texts, visit.site
        queries = industries_of(site).queries
        period = queries.period(visit.principal, visit.args.get("month", ""))
        heads, rows = assessment_table(site, *queries.assessment(visit.principal, period), texts)
        links = [
            html.A(
                form.upper(), href=f"{site.prefix}papers/assessment/{period}?form={form}", className="button"
            )
            for form in ("xlsx", "csv")
        ]
        body = table(
            [(head, bool(place)) for place, head in enumerate(heads)],
            [[str(cell) for cell in row] for row in rows],
            texts(self.title),
        )
        return html.Div(
            [
                html.H1(texts(self.title), className="visually-hidden"),
                html.Div([month_links(visit, "assessment", period), *links], className="toolbar"),
                card(f"{texts(self.title)} {period}", body if rows else empty(texts("industries.page.none"))),
            ],
            className="page",
        )

    def register(self, app: Any, site: Site) -> None:
        """No callbacks."""


def assessment_table(
    site: Site, judged: list[Attainment], rows: list[AssessmentRow], texts: Texts
) -> tuple[tuple[str, ...], tuple[tuple[str | int, ...], ...]]:
    """Return heads and rows of the assessment, for page and file alike."""
    heads = (
        texts("industries.page.town"),
        *(f"{named(one.indicator, texts)} {texts('industries.page.of_path')}" for one in judged),
        *(texts(f"industries.page.{name}") for name in ("due", "on_time", "corrections", "returned")),
    )
    return heads, tuple(
        (
            town_name(site, one.town_id, texts),
            *(percent(share) for share in one.shares),
            one.due,
            one.on_time,
            one.corrections,
            one.returned,
        )
        for one in rows
    )


def _tools(visit: Visit, period: str) -> list[Component]:
    texts, prefix = visit.texts, visit.site.prefix
    links: list[Component] = [
        dcc.Link(
            texts("industries.page.assessment"), href=f"{prefix}assessment?month={period}", className="button"
        )
    ]
    if visit.principal.may(Permission.ENTER_REPORT):
        links += [
            html.A(
                texts("industries.page.template"),
                href=f"{prefix}papers/report-template/{period}",
                className="button",
            ),
            html.A(
                texts("industries.page.import"),
                href=f"{prefix}report-import?month={period}",
                className="button",
            ),
            html.A(texts("registers.menu"), href=f"{prefix}register/base", className="button"),
        ]
    return [html.Span(className="grow"), *links]


def _notices(visit: Visit, view: IndustriesView) -> Component:
    """Return what somebody should look at, each with its name."""
    texts = visit.texts
    names = {one.indicator.indicator_id: named(one.indicator, texts) for one in view.rows}
    names |= {one.fund.fund_id: named(one.fund, texts) for one in view.funds}
    names |= {one.town_id: town_name(visit.site, one.town_id, texts) for one in view.towns}
    if not view.notices:
        return empty(texts("industries.notice.none"))
    return html.Ul(
        [html.Li(one.words(texts, name=names[one.subject])) for one in view.notices], className="blockers"
    )


def _targets(visit: Visit, view: IndustriesView) -> Component:
    texts, prefix = visit.texts, visit.site.prefix
    columns = ("indicator", "progress", "reached", "expected", "target", "forecast", "state", "gap")
    numbers = {"reached", "expected", "target", "forecast"}
    heads = [(texts(f"industries.page.{name}"), name in numbers) for name in columns]
    rows: list[list[Any]] = [
        [
            dcc.Link(
                named(one.indicator, texts),
                href=f"{prefix}industries/{one.indicator.indicator_id}?month={view.period}",
            ),
            goal(one, texts),
            amount(one.indicator, one.reached, texts),
            amount(one.indicator, one.expected, texts, unit=False),
            amount(one.indicator, one.target, texts, unit=False),
            _forecast(one, texts),
            standing_words(one, texts) if one.target is not None else MISSING,
            _gap(visit, one),
        ]
        for one in view.rows
    ]
    return (
        table(heads, rows, texts("industries.page.targets")) if rows else empty(texts("industries.page.none"))
    )


def _forecast(one: Attainment, texts: Texts) -> str:
    middle = amount(one.indicator, one.forecast, texts, unit=False)
    if one.forecast_low is None:
        return middle
    low = amount(one.indicator, one.forecast_low, texts, unit=False)
    high = amount(one.indicator, one.forecast_high, texts, unit=False)
    return f"{middle} ({low} – {high})"


def _gap(visit: Visit, one: Attainment) -> str:
    """Return who makes the gap; where nothing is due, who is silent."""
    texts = visit.texts
    makers = [town_name(visit.site, each.town_id, texts) for each in one.gap_makers[:SILENT_MAX]]
    if one.standing.value == "behind" and makers:
        return texts("industries.page.separator").join(makers)
    return texts("industries.page.silent", count=len(one.silent)) if one.silent else ""


def _reports(visit: Visit, view: IndustriesView) -> Component:
    texts, prefix = visit.texts, visit.site.prefix
    names = ("town", "there", "missing", "late", "checked", "acts")
    rows: list[list[Any]] = []
    for one in view.towns:
        links: list[Any] = []
        if visit.principal.may(Permission.ENTER_REPORT):
            href = f"{prefix}report-form/{one.town_id}/{view.period}"
            links.append(html.A(texts("industries.page.fill"), href=href))
        if one.there:
            place = f"{one.town_id}/{view.period}"
            links += [" ", html.A(texts("industry_reports.see"), href=f"{prefix}report/{place}")]
            links += [
                " ",
                html.A(texts("industries.page.sheet"), href=f"{prefix}papers/report-sheet/{place}"),
            ]
        late = one.missing and view.is_due
        missing = html.B(str(one.missing), className="standing behind") if late else str(one.missing)
        rows.append(
            [
                town_name(visit.site, one.town_id, texts),
                f"{one.there}/{one.due}",
                missing,
                str(one.late),
                str(one.checked),
                html.Span(links),
            ]
        )
    heads = [(texts(f"industries.page.{name}"), name not in {"town", "acts"}) for name in names]
    return (
        table(heads, rows, texts("industries.page.reports"))
        if rows
        else empty(texts("industries.page.no_towns"))
    )


def _funds(view: IndustriesView, texts: Texts) -> Component:
    names = ("fund", "received", "awarded", "balance", "free", "asked", "claim_rate")
    rows: list[list[Any]] = [
        [
            named(one.fund, texts),
            yuan(one.received_fen),
            yuan(one.awarded_fen),
            yuan(one.balance_fen),
            yuan(one.free_fen),
            yuan(one.asked_fen),
            percent(one.claim_rate),
        ]
        for one in view.funds
    ]
    return table(
        [(texts(f"industries.page.{name}"), name != "fund") for name in names],
        rows,
        texts("industries.page.funds"),
    )
