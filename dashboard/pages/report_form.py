"""The bureau's own form: an XLSX with {{names}} goes up, the same file comes back filled for a month and the own scope."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from flask import Flask, Response, request
from flask_wtf.csrf import generate_csrf

from access.permissions import Permission
from access.principal import Principal
from access.villages import towns_seen, villages_seen
from commands.papers.template import FILE_BYTES_MAX, TemplateRefusedError, fill, names_in
from dashboard import guard, plain
from dashboard.pages.base import Site
from dashboard.pages.reports import FORM_PATH, reports_of
from domain.account import Scope
from domain.timespan import day_of
from texts.loader import Texts

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_PERSON = re.compile(r"(household|payee|group):(\d{1,4})", re.ASCII)
_PAGE = """{% if problem %}<p class="problem" role="alert">{{ problem }}</p>{% endif %}
<p>{{ words("reports.form.how") }}</p>
<form method="post" enctype="multipart/form-data"><input type="hidden" name="csrf_token" value="{{ csrf }}">
<label for="month">{{ words("reports.form.month") }}</label>
<input id="month" name="month" value="{{ month }}" pattern="[0-9]{4}-[0-9]{2}" required>
<label for="place">{{ words("reports.form.place") }}</label><select id="place" name="place"
 style="width:100%;min-height:48px;font:inherit;color:inherit;background:var(--card)"><option value="">{{ words("reports.form.whole") }}</option>
{% for value, label in places %}<option value="{{ value }}"{% if value == place %} selected{% endif %}>{{ label }}</option>{% endfor %}</select>
<label for="file">{{ words("reports.form.file") }}</label><input id="file" name="file" type="file" accept=".xlsx" required>
<button class="primary">{{ words("reports.form.fill") }}</button></form>
<p class="note">{{ words("reports.form.names") }}</p><p class="note">{% for one in names %}{{ one }}<br>{% endfor %}</p>
<a class="button" href="{{ back }}">{{ words("reports.page") }}</a>"""


def register(server: Flask, site: Site) -> None:
    """Register the page."""
    path = f"{site.prefix}{FORM_PATH}"

    def show(principal: Principal) -> Response:
        return _answer(site, principal)

    def take(principal: Principal) -> Any:
        file = request.files.get("file")
        content = file.stream.read(FILE_BYTES_MAX + 1) if file is not None else b""
        words = plain.words()
        month = _month(site)
        try:
            asked = names_in(content)
            values = _values(site, principal, month) | _people(site, principal, month, asked)
            unknown = [name for name in asked if name not in values]
            if unknown:
                return _answer(site, principal, words("reports.form.unknown", names="、".join(unknown[:20])))
            filled = fill(content, values)
        except TemplateRefusedError as refusal:
            return _answer(site, principal, words(refusal.key))
        answer = Response(filled, content_type=_XLSX)
        answer.headers["Content-Disposition"] = f'attachment; filename="form-{month:%Y-%m}.xlsx"'
        return answer

    server.add_url_rule(path, "fill_form", guard.page(Permission.VIEW_PLANT)(show), methods=["GET"])
    taken = guard.page(Permission.VIEW_PLANT, uploads=True)(take)
    server.add_url_rule(path, "fill_form_taken", taken, methods=["POST"])


def _month(site: Site) -> date:
    """Return the month asked for, not after today; the last whole one where it is none."""
    today = day_of(site.services.sources.clock.now())
    try:
        return min(date.fromisoformat(f"{request.form.get('month', '')}-01"), today)
    except ValueError:
        return today.replace(day=1) - timedelta(days=1)


def _places(site: Site, principal: Principal, texts: Texts) -> dict[str, str]:
    """Return the towns and villages in scope, each with its name."""
    registry = site.services.sources.registry
    towns = {one: registry.towns_by_id[one].label(texts.language) for one in towns_seen(principal, registry)}
    villages = villages_seen(principal, registry)
    return towns | {one: registry.village_label(one, texts.language) for one in villages}


def _values(site: Site, principal: Principal, month: date) -> dict[str, Any]:
    """Return what a form may ask for: of everything in scope, or of the town or village that was chosen.

    Raises
    ------
    TemplateRefusedError
        The place is none of this person's.
    """
    texts, place = plain.words(), request.form.get("place", "")
    if not place:
        return {**reports_of(site).values(principal, month), "place": texts("reports.form.whole")}
    places = _places(site, principal, texts)
    if place not in places:
        raise TemplateRefusedError("no_place")
    is_town = place in site.services.sources.registry.towns_by_id
    inside = frozenset({place})
    scope = Scope(town_ids=inside) if is_town else Scope(village_ids=inside)
    found = reports_of(site).values(replace(principal, scope=scope), month)
    return {**found, "place": places[place]}


def _may_name(site: Site, principal: Principal, place: str) -> bool:
    """Tell whether a form may name households: those of one village, to who may see them."""
    known = place in site.services.sources.registry.villages_by_id
    return known and site.services.payout is not None and principal.may(Permission.VIEW_PEOPLE)


def _people(site: Site, principal: Principal, month: date, asked: Sequence[str]) -> dict[str, Any]:
    """Return households of the roster by their place on it, names masked; read, and audited, only where a form asks."""
    place, payout = request.form.get("place", ""), site.services.payout
    wanted = [found for name in asked if (found := _PERSON.fullmatch(name))]
    if not wanted or payout is None or not _may_name(site, principal, place):
        return {}
    members = payout.rosters.members(principal, place, month)
    rows = {
        "household": [one.member.household_id for one in members],
        "payee": [one.name for one in members],
        "group": [one.member.group for one in members],
    }
    numbers = {found[0]: (found[1], int(found[2]) - 1) for found in wanted}
    return {
        name: rows[column][row] if 0 <= row < len(members) else None
        for name, (column, row) in numbers.items()
    }


def _answer(site: Site, principal: Principal, problem: str = "") -> Response:
    month, texts = _month(site), plain.words()
    names = [name for name in reports_of(site).values(principal, month) if ":" not in name] + ["place"]
    town = next(iter(site.services.sources.registry.towns), None)
    if town is not None:
        names.append(f"energy_kwh:{town.town_id}")
    if site.services.payout is not None and principal.may(Permission.VIEW_PEOPLE):
        names += [f"{column}:1" for column in ("household", "payee", "group")]
    return plain.document(
        texts("reports.form.title"),
        _PAGE,
        422 if problem else 200,
        problem=problem,
        month=f"{month:%Y-%m}",
        places=list(_places(site, principal, texts).items()),
        place=request.form.get("place", ""),
        names=[f"{{{{{name}}}}}" for name in names],
        csrf=generate_csrf(),
        back=f"{site.prefix}reports",
    )
