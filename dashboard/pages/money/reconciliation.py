"""The reconciliation page: four numbers of each plant and month side by side, and whose the difference is."""

from typing import Any

from dash import html

from access.permissions import Permission
from access.principal import Principal
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
    yuan,
)
from domain.timespan import day_of
from queries.money_views import Reconciled
from revenue.money_calendar import Due
from revenue.reconciliation import Difference
from revenue.red_flags import Flag, FlagKind
from texts.loader import Texts

_HEADS = (
    *(("plant", False), ("inverters", True), ("metered", True), ("statement_kwh", True)),
    *(("statement_money", True), ("bank", True), ("subsidy_open", True)),
    *(("differences", False), ("age", True)),
)
ROWS_MAX = 60
CLOSE_FLAG = Form("close_flag", Permission.CHECK_MONEY)


class ReconciliationPage:
    """``/app/reconciliation``."""

    path = "/reconciliation"
    permission = Permission.VIEW_INCOME
    title = "revenue.page.reconciliation"

    def layout(self, visit: Visit) -> Component:
        """Return the month's differences, those that need somebody first."""
        texts, queries = visit.texts, queries_of(visit.site)
        months = queries.periods(visit.principal)
        month = month_of(visit, months)
        rows = queries.reconciliation(visit.principal, month) if month else []
        rows.sort(key=lambda one: (one.is_clear, -one.oldest_days, one.plant_id))
        return html.Div(
            [
                html.H1(texts(self.title), className="visually-hidden"),
                html.Div(months_bar(visit, "reconciliation", months, month), className="toolbar"),
                card(
                    f"{texts(self.title)} {month}",
                    table(
                        [(texts(f"revenue.page.{key}"), is_number) for key, is_number in _HEADS],
                        [_row(one, texts) for one in rows],
                        texts(self.title),
                    )
                    if rows
                    else empty(texts("revenue.page.none")),
                    aside=texts("revenue.page.yuan"),
                ),
                card(
                    texts("revenue.page.flags"),
                    _flags(visit, queries.flags(visit.principal, month) if month else []),
                ),
                card(texts("moneyviews.hours"), _hours(visit)),
                card(texts("revenue.page.calendar"), _calendar(visit, queries.calendar(visit.principal))),
            ],
            className="page",
        )

    def register(self, app: Any, site: Site) -> None:
        """Months are links; a flag is closed with a reason."""

        def closed(principal: Principal, identity: str, reason: str) -> str:
            desk_of(site).closings.close_flag(principal, identity, reason)
            return site.words(principal)("moneyacts.done.close_flag", flag=identity)

        CLOSE_FLAG.register(app, site, closed)


def _flags(visit: Visit, flags: list[Flag]) -> Component:
    texts = visit.texts
    if not flags:
        return empty(texts("revenue.page.no_flags"))
    heads = [(texts(f"revenue.page.{key}"), False) for key in ("flag", "subject", "detail")]
    lines = [
        [texts(f"revenue.flag.{one.kind.value}"), _named(visit, one.subject), _detail(one)]
        for one in flags[:ROWS_MAX]
    ]
    options = [
        (one.identity, f"{texts(f'revenue.flag.{one.kind.value}')}: {_named(visit, one.subject)}")
        for one in flags
    ]
    shown = table(heads, lines, texts("revenue.page.flags"))
    return html.Div(
        [*CLOSE_FLAG.shown(visit.principal, options[:ROWS_MAX], texts), shown, *_cut(len(flags), texts)]
    )


def _cut(count: int, texts: Texts) -> list[Component]:
    return cut_note("first_only", ROWS_MAX, count, texts)


def _named(visit: Visit, subject: str) -> str:
    """Return what something is about, plants and villages by name."""
    registry, language = visit.site.services.sources.registry, visit.texts.language

    def named(word: str) -> str:
        plant = registry.plants_by_id.get(word)
        if plant is not None:
            return plant.label(language)
        return registry.village_label(word, language) if word in registry.villages_by_id else word

    return " ".join(map(named, subject.split(" ")))


def _detail(flag: Flag) -> str:
    return yuan(int(flag.detail)) if flag.kind is FlagKind.MONEY_WAITS else flag.detail


def _hours(visit: Visit) -> Component:
    """Return the counters of subsidised hours, the one that ends first in front."""
    texts, today = visit.texts, day_of(visit.site.services.sources.clock.now())
    rows = checks_of(visit.site).hours(visit.principal)
    if not rows:
        return empty(texts("revenue.page.none"))
    heads = (
        *(("plant", False), ("hours_from", False), ("hours_used", True), ("hours_max", True)),
        *(("hours_left", True), ("hours_end", False), ("hours_state", False)),
    )
    lines = [
        [
            one.plant,
            one.first_period,
            decimal_text(one.counter.used_hours),
            MISSING if one.counter.hours_max is None else f"{one.counter.hours_max:,}",
            decimal_text(one.counter.left_hours),
            one.counter.ends_on.isoformat() if one.counter.ends_on else MISSING,
            texts(f"moneyviews.{'hours_over' if one.is_over(today) else 'hours_run'}"),
        ]
        for one in rows
    ]
    words = [(texts(f"moneyviews.{key}"), is_number) for key, is_number in heads]
    return table(words, lines, texts("moneyviews.hours"))


def _calendar(visit: Visit, dues: list[Due]) -> Component:
    texts = visit.texts
    if not dues:
        return empty(texts("revenue.page.nothing_due"))
    heads = [(texts(f"revenue.page.{key}"), False) for key in ("day", "due", "subject", "month", "state")]
    lines = [
        [
            one.on.isoformat(),
            texts(f"revenue.due.{one.kind.value}"),
            _named(visit, one.subject),
            one.period,
            _urgency(one, texts),
        ]
        for one in dues[:ROWS_MAX]
    ]
    return html.Div([table(heads, lines, texts("revenue.page.calendar")), *_cut(len(dues), texts)])


def _urgency(one: Due, texts: Texts) -> str:
    if one.escalates:
        return texts("revenue.due.escalates")
    return texts("revenue.due.over" if one.is_over else "revenue.due.open")


def _row(one: Reconciled, texts: Texts) -> list[Component]:
    numbers = one.numbers
    return [
        one.plant,
        decimal_text(numbers.inverter_kwh),
        decimal_text(numbers.metered_kwh),
        decimal_text(numbers.statement_kwh),
        yuan(numbers.statement_fen),
        yuan(numbers.bank_fen),
        yuan(numbers.subsidy_fen - numbers.subsidy_bank_fen),
        html.Ul([html.Li(_said(each, texts)) for each in one.differences], className="plain")
        if one.differences
        else texts("revenue.page.agrees"),
        str(one.oldest_days) if one.oldest_days else MISSING,
    ]


def _said(one: Difference, texts: Texts) -> str:
    """Return a difference in words: between which numbers, how much, why, who clears it, how old."""
    much = MISSING
    if one.kwh is not None:
        much = f"{one.kwh.normalize():+,f} kWh"
    elif one.fen is not None:
        much = texts("revenue.page.yuan_off", yuan=f"{'+' if one.fen > 0 else ''}{yuan(one.fen)}")
    return texts(
        "revenue.page.difference",
        step=texts(f"revenue.step.{one.step.value}"),
        much=much,
        cause=texts(f"revenue.cause.{one.cause.value}"),
        owner=texts(f"revenue.owner.{one.owner}"),
        days=one.age_days,
    )
