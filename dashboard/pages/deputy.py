"""Passing on what waits for oneself: a plain form names a colleague, the last day and the reason; either ends it."""

from datetime import date, timedelta
from typing import Any

from dash import html
from flask import Flask, Response, redirect, request
from flask_wtf.csrf import generate_csrf

from access.permissions import Permission
from access.principal import Principal
from commands.deputies import DAYS_MAX, REASON_CHARS_MAX, Deputies, DeputyRefusedError
from dashboard import guard, plain
from dashboard.pages.base import Component, Site, Visit, add_pages
from domain.timespan import day_of
from texts.loader import Texts

PATH = "deputy"
_PAGE = """<p class="note">{{ words("deputy.about") }}</p>
{% if problem %}<p class="problem" role="alert">{{ problem }}</p>{% endif %}
{% for one in standing %}<form method="post" action="{{ action }}/end/{{ one.id }}">
<input type="hidden" name="csrf_token" value="{{ csrf }}"><p>{{ one.said }}</p>
<button>{{ words("deputy.end") }}</button></form>{% endfor %}
{% if not gave %}{% if people %}<form method="post" action="{{ action }}">
<input type="hidden" name="csrf_token" value="{{ csrf }}">
<fieldset style="border:0;padding:0;margin:1rem 0 0"><legend><b>{{ words("deputy.who") }}</b></legend>
{% for id, name in people %}<label style="font-weight:400;min-height:2.75rem;display:flex;align-items:center;margin:0">
<input type="radio" name="taker" value="{{ id }}" required{% if id == typed.taker %} checked{% endif %}
 style="width:1.4rem;min-height:0;height:1.4rem;margin-right:.6rem">{{ name }}</label>
{% endfor %}</fieldset>
<label for="last">{{ words("deputy.last_day") }}</label>
<input id="last" name="last" type="date" required min="{{ first }}" max="{{ last }}" value="{{ typed.last or first }}">
<label for="reason">{{ words("deputy.reason") }}</label>
<input id="reason" name="reason" required maxlength="{{ reason_max }}" autocomplete="off" value="{{ typed.reason }}">
<button class="primary">{{ words("deputy.appoint") }}</button></form>
{% else %}<p class="note">{{ words("deputy.nobody") }}</p>{% endif %}{% endif %}
<a class="button" href="{{ home }}">{{ words("access.back") }}</a>"""


def register(server: Flask, site: Site) -> None:
    """Register the page and its two acts."""
    if site.services.personal is None:
        return
    pages, own = _Pages(site), guard.page(Permission.CHANGE_OWN_ACCOUNT)
    rules = (
        (PATH, "deputy", own(pages.form), "GET"),
        (PATH, "deputy_appoint", own(pages.appoint), "POST"),
        (f"{PATH}/end/<deputy_id>", "deputy_end", own(pages.end), "POST"),
    )
    add_pages(server, site.prefix, rules)


class _Pages:
    """The handlers."""

    def __init__(self, site: Site) -> None:
        assert site.services.personal is not None, "registered with them only"
        self._site = site
        self._deputies: Deputies = site.services.personal.deputies

    def form(self, principal: Principal, problem: str = "") -> Response:
        """Show who stands in for whom, and the form."""
        texts, (first, last) = plain.words(), self._deputies.days(principal)
        standing = self._deputies.standing(principal)
        return plain.document(
            texts("deputy.title"),
            _PAGE,
            422 if problem else 200,
            problem=problem,
            standing=[{"id": one.deputy.deputy_id, "said": _said(one, texts)} for one in standing],
            gave=any(one.is_giver for one in standing),
            people=self._deputies.candidates(principal),
            first=first.isoformat(),
            last=last.isoformat(),
            typed={name: request.form.get(name, "") for name in ("taker", "last", "reason")},
            reason_max=REASON_CHARS_MAX,
            action=f"{self._site.prefix}{PATH}",
            home=f"{self._site.prefix}todo",
            csrf=generate_csrf(),
        )

    def appoint(self, principal: Principal) -> Any:
        """Let somebody stand in."""
        given = request.form
        try:
            last = date.fromisoformat(given.get("last", ""))
        except ValueError:
            return self.form(principal, plain.words()("deputy.refused.day", count=DAYS_MAX))
        try:
            self._deputies.appoint(principal, given.get("taker", ""), last, given.get("reason", ""))
        except DeputyRefusedError as error:
            return self.form(principal, error.words(plain.words()))
        return redirect(f"{self._site.prefix}todo", code=303)

    def end(self, principal: Principal, deputy_id: str) -> Any:
        """End it now."""
        try:
            self._deputies.end(principal, deputy_id)
        except DeputyRefusedError as error:
            return self.form(principal, error.words(plain.words()))
        return redirect(f"{self._site.prefix}todo", code=303)


def _said(one: Any, texts: Texts) -> str:
    last = day_of(one.deputy.until - timedelta(seconds=1))
    key = "gave" if one.is_giver else "took"
    said = texts(
        f"deputy.{key}", giver=one.giver, taker=one.taker, last=last.isoformat(), reason=one.deputy.reason
    )
    return said if one.in_force else f"{said}{texts('deputy.not_in_force')}"


def standing_lines(visit: Visit) -> list[Component]:
    """Return who stands in for this person and for whom he does, with the way to the form."""
    personal, texts = visit.site.services.personal, visit.texts
    if personal is None:
        return []
    found = personal.deputies.standing(visit.principal)
    lines = [html.Span(_said(one, texts), className="standing-in") for one in found]
    words = texts("deputy.change" if found else "deputy.pass_on")
    there = html.A(words, href=f"{visit.site.prefix}{PATH}", className="button")
    return [html.Div([*lines, html.Span(className="grow"), there], className="toolbar")]
