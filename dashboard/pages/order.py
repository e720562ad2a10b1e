"""One case on a phone or a desk: what it is, how to get there, every step as a large button. Plain HTML."""

from collections.abc import Callable
from typing import Any

from flask import Flask, Response, redirect, request
from flask_wtf.csrf import generate_csrf

from access.permissions import Permission
from access.principal import Principal
from alerts.message import part_name
from cases.lifecycle import may
from commands.reading_rules import PHOTO_BYTES_MAX
from dashboard import guard, plain
from dashboard.components.words import MISSING, date_time, number, percent
from dashboard.pages.base import Site
from dashboard.pages.case_papers import ANSWERED
from dashboard.pages.one_alert import unknown_act
from dashboard.pages.work_words import seen, sent_photo, shown, words_of, work_of
from domain.case import Case, CaseAct, CaseActKind, CaseKind, CaseState, Cause
from domain.errors import CommandError
from queries.work import OrderView
from texts.loader import Texts

K = CaseActKind
_PAGE = """{% if problem %}<p class="problem" role="alert">{{ problem }}</p>{% endif %}
<p class="note"><b>{{ state }}</b>{% if late %} · <b class="problem">{{ words("work.orders.late") }}</b>{% endif %}</p>
<p><b>{{ subject }}</b></p>
{% for name, value in facts %}<p class="note">{{ name }}：{{ value }}</p>{% endfor %}
{% if recovery %}<p class="note" role="status"><b>{{ recovery }}</b></p>{% endif %}
{% if tag %}<p class="note" role="status"><b>{{ tag }}</b></p>{% endif %}
{% if checklist %}<ol>{% for one in checklist %}<li>{{ one }}</li>{% endfor %}</ol>{% endif %}
{% for form in forms %}<form method="post" enctype="multipart/form-data" action="{{ action }}">
<input type="hidden" name="csrf_token" value="{{ csrf }}"><input type="hidden" name="seen" value="{{ count }}">
<input type="hidden" name="act" value="{{ form.act }}">
{% for field in form.fields %}<label for="{{ form.act }}-{{ field }}">{{ words("work.field." ~ field) }}</label>
{% if field == "photo" %}<input id="{{ form.act }}-photo" name="photo" type="file" accept="image/jpeg,image/png"
 capture="environment" required>
{% elif field == "stage" %}<select id="{{ form.act }}-stage" name="stage" style="width:100%;min-height:48px">
<option value="before">{{ words("work.stage.before") }}</option><option value="after">{{ words("work.stage.after") }}</option></select>
{% elif field == "cause" %}<select id="{{ form.act }}-cause" name="cause" style="width:100%;min-height:48px" required>
<option value="">—</option>{% for value, label in causes %}<option value="{{ value }}">{{ label }}</option>{% endfor %}</select>
{% else %}<input id="{{ form.act }}-{{ field }}" name="{{ field }}" maxlength="1000" autocomplete="off"
 value="{{ typed.get(form.act ~ field, '') }}">{% endif %}{% endfor %}
<button{% if loop.first %} class="primary"{% endif %}>{{ words("cases.act." ~ form.act) }}</button></form>{% endfor %}
{% for act, label in tags %}<form method="post" action="{{ action }}"><input type="hidden" name="csrf_token" value="{{ csrf }}">
<input type="hidden" name="act" value="{{ act }}"><button>{{ label }}</button></form>{% endfor %}
{% if photos %}<h1 style="margin-top:2rem">{{ words("cases.act.photo") }}</h1>
{% for one in photos %}<a href="{{ action }}/photo/{{ one.sha256 }}"><img src="{{ action }}/photo/{{ one.sha256 }}"
 alt="{{ words("work.stage." ~ one.stage) }}" style="max-width:48%"></a>{% endfor %}{% endif %}
<h1 style="margin-top:2rem">{{ words("work.order.history") }}</h1>
{% for one in acts %}<p class="note">{{ one }}</p>{% endfor %}
{% if nearby %}<h1 style="margin-top:2rem">{{ words("work.order.nearby") }}</h1>
{% for one in nearby %}<p class="note"><a href="{{ prefix }}orders/{{ one.case_id }}">{{ one.number }}</a> {{ one.subject }}</p>
{% endfor %}{% endif %}
{% if answered %}<a class="button" href="{{ action }}/answer" target="_blank">{{ words("care.answer.print") }}</a>{% endif %}
{% if is_order %}<a class="button" href="{{ prefix }}share?kind=order&amp;id={{ id | urlencode }}">{{ words("share.link") }}</a>{% endif %}
<a class="button" href="{{ action }}/print" target="_blank">{{ words("work.print") }}</a>
<a class="button" href="{{ prefix }}orders">{{ words("work.orders.title") }}</a>"""
_FIELDS: dict[CaseActKind, tuple[str, ...]] = {
    K.ASSIGN: ("assignee",),
    K.ARRIVE: (),
    K.PHOTO: ("photo", "stage"),
    K.PART: ("name", "number", "count"),
    K.DONE: ("text", "cause"),
    K.NOTE: ("text",),
    K.LEAVE: (),
    K.ACCEPT: ("text",),
    K.RETURN: ("text",),
    K.REOPEN: ("text",),
}
_NEXT = {
    CaseState.REGISTERED: K.ASSIGN,
    CaseState.ASSIGNED: K.ARRIVE,
    CaseState.HANDLING: K.DONE,
    CaseState.AWAITING: K.ACCEPT,
    CaseState.CLOSED: K.NOTE,
}
_MANAGED = frozenset({K.ASSIGN, K.ACCEPT, K.RETURN, K.REOPEN})


def register(server: Flask, site: Site) -> None:
    """Register the page, its steps and its pictures."""
    pages = _Pages(site)
    path = f"{site.prefix}orders/<case_id>"
    server.add_url_rule(path, "order", guard.page(Permission.VIEW_CASES)(pages.show), methods=["GET"])
    steps = guard.page(Permission.VIEW_CASES, uploads=True)(pages.step)
    server.add_url_rule(path, "order_step", steps, methods=["POST"])
    photo = guard.page(Permission.VIEW_CASES)(pages.photo)
    server.add_url_rule(f"{path}/photo/<sha256>", "order_photo", photo, methods=["GET"])


class _Pages:
    """The pages of one case."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def show(self, principal: Principal, case_id: str) -> Response:
        """Show the case."""
        return self._answer(principal, work_of(self._site).views.order(principal, case_id))

    def step(self, principal: Principal, case_id: str) -> Any:
        """Take one step; each command checks its own permission."""
        taken = _steps(self._site).get(request.form.get("act", ""), unknown_act)
        try:
            taken(principal, case_id)
        except CommandError as error:
            view = work_of(self._site).views.order(principal, case_id)
            return self._answer(principal, view, words_of(error, plain.words()), status=422)
        return redirect(f"{self._site.prefix}orders/{case_id}", code=303)

    def photo(self, principal: Principal, case_id: str, sha256: str) -> Response:
        """Show a picture."""
        content_type, content = work_of(self._site).views.photo(principal, case_id, sha256)
        return Response(content, mimetype=content_type)

    def _answer(
        self, principal: Principal, view: OrderView, problem: str = "", *, status: int = 200
    ) -> Response:
        texts, case, site = plain.words(), view.case, self._site
        act = request.form.get("act", "")
        return plain.document(
            f"{texts(f'cases.kind.{case.kind.value}')} {case.number}",
            _PAGE,
            status,
            problem=problem,
            state=texts(f"cases.state.{case.state.value}"),
            late=view.overdue,
            subject=case.subject,
            facts=facts_of(view, texts, full=principal.may(Permission.MANAGE_CASES)),
            recovery=recovery_words(case, texts),
            checklist=case.checklist,
            forms=[{"act": kind.value, "fields": fields} for kind, fields in forms_of(case, principal)],
            causes=[(cause.value, texts(f"cases.cause.{cause.value}")) for cause in Cause],
            tag=texts("care.tag.hangs", until=date_time(view.tag.end)) if view.tag is not None else "",
            tags=tags_of(view, principal, texts),
            answered=case.kind in ANSWERED,
            is_order=case.kind is CaseKind.ORDER,
            id=case.case_id,
            photos=case.photos,
            acts=[act_line(one, texts) for one in reversed(view.acts)],
            nearby=view.nearby[:8],
            typed={f"{act}{name}": value for name, value in request.form.items()},
            count=case.acts,
            action=f"{site.prefix}orders/{case.case_id}",
            prefix=site.prefix,
            csrf=generate_csrf(),
        )


def forms_of(case: Case, principal: Principal) -> list[tuple[CaseActKind, tuple[str, ...]]]:
    """Return the steps that fit now and that somebody may take, the usual next one first."""
    found = []
    for kind, fields in _FIELDS.items():
        needed = Permission.MANAGE_CASES if kind in _MANAGED else Permission.WORK_CASES
        if may(case, kind) and principal.may(needed):
            wanted = fields if kind is not K.DONE or case.kind is CaseKind.ORDER else ("text",)
            found.append((kind, wanted))
    usual = _NEXT.get(case.state)
    return sorted(found, key=lambda step: step[0] is not usual)


def tags_of(view: OrderView, principal: Principal, texts: Texts) -> list[tuple[str, str]]:
    """Return the one-tap act on the maintenance tag that fits now: hang it, or take it off."""
    if not principal.may(Permission.WORK_CASES) or not view.case.plant_id or not view.case.is_open:
        return []
    return [("untag", texts("care.tag.take"))] if view.tag is not None else [("tag", texts("care.tag.hang"))]


def facts_of(view: OrderView, texts: Texts, *, full: bool) -> list[tuple[str, Any]]:
    """Return what the field needs; ``full`` adds who reported it, which is personal."""
    case, access = view.case, view.access
    values = {
        "place": view.place,
        "device": " ".join(part for part in (view.device_name, part_name(case.part, texts)) if part),
        "severity": texts(f"work.severity.{case.severity.name}") if case.severity is not None else "",
        "since": date_time(case.since) if case.since is not None else "",
        "due": date_time(case.due_at),
        "assignee": case.assignee,
        "contractor": case.contractor,
        "key": f"{access.key_holder.name} {access.key_holder.phone}".strip(),
        "road": access.road,
        "cause": texts(f"cases.cause.{case.cause.value}") if case.cause is not None else "",
        "action": case.action,
        "parts": "、".join(f"{one.name} {one.number} x {one.count}" for one in case.parts),
        "answer": case.answer,
        "escalated": case.escalated_to,
    }
    if full:
        values |= {"reporter": f"{case.reporter} {case.reporter_phone}".strip()}
    return shown({texts(f"work.fact.{name}"): value for name, value in values.items()})


def recovery_words(case: Case, texts: Texts) -> str:
    """Return what the meters said about the repair, empty before they were asked."""
    found = case.recovery
    if found is None or found.recovered is None:
        return texts("work.recovery.waiting") if case.done_at is not None and case.is_open else ""
    key = "recovered" if found.recovered else "not_recovered"
    won = MISSING if found.won_back_kwh is None else number(found.won_back_kwh, 1)
    before, after = percent(found.before_ratio), percent(found.after_ratio)
    return texts(f"work.recovery.{key}", before=before, after=after, won=won)


def act_line(act: CaseAct, texts: Texts) -> str:
    """Return an act in one line."""
    hidden = {"case_number", "reporter", "reporter_phone", "kind", "sha256"}
    said = [
        act.text,
        *(v for k, v in act.values.items() if k in {"assignee", "to", "name", "count", "reason"} - hidden),
    ]
    words = " ".join(part for part in said if part)
    return f"{date_time(act.at)} {texts(f'cases.act.{act.kind.value}')} · {act.by} {words}".strip()


def _steps(site: Site) -> dict[str, Callable[[Principal, str], Any]]:
    cases, form = work_of(site).cases, request.form

    def text(name: str) -> str:
        return form.get(name, "")

    return {
        "assign": lambda who, case: cases.assign(who, case, seen(), text("assignee")),
        "tag": cases.tag,
        "untag": cases.untag,
        "arrive": lambda who, case: cases.arrive(who, case, seen()),
        "leave": lambda who, case: cases.leave(who, case, seen()),
        "note": lambda who, case: cases.note(who, case, seen(), text("text")),
        "part": lambda who, case: cases.part(
            who, case, seen(), text("name"), text("number"), text("count") or "1"
        ),
        "photo": lambda who, case: cases.photo(
            who, case, seen(), sent_photo(PHOTO_BYTES_MAX), text("stage") or "before"
        ),
        "done": lambda who, case: cases.done(who, case, seen(), text("text"), text("cause")),
        "accept": lambda who, case: cases.accept(who, case, seen(), text("text")),
        "return": lambda who, case: cases.send_back(who, case, seen(), text("text")),
        "reopen": lambda who, case: cases.reopen(who, case, seen(), text("text")),
    }
