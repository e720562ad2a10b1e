"""Reports by schedule: a day's brief or a month's reports into a folder, and to whom they are sent."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from access.principal import Principal
from commands.papers.document import FORMS
from domain.document import Document
from domain.errors import NotifyError
from domain.plant import Registry
from queries.report_runs import made_line
from queries.reports import ASSESSMENT, BRIEF, Reports
from texts.loader import Texts

Send = Callable[[str, Document, Sequence[Path]], None]  # a target, what is told, its files


@dataclass(frozen=True, slots=True)
class ReportPlan:
    """One line of the schedule. ``month_day`` 0: every day; ``targets`` are those of notifications."""

    report_id: str
    kind: str
    at_s: float
    month_day: int = 0
    forms: tuple[str, ...] = ("pdf", "xlsx")
    targets: tuple[str, ...] = ()
    language: str = "zh"

    def is_due(self, today: date) -> bool:
        """Tell whether it is made on this day."""
        return not self.month_day or today.day == self.month_day


@dataclass(frozen=True, slots=True)
class ReportMaker:
    """Makes what a plan wants. ``send`` is None where nothing may be sent."""

    reports: Reports
    reader: Principal
    folder: Path
    registry: Registry
    send: Send | None = None

    def make(self, plan: ReportPlan, today: date) -> str:
        """Make the reports due on a day: yesterday's brief, or last month's; return a line for the job table."""
        if not plan.is_due(today):
            return "not today"
        day = today - timedelta(days=1) if not plan.month_day else today.replace(day=1) - timedelta(days=1)
        texts, files, failures, count = Texts(plan.language), 0, list[str](), 0
        for subject, _ in self.reports.subjects(self.reader, plan.kind):
            document = self.reports.document(self.reader, plan.kind, subject, day, texts)
            written = self._write(plan, subject, day, document)
            count, files = count + 1, files + len(written)
            failures += self._sent(plan, document, written)
        told = made_line(count, files, day)
        return f"{told}; {'; '.join(failures)}"[:500] if failures else told

    def _write(self, plan: ReportPlan, subject: str, day: date, document: Document) -> list[Path]:
        period = f"{day}" if plan.kind == BRIEF else f"{day:%Y-%m}"
        folder = self.folder / plan.kind / period
        folder.mkdir(parents=True, exist_ok=True)
        name = plan.kind if plan.kind in {BRIEF, ASSESSMENT} else subject
        written = []
        for form in plan.forms:
            target = folder / f"{name}.{form}"
            partial = target.with_suffix(f".{form}.part")
            partial.write_bytes(FORMS[form][1](document))
            partial.replace(target)
            written.append(target)
        return written

    def _sent(self, plan: ReportPlan, document: Document, files: Sequence[Path]) -> list[str]:
        """Send to each target; what is not taken is told, the files are there anyway."""
        failures = []
        for target in plan.targets if self.send is not None else ():
            try:
                assert self.send is not None, "asked above"
                self.send(target, document, files)
            except NotifyError as error:
                failures.append(f"{target}: {error}")
        return failures
