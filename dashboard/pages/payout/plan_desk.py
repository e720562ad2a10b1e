"""Drafting a plan and sending one back, on plain forms: months first, then what there is, then lines typed or brought."""

import csv
import io
from dataclasses import replace
from datetime import date
from typing import Any

from flask import Flask, Response, redirect, request
from flask_wtf.csrf import generate_csrf

from access.permissions import Permission
from access.principal import Principal
from commands.plan_files import read_lines
from commands.plans import DraftOrder
from commands.tables import FILE_BYTES_MAX, TableRefusedError
from dashboard import guard, plain
from dashboard.pages.base import Site
from dashboard.pages.payout.money import quarter_before
from dashboard.pages.payout.parts import payout_of, village_label, yuan
from domain.timespan import day_of
from revenue.approval import ORDER, Step
from revenue.plan import Basis, PlanLine, Weighting
from revenue.refusal import RefusedError
from revenue.rule import LineClass
from texts.loader import Texts

ROWS_LEAST, ROWS_MAX = 5, 40
_CELLS = ("class", "purpose", "basis", "amount", "rate", "weighting", "payee")
_DRAFT = """<style>main { max-width: 60rem; } select { width: 100%; min-height: 48px; font: inherit; color: inherit;
background: transparent; border: 1px solid var(--soft); border-radius: 8px; padding: 0 .5rem; } select option { color: #17324d; }
fieldset { border: 1px solid var(--line); border-radius: 8px; margin: 1rem 0 0; display: grid; gap: 0 .75rem;
min-width: 0;
grid-template-columns: repeat(auto-fit, minmax(6.4rem, 1fr)); } fieldset div, .months div { min-width: 0; }
.months input { padding: 0 .4rem; } legend { font-weight: 600; } fieldset label { margin-top: .25rem; }
.months { display: grid; gap: 0 .75rem; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); }</style>
<p class="note">{{ village }}</p>
{% for one in problems %}<p class="problem" role="alert">{{ one }}</p>{% endfor %}
<form method="get" action="{{ action }}"><div class="months">
<div><label for="first">{{ words("plandesk.first") }}</label><input id="first" name="first" type="month" value="{{ first }}" required></div>
<div><label for="last">{{ words("plandesk.last") }}</label><input id="last" name="last" type="month" value="{{ last }}" required></div>
</div><button>{{ words("plandesk.look") }}</button></form>
<p><b>{{ words("plandesk.available", amount=available) }}</b></p>
<p class="note">{{ words("plandesk.of", gross=gross, net=net) }}</p>
<form method="post" enctype="multipart/form-data" action="{{ action }}?first={{ first }}&amp;last={{ last }}">
<input type="hidden" name="csrf_token" value="{{ csrf }}">
{% for row in rows %}<fieldset><legend>{{ words("plandesk.line", number=loop.index) }}</legend>
{% for cell in row %}<div><label for="{{ cell.id }}">{{ cell.label }}</label>
{% if cell.choices %}<select id="{{ cell.id }}" name="{{ cell.id }}">{% for value, label in cell.choices %}
<option value="{{ value }}"{% if value == cell.value %} selected{% endif %}>{{ label }}</option>{% endfor %}</select>
{% else %}<input id="{{ cell.id }}" name="{{ cell.id }}" maxlength="60" autocomplete="off" value="{{ cell.value }}"
{% if cell.money %} inputmode="decimal"{% endif %}>{% endif %}</div>{% endfor %}</fieldset>{% endfor %}
<p class="note">{{ words("plandesk.rest") }}</p>
<label for="file">{{ words("plandesk.file") }}</label><input id="file" name="file" type="file" accept=".xlsx,.csv">
<button class="primary">{{ words("plandesk.keep") }}</button></form>
<a class="button" href="{{ home }}">{{ words("access.back") }}</a>"""
_BACK = """<p class="note">{{ village }} · {{ plan }}</p><p>{{ words("plandesk.back_about") }}</p>
{% if problem %}<p class="problem" role="alert">{{ problem }}</p>{% endif %}
<form method="post" action="{{ action }}"><input type="hidden" name="csrf_token" value="{{ csrf }}">
<label for="to">{{ words("plandesk.back_to") }}</label><select id="to" name="to" style="width:100%;min-height:48px;font:inherit">
{% for value, label in choices %}<option value="{{ value }}">{{ label }}</option>{% endfor %}</select>
<label for="reason">{{ words("plandesk.reason") }}</label><input id="reason" name="reason" maxlength="200" required>
<button class="primary">{{ words("plandesk.back") }}</button></form>
<a class="button" href="{{ home }}">{{ words("access.back") }}</a>"""


def register(server: Flask, site: Site) -> None:
    """Register both forms."""
    pages, prefix = _PlanDesk(site), site.prefix
    make, check = Permission.MAKE_PLAN, Permission.CHECK_MONEY
    draft, back = f"{prefix}plan-draft/<village>", f"{prefix}plan-back/<plan_id>"
    server.add_url_rule(draft, "plan_draft", guard.page(make)(pages.draft), methods=["GET"])
    server.add_url_rule(
        draft, "plan_draft_keep", guard.page(make, uploads=True)(pages.keep), methods=["POST"]
    )
    server.add_url_rule(back, "plan_back", guard.page(check)(pages.back), methods=["GET"])
    server.add_url_rule(back, "plan_back_act", guard.page(check)(pages.send_back), methods=["POST"])


class _PlanDesk:
    """The handlers."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def draft(
        self, principal: Principal, village: str, problems: tuple[str, ...] = (), status: int = 200
    ) -> Response:
        """Show what the months brought and the lines: as typed, else those of the plan that is there."""
        texts, prefix = plain.words(), self._site.prefix
        first, last = self._span()
        figures = payout_of(self._site).plans.figures(principal, village, first, last)
        return plain.document(
            texts("plandesk.title"),
            _DRAFT,
            status,
            village=village_label(self._site, village, texts),
            problems=problems,
            first=f"{first:%Y-%m}",
            last=f"{last:%Y-%m}",
            available=yuan(max(0, figures.distributable_fen)),
            gross=yuan(figures.gross_fen),
            net=yuan(figures.gross_fen - sum(figures.deductions_fen.values())),
            rows=self._rows(principal, village, first, last, texts),
            action=f"{prefix}plan-draft/{village}",
            home=f"{prefix}plans",
            csrf=generate_csrf(),
        )

    def keep(self, principal: Principal, village: str) -> Any:
        """Keep the draft, or say every line that is wrong."""
        texts = plain.words()
        first, last = self._span()
        sent = request.files.get("file")
        content = sent.read(FILE_BYTES_MAX) if sent is not None else b""
        try:
            lines = read_lines(content or _typed())
            dossier = payout_of(self._site).plans.draft(principal, DraftOrder(village, first, last, lines))
        except RefusedError as error:
            shift = 0 if content else 1  # a typed line has no row of heads above it
            said = (replace(one, row=max(0, one.row - shift)).words(texts) for one in error.reasons)
            return self.draft(principal, village, tuple(said), 422)
        except TableRefusedError as error:
            return self.draft(principal, village, (error.words(texts),), 422)
        return redirect(f"{self._site.prefix}plans/{dossier.plan.plan_id}", code=303)

    def back(self, principal: Principal, plan_id: str, problem: str = "", status: int = 200) -> Response:
        """Ask to which step, and why."""
        texts = plain.words()
        dossier = payout_of(self._site).plans.dossier(principal, plan_id)
        earlier = ORDER[: ORDER.index(dossier.approval.step)]
        return plain.document(
            texts("plandesk.back"),
            _BACK,
            status,
            village=village_label(self._site, dossier.plan.village_id, texts),
            plan=plan_id,
            problem=problem,
            choices=[(step.value, texts(f"payout.step.{step.value}")) for step in earlier],
            action=f"{self._site.prefix}plan-back/{plan_id}",
            home=f"{self._site.prefix}plans/{plan_id}",
            csrf=generate_csrf(),
        )

    def send_back(self, principal: Principal, plan_id: str) -> Any:
        """Send the plan back."""
        try:
            to = Step(request.form.get("to", ""))
            payout_of(self._site).plans.back(principal, plan_id, to, request.form.get("reason", ""))
        except RefusedError as error:
            return self.back(principal, plan_id, error.words(plain.words()), 422)
        except ValueError:
            return self.back(principal, plan_id, plain.words()("payout.page.unreadable"), 422)
        return redirect(f"{self._site.prefix}plans/{plan_id}", code=303)

    def _span(self) -> tuple[date, date]:
        """Return the months of the address; the last whole quarter without good ones."""
        usual = quarter_before(day_of(self._site.services.sources.clock.now()))
        try:
            first, last = (date.fromisoformat(f"{request.args[name]}-01") for name in ("first", "last"))
        except (KeyError, ValueError):
            return usual
        return (first, last) if first <= last else usual

    def _rows(
        self, principal: Principal, village: str, first: date, last: date, texts: Texts
    ) -> list[list[dict[str, Any]]]:
        plan_id = f"{village}-{first:%Y%m}-{last:%Y%m}"
        known = [one for one in payout_of(self._site).queries.plans(principal) if one.plan_id == plan_id]
        lines: tuple[PlanLine, ...] = ()
        if known:
            lines = payout_of(self._site).plans.dossier(principal, plan_id).plan.lines
        there = [_cells_of(line) for line in lines if line.kind is not LineClass.RETAINED]
        rows = max(ROWS_LEAST, min(ROWS_MAX, len(there) + 2))
        return [_row(number, there[number - 1 : number], texts) for number in range(1, rows + 1)]


def _cells_of(line: PlanLine) -> dict[str, str]:
    return {
        "class": line.kind.value,
        "purpose": line.purpose,
        "basis": line.basis.value,
        "amount": f"{line.fen / 100:.2f}",
        "rate": f"{line.rate_fen / 100:.2f}" if line.rate_fen else "",
        "weighting": line.weighting.value,
        "payee": line.payee,
    }


def _row(number: int, there: list[dict[str, str]], texts: Texts) -> list[dict[str, Any]]:
    choices = {
        "class": [
            ("", ""),
            *(
                (kind.value, texts(f"payout.class.{kind.value}"))
                for kind in LineClass
                if kind is not LineClass.RETAINED
            ),
        ],
        "basis": [
            (one.value, texts(f"plandesk.basis.{one.value}")) for one in Basis if one is not Basis.NOBODY
        ],
        "weighting": [(one.value, texts(f"plandesk.weighting.{one.value}")) for one in Weighting],
    }
    known = there[0] if there else {}
    return [
        {
            "id": f"{name}-{number}",
            "label": texts(f"plandesk.cell.{name}"),
            "choices": choices.get(name),
            "money": name in {"amount", "rate"},
            "value": request.form.get(f"{name}-{number}", known.get(name, "")),
        }
        for name in _CELLS
    ]


def _typed() -> bytes:
    """Return the typed lines as the file they could have come in."""
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow(_CELLS)
    for number in range(1, ROWS_MAX + 1):
        cells = [request.form.get(f"{name}-{number}", "").strip() for name in _CELLS]
        if cells[0] or cells[1] or cells[3]:
            writer.writerow(cells)
    return made.getvalue().encode()
