"""Retention: live months become files, old files become roll-ups. Safe to stop at any moment and to repeat.

Rows stay live for ``live_days``; a month that is older as a whole is archived, where the store has files for that
(a server keeps its rows as they came). Months older than ``archive_years`` are replaced by five-minute roll-ups
(gauges averaged, counters and states the last), which are kept for ever.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from domain.clock import Clock
from domain.errors import StoreUnavailableError
from domain.timespan import utc_month
from stores.protocol import ArchivingStore, MonthForm, RetainingStore, StoredMonth


class PruneAct(Enum):
    """What is done to a month."""

    ARCHIVE = "archive"
    ROLL_UP = "roll_up"


@dataclass(frozen=True, slots=True)
class PruneStep:
    """One act on one month. ``after`` is None in a dry run, ``problem`` says why it did not happen."""

    act: PruneAct
    before: StoredMonth
    after: StoredMonth | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long rows stay in which form."""

    live_days: int = 90
    archive_years: int = 3
    roll_up_every: timedelta = timedelta(minutes=5)


def plan(store: RetainingStore, now: datetime, retention: Retention) -> list[PruneStep]:
    """Return what is due, oldest first; changes nothing."""
    live_until = now - timedelta(days=retention.live_days)
    files_until = now.replace(year=now.year - retention.archive_years, day=min(now.day, 28))
    archives = isinstance(store, ArchivingStore)
    as_they_came = MonthForm.ARCHIVED if archives else MonthForm.LIVE
    steps = []
    for month in store.months():
        end = utc_month(month.month).end
        if archives and month.form is MonthForm.LIVE and month.rows > 0 and end <= live_until:
            steps.append(PruneStep(PruneAct.ARCHIVE, month))
        elif month.form is as_they_came and month.rows > 0 and end <= files_until:
            steps.append(PruneStep(PruneAct.ROLL_UP, month))
    return steps


def prune(
    store: RetainingStore, clock: Clock, retention: Retention | None = None, *, dry_run: bool = False
) -> list[PruneStep]:
    """Do what is due and return it; with ``dry_run`` only say it.

    A month that cannot be moved now keeps its rows, is reported with its ``problem``, and is tried again
    the next time; the others go on.
    """
    chosen = retention or Retention()
    due = plan(store, clock.now(), chosen)
    return due if dry_run else [_do(store, step, chosen) for step in due]


def _do(store: RetainingStore, step: PruneStep, retention: Retention) -> PruneStep:
    month = step.before
    try:
        if step.act is PruneAct.ARCHIVE and isinstance(store, ArchivingStore):
            after = store.archive_month(month.kind, month.month)
        else:
            after = store.roll_up_month(month.kind, month.month, retention.roll_up_every)
    except StoreUnavailableError as error:
        return PruneStep(step.act, month, None, str(error))
    return PruneStep(step.act, month, after)
