"""What the watch of upkeep looks at: links paid for by the byte, and the newest restore test."""

from datetime import datetime
from typing import TYPE_CHECKING

from alerts.upkeep import PLAN_ENDS, PLAN_RUNS_OUT
from domain.alert import Severity
from jobs.schedule import Job
from jobs.watch_upkeep import Looked, Trouble, UpkeepWatch, restore_look
from main.backup.shelf import Journal, last
from main.backup.work import backup_folder
from queries.links import LinkRow, links_of

if TYPE_CHECKING:
    from main.instance import Instance

_PERIOD_S = 300.0
_URGENT_DAYS = 7


def upkeep_job(instance: "Instance") -> Job:
    """Return the job that turns what needs a person into alerts."""
    options, records = instance.options, instance.records

    def links() -> Looked:
        return links_look(links_of(options.registry, records.heartbeats(), options.clock.now()))

    def tried() -> tuple[bool, str] | None:
        newest = last(Journal(backup_folder(options.settings)).entries(), "restore_test", ok=None)
        return None if newest is None else (newest.ok, newest.reason)

    watch = UpkeepWatch(records, options.clock, (links, restore_look(tried)))

    def step(period: datetime) -> str:
        return watch.step(period)

    return Job("watch_upkeep", _PERIOD_S, step)


def links_look(rows: list[LinkRow]) -> Looked:
    """Return which links need somebody."""
    troubles = []
    judged = set()
    for row in rows:
        name = row.gateway.gateway_id
        judged.add((PLAN_ENDS, name))
        if row.state is not None:
            judged.add((PLAN_RUNS_OUT, name))
        if row.ends_soon:
            troubles.append(_ends(row))
        if row.runs_out:
            troubles.append(_runs_out(row))
    return Looked(tuple(troubles), frozenset(judged))


def _ends(row: LinkRow) -> Trouble:
    soon = row.days is not None and row.days <= _URGENT_DAYS
    evidence = {"sim": row.gateway.sim_shown, "paid_until": str(row.gateway.plan_until)}
    severity = Severity.S2 if soon else Severity.S3
    return Trouble(PLAN_ENDS, row.gateway.gateway_id, severity, row.plant.plant_id, evidence)


def _runs_out(row: LinkRow) -> Trouble:
    state = row.state
    assert state is not None
    spent = state.use.used_bytes >= state.plan_bytes
    evidence = {
        "sim": row.gateway.sim_shown,
        "plan_mb": f"{row.gateway.plan_mb:g}",
        "month_from": state.use.begins.isoformat(),
        "runs_out_on": "—" if state.exhausted_at is None else f"{state.exhausted_at:%Y-%m-%d}",
    }
    severity = Severity.S2 if spent else Severity.S3
    return Trouble(PLAN_RUNS_OUT, row.gateway.gateway_id, severity, row.plant.plant_id, evidence)
