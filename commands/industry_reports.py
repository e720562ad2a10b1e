"""Reports of the other industries: echoed before they are sent, refused with every reason, frozen, checked by another."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from access.guard import guarded, require
from access.permissions import Permission
from access.principal import Principal
from access.villages import villages_of
from commands.audit import command
from commands.industry_around import Known, periods_of
from commands.industry_base import IndustryCommands, paper_kind
from commands.industry_files import ReportRow, read_reports
from domain.errors import RecordRejectedError
from domain.industry import Report, ReporterKind, ReportMark, ReportStep
from domain.records import ImportedFile
from industries.indicator import EntryUnit, Indicator
from industries.report import Draft, ReportFault, ReportRefusedError, Surroundings, examine, refuse

IMPORT_KIND = "industry_report"
PROGRESS_ROWS = 250
_PERIOD = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
Told = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ReportOrder:
    """One number as a person gives it. ``unit_id`` empty: the indicator's own unit."""

    indicator_id: str
    reporter_id: str
    period: str
    text: str
    unit_id: str = ""
    mark: ReportMark = ReportMark.ENTERED
    reporter_kind: ReporterKind = ReporterKind.TOWN
    reason: str = ""
    note: str = ""
    row: int = 0


@dataclass(frozen=True, slots=True)
class ReportEcho:
    """A number before it is sent: its value, what is known around it, and what is said about it."""

    draft: Draft
    value: Decimal | None
    around: Surroundings
    faults: tuple[ReportFault, ...]

    @property
    def is_refused(self) -> bool:
        """Whether it cannot be kept."""
        return any(one.refuses for one in self.faults)


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """What a file would bring. ``empty`` rows hold no number: nothing is reported for them."""

    sha256: str
    rows: int
    empty: int
    echoes: tuple[ReportEcho, ...]
    faults: tuple[ReportFault, ...]

    @property
    def refused(self) -> tuple[ReportFault, ...]:
        """What keeps the file out."""
        return tuple(one for one in self.faults if one.refuses)

    @property
    def asked(self) -> tuple[ReportFault, ...]:
        """What must be confirmed."""
        return tuple(one for one in self.faults if not one.refuses)


@guarded
class IndustryReports(IndustryCommands):
    """What may be done with reports."""

    @require(Permission.ENTER_REPORT)
    def echo(self, principal: Principal, orders: Sequence[ReportOrder]) -> list[ReportEcho]:
        """Return what is known and said about numbers, before anything is kept."""
        drafts, faults = self._drafts(principal, orders)
        if faults:
            raise ReportRefusedError(faults)
        return self._examined(drafts)

    @command(Permission.ENTER_REPORT, "report.submit")
    def submit(
        self,
        principal: Principal,
        orders: Sequence[ReportOrder],
        *,
        confirmed: bool = False,
        photos: Sequence[bytes] = (),
    ) -> list[Report]:
        """Keep reports, all or none; frozen from then on. What is odd needs ``confirmed``.

        Raises
        ------
        ReportRefusedError
            Every reason at once.
        """
        drafts, faults = self._drafts(principal, orders)
        kinds = [paper_kind(content) for content in photos]
        if faults:
            raise ReportRefusedError(faults)
        evidence = tuple(hashlib.sha256(content).hexdigest() for content in photos)
        with self._records.transaction():
            echoes = self._examined([replace(one, evidence=evidence) for one in drafts])
            reports = self._kept(principal, echoes, confirmed=confirmed)
            with self._carry_out(principal, "report.submit", _subject(reports), _detail(reports)):
                for code, kind, content in zip(evidence, kinds, photos, strict=True):
                    self._records.add_photo(code, kind, content)
                self._add(reports)
        return reports

    @require(Permission.ENTER_REPORT)
    def preview(self, principal: Principal, content: bytes, told: Told | None = None) -> ImportPreview:
        """Return what a workbook would bring, every row examined."""
        return self._previewed(principal, content, told)

    @command(Permission.ENTER_REPORT, "report.import")
    def import_file(
        self,
        principal: Principal,
        name: str,
        content: bytes,
        *,
        confirmed: bool = False,
        told: Told | None = None,
    ) -> list[Report]:
        """Keep the reports of a workbook, all or none.

        Raises
        ------
        ReportRefusedError
            Every reason of every row.
        """
        with self._records.transaction():
            preview = self._previewed(principal, content, told)
            if preview.refused:
                raise ReportRefusedError(preview.refused)
            reports = self._kept(principal, preview.echoes, confirmed=confirmed, file_hash=preview.sha256)
            imported = ImportedFile(
                preview.sha256, IMPORT_KIND, name[:120], principal.user_id, self._clock.now(), len(reports)
            )
            detail = {"rows": str(len(reports)), "sha256": preview.sha256[:12]}
            with self._carry_out(principal, "report.import", name[:120], detail):
                self._records.add_import(imported)
                self._add(reports)
        return reports

    @command(Permission.CHECK_REPORT, "report.check")
    def check(self, principal: Principal, period: str, town_ids: Sequence[str]) -> int:
        """Check what towns submitted for a month; return how many numbers. Who entered them cannot."""
        found = [one for one in self._of_towns(period, town_ids) if one.step is None]
        if not found:
            raise refuse("not_found", text=period)
        for one in found:
            self._two_persons(principal, one.made_by)
        return self._stepped(principal, "report.check", found, ReportStep.CHECKED, "")

    @command(Permission.CHECK_REPORT, "report.return")
    def send_back(self, principal: Principal, period: str, town_id: str, indicator_id: str, why: str) -> int:
        """Send a report back with a reason: it no longer counts, and a further version is expected."""
        if not why.strip():
            raise refuse("no_reason")
        found = [one for one in self._of_towns(period, [town_id]) if one.indicator_id == indicator_id]
        if not found:
            raise refuse("not_found", text=f"{indicator_id} {period}")
        return self._stepped(principal, "report.return", found, ReportStep.RETURNED, why.strip()[:200])

    # ------------------------------------------------------------------ inside

    def _of_towns(self, period: str, town_ids: Sequence[str]) -> list[Report]:
        return self._store.reports(
            kind=ReporterKind.TOWN, reporter_ids=town_ids, first_period=period, last_period=period
        )

    def _stepped(
        self, principal: Principal, action: str, reports: Sequence[Report], step: ReportStep, note: str
    ) -> int:
        at = self._field_clock.now()
        done = [
            replace(one, step=step, step_by=principal.user_id, step_at=at, step_note=note) for one in reports
        ]
        with self._carry_out(principal, action, _subject(reports), _detail(reports)):
            self._store.add_report_steps(done)
        return len(done)

    def _add(self, reports: Sequence[Report]) -> None:
        try:
            self._store.add_reports(reports)
        except RecordRejectedError as error:
            first = reports[0]
            raise refuse("there_already", period=first.period, version=first.version) from error

    def _kept(
        self,
        principal: Principal,
        echoes: Sequence[ReportEcho],
        *,
        confirmed: bool,
        file_hash: str = "",
    ) -> list[Report]:
        """Return the reports of sound numbers; refuse otherwise."""
        refused = [fault for one in echoes for fault in one.faults if fault.refuses]
        odd = [fault for one in echoes for fault in one.faults if not fault.refuses]
        if refused or not echoes:
            raise ReportRefusedError(refused or [ReportFault("no_number", refuses=True, values={"text": ""})])
        if odd and not confirmed:
            raise ReportRefusedError([ReportFault("confirm", refuses=False), *odd])
        at = self._field_clock.now()  # whether a report is late is a question of the field's days
        return [_report(one, principal.user_id, at, file_hash) for one in echoes]

    def _previewed(self, principal: Principal, content: bytes, told: Told | None) -> ImportPreview:
        bases = self._bases()
        read = read_reports(content, self._rules, self._registry, bases, self._today)
        orders = [_order(row) for row in read.rows]
        drafts, faults = self._drafts(principal, orders)
        echoes = self._examined(drafts, told)
        every = [*read.faults, *faults, *(fault for one in echoes for fault in one.faults)]
        every.sort(key=lambda fault: fault.row)
        sha256 = hashlib.sha256(content).hexdigest()
        return ImportPreview(sha256, len(read.rows), read.empty, tuple(echoes), tuple(every))

    def _drafts(
        self, principal: Principal, orders: Sequence[ReportOrder]
    ) -> tuple[list[Draft], list[ReportFault]]:
        drafts: list[Draft] = []
        faults: list[ReportFault] = []
        seen: dict[tuple[str, str, str, str], int] = {}
        bases = self._bases()
        indicators = {one.indicator_id: one for one in self._rules.in_force(self._today)}
        for order in orders:
            made, fault = self._draft(principal, order, indicators, bases)
            key = (order.indicator_id, order.reporter_kind.value, order.reporter_id, order.period)
            if fault is None and key in seen:
                fault = ReportFault("row_twice", refuses=True, values={"other": seen[key]}, row=order.row)
            seen.setdefault(key, order.row)
            if made is None or fault is not None:
                faults.extend([fault] if fault is not None else [])
            else:
                drafts.append(made)
        return drafts, faults

    def _draft(
        self,
        principal: Principal,
        order: ReportOrder,
        indicators: Mapping[str, Indicator],
        bases: Mapping[str, object],
    ) -> tuple[Draft | None, ReportFault | None]:
        def fault(key: str, **values: object) -> tuple[None, ReportFault]:
            return None, ReportFault(key, refuses=True, values=values, row=order.row)

        indicator = indicators.get(order.indicator_id)
        if indicator is None:
            return fault("no_indicator", text=order.indicator_id[:40])
        if not self._may_report(principal, order.reporter_kind, order.reporter_id, bases):  # type: ignore[arg-type]
            return fault("no_reporter", text=order.reporter_id[:40])
        if not _PERIOD.fullmatch(order.period):
            return fault("bad_period", text=order.period[:20])
        unit = self._unit(indicator, order.unit_id)
        if unit is None:
            options = "、".join(one.name for one in self._rules.units_of(indicator.unit.base))
            return fault("no_unit", text=order.unit_id[:20], options=options)
        return (
            Draft(
                indicator,
                order.reporter_kind,
                order.reporter_id,
                order.period,
                order.text,
                unit,
                order.mark,
                order.reason,
                order.note[:400],
                (),
                order.row,
            ),
            None,
        )

    def _unit(self, indicator: Indicator, unit_id: str) -> EntryUnit | None:
        if not unit_id:
            return indicator.unit
        return next((one for one in self._rules.units if one.unit_id == unit_id), None)

    def _examined(self, drafts: Sequence[Draft], told: Told | None = None) -> list[ReportEcho]:
        today = self._today
        towns = {one.town_id for one in self._registry.towns}
        villages = {town: len(villages_of(self._registry, town, today)) for town in towns}
        land = {town: self._land_mu(town) for town in towns}
        known = Known(self._rules, today, villages, land, self._bases())
        known.read(self._store, periods_of(drafts))
        echoes: list[ReportEcho] = []
        for place, draft in enumerate(sorted(drafts, key=lambda one: one.period), 1):
            around = known.around(draft)
            value, faults = examine(draft, around)
            echoes.append(ReportEcho(draft, value, around, tuple(faults)))
            if value is not None and not any(one.refuses for one in faults):
                known.keep(_report(echoes[-1], "", self._clock.now(), ""))
            if told is not None and place % PROGRESS_ROWS == 0:
                told(place, len(drafts))
        return echoes


def _order(row: ReportRow) -> ReportOrder:
    return ReportOrder(
        row.indicator_id,
        row.reporter_id,
        row.period,
        row.text,
        row.unit_id,
        row.mark,
        row.reporter_kind,
        row.reason,
        row.note,
        row.row,
    )


def _report(echo: ReportEcho, made_by: str, at: object, file_hash: str) -> Report:
    draft, value = echo.draft, echo.value
    assert value is not None, "only examined numbers become reports"
    existing = echo.around.existing
    said = {
        ReportMark.ENTERED: f"{draft.text.strip()} {draft.unit.name}",
        ReportMark.ZERO: f"0 {draft.unit.name}",
        ReportMark.SAME: f"{draft.indicator.shown(value)} {draft.indicator.unit.name}",
    }[draft.mark]
    note = "；".join(part for part in (draft.reason.strip(), draft.note.strip()) if part)
    return Report(
        draft.indicator.indicator_id,
        draft.reporter_kind,
        draft.reporter_id,
        draft.period,
        1 if existing is None else existing.version + 1,
        value,
        said,
        draft.mark,
        made_by,
        at,  # type: ignore[arg-type]
        note,
        tuple(one.key for one in echo.faults),
        draft.evidence,
        file_hash,
    )


def _subject(reports: Sequence[Report]) -> str:
    return ", ".join(sorted({f"{one.reporter_id} {one.period}" for one in reports}))[:200]


def _detail(reports: Sequence[Report]) -> dict[str, str]:
    versions = sum(one.version > 1 for one in reports)
    return {"numbers": str(len(reports)), "corrections": str(versions)}
