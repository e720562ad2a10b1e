"""Attendance of a plan: the days of each person on a post and month, typed in a grid or brought as a file.

``/app/attendance/<plan_id>?line=1&month=2026-07``. The blank sheet is printed from the roster; what comes back
signed is photographed, and days are kept only with that photo.
"""

from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, redirect, request
from flask_wtf.csrf import generate_csrf

from access.permissions import Permission
from access.principal import Principal
from commands.tables import FILE_BYTES_MAX, TableRefusedError
from dashboard import guard, plain
from dashboard.pages.base import Site
from dashboard.pages.payout.parts import payout_of, village_label
from domain.errors import CommandError
from domain.timespan import day_of
from revenue.attendance import Sheet, days_in, newest_sheets
from revenue.dossier import Dossier
from revenue.plan import PlanLine
from revenue.refusal import RefusedError

PHOTO_BYTES_MAX = 12 * 1024 * 1024
_PAGE = """<style>main { max-width: 52rem; } table { width: 100%; border-collapse: collapse; margin-top: 1rem; }
th, td { text-align: left; padding: .3rem .5rem; border-bottom: 1px solid var(--line); }
td.n, th.n { text-align: right; } td input { max-width: 6rem; min-height: 44px; text-align: right; }
.chosen { background: var(--blue); color: #fff !important; } .chips { display: flex; flex-wrap: wrap; gap: .5rem; }
.chips a { padding: .4rem .7rem; border: 1px solid var(--line); border-radius: 8px; color: var(--blue); text-decoration: none; }
@media (prefers-color-scheme: dark) { .chosen { color: #0d1720 !important; } }</style>
<p class="note">{{ village }} · {{ plan }}</p>
<nav class="chips" aria-label="{{ words("attendance.choose") }}">{% for one in choices %}
<a href="{{ one.href }}"{% if one.chosen %} class="chosen" aria-current="page"{% endif %}>{{ one.label }}</a>{% endfor %}</nav>
{% for one in problems %}<p class="problem" role="alert">{{ one }}</p>{% endfor %}
{% if saved %}<p class="note" role="status"><b>{{ words("attendance.saved") }}</b></p>{% endif %}
{% if line %}<p class="note">{{ words("attendance.limit", length=length) }}</p>
<a class="button" href="{{ blank }}">{{ words("attendance.blank") }}</a>
<form method="post" enctype="multipart/form-data" action="{{ action }}">
<input type="hidden" name="csrf_token" value="{{ csrf }}">
<table><thead><tr><th>{{ words("payout.page.household") }}</th><th>{{ words("payout.page.name") }}</th>
<th class="n">{{ words("attendance.elsewhere") }}</th><th class="n">{{ words("attendance.days") }}</th></tr></thead><tbody>
{% for one in rows %}<tr><td>{{ one.household }}</td><td>{{ one.name }}</td><td class="n">{{ one.elsewhere or "" }}</td>
<td class="n"><input name="day-{{ one.person }}" inputmode="numeric" maxlength="2" value="{{ one.days }}"
 aria-label="{{ one.household }} {{ one.name }} {{ words("attendance.days") }}"></td></tr>{% endfor %}</tbody></table>
<label for="file">{{ words("attendance.file") }}</label>
<input id="file" name="file" type="file" accept=".xlsx,.csv">
<label for="on">{{ words("attendance.signed_on") }}</label>
<input id="on" name="on" type="date" required value="{{ signed_on }}">
<label for="photo">{{ words("payout.page.photo") }}</label>
<input id="photo" name="photo" type="file" accept="image/jpeg,image/png,application/pdf" capture="environment" required>
<button class="primary">{{ words("attendance.save") }}</button></form>
{% else %}<p class="note">{{ words("attendance.no_posts") }}</p>{% endif %}
<a class="button" href="{{ home }}">{{ words("access.back") }}</a>"""


def lines_by_days(dossier: Dossier) -> list[PlanLine]:
    """Return the lines of a plan that are paid by attendance."""
    return [line for line in dossier.plan.lines if line.is_by_days]


def register(server: Flask, site: Site) -> None:
    """Register grid and blank sheet; names are seen by who may see people only."""
    pages, path = _Attendance(site), f"{site.prefix}attendance/<plan_id>"
    see = guard.page(Permission.VIEW_PEOPLE)
    make = guard.page(Permission.MAKE_PLAN, uploads=True)
    server.add_url_rule(path, "attendance", see(pages.show), methods=["GET"])
    server.add_url_rule(path, "attendance_take", make(pages.take), methods=["POST"])
    server.add_url_rule(
        f"{site.prefix}papers/attendance/<plan_id>/<line_id>/<month>",
        "paper_attendance",
        see(pages.blank),
        methods=["GET"],
    )


class _Attendance:
    """The handlers."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def show(
        self, principal: Principal, plan_id: str, problems: tuple[str, ...] = (), status: int = 200
    ) -> Response:
        """Show the grid of one post and month, with what was typed when it was refused."""
        dossier = payout_of(self._site).plans.dossier(principal, plan_id)
        lines, months = lines_by_days(dossier), dossier.plan.months()
        line = next((one for one in lines if one.line_id == request.args.get("line")), None)
        line = line or (lines[0] if lines else None)
        month = next((one for one in months if f"{one:%Y-%m}" == request.args.get("month")), months[0])
        texts, prefix = plain.words(), self._site.prefix
        chosen = {"line": line.line_id if line else "", "month": f"{month:%Y-%m}"}
        sheet = _kept(dossier, chosen["line"], month)
        return plain.document(
            texts("attendance.title"),
            _PAGE,
            status,
            village=village_label(self._site, dossier.plan.village_id, texts),
            plan=plan_id,
            choices=self._choices(plan_id, lines, months, chosen),
            line=line,
            rows=self._rows(principal, dossier, chosen["line"], month) if line else [],
            length=days_in(month),
            problems=problems,
            saved="saved" in request.args and not problems,
            blank=f"{prefix}papers/attendance/{plan_id}/{chosen['line']}/{chosen['month']}",
            action=f"{prefix}attendance/{plan_id}?{urlencode(chosen)}",
            signed_on=request.form.get("on") or (sheet.signed_on if sheet else self._today()).isoformat(),
            home=f"{prefix}plans/{plan_id}",
            csrf=generate_csrf(),
        )

    def _choices(
        self, plan_id: str, lines: list[PlanLine], months: Any, chosen: dict[str, str]
    ) -> list[dict[str, Any]]:
        found = []
        for line in lines:
            for month in months:
                place = {"line": line.line_id, "month": f"{month:%Y-%m}"}
                href = f"{self._site.prefix}attendance/{plan_id}?{urlencode(place)}"
                label = f"{line.purpose} {place['month']}"
                found.append({"href": href, "label": label, "chosen": place == chosen})
        return found

    def _rows(
        self, principal: Principal, dossier: Dossier, line_id: str, month: date
    ) -> list[dict[str, Any]]:
        plan, sheet = dossier.plan, _kept(dossier, line_id, month)
        others = [
            one for one in newest_sheets(dossier.sheets) if one.month == month and one.line_id != line_id
        ]
        members = payout_of(self._site).rosters.members(
            principal, plan.village_id, _last_day(plan.last_month)
        )
        return [
            {
                "person": one.member.person_id,
                "household": one.member.household_id,
                "name": one.name,
                "elsewhere": sum(other.days.get(one.member.person_id, 0) for other in others),
                "days": request.form.get(
                    f"day-{one.member.person_id}",
                    str(sheet.days.get(one.member.person_id, "")) if sheet else "",
                ),
            }
            for one in members
        ]

    def take(self, principal: Principal, plan_id: str) -> Any:
        """Keep a sheet, or say in words what is wrong with it."""
        texts, plans = plain.words(), payout_of(self._site).plans
        line_id, month_text = request.args.get("line", ""), request.args.get("month", "")
        try:
            month = date.fromisoformat(f"{month_text}-01")
            signed = date.fromisoformat(request.form.get("on", ""))
            photo, file = _sent("photo", PHOTO_BYTES_MAX), _sent("file", FILE_BYTES_MAX)
            if file:
                sheet = Sheet(line_id, month, {}, signed, "")
                plans.attendance_file(principal, plan_id, sheet, file, photo)
            else:
                plans.attendance(principal, plan_id, Sheet(line_id, month, _typed(), signed, ""), photo)
        except RefusedError as error:
            return self.show(principal, plan_id, self._said(principal, plan_id, error), 422)
        except TableRefusedError as error:
            return self.show(principal, plan_id, (error.words(texts),), 422)
        except ValueError:
            return self.show(principal, plan_id, (texts("payout.page.unreadable"),), 422)
        place = urlencode({"line": line_id, "month": month_text, "saved": "1"})
        return redirect(f"{self._site.prefix}attendance/{plan_id}?{place}", code=303)

    def _said(self, principal: Principal, plan_id: str, error: RefusedError) -> tuple[str, ...]:
        """Return every reason; of the grid each names the household instead of a row nobody sees."""
        texts = plain.words()
        if request.files.get("file"):
            return tuple(one.words(texts) for one in error.reasons)
        plan = payout_of(self._site).plans.dossier(principal, plan_id).plan
        members = payout_of(self._site).rosters.members(
            principal, plan.village_id, _last_day(plan.last_month)
        )
        homes = {one.member.person_id: one.member.household_id for one in members}
        typed = list(_typed())
        return tuple(
            f"{homes.get(typed[one.row - 1], '')}: {replace(one, row=0).words(texts)}"
            if one.row
            else one.words(texts)
            for one in error.reasons
        )

    def blank(self, principal: Principal, plan_id: str, line_id: str, month: str) -> Response:
        """Download the blank sheet of a post and month, to be filled and signed by hand."""
        try:
            first = date.fromisoformat(f"{month}-01")
        except ValueError:
            raise CommandError(plain.words()("payout.page.unreadable")) from None
        documents = payout_of(self._site).documents
        made = documents.attendance_paper(principal, plan_id, line_id, first, plain.words())
        answer = Response(made.content, mimetype=made.content_type)
        answer.headers["Content-Disposition"] = f'attachment; filename="{made.name}"'
        return answer

    def _today(self) -> date:
        return day_of(self._site.services.sources.clock.now())


def _last_day(month: date) -> date:
    return month.replace(day=days_in(month))


def _kept(dossier: Dossier, line_id: str, month: date) -> Sheet | None:
    return next(
        (one for one in newest_sheets(dossier.sheets) if (one.line_id, one.month) == (line_id, month)), None
    )


def _typed() -> dict[str, int]:
    """Return the days typed in the grid, empty cells left out.

    Raises
    ------
    ValueError
        A cell is no whole number.
    """
    cells = {name[4:]: text.strip() for name, text in request.form.items() if name.startswith("day-")}
    return {person: int(text) for person, text in cells.items() if text}


def _sent(name: str, bytes_max: int) -> bytes:
    sent = request.files.get(name)
    content = sent.read(bytes_max + 1) if sent is not None else b""
    if len(content) > bytes_max:
        raise ValueError("too large")
    return content
