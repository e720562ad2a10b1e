"""Builds what makes reports by schedule: `config/reports.yaml`, the queries behind, who gets them, the jobs."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from access.principal import Principal
from domain.account import Role, Scope
from domain.alert import Severity
from domain.clock import SystemClock
from domain.document import Document
from domain.errors import NotifyError
from domain.notification import Channel, Event, Notification
from domain.timespan import day_of
from jobs.make_reports import ReportMaker, ReportPlan, Send
from jobs.schedule import Job
from main.build import Options
from main.care.orders import work_of
from main.care.telling import may_send, notifying_of, secrets_folder
from main.configuration import RegistryProblemsError, read_record
from main.metered import energies
from main.payout import open_desk
from main.registry.fields import Choice, Text, Whole
from main.registry.problem import Problems, nearest
from main.registry.records import Field, Many, Record, TextList
from notifiers.channels import channels
from queries.money import MoneyQueries
from queries.report_runs import JOB
from queries.reports import KINDS, Reports
from stores.records.store import SqlRecordStore
from texts.loader import Texts

if TYPE_CHECKING:
    from main.instance import Instance

FILE = "reports.yaml"
FOLDER = "reports"
READER = Principal("reports", "reports", frozenset({Role.AUDITOR}), Scope(everything=True))
_DAY_S = 86_400.0
_CATCH_UP_DAYS = 7
_EXPIRES = timedelta(days=1)
_REPORT = Record(
    "report",
    (
        Field("id", Text(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", "brief", 40)),
        Field("kind", Choice(KINDS)),
        Field("at", Text(r"([01]\d|2[0-3]):[0-5]\d", "07:00", 5)),
        Field("month_day", Whole(0, 28), default=0),
        Field("forms", TextList(Text(r"pdf|xlsx|csv|png|txt", "pdf", 4)), default=("pdf", "xlsx")),
        Field("targets", TextList(Text(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", "log", 48)), default=()),
        Field("language", Choice(("zh", "en")), default="zh"),
    ),
)
_REPORTS = Record("reports", (Field("reports", Many(_REPORT)),))


def load_reports(config: Path, targets: Sequence[str], texts: Texts | None = None) -> tuple[ReportPlan, ...]:
    """Return the schedule of reports; none where the file is missing.

    Raises
    ------
    RegistryProblemsError
        Lists every fault.
    """
    problems = Problems(texts)
    row = read_record(config / FILE, _REPORTS, problems)
    rows = (row.get("reports") or ()) if row is not None else ()
    for one in rows:
        for name in one.get("targets") or ():
            if name not in targets:
                near = nearest(str(name), targets)
                problems.add(
                    one.file, one.at("targets"), "targets", "unknown_target", suggestion=near, id=name
                )
    names = [one.get("id") for one in rows]
    for place, one in enumerate(rows):
        if one.get("id") in names[:place]:
            problems.add(
                one.file, one.line, "id", "duplicate_id", what="record", id=one.get("id"), other=FILE
            )
    if problems.found:
        raise RegistryProblemsError(problems.sorted())
    return tuple(
        ReportPlan(
            one["id"],
            one["kind"],
            (int(one["at"][:2]) * 60 + int(one["at"][3:])) * 60.0,
            int(one["month_day"]),
            tuple(one["forms"]),
            tuple(one["targets"]),
            one["language"],
        )
        for one in rows
    )


def reports_over(options: Options, records: SqlRecordStore) -> Reports:
    """Return the reports over the records alone: days, work and money are kept there."""
    money = MoneyQueries(records, options.registry, options.clock, energies(lambda: None, options.registry))
    payout = open_desk(options.settings, records, None, options.registry, options.clock).queries
    return Reports(options.registry, options.clock, records, work_of(options, records), money, payout)


def plans_of(options: Options) -> tuple[ReportPlan, ...]:
    """Return the schedule of this configuration."""
    targets = [one.target_id for one in notifying_of(options).targets]
    return load_reports(options.settings.config_dir, targets)


def maker_of(options: Options, records: SqlRecordStore) -> ReportMaker:
    """Return what makes reports into the data folder and sends them where anything may be sent."""
    notifying = notifying_of(options)
    found, _ = channels(notifying, secrets_folder(options), SystemClock())
    send = _sender(found) if may_send(options, notifying) else None
    folder = options.data / FOLDER
    return ReportMaker(reports_over(options, records), READER, folder, options.registry, send)


def report_jobs(instance: "Instance") -> list[Job]:
    """Return a job a line of the schedule; a demonstration makes none of the days before it began."""
    options = instance.options
    maker = maker_of(options, instance.records)

    def job(plan: ReportPlan) -> Job:
        def day(period: datetime) -> date:
            return day_of(period + timedelta(days=1))

        def work(period: datetime) -> str:
            return maker.make(plan, day(period))

        def is_due(period: datetime) -> bool:
            return plan.is_due(day(period))

        offset_s = (plan.at_s - 8 * 3600.0) % _DAY_S
        since = options.clock.now() if options.demonstration else None
        name = f"{JOB}{plan.report_id}"
        return Job(name, _DAY_S, work, offset_s, is_due, _CATCH_UP_DAYS, since)

    return [job(plan) for plan in plans_of(options)]


def _sender(found: Mapping[str, Channel]) -> Send:
    def send(target: str, document: Document, files: Sequence[Path]) -> None:
        channel = found.get(target)
        if channel is None:
            raise NotifyError("this target has no address; see pvmon notify test")
        now = SystemClock().now()
        body = "\n".join([*document.lines, document.footer])
        words = Notification(
            f"report-{now:%Y%m%d%H%M%S}",
            target,
            "",
            Event.REPORT,
            Severity.S4,
            document.title,
            body,
            now,
            now + _EXPIRES,
        )
        with_files = getattr(channel, "send_files", None)
        if with_files is None:
            channel.send(words)
        else:
            with_files(words, files)

    return send
