"""The table of what runs by itself: job, period, jitter.

APScheduler is only the alarm clock. Truth is the ``job_run`` table: on every alarm a job asks which periods
are due and not done, claims each, and says how it ended. A missed alarm, a stop of a day or a clock step
costs nothing but time; a period is done once.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from domain.clock import Clock, SystemClock, is_plausible
from domain.errors import PvmonError
from stores.protocol import JobStore

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """One job. ``work`` gets the start of its period and returns a line for the job table.

    ``catch_up`` runs every missed period (a report a day); without it only the newest one counts. Periods that
    were over at ``since`` are somebody else's, those ``is_due`` denies are nobody's. ``ring_s`` is how often it is asked; 0: four times a period.
    """

    name: str
    period_s: float
    work: Callable[[datetime], str]
    offset_s: float = 0.0
    is_due: Callable[[datetime], bool] = lambda _: True
    catch_up_max: int = 0
    since: datetime | None = None
    ring_s: float = 0.0


def period_start(instant: datetime, period_s: float, offset_s: float = 0.0) -> datetime:
    """Return the start of the newest period that is over at ``instant``."""
    epoch_s = instant.timestamp() - offset_s
    whole = int(epoch_s // period_s) * period_s - period_s
    return datetime.fromtimestamp(whole + offset_s, UTC)


class Schedule:
    """Rings for each job; a job runs in one thread at a time."""

    def __init__(self, jobs: Sequence[Job], records: JobStore, clock: Clock) -> None:
        self._jobs = tuple(jobs)
        self._records = records
        self._clock = clock
        self.missed = 0
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(2)},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def start(self) -> None:
        """Start ringing; every job is asked once at once, so what was missed is found."""
        self._scheduler.add_listener(
            self._heard, EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES
        )
        for job in self._jobs:
            # An alarm four times a period keeps a period's delay below a quarter; asking costs one query.
            every_s = max(0.5, self._clock.wait_s(job.ring_s or job.period_s / 4))
            self._scheduler.add_job(
                self.run_due,
                "interval",
                args=[job],
                seconds=every_s,
                id=job.name,
                next_run_time=SystemClock().now(),
            )
        self._scheduler.start()

    def stop(self) -> None:
        """Stop ringing and wait for what runs."""
        if self._scheduler.running:
            self._scheduler.pause()  # the alarm thread must not meet a table that is being emptied
            self._scheduler.shutdown(wait=True)

    def is_alive(self) -> bool:
        """Tell whether it rings."""
        return bool(self._scheduler.running)

    def run_due(self, job: Job) -> int:
        """Run every period of ``job`` that is over and not done; return how many ran."""
        now = self._clock.now()
        if not is_plausible(now, self._clock):  # nothing of 1970 or 2200 is due; the next alarm asks again
            return 0
        newest = period_start(now, job.period_s, job.offset_s)
        ran = 0
        for back in range(job.catch_up_max, -1, -1):
            start = newest - timedelta(seconds=back * job.period_s)
            ours = job.since is None or start + timedelta(seconds=job.period_s) > job.since
            if ours and job.is_due(start):
                ran += self._run(job, start)
        return ran

    def _run(self, job: Job, start: datetime) -> int:
        period = start.strftime("%Y-%m-%dT%H:%M:%SZ")
        if not self._records.begin_job(job.name, period, self._clock.now()):
            return 0
        try:
            detail = job.work(start)
        except PvmonError as error:
            log.warning("job %s of %s failed: %s", job.name, period, error)
            self._records.finish_job(
                job.name, period, self._clock.now(), failed=True, detail=str(error)[:500]
            )
            return 0
        except Exception as error:
            self._records.finish_job(
                job.name, period, self._clock.now(), failed=True, detail=repr(error)[:500]
            )
            raise
        self._records.finish_job(job.name, period, self._clock.now(), detail=detail)
        return 1

    def _heard(self, event: JobExecutionEvent) -> None:
        """Count what the alarm clock dropped; the next alarm finds the period in the table."""
        self.missed += 1
        error = getattr(event, "exception", None)
        if error is not None:
            log.error("job %s: %s: %s", event.job_id, type(error).__name__, error)
