"""One indicator: what it rests on, its months, its towns, its bases; and one base."""

from typing import Any

from dash import dcc, html

from access.permissions import Permission
from access.villages import towns_seen
from dashboard.components.card import card, draw_later, empty, facts, later_graph, table
from dashboard.components.theme import ENERGY, POWER_BEFORE, figure_layout
from dashboard.components.words import MISSING
from dashboard.pages.base import Component, Site, Visit
from dashboard.pages.industries.base_map import MAP, base_map
from dashboard.pages.industries.parts import (
    amount,
    goal,
    industries_of,
    month_links,
    named,
    standing_words,
    town_name,
    yuan,
)
from industries.base import Base
from industries.indicator import Indicator
from queries.industry_views import BaseRow, BaseView, IndicatorView
from texts.loader import Texts

TREND = "industry-trend"
BASES_MAX = 50
CONTRACT_KINDS = frozenset({"order", "land", "work", "profit"})


class OneIndustryPage:
    """``/app/industries/<indicator>``."""

    path = "/industries/<indicator>"
    permission = Permission.VIEW_INDUSTRIES
    title = "industries.page.industry"

    def layout(self, visit: Visit) -> Component:
        """Return the target first, then the months, the towns, the bases."""
        texts, queries = visit.texts, industries_of(visit.site).queries
        period = queries.period(visit.principal, visit.args.get("month", ""))
        view = queries.indicator(visit.principal, visit.args["indicator"], period)
        indicator = view.attainment.indicator
        return html.Div(
            [
                html.H1(f"{named(indicator, texts)} {period}"),
                month_links(visit, f"industries/{indicator.indicator_id}", period),
                html.Div(
                    [
                        card(texts("industries.page.target"), _about(view, texts), class_name="half"),
                        card(texts("industries.page.trend"), _trend(view, texts), class_name="half"),
                    ],
                    className="columns",
                ),
                card(texts("industry_map.title"), base_map(visit, view.bases)),
                card(texts("industries.page.towns"), _towns(visit, view)),
                card(
                    texts("industries.page.bases"),
                    base_table(visit, view.bases, view.attainment.indicator)
                    if view.bases
                    else empty(texts("industries.page.no_bases")),
                ),
                *_differing(visit, view),
            ],
            className="page",
        )

    def register(self, app: Any, site: Site) -> None:  # noqa: ARG002 (every page gets the site)
        """The trend and the map are drawn when they come into sight."""
        draw_later(app, TREND)
        draw_later(app, MAP)


class BasePage:
    """``/app/bases/<base>``."""

    path = "/bases/<base>"
    permission = Permission.VIEW_INDUSTRIES
    title = "industries.page.base"

    def layout(self, visit: Visit) -> Component:
        """Return what it is, what lies above it, its contracts and reports."""
        texts = visit.texts
        view = industries_of(visit.site).queries.base(visit.principal, visit.args["base"])
        cards = [card(texts("industries.page.base"), _base_facts(visit, view), class_name="half")]
        if view.plant is not None:
            cards.append(card(texts("industries.page.under_panel"), _under(visit, view), class_name="half"))
        return html.Div(
            [
                html.H1(view.base.name),
                html.Div(cards, className="columns"),
                card(texts("industries.page.contracts"), _contracts(view, texts)),
                card(texts("industries.page.reports"), _base_reports(visit, view)),
            ],
            className="page",
        )

    def register(self, app: Any, site: Site) -> None:
        """No callbacks."""


def base_table(visit: Visit, rows: tuple[BaseRow, ...], of: Indicator | None = None) -> Component:
    """Return bases as a table with links; with an indicator also how far each is against its capacity."""
    texts, rules = visit.texts, industries_of(visit.site).queries.rules(visit.principal)
    registry = visit.site.services.sources.registry
    names = ("base", "operator", "village_name", "area", "crop", "latest")
    body: list[list[Any]] = []
    for row in rows[:BASES_MAX]:
        base = row.base
        said = MISSING if row.report is None else rules.entered_in(row.report.entered, texts.language)
        body.append(
            [
                dcc.Link(base.name, href=f"{visit.site.prefix}bases/{base.base_id}"),
                row.operator or MISSING,
                registry.village_label(base.village_id, texts.language),
                f"{base.area_mu.normalize():,f}",
                base.crop or MISSING,
                said,
                *(
                    amount(of, value, texts, unit=False)
                    for value in ((row.reached, row.expected, row.gap) if of else ())
                    if of
                ),
            ]
        )
    numbers = ("reached", "by_capacity", "difference")
    heads = [(texts(f"industries.page.{name}"), name == "area") for name in names]
    heads += [(texts(f"industries.page.{name}"), True) for name in numbers if of]
    shown = table(heads, body, texts("industries.page.bases"))
    if len(rows) <= BASES_MAX:
        return shown
    note = texts("industries.page.first_of", shown=BASES_MAX, count=len(rows))
    return html.Div([shown, html.P(note, className="summary")])


def _about(view: IndicatorView, texts: Texts) -> Component:
    one = view.attainment
    indicator = one.indicator
    document = indicator.document
    if indicator.path_assumed and indicator.path:
        document = f"{document} · {texts('industries.page.path_assumed')}"
    rows: list[tuple[str, Any]] = [
        (texts("industries.page.progress"), goal(one, texts)),
        (texts("industries.page.state"), standing_words(one, texts)),
        (texts("industries.page.reached"), amount(indicator, one.reached, texts)),
        (texts("industries.page.expected"), amount(indicator, one.expected, texts)),
        (texts("industries.page.target"), amount(indicator, one.target, texts)),
        (texts("industries.page.forecast"), amount(indicator, one.forecast, texts)),
        (texts("industries.page.document"), document),
        (texts("industries.page.sentence"), indicator.sentence),
        (texts("industries.page.counting"), indicator.counting),
        (texts("industries.page.owner"), indicator.owner or MISSING),
    ]
    return facts(rows)


def _trend(view: IndicatorView, texts: Texts) -> Component:
    indicator, year = view.attainment.indicator, view.attainment.period[:4]
    shown = [
        (one.period, None if one.value is None else float(indicator.shown(one.value) or 0))
        for one in view.trend
    ]

    def bars(name: str, colour: str, wanted: str) -> dict[str, Any]:
        rows = [(period, value) for period, value in shown if period[:4] == wanted]
        return {
            "type": "bar",
            "name": name,
            "x": [int(period[5:]) for period, _ in rows],
            "y": [value for _, value in rows],
            "marker": {"color": colour},
        }

    before = str(int(year) - 1)
    layout = figure_layout(
        xaxis={"dtick": 1, "range": [0.5, 12.5], "fixedrange": True},
        yaxis={"title": {"text": named(indicator.unit, texts)}, "rangemode": "tozero", "fixedrange": True},
        barmode="group",
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.12},
        margin={"l": 56, "r": 8, "t": 28, "b": 26},
    )
    figure = {"data": [bars(before, POWER_BEFORE, before), bars(year, ENERGY, year)], "layout": layout}
    there = sum(value is not None for _, value in shown)
    summary = texts("industries.page.trend_summary", count=there, months=len(shown))
    return later_graph(TREND, figure, summary, texts, 240)


def _towns(visit: Visit, view: IndicatorView) -> Component:
    texts, one = visit.texts, view.attainment
    seen = set(towns_seen(visit.principal, visit.site.services.sources.registry))
    rows: list[list[Any]] = []
    order = sorted(one.towns, key=lambda each: (each.gap is None, each.gap or 0, each.town_id))
    for each in order:
        if each.town_id not in seen:
            continue
        months = texts("industries.page.separator").join(str(month) for month in each.missing)
        rows.append(
            [
                town_name(visit.site, each.town_id, texts),
                amount(one.indicator, each.reached, texts, unit=False),
                amount(one.indicator, each.expected, texts, unit=False),
                amount(one.indicator, each.gap, texts, unit=False),
                standing_words(each, texts),
                months or "",
            ]
        )
    names = ("town", "reached", "expected", "difference", "state", "missing_months")
    heads = [
        (texts(f"industries.page.{name}"), name in {"reached", "expected", "difference"}) for name in names
    ]
    note = texts("industries.page.task_assumed") if any(each.task_assumed for each in one.towns) else ""
    body = (
        table(heads, rows, texts("industries.page.towns"))
        if rows
        else empty(texts("industries.page.no_towns"))
    )
    return html.Div([body, html.P(note, className="summary")] if note else [body])


def _differing(visit: Visit, view: IndicatorView) -> list[Component]:
    """Return where towns and their bases disagree: compared, never forced."""
    if not view.differing:
        return []
    texts, indicator = visit.texts, view.attainment.indicator
    rows: list[list[Any]] = [
        [
            town_name(visit.site, town, texts),
            amount(indicator, said, texts),
            amount(indicator, bases, texts),
        ]
        for town, said, bases in view.differing
    ]
    heads = [
        (texts(f"industries.page.{name}"), name != "town") for name in ("town", "town_said", "bases_said")
    ]
    return [card(texts("industries.page.differing"), table(heads, rows, texts("industries.page.differing")))]


def _base_facts(visit: Visit, view: BaseView) -> Component:
    texts, base, registry = visit.texts, view.base, visit.site.services.sources.registry
    villages = (base.village_id, *base.villages)
    links = [
        html.Span(
            [
                dcc.Link(
                    registry.village_label(one, texts.language), href=f"{visit.site.prefix}village/{one}"
                ),
                " ",
            ]
        )
        for one in villages
    ]
    rows: list[tuple[str, Any]] = [
        (texts("industries.page.operator"), view.operator.name if view.operator else MISSING),
        (texts("industries.page.indicator"), named(view.indicator, texts) if view.indicator else MISSING),
        (texts("industries.page.village_name"), html.Span(links)),
        (texts("industries.page.area"), f"{base.area_mu.normalize():,f}"),
        (texts("industries.page.capacity"), _capacity(view, texts)),
        (texts("industries.page.households"), str(len(base.households))),
        (texts("industries.page.place"), _place(base)),
    ]
    return facts(rows)


def _capacity(view: BaseView, texts: Texts) -> str:
    if view.base.capacity is None or view.indicator is None:
        return MISSING
    return amount(view.indicator, view.base.capacity, texts)


def _place(base: Base) -> str:
    known = base.latitude is not None and base.longitude is not None
    return f"{base.latitude:.4f}, {base.longitude:.4f}" if known else MISSING


def _under(visit: Visit, view: BaseView) -> Component:
    """Return what the ground brings beside its power."""
    texts, base, plant = visit.texts, view.base, view.plant
    assert plant is not None, "asked only where there is a plant"
    rows: list[tuple[str, Any]] = [
        (
            texts("industries.page.plant"),
            dcc.Link(named(plant, texts) or plant.name, href=visit.site.plant_path(plant.plant_id)),
        ),
        (texts("industries.page.crop"), base.crop or MISSING),
        (texts("industries.page.extra_mu"), yuan(base.income_fen_per_mu)),
        (texts("industries.page.extra"), yuan(base.extra_income_fen)),
        (texts("industries.page.plant_net"), yuan(view.plant_net_fen)),
    ]
    if visit.principal.may(Permission.VIEW_PEOPLE):
        rows.append((texts("industries.page.worked_by"), base.household_id or MISSING))
    return facts(rows)


def _contracts(view: BaseView, texts: Texts) -> Component:
    if not view.contracts:
        return empty(texts("industries.page.none"))
    rows: list[list[Any]] = [
        [
            one.contract_id,
            texts(f"industries.contract.{one.kind}") if one.kind in CONTRACT_KINDS else one.kind,
            str(one.valid_from),
            str(one.valid_to or MISSING),
            MISSING if one.profit_share is None else f"{one.profit_share * 100:.1f} %",
            yuan(one.fixed_fen),
            one.document or MISSING,
        ]
        for one in view.contracts
    ]
    names = ("contract_id", "kind", "valid_from", "valid_to", "profit_share", "fixed_yuan", "document")
    heads = [(texts(f"industries.column.{name}"), name in {"profit_share", "fixed_yuan"}) for name in names]
    return table(heads, rows, texts("industries.page.contracts"))


def _base_reports(visit: Visit, view: BaseView) -> Component:
    texts, rules = visit.texts, industries_of(visit.site).queries.rules(visit.principal)
    if not view.reports:
        return empty(texts("industries.page.none"))
    rows: list[list[Any]] = [
        [
            one.period,
            rules.entered_in(one.entered, texts.language),
            texts(f"industries.mark.{one.mark.value}"),
            str(one.version),
            one.note,
        ]
        for one in reversed(view.reports)
    ]
    names = ("month", "amount", "mark", "version", "note")
    return table(
        [(texts(f"industries.page.{name}"), False) for name in names], rows, texts("industries.page.reports")
    )
