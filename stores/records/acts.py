"""What people did (audit) and what jobs did (runs) in the records store."""

from datetime import datetime, timedelta

from sqlalchemy import and_, insert, or_, select, update

from domain.account import AuditEntry
from domain.records import JobRun, JobState
from stores.records.database import Database
from stores.records.once import insert_once
from stores.records.schema import AUDIT, JOB_RUNS

CLAIM_VOID_AFTER = timedelta(hours=1)


class Audits:
    """Implements stores.protocol.AuditStore; a trigger refuses changes and deletions."""

    _database: Database

    def add_audit(self, entry: AuditEntry) -> None:
        """Keep an entry; an act that cannot be audited must not happen."""
        self._database.write(
            insert(AUDIT).values(
                at=entry.at,
                user_id=entry.user_id,
                action=entry.action,
                subject=entry.subject,
                outcome=entry.outcome,
                address=entry.address,
                detail=dict(entry.detail),
                field_time=entry.field_time,
            )
        )

    def audit(self, since: datetime, count_max: int = 500) -> list[AuditEntry]:
        """Return entries, newest first."""
        wanted = select(AUDIT).where(AUDIT.c.at >= since).order_by(AUDIT.c.at.desc(), AUDIT.c.number.desc())
        with self._database.reading() as connection:
            rows = connection.execute(wanted.limit(count_max)).mappings().all()
        return [
            AuditEntry(
                row["at"],
                row["user_id"],
                row["action"],
                row["subject"],
                row["outcome"],
                row["address"],
                row["detail"],
                row["field_time"],
            )
            for row in rows
        ]


class Jobs:
    """Implements stores.protocol.JobStore."""

    _database: Database

    def begin_job(self, job: str, period: str, at: datetime) -> bool:
        """Claim a period; False when it is done or somebody has it (a claim older than an hour is void)."""
        first = {
            "job": job,
            "period": period,
            "state": JobState.RUNNING.value,
            "attempt": 1,
            "started_at": at,
            "finished_at": None,
            "detail": "",
        }
        abandoned = and_(
            JOB_RUNS.c.state == JobState.RUNNING.value, JOB_RUNS.c.started_at <= at - CLAIM_VOID_AFTER
        )
        again = (
            update(JOB_RUNS)
            .where(JOB_RUNS.c.job == job, JOB_RUNS.c.period == period)
            .where(or_(JOB_RUNS.c.state == JobState.FAILED.value, abandoned))
            .values(
                state=JobState.RUNNING.value,
                attempt=JOB_RUNS.c.attempt + 1,
                started_at=at,
                finished_at=None,
                detail="",
            )
        )
        with self._database.writing() as connection:
            if insert_once(connection, JOB_RUNS, first):
                return True
            return connection.execute(again).rowcount == 1

    def finish_job(
        self, job: str, period: str, at: datetime, *, failed: bool = False, detail: str = ""
    ) -> None:
        """Say how it ended."""
        state = JobState.FAILED if failed else JobState.DONE
        self._database.write(
            update(JOB_RUNS)
            .where(JOB_RUNS.c.job == job, JOB_RUNS.c.period == period)
            .values(state=state.value, finished_at=at, detail=detail)
        )

    def job_runs(self, job: str | None = None, count_max: int = 100) -> list[JobRun]:
        """Return runs, newest first."""
        wanted = select(JOB_RUNS).order_by(JOB_RUNS.c.started_at.desc(), JOB_RUNS.c.period.desc())
        if job is not None:
            wanted = wanted.where(JOB_RUNS.c.job == job)
        with self._database.reading() as connection:
            rows = connection.execute(wanted.limit(count_max)).mappings().all()
        return [
            JobRun(
                row["job"],
                row["period"],
                JobState(row["state"]),
                row["attempt"],
                row["started_at"],
                row["finished_at"],
                row["detail"],
            )
            for row in rows
        ]
