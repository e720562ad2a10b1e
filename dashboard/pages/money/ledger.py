"""The ledger page: a village's journal and balances, its periods, and the way to paper. Nothing is deleted here."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from dash import Input, Output, State, dcc, html

from access.permissions import Permission
from access.principal import Principal
from commands.closing import BY_CORRECTION
from commands.money_base import MoneyRefusedError
from dashboard import guard
from dashboard.components.card import card, empty, table
from dashboard.components.words import MISSING
from dashboard.pages.base import Component, Site, Visit
from dashboard.pages.money.forms import Form
from dashboard.pages.money.parts import (
    checks_of,
    desk_of,
    month_of,
    months_bar,
    queries_of,
    village_choice,
    village_of,
    yuan,
)
from queries.money_views import JournalPage
from revenue import accounts
from texts.loader import Texts

VILLAGE, PLACE, ASK, CLOSE, SAID = (
    "ledger-village",
    "ledger-place",
    "ledger-ask",
    "ledger-close",
    "ledger-said",
)

OPENINGS_MAX = 200
ASK_REVERSAL = Form("ask_reversal", Permission.ENTER_MONEY)
APPROVE_OPENING = Form("approve_opening", Permission.CHECK_MONEY, has_reason=False)
REVERSE = Form("reverse", Permission.CHECK_MONEY, has_reason=False)


class LedgerPage:
    """``/app/ledger``."""

    path = "/ledger"
    permission = Permission.VIEW_INCOME
    title = "revenue.page.ledger"

    def layout(self, visit: Visit) -> Component:
        """Return journal of the month and balances of the village."""
        texts, queries = visit.texts, queries_of(visit.site)
        villages = queries.villages(visit.principal)
        village = village_of(visit, villages)
        if not village:
            return html.Div(
                [
                    html.H1(texts(self.title), className="visually-hidden"),
                    empty(texts("revenue.page.none")),
                ],
                className="page",
            )
        every = queries.journal(visit.principal, village, "", "9999-99")
        months = sorted({voucher.period for voucher in every.vouchers}, reverse=True)
        month = month_of(visit, months)
        account = visit.args.get("account", "")
        account = account if account in accounts.EVERY else ""
        shown = queries.journal(visit.principal, village, month, month, account)
        return html.Div(
            [
                html.H1(texts(self.title), className="visually-hidden"),
                dcc.Store(id=PLACE, data=[village, month]),
                _tools(visit, villages, village, months, month),
                html.Div(_state(visit, village), id=SAID, role="status"),
                html.P(_status(visit, village), className="note"),
                card(
                    f"{texts('revenue.page.journal')} {dict(villages)[village]} {month}",
                    [*_filter(visit, village, month, account), _journal(shown, texts)],
                    aside=texts("revenue.page.only_reversal"),
                ),
                *_openings(visit),
                *_reversals(visit, village, shown),
                card(
                    texts("revenue.page.balances_of", month=month),
                    _balances(visit, village, month),
                    aside=texts("revenue.page.yuan"),
                ),
                *_platform(visit, village, month),
            ],
            className="page",
        )

    def register(self, app: Any, site: Site) -> None:
        """The village changes the address; a close is asked for by one and done by another."""
        _register_forms(app, site)

        @guard.secured(
            app,
            Output("url", "search", allow_duplicate=True),
            Input(VILLAGE, "value"),
            permission=Permission.VIEW_INCOME,
            takes=(str,),
            prevent_initial_call=True,
        )
        def choose(_principal: Principal, village: str | None) -> str:
            return f"?{urlencode({'village': village or ''})}"

        @guard.secured(
            app,
            Output(SAID, "children"),
            Input(ASK, "n_clicks"),
            State(PLACE, "data"),
            permission=Permission.ENTER_MONEY,
            takes=(int, list),
            prevent_initial_call=True,
        )
        def ask(principal: Principal, clicks: int | None, place: list[str] | None) -> str:
            return _close(site, principal, place, "asked_now") if clicks else ""

        @guard.secured(
            app,
            Output(SAID, "children", allow_duplicate=True),
            Input(CLOSE, "n_clicks"),
            State(PLACE, "data"),
            permission=Permission.CHECK_MONEY,
            takes=(int, list),
            prevent_initial_call=True,
        )
        def close(principal: Principal, clicks: int | None, place: list[str] | None) -> str:
            return _close(site, principal, place, "closed_now") if clicks else ""


def _tools(
    visit: Visit, villages: Sequence[tuple[str, str]], village: str, months: Sequence[str], month: str
) -> Component:
    """Return the bar above: months, print, what may be done, villages."""
    texts = visit.texts
    address = f"{visit.site.prefix}ledger/print?{urlencode({'village': village, 'month': month})}"
    return html.Div(
        [
            months_bar(visit, "ledger", months, month, village=village),
            html.Span(className="grow"),
            html.A(texts("revenue.page.print"), href=address, className="button", target="_blank"),
            *_acts(visit.principal, texts),
            village_choice(VILLAGE, villages, village, texts),
        ],
        className="toolbar",
    )


def _register_forms(app: Any, site: Site) -> None:
    """A reversal is asked for by one and done by another; an opening state is approved by a second person."""

    def asked(principal: Principal, key: str, reason: str) -> str:
        desk_of(site).closings.ask_reversal(principal, key, reason)
        return site.words(principal)("moneyacts.done.ask_reversal", key=key)

    def reversed_now(principal: Principal, key: str, _reason: str) -> str:
        voucher = desk_of(site).closings.reverse(principal, key)
        words = site.words(principal)
        return words("moneyacts.done.reverse", key=key, period=voucher.period, number=voucher.number)

    def approved(principal: Principal, village: str, _reason: str) -> str:
        [voucher] = desk_of(site).books.approve_openings(principal, [village])
        told = {"village": village, "number": voucher.number, "period": voucher.period}
        return site.words(principal)("revenue.cli.done_approve_opening", **told)

    APPROVE_OPENING.register(app, site, approved)
    ASK_REVERSAL.register(app, site, asked)
    REVERSE.register(app, site, reversed_now)


def _close(site: Site, principal: Principal, place: list[str] | None, said: str) -> str:
    village, period, *_ = [*map(str, place or ()), "", ""]
    texts, closings = site.words(principal), desk_of(site).closings
    try:
        if said == "asked_now":
            closings.ask_close(principal, village, period)
        else:
            closings.close(principal, village, period)
    except MoneyRefusedError as error:
        return error.words(texts)
    return texts(f"revenue.page.{said}", period=period)


def _acts(principal: Principal, texts: Texts) -> list[Component]:
    found = []
    for permission, key, component_id in (
        (Permission.ENTER_MONEY, "ask_close", ASK),
        (Permission.CHECK_MONEY, "close", CLOSE),
    ):
        if principal.may(permission):
            words = texts(f"revenue.page.{key}")
            found.append(html.Button(words, id=component_id, type="button", className="button"))
    return found


def _state(visit: Visit, village: str) -> str:
    closings = queries_of(visit.site).closings(visit.principal, village)
    if not closings:
        return visit.texts("revenue.page.open_period")
    newest = closings[-1]
    seal = f"{visit.texts('revenue.page.seal')} {newest.head_hash[:8]}"
    return f"{visit.texts('revenue.page.closed', period=newest.period)} · {seal}"


def _status(visit: Visit, village: str) -> str:
    """Return whether these books are the official ones."""
    return visit.texts(f"moneyviews.status.{checks_of(visit.site).status(visit.principal, village).value}")


def _openings(visit: Visit) -> list[Component]:
    """Return opening states that wait for a second person: what they hold, and the way to approve them."""
    texts, registry = visit.texts, visit.site.services.sources.registry
    waiting = checks_of(visit.site).openings_waiting(visit.principal)
    if not waiting:
        return []
    options = [
        (one.village_id, f"{registry.village_label(one.village_id, texts.language)} {one.on} {one.document}")
        for one in waiting
    ]
    heads = (
        ("opening_village", False),
        ("opening_item", False),
        ("opening_month", False),
        ("opening_amount", True),
    )
    lines = [
        [label, texts(f"moneyviews.opening.{line.item}"), line.period or MISSING, yuan(line.fen)]
        for (_, label), one in zip(options, waiting, strict=True)
        for line in one.lines
    ]
    words = [(texts(f"moneyviews.{key}"), is_number) for key, is_number in heads]
    shown = table(words, lines[:OPENINGS_MAX], texts("moneyviews.openings"))
    form = APPROVE_OPENING.shown(visit.principal, options, texts)
    return [
        card(texts("moneyviews.openings"), html.Div([*form, shown]), aside=texts("moneyviews.opening_about"))
    ]


def _reversals(visit: Visit, village: str, shown: JournalPage) -> list[Component]:
    """Return the ways to a reversal (冲正): asked for by one, done by another."""
    texts, principal = visit.texts, visit.principal
    labels = {v.entry.key: f"{v.period} {v.number} {v.entry.summary}" for v in shown.vouchers}
    can = [
        (v.entry.key, labels[v.entry.key])
        for v in shown.vouchers
        if v.entry.source_kind not in BY_CORRECTION and v.entry.key not in shown.reversed_keys
    ]
    waiting = [
        (key, f"{labels.get(key, key)}: {reason}")
        for key, reason in checks_of(visit.site).reversals_asked(principal, village)
    ]
    forms = [*ASK_REVERSAL.shown(principal, can, texts), *REVERSE.shown(principal, waiting, texts)]
    if not forms:
        return []
    return [card(texts("moneyviews.reversals"), forms, aside=texts("moneyviews.by_correction"))]


def _platform(visit: Visit, village: str, month: str) -> list[Component]:
    """Return our balances beside those of the platform, once its sheet of the month was brought."""
    rows = checks_of(visit.site).compared(visit.principal, village, month) if month else None
    if rows is None:
        return []
    texts = visit.texts
    heads = (("platform_code", False), ("account", False), ("ours", True), ("theirs", True), ("off", True))
    lines = [
        [
            row.code,
            ", ".join(f"{a} {texts(f'ledger.account.{a}')}" for a in row.accounts)
            + ("" if row.is_mapped else f" ({texts('moneyviews.unmapped')})"),
            yuan(row.ours_fen),
            yuan(row.theirs_fen),
            yuan(row.off_fen),
        ]
        for row in rows
    ]
    title = f"{texts('moneyviews.platform')} {month}"
    words = [(texts(f"moneyviews.{key}"), is_number) for key, is_number in heads]
    return [card(title, table(words, lines, title) if lines else empty(texts("revenue.page.none")))]


def _journal(page: JournalPage, texts: Texts) -> Component:
    if not page.vouchers:
        return empty(texts("revenue.page.none"))
    heads = (
        *(("day", False), ("voucher", False), ("summary", False), ("account", False)),
        *(("debit", True), ("credit", True), ("maker", False), ("checker", False)),
    )
    lines = []
    for voucher in page.vouchers:
        entry = voucher.entry
        marks = [page.platform_numbers.get(entry.key, "")]
        if entry.key in page.reversed_keys:
            marks.append(texts("revenue.page.reversed"))
        for number, posting in enumerate(entry.postings):
            first = number == 0
            lines.append(
                [
                    entry.booked_on.isoformat() if first else "",
                    " ".join(filter(None, [str(voucher.number), *marks])) if first else "",
                    entry.summary if first else "",
                    f"{posting.account} {texts(f'ledger.account.{posting.account}')}",
                    yuan(posting.fen) if posting.fen > 0 else "",
                    yuan(-posting.fen) if posting.fen < 0 else "",
                    entry.made_by if first else "",
                    entry.checked_by if first else "",
                ]
            )
    return table(
        [(texts(f"revenue.page.{key}"), is_number) for key, is_number in heads],
        lines,
        texts("revenue.page.journal"),
    )


def _filter(visit: Visit, village: str, month: str, account: str) -> list[Component]:
    """Return which account the journal is cut down to, and the way back to all of them."""
    if not account:
        return []
    texts = visit.texts
    name = f"{account} {texts(f'ledger.account.{account}')}"
    back = dcc.Link(texts("revenue.page.every_account"), href=_address(visit, village, month))
    return [html.P([texts("revenue.page.one_account", account=name), " ", back], className="note")]


def _address(visit: Visit, village: str, month: str, **more: str) -> str:
    return f"{visit.site.prefix}ledger?{urlencode({'village': village, 'month': month, **more})}"


def _balances(visit: Visit, village: str, month: str) -> Component:
    """Return what stands on each account at the end of the month; an account opens its lines of the month."""
    texts, rows = visit.texts, queries_of(visit.site).trial(visit.principal, village, month or None)
    if not rows:
        return empty(texts("revenue.page.none"))
    lines: list[list[Component]] = [
        [
            dcc.Link(
                f"{row.account} {texts(f'ledger.account.{row.account}')}",
                href=_address(visit, village, month, account=row.account),
            ),
            yuan(row.debit_fen) if row.debit_fen else "",
            yuan(row.credit_fen) if row.credit_fen else "",
        ]
        for row in rows
    ]
    total = [
        texts("revenue.page.total"),
        yuan(sum(row.debit_fen for row in rows)),
        yuan(sum(row.credit_fen for row in rows)),
    ]
    heads = (("account", False), ("debit", True), ("credit", True))
    return table(
        [(texts(f"revenue.page.{key}"), is_number) for key, is_number in heads],
        [*lines, total],
        texts("revenue.page.balances"),
    )
