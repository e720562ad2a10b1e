"""Which jobs an instance runs, and how often in field time."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from domain.clock import SystemClock
from jobs.compute_kpis import JOB, compute, finish_days
from jobs.prune import Retention, prune
from jobs.schedule import Job
from main.alert_jobs import alert_jobs
from main.backup.shelf import Journal
from main.backup.work import backup_folder, copy_records_often, make_backup, try_restore
from main.care.telling import care_jobs
from main.day_jobs import day_jobs
from main.industry_jobs import industry_jobs
from main.money_jobs import money_jobs
from main.orders import backup_sources
from main.personal import personal_jobs
from main.reports import report_jobs
from main.upkeep import upkeep_job
from stores.protocol import RetainingStore

if TYPE_CHECKING:
    from main.instance import Instance

WHOLE_DAYS = frozenset({"evaluate_days", "compute_days"})
_KPI_PERIOD_S = 300.0
_DAY_S = 86_400.0
_RECORDS_PERIOD_S = 300.0
_BACKUP_AT_S = 18.5 * 3600  # 02:30 in Shangzhou
_TRIAL_AT_S = 19.5 * 3600  # 03:30
_PRUNE_AT_S = 18 * 3600.0  # 02:00 in Shangzhou, in UTC seconds of the day


def timetable(instance: "Instance") -> list[Job]:
    """Return the jobs of an instance."""
    options = instance.options
    settings = options.settings

    def kpis(period: datetime) -> str:  # noqa: ARG001 (dirty days say what is due, not the period)
        finish_days(instance.store, options.registry, instance.records, options.clock.now())
        return str(compute(instance.store, options.registry, options.clock))

    jobs = [Job(JOB, _KPI_PERIOD_S, kpis)]
    jobs += care_jobs(instance)
    jobs += alert_jobs(instance)
    jobs += day_jobs(instance)
    jobs += report_jobs(instance)
    jobs += industry_jobs(instance)
    jobs += money_jobs(instance)
    jobs += personal_jobs(instance)
    jobs.append(upkeep_job(instance))
    store = instance.store
    if isinstance(store, RetainingStore):

        def retention(period: datetime) -> str:  # noqa: ARG001
            steps = prune(store, options.clock, Retention(settings.live_days, settings.archive_years))
            return f"{len(steps)} months"

        jobs.append(Job("prune", _DAY_S, retention, offset_s=_PRUNE_AT_S))
    if options.demonstration:  # main.demo.past_alerts judges its past, when it is all there
        return [replace(job, since=options.clock.now()) if job.name in WHOLE_DAYS else job for job in jobs]
    return jobs + _backups(instance)


def _backups(instance: "Instance") -> list[Job]:
    """Return the jobs that keep what is kept: nothing of a demonstration is worth it."""
    settings = instance.options.settings
    Journal(backup_folder(settings)).begin(SystemClock().now())

    def records(period: datetime) -> str:  # noqa: ARG001
        return copy_records_often(settings, instance.records.database)

    def everything(period: datetime) -> str:  # noqa: ARG001
        done = make_backup(backup_sources(instance))
        return f"{done['file']}, {done['archive_bytes']} bytes"

    def trial(period: datetime) -> str:  # noqa: ARG001
        return try_restore(settings)

    return [
        Job("copy_records", _RECORDS_PERIOD_S, records),
        Job("backup", _DAY_S, everything, offset_s=_BACKUP_AT_S),
        Job("restore_test", _DAY_S, trial, offset_s=_TRIAL_AT_S),
    ]
