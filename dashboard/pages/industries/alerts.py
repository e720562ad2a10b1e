"""Alerts of industries: the list with what people did, and one alert with every act as a form."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from dash import html
from flask import Flask, Response, redirect, request
from flask_wtf.csrf import generate_csrf

from access.permissions import Permission
from access.principal import Principal
from alerts.message import place_name, rule_name
from dashboard import guard, plain
from dashboard.components.card import card, empty, table
from dashboard.components.words import MISSING, date_time
from dashboard.pages.base import Component, Site, Visit
from dashboard.pages.industries.parts import industries_of
from dashboard.pages.one_alert import checks_of, life_lines, rule_words, told_lines, unknown_act
from dashboard.pages.work_words import as_typed, seen, typed_instant, words_of
from domain.alert import Alert
from domain.errors import CommandError
from queries.industry_alerts import IndustryAlertRow
from queries.work import AlertView
from texts.loader import Texts

_PAGE = """{% if problem %}<p class="problem" role="alert">{{ problem }}</p>{% endif %}
<p><b>{{ fault }}</b></p>
{% if meaning %}<p class="note">{{ meaning }}</p>{% endif %}
{% for name, value in facts %}<p class="note">{{ name }}{{ words("industry_alerts.colon") }}{{ value }}</p>{% endfor %}
{% if checks %}<h1 style="margin-top:1.5rem">{{ words("work.alert.checks") }}</h1>
<ol>{% for one in checks %}<li>{{ one }}</li>{% endfor %}</ol>{% endif %}
{% for form in forms %}<form method="post" action="{{ action }}">
<input type="hidden" name="csrf_token" value="{{ csrf }}"><input type="hidden" name="seen" value="{{ count }}">
<input type="hidden" name="act" value="{{ form.act }}">
{% for field in form.fields %}<label for="{{ form.act }}-{{ field }}">{{ words("work.field." ~ field) }}</label>
{% if field == "until" %}<input id="{{ form.act }}-until" name="until" type="datetime-local" value="{{ form.until }}">
{% else %}<input id="{{ form.act }}-{{ field }}" name="{{ field }}" maxlength="200" autocomplete="off">{% endif %}{% endfor %}
<button{% if loop.first %} class="primary"{% endif %}>{{ words("work.do." ~ form.act) }}</button></form>{% endfor %}
<h1 style="margin-top:2rem">{{ words("work.alert.told") }}</h1>
{% if not told %}<p class="note">{{ words("work.alert.not_yet") }}</p>{% endif %}
{% for one in told %}<p class="note">{{ one }}</p>{% endfor %}
<h1 style="margin-top:2rem">{{ words("work.order.history") }}</h1>
{% for one in life %}<p class="note">{{ one }}</p>{% endfor %}
<a class="button" href="{{ home }}">{{ words("access.back") }}</a>"""
_SHELF, _SILENCE = timedelta(days=3), timedelta(days=7)
_FIGURES = ("period", "share", "count", "towns")


class IndustryAlertsPage:
    """``/app/industry-alerts``."""

    path = "/industry-alerts"
    permission = Permission.VIEW_INDUSTRIES
    title = "industry_alerts.title"

    def layout(self, visit: Visit) -> Component:
        """Return what is open, then what ended within a month."""
        texts = visit.texts
        view = industries_of(visit.site).alert_views.list(visit.principal)
        return html.Div(
            [
                html.H1(texts(self.title), className="visually-hidden"),
                card(texts("industry_alerts.open"), _table(visit, view.open)),
                card(texts("industry_alerts.ended"), _table(visit, view.ended)),
            ],
            className="page",
        )

    def register(self, app: Any, site: Site) -> None:
        """No callbacks: they are judged by the hour."""


def _table(visit: Visit, rows: tuple[IndustryAlertRow, ...]) -> Component:
    texts = visit.texts
    if not rows:
        return empty(texts("industry_alerts.none"))
    names = ("severity", "what", "rule", "figures", "since", "ended_at", "handling")
    body: list[list[Any]] = [
        [
            f"{one.alert.severity.name} {texts(f'alerts.page.sev.{one.alert.severity.name}')}",
            html.A(thing(one.alert, visit), href=f"{visit.site.prefix}industry-alerts/{one.alert.alert_id}"),
            rule_name(one.alert.rule, texts),
            figures(one.alert, texts),
            date_time(one.alert.since),
            date_time(one.alert.resolved_at) if one.alert.resolved_at else MISSING,
            _handled(one, texts),
        ]
        for one in rows
    ]
    heads = [(texts(f"industry_alerts.col.{name}"), False) for name in names]
    return table(heads, body, texts("industry_alerts.title"))


def thing(alert: Alert, visit: Visit) -> str:
    """Return what an alert is about, in the reader's language."""
    return place_name(alert, visit.site.services.sources.registry, visit.texts)


def figures(alert: Alert, texts: Texts) -> str:
    """Return the figures of an alert in one line."""
    said = [
        texts(f"industry_alerts.figure.{name}", value=alert.evidence[name])
        for name in _FIGURES
        if alert.evidence.get(name) and not (name == "period" and alert.part)
    ]
    return texts("industry_alerts.comma").join(said)


def _handled(one: IndustryAlertRow, texts: Texts) -> str:
    said = one.handling
    if said.acknowledged_by:
        return texts("industry_alerts.acknowledged", by=said.owner or said.acknowledged_by)
    return texts("industry_alerts.quiet") if one.is_quiet else texts("industry_alerts.untouched")


def register(server: Flask, site: Site) -> None:
    """Register the page of one alert."""
    pages, path = _Pages(site), f"{site.prefix}industry-alerts/<industry_alert_id>"
    look = guard.page(Permission.VIEW_INDUSTRIES)
    server.add_url_rule(path, "industry_alert", look(pages.show), methods=["GET"])
    act = guard.page(Permission.HANDLE_INDUSTRIES)(pages.act)
    server.add_url_rule(path, "industry_alert_act", act, methods=["POST"])


class _Pages:
    """The page of one alert."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def show(self, principal: Principal, industry_alert_id: str) -> Response:
        """Show the alert."""
        return self._answer(
            principal, industries_of(self._site).alert_views.one(principal, industry_alert_id)
        )

    def act(self, principal: Principal, industry_alert_id: str) -> Any:
        """Do one act."""
        alert_id = industry_alert_id
        try:
            _acts(self._site).get(request.form.get("act", ""), unknown_act)(principal, alert_id)
        except CommandError as error:
            view = industries_of(self._site).alert_views.one(principal, alert_id)
            return self._answer(principal, view, words_of(error, plain.words()), status=422)
        return redirect(f"{self._site.prefix}industry-alerts/{alert_id}", code=303)

    def _answer(
        self, principal: Principal, view: AlertView, problem: str = "", *, status: int = 200
    ) -> Response:
        texts, alert = plain.words(), view.row.alert
        registry = self._site.services.sources.registry
        return plain.document(
            f"{alert.severity.name} {place_name(alert, registry, texts)}",
            _PAGE,
            status,
            problem=problem,
            fault=rule_name(alert.rule, texts),
            meaning=rule_words(alert.rule, "meaning", texts),
            facts=_facts(view, texts),
            checks=checks_of(alert.rule, texts),
            forms=self._forms(principal, view),
            told=told_lines(view, texts),
            life=life_lines(view, texts),
            count=view.row.handling.acts,
            action=f"{self._site.prefix}industry-alerts/{alert.alert_id}",
            home=f"{self._site.prefix}industry-alerts",
            csrf=generate_csrf(),
        )

    def _forms(self, principal: Principal, view: AlertView) -> list[dict[str, Any]]:
        if not industries_of(self._site).alert_views.handles(principal, view.row.alert):
            return []
        now, handling = self._site.services.sources.clock.now(), view.row.handling
        found: list[dict[str, Any]] = []
        if not handling.acknowledged_by:
            found.append({"act": "acknowledge", "fields": ()})
        found += [
            {"act": "silence", "fields": ("until", "reason"), "until": as_typed(now + _SILENCE)},
            {"act": "shelve", "fields": ("until", "reason"), "until": as_typed(now + _SHELF)},
            {"act": "hand_over", "fields": ("to",)},
            {"act": "note", "fields": ("reason",)},
        ]
        if handling.silenced_until or handling.shelved_until:
            found.append({"act": "release", "fields": ()})
        if handling.acknowledged_by:
            found.append({"act": "reopen", "fields": ("reason",)})
        return found


def _facts(view: AlertView, texts: Texts) -> list[tuple[str, str]]:
    alert, handling = view.row.alert, view.row.handling
    values = {
        "severity": texts(f"work.severity.{alert.severity.name}"),
        "figures": figures(alert, texts),
        "since": date_time(alert.since),
        "ended_at": date_time(alert.resolved_at) if alert.resolved_at else "",
        "owner": handling.owner,
        "silenced": date_time(handling.silenced_until) if handling.silenced_until else "",
        "shelved": date_time(handling.shelved_until) if handling.shelved_until else "",
    }
    return [(texts(f"industry_alerts.col.{name}"), value) for name, value in values.items() if value]


def _acts(site: Site) -> dict[str, Callable[[Principal, str], Any]]:
    alerts, form = industries_of(site).alerts, request.form

    def text(name: str) -> str:
        return form.get(name, "")

    return {
        "acknowledge": lambda who, one: alerts.acknowledge(who, one, seen()),
        "silence": lambda who, one: alerts.silence(who, one, seen(), typed_instant("until"), text("reason")),
        "shelve": lambda who, one: alerts.shelve(who, one, seen(), typed_instant("until"), text("reason")),
        "hand_over": lambda who, one: alerts.hand_over(who, one, seen(), text("to")),
        "note": lambda who, one: alerts.note(who, one, seen(), text("reason")),
        "release": lambda who, one: alerts.release(who, one, seen()),
        "reopen": lambda who, one: alerts.reopen(who, one, seen(), text("reason")),
    }
