"""A month of work: per township, person, contractor and rule; alert rates; the calendar; whom to turn to."""

from datetime import date, timedelta
from typing import Any

from dash import dcc, html

from access.permissions import Permission
from alerts.message import rule_name
from alerts.rates import AlertRates
from cases.monthly import RulePrecision, Workload
from dashboard.components.card import card, empty, table
from dashboard.components.seen import SHARE_PATH
from dashboard.components.words import MISSING, number, percent
from dashboard.pages.base import Component, Site, Visit
from dashboard.pages.work_rates import rates_card
from dashboard.pages.work_words import work_of
from domain.timespan import day_of
from texts.loader import Texts

_COLUMNS = (
    "registered",
    "closed",
    "open",
    "overdue",
    "on_time",
    "arrival",
    "repair",
    "recovered",
    "not_recovered",
    "reopened",
    "won_back",
)
_CALENDAR_DAYS = 60


class WorkMonthPage:
    """``/app/work``, with ``?month=2026-07``."""

    path = "/work"
    permission = Permission.VIEW_CASES
    title = "work.month.title"

    def layout(self, visit: Visit) -> Component:
        """Return the month."""
        texts, site = visit.texts, visit.site
        today = day_of(site.services.sources.clock.now())
        month = month_asked(visit.args.get("month", ""), today)
        views = work_of(site).views
        view = views.month(visit.principal, month)
        groups = (
            ("towns", view.towns),
            ("people", [(one.key, one) for one in view.people]),
            ("contractors", view.contractors),
        )
        return html.Div(
            [
                html.H1(texts(self.title), className="visually-hidden"),
                _months(month, visit),
                *[_group(name, list(rows), texts) for name, rows in groups],
                _rules(view.rules, texts),
                *(
                    []
                    if view.rates is None
                    else [rates_card(view.rates, views.receivers(visit.principal), texts)]
                ),
                _calendar(visit, today),
                _contacts(visit),
            ],
            className="page",
        )

    def register(self, app: Any, site: Site) -> None:
        """No callback: a month is an address."""


def month_asked(text: str, today: date) -> date:
    """Return the first day of a month written 2026-07, of this one where it is none."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)


def _months(month: date, visit: Visit) -> Component:
    texts, site = visit.texts, visit.site
    channels = visit.principal.may(Permission.CHANGE_NOTIFYING)
    before = (month - timedelta(days=1)).replace(day=1)
    after = (month + timedelta(days=32)).replace(day=1)
    return html.Div(
        [
            dcc.Link(f"‹ {before:%Y-%m}", href=f"{site.prefix}work?month={before:%Y-%m}"),
            html.B(texts("work.month.of", month=f"{month:%Y-%m}")),
            dcc.Link(f"{after:%Y-%m} ›", href=f"{site.prefix}work?month={after:%Y-%m}"),
            html.Span(className="grow"),
            *([html.A(texts("care.notify.title"), href=f"{site.prefix}notify")] if channels else []),
            html.A(
                texts("care.contractor.print"),
                href=f"{site.prefix}work/contractors?month={month:%Y-%m}",
                target="_blank",
            ),
            html.A(texts("share.link"), href=f"{site.prefix}{SHARE_PATH}?kind=month&id={month:%Y-%m}"),
            html.A(texts("work.print"), href=f"{site.prefix}work/print?month={month:%Y-%m}", target="_blank"),
        ],
        className="toolbar",
    )


def workload_heads(texts: Texts) -> list[tuple[str, bool]]:
    """Return the heads of a table of workloads."""
    return [(texts("work.column.name"), False), *((texts(f"work.month.{one}"), True) for one in _COLUMNS)]


def workload_row(name: str, one: Workload) -> list[str]:
    """Return one row of it."""
    return [
        name or MISSING,
        number(one.registered),
        number(one.closed),
        number(one.open_at_end),
        number(one.overdue_at_end),
        percent(one.on_time_share),
        number(one.arrival_h, 1),
        number(one.repair_h, 1),
        number(one.recovered),
        number(one.not_recovered),
        number(one.reopened),
        number(one.won_back_kwh),
    ]


def _group(name: str, rows: list[tuple[str, Workload]], texts: Texts) -> Component:
    title = texts(f"work.month.{name}")
    if not rows:
        return card(title, empty(texts("work.month.none")))
    return card(title, table(workload_heads(texts), [workload_row(*row) for row in rows], title))


def _rules(rules: tuple[RulePrecision, ...], texts: Texts) -> Component:
    title = texts("work.month.rules")
    if not rules:
        return card(title, empty(texts("work.month.no_rules")))
    return card(title, table(rule_heads(texts), [rule_row(one, texts) for one in rules], title))


def rule_heads(texts: Texts) -> list[tuple[str, bool]]:
    """Return the heads of a table of rules."""
    return [
        (texts(f"work.month.{name}"), name != "rule") for name in ("rule", "judged", "wrong", "precision")
    ]


def rule_row(one: RulePrecision, texts: Texts) -> list[str]:
    """Return how often a rule was right."""
    name = f"{one.rule} {rule_name(one.rule, texts)}"
    return [name, number(one.closed), number(one.wrong), percent(one.precision)]


def rate_lines(found: AlertRates, texts: Texts) -> list[str]:
    """Return alert rates as lines."""
    split = "—" if found.split is None else " / ".join(percent(share) for share in found.split)
    values = {
        "desk_per_day": number(found.desk_per_day, 1),
        "push_per_day": number(found.push_per_day),
        "flood_share": percent(found.flood_share, 2),
        "stale": number(found.stale),
        "chatter": number(found.chatter),
        "split": split,
    }
    return [texts(f"notify.rate.{name}", value=value) for name, value in values.items()]


def _calendar(visit: Visit, today: date) -> Component:
    texts, site = visit.texts, visit.site
    plants = site.services.sources.registry.plants_by_id
    planned = work_of(site).views.calendar(visit.principal, today, today + timedelta(days=_CALENDAR_DAYS))
    title = texts("work.month.calendar")
    if not planned:
        return card(title, empty(texts("work.month.no_calendar")))
    heads = [(texts(f"work.column.{name}"), False) for name in ("day", "place", "subject")]
    rows = [[one.on.isoformat(), plants[one.plant_id].name, one.plan.name] for one in planned]
    return card(title, table(heads, rows, title))


def _contacts(visit: Visit) -> Component:
    texts = visit.texts
    title = texts("work.month.contacts")
    rows = [
        [town, one.name, one.title or MISSING, one.phone or MISSING]
        for town, one in work_of(visit.site).views.contacts(visit.principal)
    ]
    heads = [(texts(f"work.column.{name}"), False) for name in ("town", "name", "post", "phone")]
    return card(title, table(heads, rows, title) if rows else empty(texts("work.month.no_contacts")))
