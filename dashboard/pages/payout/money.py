"""Payments and returns, notices, traces, and the roster: what is open, what hangs out, what stands behind a fen."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from dash import dcc, html

from access.permissions import Permission
from commands.rosters import MaskedMember
from dashboard.components.card import card, empty, table
from dashboard.components.seen import SHARE_PATH
from dashboard.components.words import MISSING, day_text
from dashboard.pages.base import Component, Site, Visit
from dashboard.pages.payout.parts import months, payout_of, village_label, village_links, village_of, yuan
from dashboard.pages.payout.plans import findings_table
from domain.errors import CommandError
from domain.money import Money
from domain.timespan import day_of
from revenue.notice import Notice
from revenue.refusal import RefusedError
from revenue.trace import LineTrace, lapsed_fen
from texts.loader import Texts

ROWS_MAX = 300


class PaymentsPage:
    """``/app/payments``."""

    path = "/payments"
    permission = Permission.VIEW_INCOME
    title = "payout.page.payments"

    def layout(self, visit: Visit) -> Component:
        """Return what came back or waits, and whose benefit fell against a year before."""
        texts, site = visit.texts, visit.site
        queries = payout_of(site).queries
        rows: list[list[Any]] = []
        for dossier, stands in queries.open_payments(visit.principal)[:ROWS_MAX]:
            one, back = stands.entitlement, stands.returned
            plan = dossier.plan
            rows.append(
                [
                    dcc.Link(
                        village_label(site, plan.village_id, texts), href=f"{site.prefix}plans/{plan.plan_id}"
                    ),
                    one.household_id,
                    yuan(stands.open_fen),
                    texts("payout.state.returned" if back else "payout.state.open"),
                    back.reason if back else MISSING,
                    months(plan.first_month, plan.last_month),
                    str(len(stands.attempts)),
                ]
            )
        names = ("village", "household", "open", "state", "reason", "months", "attempts")
        heads = [(texts(f"payout.page.{name}"), name in {"open", "attempts"}) for name in names]
        body = table(heads, rows, texts(self.title)) if rows else empty(texts("payout.page.all_paid"))
        return html.Div(
            [
                html.H1(texts(self.title), className="visually-hidden"),
                card(texts("payout.page.returns"), body),
                card(texts("payout.page.watch"), _watch(visit)),
            ],
            className="page",
        )

    def register(self, app: Any, site: Site) -> None:
        """No callbacks."""


def _watch(visit: Visit) -> list[Component]:
    """Return the villages whose benefit fell and, to who may see people, the households."""
    first, last = quarter_before(day_of(visit.site.services.sources.clock.now()))
    watch, texts = payout_of(visit.site).watch, visit.texts
    found = watch.villages(visit.principal, first, last)
    parts: list[Component] = [findings_table(visit, found) if found else empty(texts("payout.said.stable"))]
    if visit.principal.may(Permission.VIEW_PEOPLE):
        homes = watch.households(visit.principal, first, last)[:ROWS_MAX]
        said = texts("payout.page.homes_stable")
        parts += [
            html.H3(texts("payout.page.watch_homes")),
            findings_table(visit, homes) if homes else empty(said),
        ]
    return parts


def quarter_before(today: date) -> tuple[date, date]:
    """Return the first days of the first and last month of the last whole quarter."""
    place = today.year * 4 + (today.month - 1) // 3 - 1
    year, quarter = divmod(place, 4)
    return date(year, quarter * 3 + 1, 1), date(year, quarter * 3 + 3, 1)


class NoticesPage:
    """``/app/notices``."""

    path = "/notices"
    permission = Permission.VIEW_INCOME
    title = "payout.page.notices"

    def layout(self, visit: Visit) -> Component:
        """Return the notices in scope, newest first, and the check of a code."""
        texts, site = visit.texts, visit.site
        found = payout_of(site).queries.notices(visit.principal)[:ROWS_MAX]
        makes = visit.principal.may(Permission.MAKE_PLAN)
        names = ("village", "kind", "number", "months", "amount", "starts", "ends", "code")
        rows: list[list[Any]] = [
            [
                village_label(site, one.village_id, texts),
                html.A(
                    texts(f"payout.notice.{one.kind.value}"),
                    href=f"{site.prefix}papers/notice/{one.plan_id}/{one.number}",
                ),
                str(one.number),
                months(one.first_month, one.last_month),
                yuan(one.total_fen),
                day_text(one.starts),
                day_text(one.ends),
                dcc.Link(one.code, href=f"{site.prefix}notices?code={one.code}"),
                html.A(
                    texts("share.link"),
                    href=f"{site.prefix}{SHARE_PATH}?{urlencode({'kind': 'notice', 'id': f'{one.plan_id}/{one.number}'})}",
                ),
                *([_correct_link(visit, one)] if makes else []),
            ]
            for one in found
        ]
        heads = [(texts(f"payout.page.{name}"), name in {"number", "amount"}) for name in names]
        heads += [(texts("share.link"), False)]
        heads += [(texts("payees.link.act"), False)] if makes else []
        body = table(heads, rows, texts(self.title)) if rows else empty(texts("payout.page.no_notices"))
        parts: list[Any] = [html.H1(texts(self.title), className="visually-hidden")]
        if visit.args.get("code"):
            parts.append(card(texts("payout.page.check"), _checked(visit)))
        return html.Div([*parts, card(texts(self.title), body)], className="page")

    def register(self, app: Any, site: Site) -> None:
        """No callbacks: a code is checked by its address."""


def _correct_link(visit: Visit, one: Notice) -> Component:
    href = f"{visit.site.prefix}notice-correct/{one.plan_id}/{one.number}"
    photo = f"{visit.site.prefix}notice-post/{one.plan_id}/{one.number}"
    return html.Span(
        [
            html.A(visit.texts("payees.link.post"), href=photo),
            " · ",
            html.A(visit.texts("payees.link.correct"), href=href),
        ]
    )


def _checked(visit: Visit) -> Component:
    texts = visit.texts
    try:
        found = payout_of(visit.site).notices.verify(visit.principal, visit.args["code"])
    except RefusedError as error:
        return html.P(error.words(texts), role="alert")
    lines = []
    for one in found:
        label = village_label(visit.site, one.notice.village_id, texts)
        key = "sound" if one.is_sound else "not_sound"
        lines.append(
            texts(f"payout.said.{key}", village=label, number=one.notice.number, code=one.notice.code)
        )
        lines += [f"{account}: {published} / {booked}" for account, published, booked in one.differences]
    return html.Ul([html.Li(line) for line in lines])


class TracePage:
    """``/app/trace``."""

    path = "/trace"
    permission = Permission.VIEW_INCOME
    title = "payout.page.trace"

    def layout(self, visit: Visit) -> Component:
        """Return what stands behind a household line, or whom a source paid."""
        texts = visit.texts
        try:
            body = self._found(visit)
        except (RefusedError, CommandError) as error:
            said = error.words(texts) if isinstance(error, RefusedError) else str(error)
            body = [html.P(said, role="alert")]
        return html.Div([html.H1(texts(self.title)), *body], className="page")

    def _found(self, visit: Visit) -> list[Component]:
        texts, queries = visit.texts, payout_of(visit.site).queries
        if visit.args.get("source"):
            parts = queries.payees_of(visit.principal, visit.args["source"])
            rows: list[list[Any]] = [[_line_link(visit, one.entitlement_id), yuan(one.fen)] for one in parts]
            rows.append([html.B(texts("papers.notice.total")), html.B(yuan(sum(one.fen for one in parts)))])
            heads = [(texts("payout.page.line"), False), (texts("payout.page.amount"), True)]
            return [card(visit.args["source"], table(heads, rows, texts(self.title)))]
        if not visit.args.get("line"):
            return [empty(texts("payout.page.trace_how"))]
        view = queries.trace(visit.principal, visit.args["line"])
        five = payout_of(visit.site).documents.five_lines(visit.principal, view.trace.entitlement_id, texts)
        meters: list[list[Any]] = [
            [
                one.plant_id,
                f"{one.month:%Y-%m}",
                MISSING if one.exported_kwh is None else f"{one.exported_kwh:,.1f}",
                MISSING if one.completeness is None else f"{one.completeness:.1%}",
            ]
            for one in view.metered
        ]
        names = ("plant", "month", "kwh", "completeness")
        heads = [(texts(f"payout.page.{name}"), name in {"kwh", "completeness"}) for name in names]
        return [
            card(texts("payout.page.how"), html.Ol([html.Li(words) for words in five], className="five")),
            card(texts("payout.page.receipts"), _receipts(visit, view.trace, texts)),
            *_lapsed(view.trace, texts),
            card(texts("payout.page.statements"), _origins(visit, view.trace, texts)),
            card(
                texts("payout.page.meters"),
                table(heads, meters, texts("payout.page.meters"))
                if meters
                else empty(texts("payout.page.no_meters")),
            ),
        ]

    def register(self, app: Any, site: Site) -> None:
        """No callbacks: a trace has its address."""


def _line_link(visit: Visit, entitlement_id: str) -> Component:
    return dcc.Link(entitlement_id, href=f"{visit.site.prefix}trace?{urlencode({'line': entitlement_id})}")


def _source_link(visit: Visit, source: str) -> Component:
    return dcc.Link(source, href=f"{visit.site.prefix}trace?{urlencode({'source': source})}")


def _receipts(visit: Visit, trace: LineTrace, texts: Texts) -> Component:
    rows: list[list[Any]] = [
        [
            attempt.batch_id,
            str(attempt.line.number),
            texts(f"payout.state.{attempt.state.value}"),
            _source_link(visit, part.lot_id),
            yuan(part.fen),
        ]
        for attempt, parts in trace.attempts
        for part in parts
    ]
    if not rows:
        return empty(texts("payout.page.not_sent"))
    names = ("batch", "number", "state", "receipt", "amount")
    heads = [(texts(f"payout.page.{name}"), name == "amount") for name in names]
    return table(heads, rows, texts("payout.page.receipts"))


def _lapsed(trace: LineTrace, texts: Texts) -> list[Component]:
    """Return what went to the collective for want of an heir, where anything did."""
    rows: list[list[Any]] = [
        [day_text(one.entry.booked_on), one.entry.summary, str(one.sequence), yuan(lapsed_fen(one))]
        for one in trace.lapsed
    ]
    if not rows:
        return []
    names = ("day", "text", "voucher", "amount")
    heads = [(texts(f"payout.page.{name}"), name == "amount") for name in names]
    return [card(texts("payout.page.lapsed"), table(heads, rows, texts("payout.page.lapsed")))]


def _origins(visit: Visit, trace: LineTrace, texts: Texts) -> Component:
    rows: list[list[Any]] = [
        [one.plant_id, one.month, _source_link(visit, one.source_id), str(Money(one.fen)), str(one.voucher)]
        for one in trace.origins
    ]
    names = ("plant", "month", "source", "amount", "voucher")
    heads = [(texts(f"payout.page.{name}"), name == "amount") for name in names]
    return table(heads, rows, texts("payout.page.statements"))


class RosterPage:
    """``/app/roster``."""

    path = "/roster"
    permission = Permission.VIEW_PEOPLE
    title = "payout.page.roster"

    def layout(self, visit: Visit) -> Component:
        """Return a village's roster, masked; the look is audited."""
        texts, site = visit.texts, visit.site
        village, today = village_of(visit), day_of(site.services.sources.clock.now())
        members = payout_of(site).rosters.members(visit.principal, village, today) if village else []
        changes = visit.principal.may(Permission.CHANGE_PEOPLE)
        rows: list[list[Any]] = [
            [
                one.member.household_id,
                one.name,
                one.id_number,
                one.member.group,
                str(one.member.points),
                f"{one.member.power_w / 1000:g}",
                one.bank,
                one.account,
                texts(f"payout.member.{one.member.state.value}"),
                *([_acts(visit, village, one)] if changes else []),
            ]
            for one in members
        ]
        names = ("household", "name", "id_number", "group", "points", "power", "bank", "account", "state")
        heads = [(texts(f"payout.page.{name}"), name in {"points", "power"}) for name in names]
        heads += [(texts("payees.link.act"), False)] if changes else []
        body = table(heads, rows, texts(self.title)) if rows else empty(texts("payout.page.no_roster"))
        return html.Div(
            [
                html.H1(texts(self.title), className="visually-hidden"),
                html.Div(
                    [
                        village_links(visit, "roster", village),
                        html.A(
                            texts("payout.page.import_roster"),
                            href=f"{site.prefix}roster-import/{village}",
                            className="button",
                        ),
                        html.A(
                            texts("payees.link.accounts"),
                            href=f"{site.prefix}payee-accounts/{village}",
                            className="button",
                        ),
                    ],
                    className="toolbar",
                ),
                card(texts(self.title), body),
            ],
            className="page",
        )

    def register(self, app: Any, site: Site) -> None:
        """No callbacks."""


def _acts(visit: Visit, village: str, one: MaskedMember) -> Component:
    """Return what may be done about one member."""
    texts, prefix, member = visit.texts, visit.site.prefix, one.member
    links: list[Any] = [
        html.A(texts("payees.link.account"), href=f"{prefix}payee-account/{village}/{member.person_id}")
    ]
    opened = f"{prefix}person/{village}/{member.person_id}"
    links += [" · ", html.A(texts("payees.link.person"), href=opened)]
    households = payout_of(visit.site).households
    if households is not None and households.is_on():
        href = f"{prefix}household-end/{village}/{member.household_id}"
        links += [" · ", html.A(texts("payees.link.end"), href=href)]
    return html.Span(links)
