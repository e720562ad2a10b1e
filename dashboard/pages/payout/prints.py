"""Printing and files of a village or a whole town: notices, slips, reports, vouchers, the audit package."""

import re
from typing import Any

from flask import Flask, Response, request

from access.permissions import Permission
from access.principal import Principal
from access.villages import towns_seen, villages_seen
from dashboard import guard, plain
from dashboard.pages.base import Site
from dashboard.pages.payout.money import quarter_before
from dashboard.pages.payout.parts import payout_of, village_label
from domain.errors import AccessDeniedError
from domain.timespan import day_of
from revenue.refusal import RefusedError
from texts.loader import Texts

KINDS = ("notices", "slips", "reports", "workbook", "vouchers", "package")
OF_PEOPLE = frozenset({"notices", "slips"})
_MONTH = re.compile(r"\d{4}-\d{2}")
_PAGE = """<style>select { width: 100%; min-height: 48px; font: inherit; color: inherit; background: transparent;
border: 1px solid var(--soft); border-radius: 8px; padding: 0 .5rem; } select option { color: #17324d; }</style>
{% if problem %}<p class="problem" role="alert">{{ problem }}</p>{% endif %}
<form method="get" action="{{ action }}">
<label for="what">{{ words("plandesk.what") }}</label><select id="what" name="what">{% for value, label in kinds %}
<option value="{{ value }}">{{ label }}</option>{% endfor %}</select>
<label for="place">{{ words("plandesk.place") }}</label><select id="place" name="place">{% for value, label in places %}
<option value="{{ value }}">{{ label }}</option>{% endfor %}</select>
<label for="first">{{ words("plandesk.first") }}</label><input id="first" name="first" type="month" value="{{ first }}" required>
<label for="last">{{ words("plandesk.last") }}</label><input id="last" name="last" type="month" value="{{ last }}" required>
<p class="note">{{ words("plandesk.prints_about") }}</p>
<button class="primary">{{ words("plandesk.make") }}</button></form>
<a class="button" href="{{ home }}">{{ words("access.back") }}</a>"""


def register(server: Flask, site: Site) -> None:
    """Register the page and its files."""
    pages, look = _Prints(site), guard.page(Permission.VIEW_INCOME)
    server.add_url_rule(f"{site.prefix}prints", "prints", look(pages.show), methods=["GET"])
    server.add_url_rule(f"{site.prefix}prints/file", "prints_file", look(pages.make), methods=["GET"])


class _Prints:
    """The handlers."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def show(self, principal: Principal, problem: str = "", status: int = 200) -> Response:
        """Show what can be printed for whom."""
        texts, prefix = plain.words(), self._site.prefix
        first, last = quarter_before(day_of(self._site.services.sources.clock.now()))
        kinds = [one for one in KINDS if one not in OF_PEOPLE or principal.may(Permission.VIEW_PEOPLE)]
        return plain.document(
            texts("plandesk.prints"),
            _PAGE,
            status,
            problem=problem,
            kinds=[(one, texts(f"plandesk.kind.{one}")) for one in kinds],
            places=self._places(principal, texts),
            first=request.args.get("first") or f"{first:%Y-%m}",
            last=request.args.get("last") or f"{last:%Y-%m}",
            action=f"{prefix}prints/file",
            home=f"{prefix}plans",
        )

    def _places(self, principal: Principal, texts: Texts) -> list[tuple[str, str]]:
        """Return the towns in scope, then the villages."""
        registry = self._site.services.sources.registry
        towns = [registry.towns_by_id[one] for one in towns_seen(principal, registry)]
        whole = [(one.town_id, texts("plandesk.whole_town", town=one.label(texts.language))) for one in towns]
        return [
            *whole,
            *((one, village_label(self._site, one, texts)) for one in villages_seen(principal, registry)),
        ]

    def make(self, principal: Principal) -> Any:
        """Give the file, or say why there is none."""
        texts, documents = plain.words(), payout_of(self._site).documents
        wanted = {name: request.args.get(name, "") for name in ("what", "place", "first", "last")}
        if wanted["what"] not in KINDS or not all(_MONTH.fullmatch(wanted[n]) for n in ("first", "last")):
            return self.show(principal, texts("payout.page.unreadable"), 422)
        villages = self._villages(principal, wanted["place"])
        try:
            made = documents.bulk(principal, wanted["what"], villages, wanted["first"], wanted["last"], texts)
        except RefusedError as error:
            return self.show(principal, error.words(texts), 422)
        answer = Response(made.content, mimetype=made.content_type)
        answer.headers["Content-Disposition"] = f'attachment; filename="{made.name}"'
        return answer

    def _villages(self, principal: Principal, place: str) -> list[str]:
        """Return the villages in scope of a town or of one village; a place out of sight is refused."""
        registry = self._site.services.sources.registry
        found = [
            one
            for one in villages_seen(principal, registry)
            if place in {one, registry.villages_by_id[one].town_id}
        ]
        if not found:
            raise AccessDeniedError(f"place {place[:20]!r} is not within the scope of {principal.user_id}")
        return found
