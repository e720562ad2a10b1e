"""One alert: what it costs, what to check, what people did, who was told and why not; every act as a form."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, Response, redirect, request
from flask_wtf.csrf import generate_csrf

from access.permissions import Permission
from access.principal import Principal
from dashboard import guard, plain
from dashboard.components.evidence import evidence_lines
from dashboard.components.words import date_time, number
from dashboard.pages.base import Site
from dashboard.pages.desk import SCRIPT
from dashboard.pages.work_words import (
    as_typed,
    copy_text,
    fault_name,
    place,
    risk_parts,
    seen,
    shown,
    typed_instant,
    words_of,
    work_of,
    yuan,
)
from domain.errors import CommandError
from queries.work import AlertView
from texts.loader import Texts

_CHECKS = 3
_PAGE = """{% if problem %}<p class="problem" role="alert">{{ problem }}</p>{% endif %}
<p><b>{{ fault }}</b></p>
{% if meaning %}<p class="note">{{ meaning }}</p>{% endif %}
{% for name, value in facts %}<p class="note">{{ name }}：{{ value }}</p>{% endfor %}
{% if checks %}<h1 style="margin-top:1.5rem">{{ words("work.alert.checks") }}</h1>
<ol>{% for one in checks %}<li>{{ one }}</li>{% endfor %}</ol>{% endif %}
{% if case %}<a class="button" href="{{ prefix }}orders/{{ case.case_id }}">{{ case.number }} ·
 {{ words("cases.state." ~ case.state.value) }}</a>{% endif %}
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
{% if history %}<h1 style="margin-top:2rem">{{ words("work.alert.before") }}</h1>
{% for one in history %}<p class="note"><a href="{{ prefix }}queue/{{ one.id }}">{{ one.text }}</a></p>{% endfor %}{% endif %}
<label for="copy">{{ words("work.alert.copy") }}</label>
<textarea id="copy" readonly rows="3" style="width:100%;font:inherit">{{ copy }}</textarea>
<button type="button" data-copy="copy" data-done="{{ words("desk.copied") }}" data-failed="{{ words("desk.not_copied") }}">
{{ words("desk.copy") }}</button><script src="{{ script }}" defer></script>
<a class="button" href="{{ prefix }}share?kind=alert&amp;id={{ id | urlencode }}">{{ words("share.link") }}</a>
<a class="button" href="{{ action }}/evidence" target="_blank">{{ words("work.evidence.title") }}</a>
<a class="button" href="{{ prefix }}queue">{{ words("work.queue.title") }}</a>"""
_SHELF = timedelta(days=3)
_SILENCE = timedelta(hours=4)


def register(server: Flask, site: Site) -> None:
    """Register the page and its acts."""
    pages = _Pages(site)
    path = f"{site.prefix}queue/<alert_id>"
    server.add_url_rule(path, "one_alert", guard.page(Permission.VIEW_ALERTS)(pages.show), methods=["GET"])
    acts = guard.page(Permission.VIEW_ALERTS)(pages.act)
    server.add_url_rule(path, "one_alert_act", acts, methods=["POST"])


class _Pages:
    """The page of one alert."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def show(self, principal: Principal, alert_id: str) -> Response:
        """Show the alert."""
        return self._answer(principal, work_of(self._site).views.alert(principal, alert_id))

    def act(self, principal: Principal, alert_id: str) -> Any:
        """Do one act; each command checks its own permission."""
        name = request.form.get("act", "")
        done = _acts(self._site).get(name, unknown_act)
        try:
            made = done(principal, alert_id)
        except CommandError as error:
            view = work_of(self._site).views.alert(principal, alert_id)
            return self._answer(principal, view, words_of(error, plain.words()), status=422)
        there = f"orders/{made.case_id}" if name == "order" else f"queue/{alert_id}"
        return redirect(f"{self._site.prefix}{there}", code=303)

    def _answer(
        self, principal: Principal, view: AlertView, problem: str = "", *, status: int = 200
    ) -> Response:
        texts, site, alert = plain.words(), self._site, view.row.alert
        registry = site.services.sources.registry
        return plain.document(
            f"{alert.severity.name} {place(alert, registry, texts)}",
            _PAGE,
            status,
            problem=problem,
            fault=fault_name(alert, texts),
            meaning=rule_words(alert.rule, "meaning", texts),
            facts=facts_of(view, texts, site.services.sources.clock.now()),
            checks=checks_of(alert.rule, texts),
            case=view.row.case,
            forms=self._forms(principal, view),
            told=told_lines(view, texts),
            life=life_lines(view, texts),
            history=[
                {"id": one.alert_id, "text": f"{date_time(one.since)} {fault_name(one, texts)}"}
                for one in view.history
            ],
            copy=copy_text(alert, registry, texts),
            script=f"{site.prefix}{SCRIPT}",
            count=view.row.handling.acts,
            action=f"{site.prefix}queue/{alert.alert_id}",
            id=alert.alert_id,
            prefix=site.prefix,
            csrf=generate_csrf(),
        )

    def _forms(self, principal: Principal, view: AlertView) -> list[dict[str, Any]]:
        now, row = self._site.services.sources.clock.now(), view.row
        found: list[dict[str, Any]] = []
        if principal.may(Permission.HANDLE_ALERTS) and not row.handling.acknowledged_by:
            found.append({"act": "acknowledge", "fields": ()})
        if principal.may(Permission.MANAGE_CASES) and (row.case is None or not row.case.is_open):
            found.append({"act": "order", "fields": ("assignee",)})
        if principal.may(Permission.HANDLE_ALERTS):
            silence, shelf = as_typed(now + _SILENCE), as_typed(now + _SHELF)
            found += [
                {"act": "silence", "fields": ("until", "reason"), "until": silence},
                {"act": "shelve", "fields": ("until", "reason"), "until": shelf},
                {"act": "hand_over", "fields": ("to",)},
                {"act": "note", "fields": ("reason",)},
            ]
            if row.handling.is_silenced(now) or row.handling.is_shelved(now):
                found.append({"act": "release", "fields": ()})
            if row.handling.acknowledged_by:
                found.append({"act": "reopen", "fields": ("reason",)})
        return found


def _acts(site: Site) -> dict[str, Callable[[Principal, str], Any]]:
    work, form = work_of(site), request.form
    handling = work.handling

    def text(name: str) -> str:
        return form.get(name, "")

    return {
        "acknowledge": lambda who, alert: handling.acknowledge(who, alert, seen()),
        "order": lambda who, alert: work.cases.from_alert(who, alert, text("assignee")),
        "silence": lambda who, alert: handling.silence(
            who, alert, seen(), typed_instant("until"), text("reason")
        ),
        "shelve": lambda who, alert: handling.shelve(
            who, alert, seen(), typed_instant("until"), text("reason")
        ),
        "hand_over": lambda who, alert: handling.hand_over(who, alert, seen(), text("to")),
        "note": lambda who, alert: handling.note(who, alert, seen(), text("reason")),
        "release": lambda who, alert: handling.release(who, alert, seen()),
        "reopen": lambda who, alert: handling.reopen(who, alert, seen(), text("reason")),
    }


def unknown_act(_principal: Principal, _alert_id: str) -> Any:
    """Refuse what no button of the page says."""
    raise CommandError(plain.words()("work.unknown_act"))


def rule_words(rule: str, part: str, texts: Texts) -> str:
    """Return meaning or causes of a rule, empty where nobody wrote them."""
    for key in (f"alerts.rule.{rule}.{part}", f"alerts.{rule}.{part}"):
        if key in texts:
            return texts(key)
    return ""


def checks_of(rule: str, texts: Texts) -> list[str]:
    """Return the first three checks of a rule: one text with semicolons, or three texts."""
    found = [
        rule_words(rule, f"check_{n}", texts) or rule_words(rule, f"checks.{n}", texts) for n in (1, 2, 3)
    ]
    given = [one for one in found if one]
    if not given:
        whole = rule_words(rule, "checks", texts)
        given = [part.strip() for part in re.split(r"[|;；\n]", whole) if part.strip()]
    return given[:_CHECKS]


def facts_of(view: AlertView, texts: Texts, now: datetime) -> list[tuple[str, Any]]:
    """Return what is known of an alert; a silence or a shelf that is over is history and no fact."""
    row, alert = view.row, view.row.alert
    values = {
        "severity": texts(f"work.severity.{alert.severity.name}"),
        "since": date_time(alert.since),
        "fired": date_time(alert.fired_at) if alert.fired_at is not None else "",
        "until": date_time(alert.resolved_at) if alert.resolved_at is not None else "",
        "at_risk": f"{texts('work.yuan', yuan=yuan(alert.at_risk_fen))} {risk_parts(alert, texts)}".strip(),
        "lost": texts("work.lost", kwh=number(alert.lost_kwh, 1), yuan=yuan(alert.lost_fen)),
        "explained": row.children or "",
        "villages": "、".join(row.villages[:8]),
        "key": f"{row.access.key_holder.name} {row.access.key_holder.phone}".strip(),
        "road": row.access.road,
        "owner": row.handling.owner,
        "shelved": date_time(row.handling.shelved_until) if row.handling.is_shelved(now) else "",
        "silenced": date_time(row.handling.silenced_until) if row.handling.is_silenced(now) else "",
        "stop": f"{texts(f'handling.stop.{row.stop.kind.value}')} {row.stop.reason}" if row.stop else "",
    }
    return shown({texts(f"work.fact.{name}"): value for name, value in values.items()}) + evidence_lines(
        alert, texts
    )


def told_lines(view: AlertView, texts: Texts) -> list[str]:
    """Return who was told and who was not, each with the reason, newest first."""
    lines = [
        (
            one.at,
            f"{date_time(one.at)} {one.receiver_id or '—'}：{texts(f'notify.reason.{one.reason.value}')}",
        )
        for one in view.decisions
    ]
    lines += [
        (
            one.sent_at or one.created_at,
            f"{date_time(one.sent_at or one.created_at)} {one.receiver_id} → {one.target_id}："
            f"{texts(f'notify.state.{one.state.value}')} {one.failure}".strip(),
        )
        for one in view.messages
    ]
    return [text for _, text in sorted(lines, key=lambda pair: pair[0], reverse=True)]


def life_lines(view: AlertView, texts: Texts) -> list[str]:
    """Return the life of an alert and what people did, newest first."""
    lines = [
        (one.at, f"{date_time(one.at)} {texts(f'work.alert_state.{one.state.value}')} {one.severity.name}")
        for one in view.life
    ]
    lines += [
        (
            one.at,
            f"{date_time(one.at)} {texts(f'handling.act.{one.kind.value}')} · {one.by} {one.to} {one.reason}"
            + (f" → {date_time(one.until)}" if one.until else ""),
        )
        for one in view.acts
    ]
    return [text for _, text in sorted(lines, key=lambda pair: pair[0], reverse=True)]
