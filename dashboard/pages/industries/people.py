"""The village page with every source of income, the funds, and the questions about households to their own town."""

from typing import Any
from urllib.parse import urlencode

from dash import dcc, html

from access.permissions import Permission
from dashboard.components.card import card, empty, facts, table
from dashboard.components.words import MISSING, date_time, day_text
from dashboard.pages.base import Component, Site, Visit
from dashboard.pages.industries.fund_forms import decided
from dashboard.pages.industries.household import change
from dashboard.pages.industries.one import base_table
from dashboard.pages.industries.parts import industries_of, named, percent, yuan
from domain.industry import IncomeQuestion, QuestionState
from queries.industry_views import FundView, VillageView
from texts.loader import Texts


class VillagePage:
    """``/app/village/<village>``."""

    path = "/village/<village>"
    permission = Permission.VIEW_INDUSTRIES
    title = "industries.page.village"

    def layout(self, visit: Visit) -> Component:
        """Return income by source first, year against year, then plants and bases."""
        texts, site = visit.texts, visit.site
        wanted = visit.args.get("year", "")
        year = int(wanted) if wanted.isdigit() and len(wanted) == 4 else None
        view = industries_of(site).queries.village(visit.principal, visit.args["village"], year)
        label = site.services.sources.registry.village_label(view.village_id, texts.language)
        return html.Div(
            [
                html.H1(f"{label} {view.year}"),
                card(
                    texts("industries.page.income_by_source"),
                    [
                        _sources(view, texts),
                        html.P(texts("industries.page.only_seen"), className="summary"),
                        *_asks_household(visit, view),
                    ],
                    aside=texts("industries.page.through", month=view.through_month),
                ),
                card(texts("industries.page.plants"), _plants(visit, view)),
                card(
                    texts("industries.page.bases"),
                    base_table(visit, view.bases) if view.bases else empty(texts("industries.page.no_bases")),
                ),
            ],
            className="page",
        )

    def register(self, app: Any, site: Site) -> None:
        """No callbacks."""


class FundsPage:
    """``/app/funds``."""

    path = "/funds"
    permission = Permission.VIEW_INCOME
    title = "industries.page.funds"

    def layout(self, visit: Visit) -> Component:
        """Return every fund with its claims and rounds."""
        texts = visit.texts
        views = industries_of(visit.site).queries.funds(visit.principal)
        return html.Div(
            [
                html.H1(texts(self.title), className="visually-hidden"),
                *(card(named(one.standing.fund, texts), _fund(visit, one)) for one in views),
                *([] if views else [empty(texts("industries.page.none"))]),
            ],
            className="page",
        )

    def register(self, app: Any, site: Site) -> None:
        """No callbacks."""


class QuestionsPage:
    """``/app/questions``: to people of the town itself."""

    path = "/questions"
    permission = Permission.VIEW_PEOPLE
    title = "industries.page.questions"

    def layout(self, visit: Visit) -> Component:
        """Return the questions with the way to close them."""
        texts, site = visit.texts, visit.site
        found = industries_of(site).queries.questions(visit.principal)
        registry, causes = site.services.sources.registry, _causes(visit, found)
        rows: list[list[Any]] = []
        for one in found:
            is_open = one.state is QuestionState.OPEN
            link = html.A(
                texts("industries.page.close"),
                href=f"{site.prefix}question/{one.question_id}",
                className="button",
            )
            rows.append(
                [
                    registry.village_label(one.village_id, texts.language),
                    html.A(one.household_id, href=_household(site, one.village_id, one.household_id)),
                    texts(f"industries.reason.{one.reason}"),
                    causes.get(one.question_id, MISSING),
                    yuan(one.before_fen),
                    yuan(one.now_fen),
                    link if is_open else f"{date_time(one.closed_at)} {one.visit_note}",
                    day_text(one.delete_on),
                ]
            )
        names = ("village_name", "household", "why", "cause", "before", "now", "visit", "delete_on")
        heads = [(texts(f"industries.page.{name}"), name in {"before", "now"}) for name in names]
        body = table(heads, rows, texts(self.title)) if rows else empty(texts("industries.page.no_questions"))
        return html.Div(
            [
                html.H1(texts(self.title), className="visually-hidden"),
                card(
                    texts(self.title),
                    [body, html.P(texts("industries.page.only_seen"), className="summary")],
                ),
            ],
            className="page",
        )

    def register(self, app: Any, site: Site) -> None:
        """No callbacks."""


def _causes(visit: Visit, found: list[IncomeQuestion]) -> dict[str, str]:
    """Return what the watch over payouts finds for households whose payout fell, in words; the fall may be elsewhere."""
    payout, said = visit.site.services.payout, {}
    for day in {one.asked_at.date() for one in found} if payout is not None else ():
        asked = {(one.village_id, one.household_id): one for one in found if one.asked_at.date() == day}
        span = (day.replace(month=1, day=1), day.replace(day=1))
        for one in payout.watch.households(visit.principal, *span, only=list(asked)) if payout else ():
            if one.now_fen < one.before_fen:
                question = asked[one.village_id, one.subject_id].question_id
                said[question] = visit.texts(f"payout.cause.{one.cause.value}")
    return said


class VillagesPage:
    """``/app/village``: the choice of a village."""

    path = "/village"
    permission = Permission.VIEW_INDUSTRIES
    title = "industries.page.village"

    def layout(self, visit: Visit) -> Component:
        """Return the villages in scope as links."""
        registry, texts = visit.site.services.sources.registry, visit.texts
        links = [
            html.Li(
                dcc.Link(
                    registry.village_label(one, texts.language), href=f"{visit.site.prefix}village/{one}"
                )
            )
            for one in industries_of(visit.site).queries.villages(visit.principal)
        ]
        return html.Div(
            [
                html.H1(texts(self.title), className="visually-hidden"),
                card(texts(self.title), html.Ul(links, className="village-list")),
            ],
            className="page",
        )

    def register(self, app: Any, site: Site) -> None:
        """No callbacks."""


def _household(site: Site, village_id: str, household_id: str) -> str:
    return f"{site.prefix}household-income/{village_id}?{urlencode({'household': household_id})}"


def _asks_household(visit: Visit, view: VillageView) -> list[Component]:
    """Return the field that asks for one household, to those who may see people."""
    if not visit.principal.may(Permission.VIEW_PEOPLE):
        return []
    texts = visit.texts
    field = dcc.Input(
        name="household",
        required=True,
        maxLength=64,
        autoComplete="off",
        id="household-asked",
        style={"maxWidth": "16rem"},
    )
    label = html.Label(texts("industries.page.household"), htmlFor="household-asked")
    button = html.Button(texts("industries.page.look_household"), className="button", type="submit")
    action = f"{visit.site.prefix}household-income/{view.village_id}"
    return [html.Form([label, " ", field, " ", button], action=action, method="GET", className="toolbar")]


def _sources(view: VillageView, texts: Texts) -> Component:
    rows: list[list[Any]] = [
        [
            texts(f"industries.source.{one.source.value}"),
            yuan(one.now_fen),
            yuan(one.before_fen),
            change(one.now_fen, one.before_fen),
        ]
        for one in view.sources
    ]
    if not rows:
        return empty(texts("industries.page.no_income"))
    now, before = sum(one.now_fen for one in view.sources), sum(one.before_fen for one in view.sources)
    rows.append([texts("industries.page.total"), yuan(now), yuan(before), change(now, before)])
    heads = [
        (texts("industries.page.source"), False),
        (str(view.year), True),
        (str(view.year - 1), True),
        (texts("industries.page.change"), True),
    ]
    counted = facts(
        [
            (texts("industries.page.source_count"), str(view.source_count)),
            (texts("industries.page.households"), str(view.households)),
        ]
    )
    return html.Div([table(heads, rows, texts("industries.page.income_by_source")), counted])


def _plants(visit: Visit, view: VillageView) -> Component:
    texts = visit.texts
    if not view.plants:
        return empty(texts("industries.page.none"))
    rows: list[list[Any]] = [
        [
            dcc.Link(
                named(one.plant, texts) or one.plant.name, href=visit.site.plant_path(one.plant.plant_id)
            ),
            f"{one.share_kw:,.1f}",
            yuan(one.now_fen),
            yuan(one.before_fen),
            MISSING if one.now_fen is None else change(one.now_fen, one.before_fen or 0),
        ]
        for one in view.plants
    ]
    heads = [
        (texts("industries.page.plant"), False),
        (texts("industries.page.share_kw"), True),
        (texts("industries.page.pv_net", year=view.year), True),
        (texts("industries.page.pv_net", year=view.year - 1), True),
        (texts("industries.page.change"), True),
    ]
    return table(heads, rows, texts("industries.page.plants"))


def _fund(visit: Visit, view: FundView) -> Component:
    texts, one = visit.texts, view.standing
    fund = one.fund
    terms: list[tuple[str, Any]] = [
        (texts("industries.page.received"), yuan(one.received_fen)),
        (texts("industries.page.awarded"), yuan(one.awarded_fen)),
        (texts("industries.page.paid"), yuan(one.paid_fen)),
        (texts("industries.page.balance"), yuan(one.balance_fen)),
        (texts("industries.page.free"), yuan(one.free_fen)),
        (texts("industries.page.asked"), yuan(one.asked_fen)),
        (texts("industries.page.cap"), yuan(fund.cap_fen)),
        (texts("industries.page.coverage"), percent(fund.coverage)),
        (texts("industries.page.coverage_ratio"), percent(one.coverage_ratio)),
        (texts("industries.page.claim_rate"), percent(one.claim_rate)),
        (texts("industries.page.waiting"), str(view.waiting_payments)),
        (
            texts("industries.page.document"),
            f"{fund.document} · {texts('industries.page.assumed')}" if fund.terms_assumed else fund.document,
        ),
    ]
    way = dcc.Link(
        texts("fund_forms.open"),
        href=f"{visit.site.prefix}fund/{fund.fund_id}",
        className="button",
        refresh=True,
    )
    return html.Div([facts(terms), _cases(visit, view), html.P(way)])


def _cases(visit: Visit, view: FundView) -> Component:
    texts, registry = visit.texts, visit.site.services.sources.registry
    rows: list[list[Any]] = []
    for claim, decision in view.claims:
        rows.append(
            [
                _case_link(visit, claim.identity),
                registry.village_label(claim.village_id, texts.language),
                str(claim.content["cause"]),
                yuan(int(claim.content["asked_fen"])),
                decided(decision, texts),
            ]
        )
    for made, decision in view.rounds:
        total = sum(int(line[3]) for line in made.content["lines"])
        what = texts("industries.page.payees", count=len(made.content["lines"]))
        rows.append([_case_link(visit, made.identity), "", what, yuan(total), decided(decision, texts)])
    if not rows:
        return empty(texts("industries.page.no_cases"))
    names = ("number", "village_name", "what", "asked", "decision")
    heads = [(texts(f"industries.page.{name}"), name == "asked") for name in names]
    return table(heads, rows, texts("industries.page.cases"))


def _case_link(visit: Visit, source_id: str) -> Component:
    return html.A(source_id, href=f"{visit.site.prefix}fund-case/{source_id}")
