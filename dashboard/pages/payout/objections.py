"""Objections to a published plan: a plain form to register one, and one to answer each.

``/app/objections/<plan_id>``. Every objection is a case too; whoever sees cases opens it from here.
"""

from datetime import date
from typing import Any

from flask import Flask, Response, redirect, request
from flask_wtf.csrf import generate_csrf

from access.permissions import Permission
from access.principal import Principal
from commands.objection_cases import objection_case_id
from dashboard import guard, plain
from dashboard.pages.base import Site
from dashboard.pages.payout.parts import payout_of, village_label
from domain.timespan import day_of
from revenue.approval import Outcome, Step
from revenue.refusal import RefusedError

_PAGE = """<style>textarea { width: 100%; min-height: 6rem; padding: .5rem .75rem; font: inherit; color: inherit;
background: transparent; border: 1px solid var(--soft); border-radius: 8px; } .radio { display: flex; gap: .5rem; align-items: center;
font-weight: 400; min-height: 44px; margin: 0; } .radio input { width: auto; min-height: 0; } section { border-top: 1px solid var(--line);
margin-top: 1.25rem; padding-top: .5rem; }</style><p class="note">{{ village }} · {{ plan }}</p>
{% if problem %}<p class="problem" role="alert">{{ problem }}</p>{% endif %}
{% for one in objections %}<section><p><b>{{ words("objections.number", number=one.number) }}</b> {{ one.on }} · {{ one.text }}</p>
<p class="note">{{ words("objections.due", day=one.due_on) }}{% if sees_cases %} ·
<a href="{{ prefix }}orders/{{ one.case_id }}">{{ words("objections.case") }}</a>{% endif %}</p>
{% if one.outcome %}<p class="note">{{ words("payout.outcome." + one.outcome) }}: {{ one.answer }}</p>
{% elif makes %}<form method="post" action="{{ action }}/{{ one.number }}">
<input type="hidden" name="csrf_token" value="{{ csrf }}">
<label for="answer-{{ one.number }}">{{ words("payout.page.answer") }}</label>
<textarea id="answer-{{ one.number }}" name="text" maxlength="500" required></textarea>
{% for value in ("dismissed", "upheld") %}<label class="radio"><input type="radio" name="outcome" value="{{ value }}" required>
{{ words("payout.outcome." + value) }}</label>{% endfor %}
<button class="primary">{{ words("objections.answer") }}</button></form>{% endif %}</section>{% endfor %}
{% if not objections %}<p class="note">{{ words("payout.page.no_objections") }}</p>{% endif %}
{% if makes and published %}<section><form method="post" action="{{ action }}">
<input type="hidden" name="csrf_token" value="{{ csrf }}">
<label for="text">{{ words("objections.text") }}</label>
<textarea id="text" name="text" maxlength="500" required>{{ typed.text }}</textarea>
<label for="reporter">{{ words("objections.reporter") }}</label>
<input id="reporter" name="reporter" maxlength="40" autocomplete="off" value="{{ typed.reporter }}">
<label for="on">{{ words("payout.page.day") }}</label>
<input id="on" name="on" type="date" required value="{{ typed.on or today }}" max="{{ today }}">
<button class="primary">{{ words("objections.register") }}</button></form></section>{% endif %}
<a class="button" href="{{ prefix }}plans/{{ plan }}">{{ words("access.back") }}</a>"""


def register(server: Flask, site: Site) -> None:
    """Register the page and its two acts."""
    pages, path = _Objections(site), f"{site.prefix}objections/<plan_id>"
    look, make = guard.page(Permission.VIEW_INCOME), guard.page(Permission.MAKE_PLAN)
    server.add_url_rule(path, "objections", look(pages.show), methods=["GET"])
    server.add_url_rule(path, "objections_register", make(pages.register), methods=["POST"])
    server.add_url_rule(f"{path}/<int:number>", "objections_answer", make(pages.answer), methods=["POST"])


class _Objections:
    """The handlers."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def show(self, principal: Principal, plan_id: str, problem: str = "", status: int = 200) -> Response:
        """Show every objection of a plan and what may be done about it."""
        texts = plain.words()
        dossier = payout_of(self._site).plans.dossier(principal, plan_id)
        objections = [
            {
                "number": one.number,
                "on": one.on.isoformat(),
                "text": one.text,
                "due_on": one.due_on.isoformat(),
                "outcome": one.outcome.value if one.outcome else "",
                "answer": one.answer,
                "case_id": objection_case_id(plan_id, one.number),
            }
            for one in dossier.objections
        ]
        return plain.document(
            texts("payout.page.objections"),
            _PAGE,
            status,
            village=village_label(self._site, dossier.plan.village_id, texts),
            plan=plan_id,
            objections=objections,
            problem=problem,
            published=dossier.approval.taken(Step.PUBLISHED) is not None,
            makes=principal.may(Permission.MAKE_PLAN),
            sees_cases=principal.may(Permission.VIEW_CASES),
            typed={name: request.form.get(name, "") for name in ("text", "reporter", "on")},
            prefix=self._site.prefix,
            action=f"{self._site.prefix}objections/{plan_id}",
            csrf=generate_csrf(),
            today=day_of(self._site.services.sources.clock.now()).isoformat(),
        )

    def register(self, principal: Principal, plan_id: str) -> Any:
        """Register an objection."""
        given, texts = request.form, plain.words()
        try:
            on = date.fromisoformat(given.get("on", ""))
            plans = payout_of(self._site).plans
            plans.object_to(principal, plan_id, given.get("text", ""), on, given.get("reporter", ""))
        except RefusedError as error:
            return self.show(principal, plan_id, error.words(texts), 422)
        except ValueError:
            return self.show(principal, plan_id, texts("payout.page.unreadable"), 422)
        return redirect(f"{self._site.prefix}objections/{plan_id}", code=303)

    def answer(self, principal: Principal, plan_id: str, number: int) -> Any:
        """Answer an objection; an upheld one sends the plan back."""
        given, texts = request.form, plain.words()
        try:
            outcome = Outcome(given.get("outcome", ""))
            plans = payout_of(self._site).plans
            plans.answer(principal, plan_id, number, outcome, given.get("text", ""))
        except RefusedError as error:
            return self.show(principal, plan_id, error.words(texts), 422)
        except ValueError:
            return self.show(principal, plan_id, texts("payout.page.unreadable"), 422)
        return redirect(f"{self._site.prefix}objections/{plan_id}", code=303)
