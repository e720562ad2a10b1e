"""Paper about people: the answer a villager gets, and the month of one contractor."""

from datetime import timedelta

from flask import Flask, Response, request

from access.permissions import Permission
from access.principal import Principal
from cases.deadlines import is_overdue
from dashboard import guard, plain
from dashboard.components.words import MISSING, date_time, number
from dashboard.pages.base import Site
from dashboard.pages.work_month import month_asked, workload_heads, workload_row
from dashboard.pages.work_words import work_of
from dashboard.print_sheet import sheet
from domain.case import Case, CaseKind
from domain.timespan import day_of
from texts.loader import Texts

ANSWERED = frozenset({CaseKind.REPORT, CaseKind.OBJECTION})
_ANSWER = """<h1>{{ words("care.answer.title", kind=kind) }} {{ number }}</h1>
<table>{% for name, value in facts %}<tr><th style="width:30mm">{{ name }}</th><td>{{ value }}</td></tr>{% endfor %}</table>
<h2>{{ words("work.fact.answer") }}</h2>
{% if answer %}<p style="font-size:1.15em;min-height:30mm">{{ answer }}</p>
{% else %}<p>{{ words("care.answer.not_yet", due=due) }}</p>{% endif %}
<p>{{ words("care.answer.not_content", name=responsible, number=number) }}</p>
<table class="form">{% for name in ("answerer", "receiver", "day") %}<tr><th>{{ words("care.answer." ~ name) }}</th>
<td class="blank"></td></tr>{% endfor %}</table>"""
_CONTRACTOR = """<h1>{{ words("care.contractor.title", month=month) }}</h1>
{% for one in sheets %}<section{% if not loop.first %} style="break-before:page"{% endif %}><h2>{{ one.name }}</h2>
<p>{{ one.contract }}</p><table>{% for name, value in one.figures %}<tr><th>{{ name }}</th><td>{{ value }}</td></tr>{% endfor %}</table>
<h2>{{ words("care.contractor.orders") }}</h2>
<table class="small"><tr>{% for head in heads %}<th>{{ head }}</th>{% endfor %}</tr>
{% for row in one.orders %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}</table>
<table class="form"><tr><th>{{ words("care.contractor.verdict") }}</th><td class="blank"></td></tr>
<tr><th>{{ words("work.sheet.signed") }}</th><td class="blank"></td></tr></table></section>
{% else %}<p>{{ words("work.month.none") }}</p>{% endfor %}"""
_COLUMNS = ("number", "place", "subject", "due", "arrived", "done", "kept", "verdict", "won_back")


def register(server: Flask, site: Site) -> None:
    """Register the sheets."""
    prints = _Papers(site)
    cases = guard.page(Permission.VIEW_CASES)
    prefix = site.prefix
    server.add_url_rule(f"{prefix}orders/<case_id>/answer", "case_answer", cases(prints.answer))
    server.add_url_rule(f"{prefix}work/contractors", "contractor_sheets", cases(prints.contractors))


class _Papers:
    """The sheets."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def answer(self, principal: Principal, case_id: str) -> Response:
        """Return what a villager is given: his matter, the answer, and whom to turn to. It names no reporter."""
        texts = plain.words()
        view = work_of(self._site).views.order(principal, case_id)
        case, who = view.case, view.responsible
        kind = texts(f"cases.kind.{case.kind.value}")
        facts = {
            "subject": case.subject,
            "place": view.place,
            "registered": date_time(case.registered_at),
            "due": _last_day(case),
            "assignee": case.assignee or MISSING,
            "answered": date_time(case.done_at) if case.done_at is not None else MISSING,
        }
        return sheet(
            principal,
            self._site.services.sources,
            f"{texts('care.answer.title', kind=kind)} {case.number}",
            _ANSWER,
            kind=kind,
            number=case.number,
            facts=[(texts(f"care.answer.fact.{name}"), value) for name, value in facts.items()],
            answer=case.answer,
            due=_last_day(case),
            responsible=who.line if who is not None else MISSING,
        )

    def contractors(self, principal: Principal) -> Response:
        """Return the month of each contractor, a page each: figures, every order, a line to sign."""
        texts, site = plain.words(), self._site
        month = month_asked(request.args.get("month", ""), day_of(site.services.sources.clock.now()))
        view = work_of(site).views.month(principal, month)
        heads = [name for name, _ in workload_heads(texts)][1:]
        sheets = [
            {
                "name": name,
                "contract": view.contracts.get(name, ""),
                "figures": list(zip(heads, workload_row(name, one)[1:], strict=True)),
                "orders": [self._order(case, texts) for case in view.contractor_orders.get(name, ())],
            }
            for name, one in view.contractors
        ]
        return sheet(
            principal,
            self._site.services.sources,
            texts("care.contractor.title", month=f"{month:%Y-%m}"),
            _CONTRACTOR,
            month=f"{month:%Y-%m}",
            heads=[texts(f"care.contractor.column.{name}") for name in _COLUMNS],
            sheets=sheets,
        )

    def _order(self, case: Case, texts: Texts) -> list[str]:
        plants = self._site.services.sources.registry.plants_by_id
        now = self._site.services.sources.clock.now()
        won = case.recovery.won_back_kwh if case.recovery is not None else None
        late = is_overdue(case, now)
        if case.done_at is not None and case.due_at is not None:
            late = case.done_at > case.due_at
        verdict = None if case.recovery is None else case.recovery.recovered
        return [
            case.number,
            plants[case.plant_id].name if case.plant_id in plants else MISSING,
            case.subject,
            date_time(case.due_at),
            date_time(case.arrived_at) if case.arrived_at is not None else MISSING,
            date_time(case.done_at) if case.done_at is not None else MISSING,
            texts("work.orders.late") if late else texts("care.contractor.in_time"),
            MISSING
            if verdict is None
            else texts(f"work.orders.{'recovered' if verdict else 'not_recovered'}"),
            number(won, 1),
        ]


def _last_day(case: Case) -> str:
    """Return the last day of a limit that ends with a day; an em dash where there is none."""
    if case.due_at is None:
        return MISSING
    return day_of(case.due_at - timedelta(seconds=1)).isoformat()
