"""Which jobs an instance runs, and how often in field time."""

from datetime import datetime
from typing import TYPE_CHECKING

from jobs.compute_kpis import compute
from jobs.prune import Retention, prune
from jobs.schedule import Job
from main.care.telling import care_jobs
from stores.duckdb import DuckDbStore

if TYPE_CHECKING:
    from main.instance import Instance

_KPI_PERIOD_S = 300.0
_DAY_S = 86_400.0
_PRUNE_AT_S = 18 * 3600.0  # 02:00 in Shangzhou, in UTC seconds of the day


def timetable(instance: "Instance") -> list[Job]:
    """Return the jobs of an instance."""
    options = instance.options
    settings = options.settings

    def kpis(period: datetime) -> str:  # noqa: ARG001 (dirty days say what is due, not the period)
        return str(compute(instance.store, options.registry, options.clock))

    jobs = [Job("compute_kpis", _KPI_PERIOD_S, kpis)]
    jobs += care_jobs(instance)
    store = instance.store
    if isinstance(store, DuckDbStore):  # a server store keeps its own retention

        def retention(period: datetime) -> str:  # noqa: ARG001
            steps = prune(store, options.clock, Retention(settings.live_days, settings.archive_years))
            return f"{len(steps)} months"

        jobs.append(Job("prune", _DAY_S, retention, offset_s=_PRUNE_AT_S))
    return jobs
