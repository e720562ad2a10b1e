"""Workbooks out: the template of a month, the assessment of the towns, the submitted report for signing."""

import io
import zipfile
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

from access.guard import guarded
from access.permissions import Permission
from access.principal import Principal
from access.villages import towns_seen, villages_of
from commands.audit import command
from commands.industry_base import IndustryCommands
from commands.industry_files import template
from commands.papers.sheets import Cells, csv_file, workbook
from domain.industry import Report, ReporterKind, month_before
from industries.report import refuse
from industries.words import echo
from texts.loader import Texts

_TENTH = Decimal("0.1")


@guarded
class IndustryPapers(IndustryCommands):
    """Files people take away; every one is audited."""

    @command(Permission.ENTER_REPORT, "report.template")
    def template(self, principal: Principal, period: str, texts: Texts) -> bytes:
        """Return the workbook to fill for a month."""
        before = month_before(period)
        by_id = self._registry.towns_by_id
        names = {one: by_id[one].label(texts.language) for one in towns_seen(principal, self._registry)}
        last = self._store.reports(kind=ReporterKind.TOWN, first_period=before, last_period=before)
        with self._carry_out(principal, "report.template", period):
            return template(self._rules, names, period, last, texts, self._today)

    @command(Permission.ENTER_REPORT, "report.village_templates")
    def village_templates(self, principal: Principal, town_id: str, period: str, texts: Texts) -> bytes:
        """Return a ZIP with a workbook for each village of a town, to hand out and drop back all at once."""
        if town_id not in towns_seen(principal, self._registry):
            raise refuse("no_reporter", text=town_id[:40])
        before, villages = month_before(period), villages_of(self._registry, town_id, self._today)
        last = self._store.reports(
            kind=ReporterKind.VILLAGE, reporter_ids=villages, first_period=before, last_period=before
        )
        packed = io.BytesIO()
        with (
            self._carry_out(principal, "report.village_templates", f"{town_id} {period}"),
            zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as files,
        ):
            for one in villages:
                name = self._registry.village_label(one, texts.language)
                content = template(self._rules, {one: name}, period, last, texts, self._today)
                files.writestr(f"{name}-{period}.xlsx", content)
        return packed.getvalue()

    @command(Permission.VIEW_INDUSTRIES, "report.sheet")
    def sheet(self, principal: Principal, town_id: str, period: str, texts: Texts) -> Cells:
        """Return a town's submitted report: ``lead`` is its title, a row each number, to be signed and sealed."""
        if town_id not in towns_seen(principal, self._registry):
            raise refuse("no_reporter", text=town_id[:40])
        found = self._store.reports(
            kind=ReporterKind.TOWN, reporter_ids=[town_id], first_period=period, last_period=period
        )
        if not found:
            raise refuse("not_found", text=f"{town_id} {period}")
        town = self._registry.towns_by_id[town_id]
        name = town.label(texts.language)
        heads = tuple(
            texts(f"industries.sheet.{one}") for one in ("indicator", "entered", "words", "mark", "note")
        )
        rows = tuple(self._line(one, texts) for one in found)
        title = texts("industries.sheet.title", town=name, period=period)
        with self._carry_out(principal, "report.sheet", f"{town_id} {period}"):
            return Cells(texts("industries.paper.template"), heads, rows, lead=(title,))

    @command(Permission.VIEW_INDUSTRIES, "report.assessment")
    def assessment(
        self,
        principal: Principal,
        period: str,
        table: tuple[tuple[str, ...], tuple[tuple[str | int, ...], ...]],
        texts: Texts,
        form: str,
    ) -> bytes:
        """Return the assessment table as XLSX or CSV."""
        cells = Cells(texts("industries.paper.assessment"), table[0], table[1])
        with self._carry_out(principal, "report.assessment", period):
            return csv_file(cells) if form == "csv" else workbook([cells])

    def _line(self, one: Report, texts: Texts) -> tuple[str, ...]:
        indicator = self._rules.indicator(one.indicator_id, self._today)
        if indicator is None:
            return one.indicator_id, one.entered, str(one.value), one.mark.value, one.note
        base = self._rules.base_unit(indicator.unit.base)
        english = texts.language == "en"
        return (
            indicator.name_en if english else indicator.name,
            self._rules.entered_in(one.entered, texts.language),
            echo(one.value, indicator.unit, base, texts.language),
            texts(f"industries.mark.{one.mark.value}"),
            one.note,
        )


def sheet_workbook(sheet: Cells, texts: Texts) -> bytes:
    """Return a report's sheet as XLSX, with the lines for 制表, 审核, 负责人 and the seal below."""
    blank = ("",) * len(sheet.heads)
    signed = (texts("industries.sheet.signatures"), *blank[1:])
    return workbook([replace(sheet, rows=(*sheet.rows, blank, signed))])


def percent_text(share: Decimal | None) -> str:
    """Return a share as a percentage of one decimal, a dash for what is not known."""
    return "—" if share is None else f"{(share * 100).quantize(_TENTH, ROUND_HALF_UP)} %"
