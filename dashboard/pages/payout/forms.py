"""Plain forms and papers of payout, for any phone: a step with its photo, a roster, a bank's reply, downloads.

The QR code on the paper of a step opens the step's form, so that a photo of what was signed is one tap away.
"""

from datetime import date
from typing import Any

from flask import Flask, Response, redirect, request
from flask_wtf.csrf import generate_csrf

from access.permissions import Permission
from access.principal import Principal
from commands.documents import Document
from commands.plans import StepOrder
from commands.tables import TableRefusedError
from dashboard import guard, plain
from dashboard.fresh_factor import FACTOR_FIELD, MoneyRefusal
from dashboard.pages.base import Site, add_pages
from dashboard.pages.payout.parts import payout_of, village_label
from domain.errors import CommandError
from domain.timespan import day_of
from revenue.approval import CHECKER_STEPS, MEETINGS, PAPER_STEPS, Body, Meeting, Step
from revenue.refusal import RefusedError
from texts.loader import Texts

PHOTO_BYTES_MAX = 12 * 1024 * 1024
PUBLISHING = frozenset({Step.PUBLISHED, Step.RESULT_PUBLISHED})
_STEP = (
    """<p class="note">{{ village }} · {{ plan }}</p>
{% if problem %}<p class="problem" role="alert">{{ problem }}</p>{% endif %}
{% for one in blockers %}<p class="problem">{{ one }}</p>{% endfor %}
{% if not may %}<p class="note">{{ words("plandesk.not_yours") }}</p>{% else %}
<form method="post" enctype="multipart/form-data" action="{{ action }}">
<input type="hidden" name="csrf_token" value="{{ csrf }}"><input type="hidden" name="step" value="{{ step }}">
<label for="on">{{ words("payout.page.day") }}</label>
<input id="on" name="on" type="date" required value="{{ today }}" max="{{ today }}">
{% if meets %}{% for name in ("due", "present", "votes") %}
<label for="{{ name }}">{{ words("payout.cli.option." + name) }}</label>
<input id="{{ name }}" name="{{ name }}" inputmode="numeric" required maxlength="5">{% endfor %}{% endif %}
{% if bodies %}<label for="body">{{ words("plandesk.body") }}</label>
<select id="body" name="body" style="width:100%;min-height:48px;font:inherit;color:inherit;background:transparent">{% for value, label in bodies %}
<option value="{{ value }}"{% if value == chosen %} selected{% endif %}>{{ label }}</option>{% endfor %}</select>
<label for="called">{{ words("plandesk.called") }}</label>
<input id="called" name="called" type="date" max="{{ today }}">{% endif %}
{% if publishes %}<label><input type="checkbox" name="named" value="1" style="width:auto;min-height:0"> {{ words("plandesk.named") }}</label>
<p class="note">{{ words("plandesk.named_about") }}</p>{% endif %}
{% if paper %}<label for="number">{{ words("payout.page.document") }}</label>
<input id="number" name="number" maxlength="40" autocomplete="off">
<label for="photo">{{ words("payout.page.photo") }}</label>
<input id="photo" name="photo" type="file" accept="image/jpeg,image/png,application/pdf" capture="environment" required>{% endif %}
{% if money %}"""
    + FACTOR_FIELD
    + """{% endif %}
<button class="primary">{{ words("payout.page.do_step", step=words("payout.step." + step)) }}</button></form>{% endif %}
<a class="button" href="{{ home }}">{{ words("access.back") }}</a>"""
)
_UPLOAD = """<p class="note">{{ about }}</p>
{% if problem %}<p class="problem" role="alert">{{ problem }}</p>{% endif %}
{% for one in said %}<p class="note" role="status">{{ one }}</p>{% endfor %}
<form method="post" enctype="multipart/form-data" action="{{ action }}">
<input type="hidden" name="csrf_token" value="{{ csrf }}">
{% if dated %}<label for="on">{{ words("payout.page.day") }}</label>
<input id="on" name="on" type="date" required value="{{ today }}">{% endif %}
<label for="file">{{ words("payout.page.file") }}</label>
<input id="file" name="file" type="file" accept=".xlsx,.csv" required>
{% if dated %}<button name="keep" value="">{{ words("payout.page.preview") }}</button>{% endif %}
<button class="primary" name="keep" value="1">{{ words("payout.page.keep") }}</button></form>
<a class="button" href="{{ home }}">{{ words("access.back") }}</a>"""


def register(server: Flask, site: Site) -> None:
    """Register forms and papers; the guard lets only who is logged in come this far."""
    forms, prefix = _Forms(site), site.prefix
    look, view = guard.page(Permission.VIEW_INCOME), guard.page(Permission.VIEW_PEOPLE)
    put = guard.page(Permission.VIEW_INCOME, uploads=True, money=True)
    change = guard.page(Permission.CHANGE_PEOPLE, uploads=True)
    enter = guard.page(Permission.ENTER_MONEY, uploads=True)
    rules = (
        ("plan-step/<plan_id>", "plan_step", look(forms.step), "GET"),
        ("plan-step/<plan_id>", "plan_step_take", put(forms.take), "POST"),
        (
            "roster-import/<village>",
            "roster_import",
            guard.page(Permission.CHANGE_PEOPLE)(forms.roster),
            "GET",
        ),
        ("roster-import/<village>", "roster_keep", change(forms.keep_roster), "POST"),
        ("bank-reply/<batch_id>", "bank_reply", guard.page(Permission.ENTER_MONEY)(forms.reply), "GET"),
        ("bank-reply/<batch_id>", "bank_reply_take", enter(forms.take_reply), "POST"),
        ("papers/step/<plan_id>/<step>", "paper_step", look(forms.step_paper), "GET"),
        ("papers/notice/<plan_id>/<int:number>", "paper_notice", look(forms.notice), "GET"),
        ("papers/notice-sheet/<plan_id>/<int:number>", "paper_sheet", view(forms.notice_sheet), "GET"),
        ("papers/slips/<plan_id>", "paper_slips", view(forms.slips), "GET"),
    )
    add_pages(server, prefix, rules)


class _Forms:
    """The handlers."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def step(self, principal: Principal, plan_id: str, problem: str = "", status: int = 200) -> Response:
        """Show the form of the next step."""
        texts = plain.words()
        view = payout_of(self._site).queries.plan(principal, plan_id)
        step = view.next or Step.CLOSED
        return plain.document(
            texts(f"payout.step.{step.value}"),
            _STEP,
            status,
            village=village_label(self._site, view.dossier.plan.village_id, texts),
            plan=plan_id,
            step=step.value,
            may=principal.may(Permission.CHECK_MONEY if step in CHECKER_STEPS else Permission.MAKE_PLAN),
            meets=step in MEETINGS,
            paper=step in PAPER_STEPS,
            bodies=[(one.value, texts(f"plandesk.bodies.{one.value}")) for one in Body]
            if step is Step.DECIDED
            else [],
            chosen=request.form.get("body", Body.REPRESENTATIVES.value),
            publishes=step in PUBLISHING,
            money=step in CHECKER_STEPS,
            blockers=[one.words(texts) for one in view.blockers],
            problem=problem,
            action=f"{self._site.prefix}plan-step/{plan_id}",
            home=f"{self._site.prefix}plans/{plan_id}",
            csrf=generate_csrf(),
            today=self._today().isoformat(),
        )

    def take(self, principal: Principal, plan_id: str) -> Any:
        """Take the step, or say why not."""
        payout, texts = payout_of(self._site), plain.words()
        try:
            order = self._order(plan_id)
            if order.step in PUBLISHING:
                payout.notices.publish(principal, plan_id, named=bool(request.form.get("named")))
            elif order.step in CHECKER_STEPS:
                payout.plans.check(principal, order)
            else:
                payout.plans.step(principal, order)
        except MoneyRefusal as error:
            return self.step(principal, plan_id, error.words(texts), 422)
        except ValueError:
            return self.step(principal, plan_id, texts("payout.page.unreadable"), 422)
        return redirect(f"{self._site.prefix}plans/{plan_id}", code=303)

    def _order(self, plan_id: str) -> StepOrder:
        given, sent = request.form, request.files.get("photo")
        meeting = None
        if given.get("due"):
            numbers = [int(given.get(name, "")) for name in ("due", "present", "votes")]
            body = Body(given.get("body") or Body.REPRESENTATIVES)
            called = date.fromisoformat(given["called"]) if given.get("called") else None
            meeting = Meeting(numbers[0], numbers[1], numbers[2], body, called)
        paper = sent.read(PHOTO_BYTES_MAX + 1) if sent is not None else b""
        if len(paper) > PHOTO_BYTES_MAX:
            raise ValueError("too large")
        on = date.fromisoformat(given.get("on", ""))
        return StepOrder(
            plan_id, Step(given.get("step", "")), on, meeting, paper, given.get("number", "").strip()
        )

    def roster(self, principal: Principal, village: str) -> Response:  # noqa: ARG002 (the guard has checked)
        """Show the form for a roster file."""
        return self._upload(
            "payout.page.import_roster", f"roster-import/{village}", f"roster?village={village}"
        )

    def keep_roster(self, principal: Principal, village: str) -> Any:
        """Preview a roster, or keep it."""
        payout, texts = payout_of(self._site), plain.words()
        sent = request.files.get("file")
        content = sent.read() if sent is not None else b""
        back = (f"roster-import/{village}", f"roster?village={village}")
        try:
            day = date.fromisoformat(request.form.get("on", ""))
            found = payout.rosters.preview(principal, village, day, content)
            said = [_preview_words(found, texts), *(one.words(texts) for one in found.problems)]
            if request.form.get("keep") and not found.problems:
                name = (sent.filename if sent is not None else "") or ""
                payout.rosters.import_file(principal, village, day, name, content)
                return redirect(f"{self._site.prefix}roster?village={village}", code=303)
        except (RefusedError, TableRefusedError) as error:
            return self._upload("payout.page.import_roster", *back, problem=error.words(texts), status=422)
        except ValueError:
            return self._upload(
                "payout.page.import_roster", *back, problem=texts("payout.page.unreadable"), status=422
            )
        return self._upload("payout.page.import_roster", *back, said=said)

    def reply(self, principal: Principal, batch_id: str) -> Response:  # noqa: ARG002 (the guard has checked)
        """Show the form for a bank's reply."""
        plan_id = batch_id.rpartition("-B")[0]
        return self._upload("payout.page.reply", f"bank-reply/{batch_id}", f"plans/{plan_id}", dated=False)

    def take_reply(self, principal: Principal, batch_id: str) -> Any:
        """Take a bank's reply, or say why not."""
        payout, texts = payout_of(self._site), plain.words()
        plan_id = batch_id.rpartition("-B")[0]
        sent = request.files.get("file")
        try:
            payout.payments.reply_file(principal, batch_id, sent.read() if sent is not None else b"")
        except (RefusedError, TableRefusedError) as error:
            place = (f"bank-reply/{batch_id}", f"plans/{plan_id}")
            said = error.words(texts)
            return self._upload("payout.page.reply", *place, problem=said, status=422, dated=False)
        return redirect(f"{self._site.prefix}plans/{plan_id}", code=303)

    def step_paper(self, principal: Principal, plan_id: str, step: str) -> Response:
        """Download the paper of a step; its QR code leads back to the form."""
        upload = f"{request.host_url}app/plan-step/{plan_id}"
        try:
            wanted = Step(step)
        except ValueError:
            raise CommandError(plain.words()("payout.page.unreadable")) from None
        documents = payout_of(self._site).documents
        return _download(documents.step_paper(principal, plan_id, wanted, plain.words(), upload))

    def notice(self, principal: Principal, plan_id: str, number: int) -> Response:
        """Show a notice as a page, names masked."""
        made = payout_of(self._site).documents.notice_page(principal, plan_id, number, plain.words())
        return Response(made, mimetype="text/html")

    def notice_sheet(self, principal: Principal, plan_id: str, number: int) -> Response:
        """Download a notice for the board."""
        return _download(
            payout_of(self._site).documents.notice_sheet(principal, plan_id, number, plain.words())
        )

    def slips(self, principal: Principal, plan_id: str) -> Response:
        """Download the slips of a plan."""
        return _download(payout_of(self._site).documents.slips(principal, [plan_id], plain.words()))

    def _today(self) -> date:
        return day_of(self._site.services.sources.clock.now())

    def _upload(
        self,
        title: str,
        action: str,
        home: str,
        *,
        problem: str = "",
        said: list[str] | None = None,
        status: int = 200,
        dated: bool = True,
    ) -> Response:
        texts, prefix = plain.words(), self._site.prefix
        return plain.document(
            texts(title),
            _UPLOAD,
            status,
            about=texts(f"{title}_about"),
            problem=problem,
            said=said or [],
            dated=dated,
            action=f"{prefix}{action}",
            home=f"{prefix}{home}",
            csrf=generate_csrf(),
            today=self._today().isoformat(),
        )


def _preview_words(found: Any, texts: Texts) -> str:
    return texts(
        "payout.said.preview",
        rows=found.rows,
        households=found.households,
        joining=found.joining,
        leaving=found.leaving,
        accounts=found.new_accounts,
    )


def _download(document: Document) -> Response:
    answer = Response(document.content, mimetype=document.content_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{document.name}"'
    return answer
