"""A town's submitted report: every number in words with its versions, flags and photos; checked or sent back here."""

from typing import Any

from flask import Flask, Response, redirect, request
from flask_wtf.csrf import generate_csrf

from access.permissions import Permission
from access.principal import Principal
from commands.industry_base import PAPER_KINDS
from dashboard import guard, plain
from dashboard.components.words import date_time
from dashboard.pages.base import Site
from dashboard.pages.industries.parts import industries_of, named, town_name
from domain.industry import Report
from industries.report import ReportRefusedError
from industries.rules import IndustryRules
from industries.words import echo
from queries.town_report import ReportLine
from texts.loader import Texts

_PAGE = """<p class="note">{{ town }} · {{ period }}</p>
{% if said %}<p class="note" role="status"><b>{{ said }}</b></p>{% endif %}
{% for one in problems %}<p class="problem" role="alert">{{ one }}</p>{% endfor %}
{% for row in rows %}<h1 style="margin-top:1.5rem;font-size:1.1rem">{{ row.name }}</h1>
<p><b>{{ row.entered }}</b> {{ row.words }}</p><p class="note">{{ row.about }}</p>
{% if row.step %}<p class="{{ "problem" if row.back else "note" }}">{{ row.step }}</p>{% endif %}
{% for one in row.flags %}<p class="note">⚑ {{ one }}</p>{% endfor %}
{% for one in row.earlier %}<p class="note">{{ one }}</p>{% endfor %}{% else %}
<p class="note">{{ words("industry_reports.none") }}</p>{% endfor %}
{% for one in photos %}<a class="button" href="{{ prefix }}papers/report-photo/{{ town_id }}/{{ period }}/{{ one }}">
{{ words("industry_reports.photo", number=loop.index) }}</a>{% endfor %}
{% if checks %}<form method="post" action="{{ action }}"><input type="hidden" name="csrf_token" value="{{ csrf }}">
<input type="hidden" name="act" value="check"><button class="primary">{{ words("industry_reports.check", count=waiting) }}</button></form>
<form method="post" action="{{ action }}"><input type="hidden" name="csrf_token" value="{{ csrf }}">
<input type="hidden" name="act" value="return"><label for="indicator">{{ words("industry_reports.which") }}</label>
<select id="indicator" name="indicator" style="width:100%;min-height:48px;font:inherit">
{% for row in rows %}<option value="{{ row.id }}">{{ row.name }}</option>{% endfor %}</select>
<label for="reason">{{ words("industry_reports.why") }}</label>
<input id="reason" name="reason" maxlength="200" required autocomplete="off">
<button>{{ words("industry_reports.send_back") }}</button></form>{% endif %}
{% if rows %}<a class="button" href="{{ prefix }}share?kind=town-report&amp;id={{ town_id | urlencode }}/{{ period }}">{{ words("share.link") }}</a>
<a class="button" href="{{ prefix }}papers/report-sheet/{{ town_id }}/{{ period }}">{{ words("industry_reports.print") }}</a>{% endif %}
<a class="button" href="{{ prefix }}industries?month={{ period }}">{{ words("access.back") }}</a>"""


def register(server: Flask, site: Site) -> None:
    """Register the page, its two acts and the photos."""
    pages, path = _Pages(site), f"{site.prefix}report/<town>/<period>"
    look = guard.page(Permission.VIEW_INDUSTRIES)
    server.add_url_rule(path, "town_report", look(pages.show), methods=["GET"])
    act = guard.page(Permission.CHECK_REPORT)(pages.act)
    server.add_url_rule(path, "town_report_act", act, methods=["POST"])
    path = f"{site.prefix}papers/report-photo/<town>/<period>/<sha256>"
    server.add_url_rule(path, "report_photo", look(pages.photo), methods=["GET"])


class _Pages:
    """The handlers."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def show(
        self,
        principal: Principal,
        town: str,
        period: str,
        problems: tuple[str, ...] = (),
        status: int = 200,
    ) -> Response:
        """Show the report."""
        texts, services = plain.words(), industries_of(self._site)
        lines, rules = services.town_reports.lines(principal, town, period), services.queries.rules(principal)
        waiting = sum(one.newest.step is None for one in lines)
        rows = [_row(one, rules, texts) for one in lines]
        every = [report for one in lines for report in (one.newest, *one.earlier)]
        done = request.args.get("done", "")
        return plain.document(
            texts("industry_reports.title"),
            _PAGE,
            status,
            town=town_name(self._site, town, texts),
            town_id=town,
            period=period,
            said=texts(f"industry_reports.done.{done}") if done in {"check", "return"} else "",
            problems=problems,
            rows=rows,
            photos=list(dict.fromkeys(code for one in every for code in one.evidence)),
            checks=bool(rows) and principal.may(Permission.CHECK_REPORT),
            waiting=waiting,
            prefix=self._site.prefix,
            action=f"{self._site.prefix}report/{town}/{period}",
            csrf=generate_csrf(),
        )

    def act(self, principal: Principal, town: str, period: str) -> Any:
        """Check the report, or send a number back."""
        reports, given = industries_of(self._site).reports, request.form
        act = "return" if given.get("act") == "return" else "check"
        try:
            if act == "check":
                reports.check(principal, period, [town])
            else:
                indicator, reason = given.get("indicator", ""), given.get("reason", "")
                reports.send_back(principal, period, town, indicator, reason)
        except ReportRefusedError as error:
            said = tuple(one.words(plain.words()) for one in error.faults)
            return self.show(principal, town, period, said, 422)
        return redirect(f"{self._site.prefix}report/{town}/{period}?done={act}", code=303)

    def photo(self, principal: Principal, town: str, period: str, sha256: str) -> Response:
        """Show a photo."""
        kind, content = industries_of(self._site).town_reports.photo(principal, town, period, sha256)
        answer = Response(content, mimetype=kind)
        if kind not in PAPER_KINDS.values():
            answer.headers["Content-Disposition"] = "attachment"
        return answer


def echo_of(line: ReportLine, rules: IndustryRules, texts: Texts) -> str:
    """Return a number in words."""
    unit = line.indicator.unit
    return echo(line.newest.value, unit, rules.base_unit(unit.base), texts.language)


def _row(line: ReportLine, rules: IndustryRules, texts: Texts) -> dict[str, Any]:
    one = line.newest
    step = ""
    if one.step is not None:
        key = f"industry_reports.step.{one.step.value}"
        step = texts(key, by=one.step_by, at=date_time(one.step_at), why=one.step_note)
    return {
        "id": line.indicator.indicator_id,
        "name": named(line.indicator, texts),
        "entered": rules.entered_in(one.entered, texts.language),
        "words": echo_of(line, rules, texts),
        "about": _about(one, texts),
        "step": step,
        "back": not one.counts,
        "flags": [texts(f"industry_reports.flag.{name}") for name in one.flags],
        "earlier": [
            f"{rules.entered_in(before.entered, texts.language)} · {_about(before, texts)}"
            for before in line.earlier
        ],
    }


def _about(one: Report, texts: Texts) -> str:
    said = texts(
        "industry_reports.about",
        mark=texts(f"industries.mark.{one.mark.value}"),
        version=one.version,
        by=one.made_by,
        at=date_time(one.made_at),
    )
    return f"{said} · {one.note}" if one.note else said
