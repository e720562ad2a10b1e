"""Paper of the work: dispatch sheet (派工单), call list, the month."""

from datetime import datetime

from flask import Flask, Response, request

from access.permissions import Permission
from access.principal import Principal
from dashboard import guard, plain
from dashboard.components.words import MISSING
from dashboard.pages.base import Site
from dashboard.pages.one_alert import checks_of
from dashboard.pages.order import facts_of, recovery_words
from dashboard.pages.work_month import (
    month_asked,
    rate_lines,
    rule_heads,
    rule_row,
    workload_heads,
    workload_row,
)
from dashboard.pages.work_words import copy_text, work_of
from dashboard.print_sheet import sheet
from domain.alert import Severity
from domain.timespan import day_of
from queries.work import QueueRow

_DISPATCH = """<h1>{{ words("work.sheet.dispatch") }} {{ number }}</h1>
<p class="safety">{{ words("work.sheet.safety") }}</p>
<table>{% for name, value in facts %}<tr><th>{{ name }}</th><td>{{ value }}</td></tr>{% endfor %}</table>
{% if checks %}<h2>{{ words("work.alert.checks") }}</h2><ol>{% for one in checks %}<li>{{ one }}</li>{% endfor %}</ol>{% endif %}
{% if checklist %}<h2>{{ words("work.sheet.checklist") }}</h2><table>{% for one in checklist %}
<tr><td>{{ loop.index }}. {{ one }}</td><td style="width:30%">□ {{ words("work.sheet.ok") }} □ {{ words("work.sheet.not_ok") }}</td></tr>
{% endfor %}</table>{% endif %}
{% if nearby %}<h2>{{ words("work.order.nearby") }}</h2><ul>{% for one in nearby %}<li>{{ one.number }} {{ one.subject }}</li>{% endfor %}</ul>{% endif %}
<h2>{{ words("work.sheet.record") }}</h2><table class="form">
{% for name in ("arrived", "left", "cause", "action", "parts", "signed") %}<tr><th>{{ words("work.sheet." ~ name) }}</th><td class="blank"></td></tr>{% endfor %}
</table>{% if recovery %}<p>{{ recovery }}</p>{% endif %}{% if answer %}<h2>{{ words("work.fact.answer") }}</h2><p>{{ answer }}</p>{% endif %}
<p>{{ words("work.sheet.responsible", name=responsible) }}</p>"""
_CALLS = """<h1>{{ words("notify.calls.title", day=day) }}</h1>
{% if not rows %}<p>{{ words("notify.calls.none") }}</p>{% endif %}
<table>{% if rows %}<tr>{% for name in ("done", "what", "whom") %}<th>{{ words("notify.calls." + name) }}</th>{% endfor %}</tr>{% endif %}
{% for one in rows %}<tr><td style="width:12mm">□</td><td>{{ one.text }}</td><td>{{ one.who }}</td></tr>{% endfor %}</table>"""
_MONTH = """<h1>{{ words("work.month.of", month=month) }}</h1>
{% for title, rows in groups %}<h2>{{ title }}</h2><table class="small"><tr>{% for head in heads %}<th>{{ head }}</th>{% endfor %}</tr>
{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}</table>{% endfor %}
{% if rules %}<h2>{{ words("work.month.rules") }}</h2><table class="small"><tr>{% for head in rule_heads %}<th>{{ head }}</th>{% endfor %}</tr>
{% for row in rules %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}</table>{% endif %}
{% if rates %}<h2>{{ words("notify.rate.title") }}</h2><ul>{% for one in rates %}<li>{{ one }}</li>{% endfor %}</ul>{% endif %}
<p class="blank">{{ words("work.sheet.signed") }}</p>"""


def register(server: Flask, site: Site) -> None:
    """Register the sheets."""
    prints = _Prints(site)
    prefix = site.prefix
    cases, alerts = guard.page(Permission.VIEW_CASES), guard.page(Permission.VIEW_ALERTS)
    server.add_url_rule(f"{prefix}orders/<case_id>/print", "order_print", cases(prints.dispatch))
    server.add_url_rule(f"{prefix}calls", "calls", alerts(prints.calls))
    server.add_url_rule(f"{prefix}work/print", "work_month_print", cases(prints.month))


class _Prints:
    """The sheets."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def dispatch(self, principal: Principal, case_id: str) -> Response:
        """Return the dispatch sheet of an order (``?size=A5`` for the small one)."""
        texts = plain.words()
        view = work_of(self._site).views.order(principal, case_id)
        case, who = view.case, view.responsible
        return sheet(
            principal,
            self._site.services.sources,
            f"{texts('work.sheet.dispatch')} {case.number}",
            _DISPATCH,
            number=case.number,
            facts=[(texts("work.fact.subject"), case.subject), *facts_of(view, texts, full=False)],
            checks=checks_of(case.rule, texts),
            checklist=case.checklist,
            nearby=view.nearby[:6],
            recovery=recovery_words(case, texts),
            answer=case.answer,
            responsible=who.line if who is not None else MISSING,
        )

    def calls(self, principal: Principal) -> Response:
        """Return whom to telephone about what: every open urgent fault with who answers for its place."""
        texts, site = plain.words(), self._site
        view = work_of(site).views.queue(principal)
        rows = [row for trip in view.trips for row in trip.rows]
        wanted = [row for row in rows if _is_for_call(row, view.at)]
        return sheet(
            principal,
            self._site.services.sources,
            texts("notify.calls.title", day=day_of(view.at)),
            _CALLS,
            day=day_of(view.at),
            rows=[
                {"text": copy_text(row.alert, site.services.sources.registry, texts), "who": _whom(row)}
                for row in wanted
            ],
        )

    def month(self, principal: Principal) -> Response:
        """Return the month's report."""
        texts, site = plain.words(), self._site
        month = month_asked(request.args.get("month", ""), day_of(site.services.sources.clock.now()))
        view = work_of(site).views.month(principal, month)
        people = [(one.key, one) for one in view.people]
        groups = (("towns", view.towns), ("people", people), ("contractors", view.contractors))
        return sheet(
            principal,
            self._site.services.sources,
            texts("work.month.of", month=f"{month:%Y-%m}"),
            _MONTH,
            month=f"{month:%Y-%m}",
            heads=[head for head, _ in workload_heads(texts)],
            groups=[
                (texts(f"work.month.{name}"), [workload_row(*one) for one in rows]) for name, rows in groups
            ],
            rule_heads=[head for head, _ in rule_heads(texts)],
            rules=[rule_row(one, texts) for one in view.rules],
            rates=rate_lines(view.rates, texts) if view.rates is not None else [],
        )


def _is_for_call(row: QueueRow, now: datetime) -> bool:
    quiet = row.handling.acknowledged_by or row.handling.is_silenced(now)
    return row.alert.severity in {Severity.S1, Severity.S2} and not quiet


def _whom(row: QueueRow) -> str:
    return f"{row.access.key_holder.name} {row.access.key_holder.phone}".strip() or MISSING
