"""Register a case in thirty seconds: a work order, or what a villager reports. Plain HTML."""

from typing import Any

from flask import Flask, Response, redirect, request
from flask_wtf.csrf import generate_csrf

from access.permissions import Permission
from access.principal import Principal
from commands.case_rules import NewCase
from dashboard import guard, plain
from dashboard.pages.base import Site
from dashboard.pages.work_words import words_of, work_of
from domain.alert import Severity
from domain.case import CaseKind
from domain.errors import CommandError

_KINDS = {"order": CaseKind.ORDER, "report": CaseKind.REPORT, "objection": CaseKind.OBJECTION}
_PAGE = """{% if problem %}<p class="problem" role="alert">{{ problem }}</p>{% endif %}
<form method="post" action="{{ action }}"><input type="hidden" name="csrf_token" value="{{ csrf }}">
<input type="hidden" name="kind" value="{{ kind }}">
{% if kind != "order" %}<label for="reporter">{{ words("work.field.reporter") }}</label>
<input id="reporter" name="reporter" maxlength="40" value="{{ typed.reporter }}" autofocus autocomplete="off">
<label for="phone">{{ words("work.field.phone") }}</label>
<input id="phone" name="phone" maxlength="20" inputmode="tel" value="{{ typed.phone }}" autocomplete="off">{% endif %}
<label for="subject">{{ words("work.field.subject") }}</label>
<input id="subject" name="subject" maxlength="120" value="{{ typed.subject }}" autocomplete="off" required>
<label for="place">{{ words("work.field.place") }}</label>
<input id="place" name="place" list="places" value="{{ typed.place }}" autocomplete="off" required>
<datalist id="places">{% for one in places %}<option value="{{ one }}">{% endfor %}</datalist>
{% if kind == "order" %}<label for="device">{{ words("work.field.device") }}</label>
<input id="device" name="device" maxlength="64" value="{{ typed.device }}" autocomplete="off">
<label for="severity">{{ words("work.field.severity") }}</label>
<select id="severity" name="severity" style="width:100%;min-height:48px">{% for one in severities %}
<option value="{{ one }}"{% if one == "S3" %} selected{% endif %}>{{ words("work.severity." ~ one) }}</option>{% endfor %}</select>{% endif %}
<button class="primary">{{ words("cases.act.register") }}</button></form>
<a class="button" href="{{ prefix }}orders">{{ words("work.orders.title") }}</a>"""


def register(server: Flask, site: Site) -> None:
    """Register form and answer."""
    pages = _Pages(site)
    path = f"{site.prefix}orders/new"
    allowed = guard.page(Permission.MANAGE_CASES)
    server.add_url_rule(path, "order_new", allowed(pages.form), methods=["GET"])
    server.add_url_rule(path, "order_register", allowed(pages.enter), methods=["POST"])


class _Pages:
    """Form and answer."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def form(self, principal: Principal) -> Response:
        """Show the form."""
        return self._answer(principal, request.args.get("kind", "order"))

    def enter(self, principal: Principal) -> Any:
        """Register, or say why not with everything typed still there."""
        kind = request.form.get("kind", "order")
        try:
            case = work_of(self._site).cases.register(principal, self._typed(principal, kind))
        except CommandError as error:
            return self._answer(principal, kind, words_of(error, plain.words()), status=422)
        return redirect(f"{self._site.prefix}orders/{case.case_id}", code=303)

    def _typed(self, principal: Principal, kind: str) -> NewCase:
        form = request.form
        plant_id, village_id = self._places(principal).get(form.get("place", "").strip(), ("", ""))
        severity = form.get("severity", "")
        return NewCase(
            _KINDS.get(kind, CaseKind.ORDER),
            form.get("subject", ""),
            plant_id,
            form.get("device", "").strip(),
            village_id=village_id,
            severity=Severity[severity] if severity in Severity.__members__ else None,
            reporter=form.get("reporter", ""),
            reporter_phone=form.get("phone", ""),
        )

    def _places(self, principal: Principal) -> dict[str, tuple[str, str]]:
        """Return plants and villages in scope by the name people choose."""
        registry = self._site.services.sources.registry
        found = {plant.name: (plant.plant_id, "") for plant in principal.plants(registry)}
        scope = principal.scope
        for village in registry.villages:
            here = (
                scope.everything
                or village.village_id in scope.village_ids
                or village.town_id in scope.town_ids
            )
            if here and village.valid_to is None:
                found[registry.village_label(village.village_id)] = ("", village.village_id)
        return found

    def _answer(self, principal: Principal, kind: str, problem: str = "", *, status: int = 200) -> Response:
        texts, form = plain.words(), request.form
        known = kind if kind in _KINDS else "order"
        return plain.document(
            texts(f"work.orders.new_{known}"),
            _PAGE,
            status,
            f"kind={known}&",
            problem=problem,
            kind=known,
            places=sorted(self._places(principal)),
            severities=[severity.name for severity in Severity],
            typed={name: form.get(name, "") for name in ("reporter", "phone", "subject", "place", "device")},
            action=f"{self._site.prefix}orders/new",
            prefix=self._site.prefix,
            csrf=generate_csrf(),
        )
