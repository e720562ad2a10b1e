"""The income page: a month's statements, the receipts, what is in arrears, and a village's months."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from dash import Input, Output, State, dcc, html

from access.permissions import Permission
from access.principal import Principal
from commands.money_base import MoneyRefusedError
from dashboard import guard
from dashboard.components.card import card, empty, table
from dashboard.components.words import MISSING
from dashboard.pages.base import Component, Site, Visit
from dashboard.pages.money.forms import Form
from dashboard.pages.money.parts import (
    checks_of,
    cut_note,
    decimal_text,
    desk_of,
    month_of,
    months_bar,
    queries_of,
    village_choice,
    village_of,
    yuan,
)
from queries.money_views import ArrearsView, IncomeMonth, ReceiptView, StatementView
from texts.loader import Texts

VILLAGE, MONTH, SETTLE, MATCH, SAID = (
    "income-village",
    "income-month",
    "income-settle",
    "income-match",
    "income-said",
)
RECEIPTS_MAX = 60
CONFIRM = Form("confirm_advice", Permission.ENTER_MONEY)


class IncomePage:
    """``/app/income``."""

    path = "/income"
    permission = Permission.VIEW_INCOME
    title = "revenue.page.income"

    def layout(self, visit: Visit) -> Component:
        """Return the month's statements first, then receipts, arrears and the village."""
        texts, queries = visit.texts, queries_of(visit.site)
        months, villages = queries.periods(visit.principal), queries.villages(visit.principal)
        month, village = month_of(visit, months), village_of(visit, villages)
        return html.Div(
            [
                html.H1(texts(self.title), className="visually-hidden"),
                dcc.Store(id=MONTH, data=month),
                html.Div(
                    [
                        months_bar(visit, "income", months, month, village=village),
                        html.Span(className="grow"),
                        *_acts(visit),
                        village_choice(VILLAGE, villages, village, texts),
                    ],
                    className="toolbar",
                ),
                html.Div(id=SAID, role="status"),
                card(
                    f"{texts('revenue.page.statements')} {month}",
                    _statements(visit, queries.statements(visit.principal, month) if month else []),
                    aside=texts("revenue.page.yuan"),
                ),
                card(
                    f"{texts('revenue.page.village_income')} {dict(villages).get(village, '')}",
                    _income(queries.income(visit.principal, village) if village else [], texts),
                ),
                card(texts("revenue.page.receipts"), _receipts(visit, queries.receipts(visit.principal))),
                card(texts("moneyviews.advices"), _advices(visit, village)),
                card(texts("revenue.page.arrears"), _arrears(queries.arrears(visit.principal), texts)),
            ],
            className="page",
        )

    def register(self, app: Any, site: Site) -> None:
        """The village changes the address; settling, matching and confirming say what they did."""

        def confirmed(principal: Principal, which: str, note: str) -> str:
            village, _, remittance = which.partition(" ")
            fen = desk_of(site).checks.confirm_advice(principal, village, remittance, note)
            return site.words(principal)("moneyviews.confirmed_now", yuan=yuan(fen))

        CONFIRM.register(app, site, confirmed)

        @guard.secured(
            app,
            Output("url", "search", allow_duplicate=True),
            Input(VILLAGE, "value"),
            State(MONTH, "data"),
            permission=Permission.VIEW_INCOME,
            takes=(str, str),
            prevent_initial_call=True,
        )
        def choose(_principal: Principal, village: str | None, month: str | None) -> str:
            return f"?{urlencode({'village': village or '', 'month': month or ''})}"

        @guard.secured(
            app,
            Output(SAID, "children"),
            Input(SETTLE, "n_clicks"),
            State(MONTH, "data"),
            permission=Permission.CHECK_MONEY,
            takes=(int, str),
            prevent_initial_call=True,
        )
        def settle(principal: Principal, clicks: int | None, month: str | None) -> str:
            return _settle(site, principal, month) if clicks and month else ""

        @guard.secured(
            app,
            Output(SAID, "children", allow_duplicate=True),
            Input(MATCH, "n_clicks"),
            permission=Permission.CHECK_MONEY,
            takes=(int,),
            prevent_initial_call=True,
        )
        def match(principal: Principal, clicks: int | None) -> str:
            return _match(site, principal) if clicks else ""


def _acts(visit: Visit) -> list[Component]:
    """Return the way to the forms for who enters, the two acts for who checks; whoever may not sees none."""
    principal, texts, prefix = visit.principal, visit.texts, visit.site.prefix
    if principal.may(Permission.ENTER_MONEY):
        href = f"{prefix}money-import/statements"
        return [html.A(texts("entry.open"), href=href, className="button")]
    if not principal.may(Permission.CHECK_MONEY):
        return []
    buttons: list[Component] = [
        html.Button(texts("revenue.page.settle"), id=SETTLE, type="button", className="button")
    ]
    if principal.scope.everything:
        words = texts("revenue.page.match")
        buttons.append(html.Button(words, id=MATCH, type="button", className="button"))
        buttons += [
            html.A(texts(f"matching.{kind}.open"), href=f"{prefix}money-match/{kind}", className="button")
            for kind in ("items", "subsidy")
        ]
    return buttons


def _settle(site: Site, principal: Principal, month: str) -> str:
    texts = site.words(principal)
    try:
        done = desk_of(site).books.settle_month(principal, month)
    except MoneyRefusedError as error:
        return error.words(texts)
    said = texts(
        "revenue.cli.settled",
        settled=len(done.settled),
        net_fen=yuan(sum(one.net_fen for one in done.settled)),
        vouchers=done.vouchers,
        unchanged=done.unchanged,
        problems=len(done.problems),
    )
    return "; ".join([said, *(f"{plant}: {why}" for plant, why in done.problems[:5])])


def _match(site: Site, principal: Principal) -> str:
    """Confirm every receipt with exactly one reading, oldest first."""
    texts, receipts = site.words(principal), desk_of(site).receipts
    said = []
    try:
        for one in receipts.waiting(principal):
            if one.proposal is not None and one.proposal.certain:
                done = receipts.confirm(principal, one.movement.identity)
                villages = len({cash.village_id for cash in done.cash})
                said.append(
                    texts(
                        "revenue.cli.done_confirm",
                        movement=one.movement.reference,
                        items=len(done.items),
                        villages=villages,
                    )
                )
    except MoneyRefusedError as error:
        said.append(error.words(texts))
    return "; ".join(said) or texts("revenue.page.nothing_certain")


def _with_photo(visit: Visit, text: str, kind: str, identity: str, photo: str) -> Component:
    """Return a number, with the way to the photo it was typed from."""
    if not photo:
        return text
    href = f"{visit.site.prefix}money-photo/{kind}?{urlencode({'id': identity})}"
    return html.Span([text, " ", html.A(visit.texts("entry.photo_of"), href=href, target="_blank")])


def _statements(visit: Visit, rows: list[StatementView]) -> Component:
    texts = visit.texts
    if not rows:
        return empty(texts("revenue.page.none"))
    heads = (
        *(("plant", False), ("number", False), ("kwh", True), ("meter_off", True), ("price", True)),
        *(("base", True), ("subsidy", True), ("vat", True), ("costs", True), ("net", True)),
        *(("received", True), ("received_on", False), ("state", False), ("paid_whom", False)),
    )
    lines = [
        [
            row.plant,
            _with_photo(visit, row.number, "statement", row.photo_identity, row.photo_identity),
            decimal_text(row.kwh),
            _meter_off(row, texts),
            decimal_text(row.price),
            yuan(row.base_fen),
            yuan(row.subsidy_fen),
            yuan(row.vat_fen),
            yuan(row.costs_fen),
            yuan(row.net_fen),
            yuan(row.received_fen + row.subsidy_received_fen),
            row.received_on.isoformat() if row.received_on else MISSING,
            texts(f"revenue.page.{'settled' if row.is_settled else 'unsettled'}"),
            _payees_of(visit, row),
        ]
        for row in rows
    ]
    total = [
        texts("revenue.page.total"),
        "",
        decimal_text(sum((row.kwh for row in rows if row.kwh is not None), Decimal(0))),
        "",
        "",
        *(
            yuan(_sum_of([getattr(row, name) for row in rows]))
            for name in ("base_fen", "subsidy_fen", "vat_fen", "costs_fen", "net_fen")
        ),
        yuan(sum(row.received_fen + row.subsidy_received_fen for row in rows)),
        *("", "", ""),
    ]
    return table(_heads(heads, texts), [*lines, total], texts("revenue.page.statements"))


def _meter_off(row: StatementView, texts: Texts) -> Component:
    """Return statement minus meter, in red and with a word where it is more than the limit."""
    if row.meter_off_kwh is None:
        return MISSING
    said = f"{row.meter_off_kwh:+,.1f}"
    if not row.is_meter_off:
        return said
    return html.Span([said, " ", texts("revenue.page.over_limit")], className="over-limit")


def _sum_of(fens: list[int | None]) -> int | None:
    """Return the sum of what is known; None where nothing is. [fen]"""
    known = [fen for fen in fens if fen is not None]
    return sum(known) if known else None


def _payees_of(visit: Visit, row: StatementView) -> Component:
    """Return the way from a statement to everybody who was paid from it."""
    if not row.is_settled:
        return MISSING
    href = f"{visit.site.prefix}trace?{urlencode({'source': row.source_id})}"
    return dcc.Link(visit.texts("payout.page.trace"), href=href)


def _income(months: list[IncomeMonth], texts: Texts) -> Component:
    if not months:
        return empty(texts("revenue.page.none"))
    heads = (
        *(("month", False), ("net", True), ("cash", True), ("subsidy_cash", True)),
        *(("distributable", True), ("deficit", True)),
    )
    lines = [
        [
            texts("revenue.page.before_books", period=one.period) if one.is_before_books else one.period,
            yuan(one.net_fen),
            yuan(one.cash_fen),
            yuan(one.subsidy_cash_fen),
            yuan(one.distributable_fen),
            yuan(one.deficit_carried_fen),
        ]
        for one in reversed(months)
    ]
    return table(_heads(heads, texts), lines, texts("revenue.page.village_income"))


def _receipts(visit: Visit, rows: list[ReceiptView]) -> Component:
    texts = visit.texts
    if not rows:
        return empty(texts("revenue.page.none"))
    heads = (
        *(("day", False), ("payer", False), ("reference", False), ("amount", True), ("own", True)),
        ("state", False),
    )
    lines = [
        [
            row.movement.on.isoformat(),
            row.movement.payer,
            _with_photo(visit, row.movement.reference, "movement", row.movement_id, row.movement.photo),
            yuan(row.movement.fen),
            yuan(row.own_fen),
            texts(f"revenue.page.{'matched' if row.is_matched else 'waiting'}"),
        ]
        for row in rows[:RECEIPTS_MAX]
    ]
    return html.Div([table(_heads(heads, texts), lines, texts("revenue.page.receipts")), *_cut(rows, texts)])


def _cut(rows: Sequence[object], texts: Texts) -> list[Component]:
    return cut_note("newest_only", RECEIPTS_MAX, len(rows), texts)


def _advices(visit: Visit, village: str) -> Component:
    """Return the village's parts of receipts; the village confirms that each arrived."""
    texts = visit.texts
    rows = checks_of(visit.site).advices(visit.principal, village) if village else []
    if not rows:
        return empty(texts("revenue.page.none"))
    heads = (("day", False), ("payer", False), ("reference", False), ("amount", True), ("state", False))
    lines = [
        [
            row.on.isoformat(),
            row.payer,
            row.reference,
            yuan(row.fen),
            texts("moneyviews.confirmed_by", who=row.confirmed_by)
            if row.confirmed_by
            else texts("moneyviews.unconfirmed"),
        ]
        for row in rows[:RECEIPTS_MAX]
    ]
    options = [
        (f"{village} {row.remittance_id}", f"{row.on} {row.payer} {yuan(row.fen)}")
        for row in rows
        if not row.confirmed_by
    ]
    shown = table(_heads(heads, texts), lines, texts("moneyviews.advices"))
    return html.Div([*CONFIRM.shown(visit.principal, options, texts), shown, *_cut(rows, texts)])


def _arrears(rows: list[ArrearsView], texts: Texts) -> Component:
    if not rows:
        return empty(texts("revenue.page.none"))
    heads = (
        *(("plant", False), ("year", False), ("accrued", True), ("received", True), ("open", True)),
        *(("subsidy_accrued", True), ("subsidy_open", True)),
    )
    lines = [
        [
            one.plant,
            one.row.year,
            yuan(one.row.accrued_fen),
            yuan(one.row.received_fen),
            yuan(one.row.open_fen),
            yuan(one.row.subsidy_accrued_fen),
            yuan(one.row.subsidy_open_fen),
        ]
        for one in rows
    ]
    return table(_heads(heads, texts), lines, texts("revenue.page.arrears"))


def _heads(heads: tuple[tuple[str, bool], ...], texts: Texts) -> list[tuple[str, bool]]:
    return [(texts(f"revenue.page.{key}"), is_number) for key, is_number in heads]
