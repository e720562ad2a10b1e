"""Plain forms of industries, for any phone: a town's monthly report, files dropped together, a visit; and downloads.

A report is sent in two taps: the first shows every number in words beside last month and last year, the second
keeps it. 与上月相同 and 零报告 are one tap each.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from flask import Flask, Response, redirect, request
from flask_wtf.csrf import generate_csrf

from access.permissions import Permission
from access.principal import Principal
from commands.industry_papers import sheet_workbook
from commands.industry_reports import ReportEcho, ReportOrder
from commands.tables import TableRefusedError
from dashboard import guard, plain
from dashboard.pages.base import Site, add_pages
from dashboard.pages.industries.overview import assessment_table
from dashboard.pages.industries.parts import amount, industries_of, named, town_name
from dashboard.pages.industries.villages import village_line, village_words
from dashboard.print_sheet import sheet as print_sheet
from domain.errors import CommandError
from domain.industry import ReportMark
from industries.collecting import VillageSum
from industries.report import ReportRefusedError
from industries.rules import IndustryRules
from industries.words import echo
from queries.industry_views import FormRow
from texts.loader import Texts

PHOTO_BYTES_MAX = 12 * 1024 * 1024
FILES_MAX = 40
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORM = """<p class="note">{{ town }} · {{ period }}</p>
{% if villages %}<p class="note">{{ villages }}</p>
<a class="button" href="{{ action }}?villages=1">{{ words("village_reports.take") }}</a>{% endif %}
{% if saved %}<p class="note" role="status"><b>{{ words("industries.form.saved") }}</b></p>{% endif %}
{% for one in problems %}<p class="problem" role="alert">{{ one }}</p>{% endfor %}
<form method="post" enctype="multipart/form-data" action="{{ action }}">
<input type="hidden" name="csrf_token" value="{{ csrf }}">
{% for row in rows %}<fieldset style="border:0;padding:0;margin:0 0 1rem">
<label for="a-{{ row.id }}">{{ row.name }}</label>
<p class="note">{{ words("industries.form.before", month=row.last_month, year=row.last_year) }}</p>
{% if row.villages %}<p class="note">{{ row.villages }}</p>{% endif %}
{% if row.kept %}<p class="note"><b>{{ words("industries.form.kept", said=row.kept) }}</b></p>{% endif %}
{% if row.back %}<p class="problem">{{ words("industries.form.back", reason=row.back) }}</p>{% endif %}
<input id="a-{{ row.id }}" name="amount.{{ row.id }}" inputmode="decimal" autocomplete="off" maxlength="20"
 value="{{ row.typed }}" placeholder="{{ row.unit }}">
<select name="unit.{{ row.id }}" aria-label="{{ words("industries.column.unit") }}" style="min-height:48px;font:inherit;margin-top:.25rem">
{% for unit in row.units %}<option value="{{ unit.id }}"{% if unit.chosen %} selected{% endif %}>{{ unit.name }}</option>{% endfor %}
</select>
{% if row.can_same %}<label style="display:inline-block;font-weight:400"><input type="radio" name="mark.{{ row.id }}" value="same"
 style="width:auto;min-height:0"{% if row.mark == "same" %} checked{% endif %}> {{ words("industries.mark.same") }}</label>{% endif %}
<label style="display:inline-block;font-weight:400"><input type="radio" name="mark.{{ row.id }}" value="zero"
 style="width:auto;min-height:0"{% if row.mark == "zero" %} checked{% endif %}> {{ words("industries.mark.zero") }}</label>
{% if row.kept %}<input name="reason.{{ row.id }}" maxlength="200" value="{{ row.reason }}"
 placeholder="{{ words("industries.column.reason") }}" aria-label="{{ words("industries.column.reason") }}">{% endif %}
{% if row.echo %}<p class="note" role="status"><b>{{ row.echo }}</b></p>{% endif %}
{% for one in row.faults %}<p class="problem">{{ one }}</p>{% endfor %}
</fieldset>{% endfor %}
<label for="photo">{{ words("industries.form.photo") }}</label>
<input id="photo" name="photo" type="file" accept="image/jpeg,image/png,application/pdf" capture="environment">
{% if ready %}{% if odd %}<label style="font-weight:400"><input type="checkbox" name="confirmed" value="1" required
 style="width:auto;min-height:0"> {{ words("industries.form.confirm") }}</label>{% endif %}
<button class="primary" name="keep" value="1">{{ words("industries.form.send") }}</button>
<button name="keep" value="">{{ words("industries.form.look_again") }}</button>
{% else %}<button class="primary" name="keep" value="">{{ words("industries.form.look") }}</button>{% endif %}
</form>
<a class="button" href="{{ home }}">{{ words("access.back") }}</a>"""
_IMPORT = """<p class="note">{{ words("industries.form.import_note") }}</p>
{% for one in said %}<p class="note" role="status">{{ one }}</p>{% endfor %}
{% for one in problems %}<p class="problem" role="alert">{{ one }}</p>{% endfor %}
<form method="post" enctype="multipart/form-data" action="{{ action }}">
<input type="hidden" name="csrf_token" value="{{ csrf }}">
<label for="files">{{ words("industries.form.files") }}</label>
<input id="files" name="files" type="file" accept=".xlsx,.csv" multiple required>
<label style="font-weight:400"><input type="checkbox" name="confirmed" value="1" style="width:auto;min-height:0">
 {{ words("industries.form.confirm") }}</label>
<button name="keep" value="">{{ words("industries.form.preview") }}</button>
<button class="primary" name="keep" value="1">{{ words("industries.form.keep") }}</button></form>
<p class="note">{{ missing }}</p>
<h1 style="margin-top:2rem">{{ words("village_reports.title") }}</h1>
{% for one in towns %}<p class="note"><b>{{ one.name }}</b> {{ one.said }}<br>
<a href="{{ one.form }}" style="padding:.6rem 1rem .6rem 0;display:inline-block">{{ words("village_reports.open") }}</a>
<a href="{{ one.sheets }}" style="padding:.6rem 0;display:inline-block">{{ words("village_reports.sheets") }}</a></p>{% endfor %}
<a class="button" href="{{ home }}">{{ words("access.back") }}</a>"""
_VISIT = """<p class="note">{{ words("industries.page.only_seen") }}</p>
{% if problem %}<p class="problem" role="alert">{{ problem }}</p>{% endif %}
<form method="post" action="{{ action }}"><input type="hidden" name="csrf_token" value="{{ csrf }}">
<label for="note">{{ words("industries.form.visit_note") }}</label>
<input id="note" name="note" required maxlength="400" autocomplete="off">
<button class="primary">{{ words("industries.page.close") }}</button></form>
<a class="button" href="{{ home }}">{{ words("access.back") }}</a>"""


def register(server: Flask, site: Site) -> None:
    """Register forms and downloads; the guard lets only who is logged in come this far."""
    forms, prefix = _Forms(site), site.prefix
    enter, put = guard.page(Permission.ENTER_REPORT), guard.page(Permission.ENTER_REPORT, uploads=True)
    look, people = guard.page(Permission.VIEW_INDUSTRIES), guard.page(Permission.VIEW_PEOPLE)
    rules = (
        ("report-form/<town>/<period>", "report_form", enter(forms.form), "GET"),
        ("report-form/<town>/<period>", "report_send", put(forms.send), "POST"),
        ("report-import", "report_import", enter(forms.files), "GET"),
        ("report-import", "report_import_keep", put(forms.take_files), "POST"),
        ("question/<question>", "question", people(forms.visit), "GET"),
        ("question/<question>", "question_close", people(forms.close), "POST"),
        ("papers/report-template/<period>", "report_template", enter(forms.template), "GET"),
        (
            "papers/village-templates/<town>/<period>",
            "village_templates",
            enter(forms.village_templates),
            "GET",
        ),
        ("papers/report-sheet/<town>/<period>", "report_sheet", look(forms.sheet), "GET"),
        ("papers/assessment/<period>", "assessment_file", look(forms.assessment), "GET"),
    )
    add_pages(server, prefix, rules)


_SHEET = """<h1>{{ title }}</h1>
<table><thead><tr>{% for one in made.heads %}<th scope="col">{{ one }}</th>{% endfor %}</tr></thead><tbody>
{% for row in made.rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}</tbody></table>
<p style="margin-top:14mm;white-space:pre-wrap">{{ words("industries.sheet.signatures") }}</p>
<p class="screen"><a href="?form=xlsx">XLSX</a></p>"""


class _Forms:
    """The handlers."""

    def __init__(self, site: Site) -> None:
        self._site = site

    # ------------------------------------------------------------------ one town's report

    def form(self, principal: Principal, town: str, period: str) -> Response:
        """Show the form."""
        return self._show(principal, town, period, saved="saved" in request.args)

    def send(self, principal: Principal, town: str, period: str) -> Any:
        """Echo the numbers in words, or keep them."""
        texts, reports = plain.words(), industries_of(self._site).reports
        orders = self._orders(principal, town, period)
        try:
            echoes = reports.echo(principal, orders)
            refused = any(one.is_refused for one in echoes)
            if not request.form.get("keep") or refused or not orders:
                problems = [] if orders else [texts("industries.form.nothing")]
                return self._show(principal, town, period, echoes, problems)
            confirmed = request.form.get("confirmed") == "1"
            reports.submit(principal, orders, confirmed=confirmed, photos=photos_of("photo"))
        except ReportRefusedError as error:
            return self._show(principal, town, period, problems=[one.words(texts) for one in error.faults])
        return redirect(f"{self._site.prefix}report-form/{town}/{period}?saved=1", code=303)

    def _orders(self, principal: Principal, town: str, period: str) -> list[ReportOrder]:
        given, found = request.form, []
        for row in industries_of(self._site).queries.form(principal, town, self._period(principal, period)):
            name = row.indicator.indicator_id
            text, mark = given.get(f"amount.{name}", "").strip(), given.get(f"mark.{name}", "")
            if not text and not mark:
                continue
            found.append(
                ReportOrder(
                    name,
                    town,
                    period,
                    text or "0",
                    given.get(f"unit.{name}", ""),
                    ReportMark(mark) if mark in {"same", "zero"} else ReportMark.ENTERED,
                    reason=given.get(f"reason.{name}", ""),
                )
            )
        return found

    def _show(
        self,
        principal: Principal,
        town: str,
        period: str,
        echoes: Sequence[ReportEcho] = (),
        problems: Sequence[str] = (),
        *,
        saved: bool = False,
    ) -> Response:
        texts, queries = plain.words(), industries_of(self._site).queries
        period = self._period(principal, period)
        by_id = {one.draft.indicator.indicator_id: one for one in echoes}
        rules, villages = (
            queries.rules(principal),
            industries_of(self._site).villages.town(principal, town, period),
        )
        taken = villages.sums if "villages" in request.args else {}
        rows = [
            {
                **_row(one, rules, texts),
                **_typed(one, by_id.get(one.indicator.indicator_id), rules, texts, taken),
                "villages": village_words(one, villages, texts),
            }
            for one in queries.form(principal, town, period)
        ]
        faults = [fault for one in echoes for fault in one.faults]
        refused = bool(problems) or any(one.refuses for one in faults)
        return plain.document(
            texts("industries.form.title"),
            _FORM,
            422 if refused else 200,
            town=town_name(self._site, town, texts),
            period=period,
            rows=rows,
            villages=village_line(self._site, villages, texts) if villages.there else "",
            problems=problems,
            saved=saved,
            ready=bool(echoes) and not refused,
            odd=bool(faults),
            action=f"{self._site.prefix}report-form/{town}/{period}",
            home=f"{self._site.prefix}industries?month={period}",
            csrf=generate_csrf(),
        )

    def _period(self, principal: Principal, period: str) -> str:
        return industries_of(self._site).queries.period(principal, period)

    # ------------------------------------------------------------------ files

    def files(self, principal: Principal) -> Response:
        """Show where files are dropped, and who is missing."""
        return self._files(principal, [], [])

    def take_files(self, principal: Principal) -> Response:
        """Preview or keep files, each by itself."""
        texts, reports = plain.words(), industries_of(self._site).reports
        said, problems = [], []
        for sent in request.files.getlist("files")[:FILES_MAX]:
            name, content = (sent.filename or "")[:120], sent.read()
            try:
                if request.form.get("keep"):
                    confirmed = request.form.get("confirmed") == "1"
                    count = len(reports.import_file(principal, name, content, confirmed=confirmed))
                    said.append(texts("industries.form.kept_file", name=name, count=count))
                else:
                    preview = reports.preview(principal, content)
                    counts = {"rows": preview.rows, "empty": preview.empty, "faults": len(preview.faults)}
                    said.append(texts("industries.form.previewed", name=name, **counts))
                    problems += [f"{name}: {one.words(texts)}" for one in preview.faults]
            except ReportRefusedError as error:
                problems += [f"{name}: {one.words(texts)}" for one in error.faults]
            except TableRefusedError as error:
                problems.append(f"{name}: {error.words(texts)}")
        return self._files(principal, said, problems)

    def _files(self, principal: Principal, said: list[str], problems: list[str]) -> Response:
        texts, queries = plain.words(), industries_of(self._site).queries
        period = queries.period(principal, request.args.get("month", ""))
        silent = [
            town_name(self._site, one.town_id, texts)
            for one in queries.overview(principal, period).towns
            if one.missing
        ]
        names = texts("industries.page.separator").join(silent)
        prefix = self._site.prefix
        towns = [
            {
                "name": town_name(self._site, town, texts),
                "said": village_line(self._site, villages, texts),
                "form": f"{prefix}report-form/{town}/{period}?villages=1",
                "sheets": f"{prefix}papers/village-templates/{town}/{period}",
            }
            for town, villages in industries_of(self._site).villages.towns(principal, period).items()
        ]
        return plain.document(
            texts("industries.page.import"),
            _IMPORT,
            422 if problems else 200,
            said=said,
            problems=problems,
            missing=texts("industries.form.missing", period=period, towns=names or "—"),
            towns=towns,
            action=f"{self._site.prefix}report-import?month={period}",
            home=f"{self._site.prefix}industries?month={period}",
            csrf=generate_csrf(),
        )

    # ------------------------------------------------------------------ a visit

    def visit(self, principal: Principal, question: str, problem: str = "") -> Response:
        """Show the form of a visit note."""
        found = {one.question_id for one in industries_of(self._site).queries.questions(principal)}
        if question not in found:
            raise CommandError(plain.words()("industries.fault.not_found", text=question[:40]))
        return plain.document(
            plain.words()("industries.page.close"),
            _VISIT,
            422 if problem else 200,
            problem=problem,
            action=f"{self._site.prefix}question/{question}",
            home=f"{self._site.prefix}questions",
            csrf=generate_csrf(),
        )

    def close(self, principal: Principal, question: str) -> Any:
        """Close a question."""
        try:
            industries_of(self._site).stability.close(principal, question, request.form.get("note", ""))
        except ReportRefusedError as error:
            return self.visit(principal, question, error.words(plain.words()))
        return redirect(f"{self._site.prefix}questions", code=303)

    # ------------------------------------------------------------------ downloads

    def template(self, principal: Principal, period: str) -> Response:
        """Download the workbook to fill."""
        period, papers = self._period(principal, period), industries_of(self._site).papers
        return file_answer(papers.template(principal, period, plain.words()), f"report-{period}.xlsx")

    def village_templates(self, principal: Principal, town: str, period: str) -> Response:
        """Download a workbook for each village, in a ZIP."""
        papers, period = industries_of(self._site).papers, self._period(principal, period)
        try:
            content = papers.village_templates(principal, town, period, plain.words())
        except ReportRefusedError as error:
            raise CommandError(error.words(plain.words())) from error
        return file_answer(content, f"villages-{town}-{period}.zip")

    def sheet(self, principal: Principal, town: str, period: str) -> Response:
        """Show a submitted report on paper for signing, or download it as XLSX."""
        papers, texts = industries_of(self._site).papers, plain.words()
        try:
            made = papers.sheet(principal, town, self._period(principal, period), texts)
        except ReportRefusedError as error:
            raise CommandError(error.words(texts)) from error
        if request.args.get("form") == "xlsx":
            return file_answer(sheet_workbook(made, texts), f"report-{town}-{period}.xlsx")
        title = made.lead[0]
        return print_sheet(principal, self._site.services.sources, title, _SHEET, made=made)

    def assessment(self, principal: Principal, period: str) -> Response:
        """Download the assessment."""
        texts, services = plain.words(), industries_of(self._site)
        period = self._period(principal, period)
        form = "csv" if request.args.get("form") == "csv" else "xlsx"
        table = assessment_table(self._site, *services.queries.assessment(principal, period), texts)
        content = services.papers.assessment(principal, period, table, texts, form)
        return file_answer(content, f"assessment-{period}.{form}")


def _row(row: FormRow, rules: IndustryRules, texts: Texts) -> dict[str, Any]:
    one, report = row.indicator, row.report
    returned = report is not None and not report.counts
    return {
        "id": one.indicator_id,
        "name": named(one, texts),
        "unit": named(one.unit, texts),
        "last_month": amount(one, row.last_month.value if row.last_month else None, texts),
        "last_year": amount(one, row.last_year.value if row.last_year else None, texts),
        "kept": "" if report is None else rules.entered_in(report.entered, texts.language),
        "back": report.step_note if returned and report else "",
        "can_same": row.last_month is not None,
    }


def _typed(
    row: FormRow,
    found: ReportEcho | None,
    rules: IndustryRules,
    texts: Texts,
    taken: Mapping[str, VillageSum],
) -> dict[str, Any]:
    given, indicator, name = request.form, row.indicator, row.indicator.indicator_id
    sum_ = taken.get(name) if row.report is None else None
    offered = "" if sum_ is None else f"{(indicator.shown(sum_.value) or Decimal(0)).normalize():f}"
    chosen = given.get(f"unit.{name}", indicator.unit.unit_id)
    units, base = rules.units_of(indicator.unit.base), rules.base_unit(indicator.unit.base)
    said = ""
    if found is not None and found.value is not None:
        said = echo(found.value, found.draft.unit, base, texts.language)
    return {
        "typed": given.get(f"amount.{name}", offered if offered != "0" else ""),
        "mark": given.get(f"mark.{name}", "zero" if offered == "0" else ""),
        "reason": given.get(f"reason.{name}", ""),
        "units": [
            {"id": one.unit_id, "name": named(one, texts), "chosen": one.unit_id == chosen} for one in units
        ],
        "echo": said,
        "faults": [one.words(texts) for one in found.faults] if found is not None else [],
    }


def photos_of(name: str) -> list[bytes]:
    """Return the files of a field; one that is too large is refused."""
    found = []
    for sent in request.files.getlist(name):
        content = sent.read(PHOTO_BYTES_MAX + 1)
        if len(content) > PHOTO_BYTES_MAX:
            raise CommandError(plain.words()("industries.form.photo_large"))
        if content:
            found.append(content)
    return found


def file_answer(content: bytes, name: str) -> Response:
    """Return a file to download."""
    kinds = {"csv": "text/csv", "zip": "application/zip"}
    answer = Response(content, mimetype=kinds.get(name.rpartition(".")[2], _XLSX))
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
