"""The plans: a list, and one plan with its step bar, blockers in words, money and persons."""

from typing import Any
from urllib.parse import urlencode

from dash import dcc, html

from access.permissions import Permission
from access.villages import villages_seen
from dashboard.components.card import card, empty, facts, table
from dashboard.components.words import MISSING, day_text
from dashboard.pages.base import Component, Site, Visit
from dashboard.pages.payout.attendance import lines_by_days
from dashboard.pages.payout.parts import months, payout_of, step_bar, village_label, yuan
from domain.money import Money
from queries.payout import PlanView
from revenue.approval import CHECKER_STEPS, MONEY_STEPS, ORDER, PAPER_STEPS, Step
from revenue.stability import Finding
from texts.loader import Texts

PLANS_MAX = 300


class PlansPage:
    """``/app/plans``."""

    path = "/plans"
    permission = Permission.VIEW_INCOME
    title = "payout.page.plans"

    def layout(self, visit: Visit) -> Component:
        """Return the plans in scope, newest first."""
        texts, site = visit.texts, visit.site
        rows = payout_of(site).queries.plans(visit.principal)[:PLANS_MAX]
        columns = ("village", "months", "step", "since", "available", "paid", "open", "returned")
        heads = [
            (texts(f"payout.page.{name}"), name in {"available", "paid", "open", "returned"})
            for name in columns
        ]
        body = table(
            heads,
            [
                [
                    dcc.Link(
                        village_label(site, row.village_id, texts), href=f"{site.prefix}plans/{row.plan_id}"
                    ),
                    months(row.first_month, row.last_month),
                    texts(f"payout.step.{row.step.value}"),
                    day_text(row.since),
                    str(row.available),
                    str(row.paid),
                    str(row.open),
                    str(row.returned) if row.returned else "",
                ]
                for row in rows
            ],
            texts(self.title),
        )
        return html.Div(
            [
                html.H1(texts(self.title), className="visually-hidden"),
                _desk_links(visit),
                card(texts(self.title), body if rows else empty(texts("payout.page.no_plans"))),
            ],
            className="page",
        )

    def register(self, app: Any, site: Site) -> None:
        """No callbacks: the list is as it was when the page was opened."""


def _desk_links(visit: Visit) -> Component:
    """Return the ways to a new plan, village by village, and to everything that is printed."""
    texts, prefix = visit.texts, visit.site.prefix
    links: list[Any] = [html.A(texts("plandesk.prints"), href=f"{prefix}prints", className="button")]
    if visit.principal.may(Permission.MAKE_PLAN):
        registry = visit.site.services.sources.registry
        villages = [
            html.Li(html.A(registry.village_label(one, texts.language), href=f"{prefix}plan-draft/{one}"))
            for one in villages_seen(visit.principal, registry)
        ]
        summary = html.Summary(texts("plandesk.title"))
        links.insert(0, html.Details([summary, html.Ul(villages)], className="village-choice"))
    return html.Div(links, className="toolbar")


class OnePlanPage:
    """``/app/plans/<plan_id>``."""

    path = "/plans/<plan_id>"
    permission = Permission.VIEW_INCOME
    title = "payout.page.plan"

    def layout(self, visit: Visit) -> Component:
        """Return the step bar first, then what blocks, then the money and the persons."""
        texts, site = visit.texts, visit.site
        view = payout_of(site).queries.plan(visit.principal, visit.args["plan_id"])
        plan = view.dossier.plan
        label = village_label(site, plan.village_id, texts)
        return html.Div(
            [
                html.H1(f"{label} {months(plan.first_month, plan.last_month)}"),
                card(
                    texts("payout.page.steps"),
                    [step_bar(view.steps, view.dossier.approval.step, texts), _next(visit, view)],
                ),
                html.Div(
                    [
                        card(texts("payout.page.money"), _money(visit, view), class_name="half"),
                        card(texts("payout.page.lines"), _lines(view, texts), class_name="half"),
                    ],
                    className="columns",
                ),
                card(texts("payout.page.persons"), _persons(visit, view)),
                card(texts("payout.page.objections"), _objections(view, texts)),
            ],
            className="page",
        )

    def register(self, app: Any, site: Site) -> None:
        """No callbacks: acts are plain forms, which work on any phone."""


def _next(visit: Visit, view: PlanView) -> Component:
    texts, prefix = visit.texts, visit.site.prefix
    if view.next is None:
        return html.P(texts("payout.page.finished"))
    plan_id, step = view.dossier.plan.plan_id, view.next
    name = texts(f"payout.step.{step.value}")
    parts: list[Any] = [html.P([texts("payout.page.next"), html.B(name)])]
    if view.blockers:
        parts.append(html.Ul([html.Li(one.words(texts)) for one in view.blockers], className="blockers"))
    links: list[Any] = []
    needed = Permission.CHECK_MONEY if step in CHECKER_STEPS else Permission.MAKE_PLAN
    if step not in MONEY_STEPS and visit.principal.may(needed):
        links.append(
            html.A(
                texts("payout.page.do_step", step=name),
                href=f"{prefix}plan-step/{plan_id}",
                className="button",
            )
        )
    if view.dossier.approval.step is Step.DRAFTED and visit.principal.may(Permission.MAKE_PLAN):
        links.append(_draft_link(visit, view))
    elif view.dossier.distribution is None and visit.principal.may(Permission.CHECK_MONEY):
        links.append(html.A(texts("plandesk.back"), href=f"{prefix}plan-back/{plan_id}", className="button"))
    if ORDER.index(view.dossier.approval.step) >= ORDER.index(Step.FILED):
        links.append(
            html.A(
                texts("payout.page.payment_of_plan"), href=f"{prefix}plan-pay/{plan_id}", className="button"
            )
        )
    if view.dossier.approval.taken(Step.PUBLISHED) is not None:
        href = f"{prefix}objections/{plan_id}"
        links.append(html.A(texts("payout.page.objections"), href=href, className="button"))
    if lines_by_days(view.dossier) and visit.principal.may(Permission.VIEW_PEOPLE):
        href = f"{prefix}attendance/{plan_id}"
        links.append(html.A(texts("attendance.title"), href=href, className="button"))
    if step in PAPER_STEPS:
        href = f"{prefix}papers/step/{plan_id}/{step.value}"
        links.append(html.A(texts("payout.page.paper"), href=href, className="button"))
    return html.Div([*parts, html.Div(links, className="toolbar")])


def _draft_link(visit: Visit, view: PlanView) -> Component:
    plan = view.dossier.plan
    months_of = f"first={plan.first_month:%Y-%m}&last={plan.last_month:%Y-%m}"
    href = f"{visit.site.prefix}plan-draft/{plan.village_id}?{months_of}"
    return html.A(visit.texts("plandesk.change"), href=href, className="button")


def _books(visit: Visit, view: PlanView) -> Component:
    """Return the ways to the journal of each month the money of a plan is from."""
    plan = view.dossier.plan
    links: list[Any] = []
    for month in plan.months():
        place = urlencode({"village": plan.village_id, "month": f"{month:%Y-%m}"})
        links += [dcc.Link(f"{month:%Y-%m}", href=f"{visit.site.prefix}ledger?{place}"), " "]
    return html.Span(links)


def _money(visit: Visit, view: PlanView) -> Component:
    plan, verdict, texts = view.dossier.plan, view.verdict, visit.texts
    name = view.rule.name_en if texts.language == "en" else view.rule.name_zh

    def share(value: Any) -> str:
        return MISSING if value is None else f"{float(value):.2%}"

    return facts(
        [
            (texts("revenue.page.ledger"), _books(visit, view)),
            (texts("payout.page.gross"), yuan(plan.gross_fen)),
            (texts("payout.page.net"), yuan(plan.net_fen)),
            (texts("payout.page.available"), yuan(plan.available_fen)),
            (texts("payout.page.planned"), yuan(plan.planned_fen)),
            (texts("payout.page.rest"), yuan(plan.available_fen - plan.planned_fen)),
            (texts("payout.page.paid"), yuan(view.dossier.paid_fen)),
            (texts("payout.page.open"), yuan(view.dossier.open_fen)),
            (texts("payout.page.rule"), f"{name} · {view.rule.source}"),
            (texts("payout.page.of_gross"), share(verdict.of_gross)),
            (texts("payout.page.of_net"), share(verdict.of_net)),
        ]
    )


def _lines(view: PlanView, texts: Texts) -> Component:
    heads = [
        ("", False),
        (texts("payout.page.class"), False),
        (texts("payout.page.purpose"), False),
        (texts("payout.page.amount"), True),
    ]
    rows: list[list[Any]] = [
        [line.line_id, texts(f"payout.class.{line.kind.value}"), line.purpose or MISSING, yuan(line.fen)]
        for line in view.dossier.plan.lines
    ]
    return table(heads, rows, texts("payout.page.lines"))


def _persons(visit: Visit, view: PlanView) -> Component:
    texts, prefix = visit.texts, visit.site.prefix
    if not view.standings:
        return empty(texts("payout.page.not_yet"))
    names = ("household", "purpose", "amount", "state", "trace")
    rows: list[list[Any]] = []
    for stands in sorted(
        view.standings, key=lambda one: (one.entitlement.line_id, one.entitlement.household_id)
    ):
        one = stands.entitlement
        said, back = texts(f"payout.state.{stands.state}"), stands.returned
        if back is not None and not stands.lapsed_fen:
            said = f"{said}: {back.reason}"
        link: Any = dcc.Link(texts("payout.page.trace"), href=f"{prefix}trace?line={one.entitlement_id}")
        if stands.open_fen > 0 and visit.principal.may(Permission.CHECK_MONEY):
            heir = html.A(texts("payees.link.heir"), href=f"{prefix}payee-heir/{one.entitlement_id}")
            none = html.A(texts("payees.link.lapse"), href=f"{prefix}payee-lapse/{one.entitlement_id}")
            link = html.Span([link, " · ", heir, " · ", none])
        purpose = view.dossier.plan.line(one.line_id).purpose
        rows.append([one.household_id, purpose, yuan(one.fen), said, link])
    heads = [(texts(f"payout.page.{name}"), name == "amount") for name in names]
    return table(heads, rows, texts("payout.page.persons"))


def _objections(view: PlanView, texts: Texts) -> Component:
    if not view.dossier.objections:
        return empty(texts("payout.page.no_objections"))
    rows: list[list[Any]] = [
        [
            str(one.number),
            day_text(one.on),
            one.text,
            day_text(one.due_on),
            texts(f"payout.outcome.{one.outcome.value}") if one.outcome else texts("payout.outcome.open"),
            one.answer or MISSING,
        ]
        for one in view.dossier.objections
    ]
    names = ("number", "day", "text", "due", "state", "answer")
    return table(
        [(texts(f"payout.page.{name}"), False) for name in names], rows, texts("payout.page.objections")
    )


def findings_table(visit: Visit, found: list[Finding]) -> Component:
    """Return the stability watch of villages, or of households, as a table."""
    texts, homes = visit.texts, bool(found and found[0].village_id)
    rows: list[list[Any]] = [
        [
            village_label(visit.site, one.village_id or one.subject_id, texts),
            *([one.subject_id] if homes else []),
            str(Money(one.before_fen)),
            str(Money(one.now_fen)),
            texts(f"payout.cause.{one.cause.value}"),
        ]
        for one in found
    ]
    names = ("village", *(("household",) if homes else ()), "before", "now", "cause")
    heads = [(texts(f"payout.page.{name}"), name in {"before", "now"}) for name in names]
    return table(heads, rows, texts("payout.page.watch"))
