"""A month of jobs with stops, kills and clock steps: every period has one effective result, and it is the right one.

The true time runs on; the clock the program sees is stepped by up to an hour either way and put right again. The
program is stopped for up to 26 hours, and killed in the middle of a job, before or after its effect. Two jobs run on
a real job table and a real store: a report a day that catches up (its effect is kept by period), and the daily KPIs
of days that got data, which arrives up to three days late. In the end every day must have its report, made once the
day was over, and the KPIs must equal those of a store that was never disturbed, bit for bit.

`python -m bench.job_month [--days 30] [--seed 1]`
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from domain.clock import ManualClock
from domain.kpi import DailyKpi
from domain.measurement import Batch
from domain.plant import DeviceKind, Registry
from domain.records import JobState
from jobs.compute_kpis import INVERTER_COUNTER, JOB, compute, finish_days
from jobs.schedule import Job, Schedule
from stores.duckdb import DuckDbStore
from stores.records.store import SqlRecordStore
from tests.collectors.plants import modbus_plant, registry

START = datetime(2026, 6, 1, tzinfo=UTC)
STEP_S, DAY_S = 900.0, 86_400.0
_STOP_MOST_S, _CLOCK_MOST_S, _LATE_MOST_S = 26 * 3600.0, 3600.0, 3 * DAY_S
_KILL, _STOP, _CLOCK = 0.01, 0.004, 0.006  # chances, of a job or of a step
_CATCH_UP_MAX = 3
_HEALED_S = 4 * DAY_S  # at the end nothing more goes wrong for so long


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Month:
    """What goes wrong, and the job that reports."""

    chance: Random
    truth: datetime = START
    clock_off_s: float = 0.0
    reports: dict[datetime, tuple[datetime, int]] = field(default_factory=dict)

    def report(self, period: datetime) -> str:
        """Keep a day's report: its effect replaces what an earlier attempt left."""
        self.may_die()
        times = self.reports[period][1] if period in self.reports else 0
        self.reports[period] = (self.truth, times + 1)
        self.may_die()
        return "reported"

    def may_die(self) -> None:
        """Kill the process now and then."""
        if self.chance.random() < _KILL:
            raise Killed


class Dying:
    """The store of a process that is killed on the way; a dead process marks nothing."""

    def __init__(self, store: DuckDbStore, month: Month) -> None:
        self._store, self._month = store, month

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def put_daily(self, kpis: Sequence[DailyKpi]) -> None:
        self._month.may_die()
        self._store.put_daily(kpis)
        self._month.may_die()

    def mark_dirty(self, days: Sequence[tuple[str, date]]) -> None:
        """Do what a dead process does."""


def plants() -> Registry:
    """Return two plants of three inverters."""
    return registry(*(modbus_plant(number, 1, 3) for number in range(2)))


def arrivals(given: Registry, days: int, chance: Random) -> list[tuple[datetime, Batch]]:
    """Return counters of every quarter of an hour and when each arrives, soonest first."""
    found = []
    for place, device in enumerate(given.devices_by_id.values()):
        for number in range(round(days * DAY_S / STEP_S)):
            at = START + timedelta(seconds=number * STEP_S)
            late_s = chance.uniform(0, _LATE_MOST_S) if chance.random() < 0.1 else 60.0
            total_wh = 1e6 * (place + 1) + 500.0 * number
            row = Batch(device.device_id, at, (INVERTER_COUNTER,), (total_wh,), received_at=at)
            found.append((at + timedelta(seconds=late_s), row))
    return sorted(found, key=lambda each: (each[0], each[1].device_id, each[1].measured_at))


class Program:
    """What runs between two stops: opened stores and a schedule."""

    def __init__(self, folder: Path, given: Registry, month: Month) -> None:
        self.clock = ManualClock(month.truth)
        kinds = dict.fromkeys(given.devices_by_id, DeviceKind.INVERTER)
        # the real one refuses rows of the future; here a clock that went back must not lose any
        self.store = DuckDbStore(folder / "samples.duckdb", ManualClock(START + timedelta(days=400)), kinds)
        self.records = SqlRecordStore.at(folder / "records.sqlite")
        dying: Any = Dying(self.store, month)

        def kpis(_: datetime) -> str:
            finish_days(self.store, given, self.records, self.clock.now())
            return str(compute(dying, given, self.clock))

        jobs = [
            Job("report", DAY_S, month.report, catch_up_max=_CATCH_UP_MAX, since=START),
            Job(JOB, STEP_S, kpis, since=START),
        ]
        self._schedule, self._jobs = Schedule(jobs, self.records, self.clock), jobs

    def ring(self, at: datetime) -> None:
        """Let every job ask what is due."""
        self.clock.advance((at - self.clock.now()).total_seconds())
        for job in self._jobs:
            self._schedule.run_due(job)

    def close(self) -> None:
        """Let go of the files, as a killed process does."""
        self.store.close()
        self.records.close()


def play(folder: Path, days: int, seed: int) -> dict[str, float]:
    """Play the month; return what was found."""
    month, given = Month(Random(seed)), plants()
    coming = arrivals(given, days, Random(seed + 1))
    program: Program | None = None
    counts: Counter[str] = Counter()
    down_until = START
    end = START + timedelta(days=days, seconds=_HEALED_S)
    while month.truth < end:
        month.truth += timedelta(seconds=STEP_S)
        quiet = month.truth > end - timedelta(seconds=_HEALED_S)
        _disturb(month, counts, quiet=quiet)
        if month.truth < down_until:
            continue
        program = program or Program(folder, given, month)
        try:
            while coming and coming[0][0] <= month.truth:
                due = [coming.pop(0)[1] for _ in range(min(len(coming), 50))]
                program.store.write(due)
            program.ring(month.truth + timedelta(seconds=month.clock_off_s))
        except Killed:
            counts["kills"] += 1
            program.close()
            program = None
            continue
        if not quiet and month.chance.random() < _STOP:
            counts["stops"] += 1
            down_until = month.truth + timedelta(seconds=month.chance.uniform(60.0, _STOP_MOST_S))
            program.close()
            program = None
    program = program or Program(folder, given, month)
    found = _judged(program, month, given, days)
    program.close()
    return {**dict(counts), **found}


def _disturb(month: Month, counts: Counter[str], *, quiet: bool) -> None:
    """Step the clock, or put it right."""
    if quiet or (month.clock_off_s and month.chance.random() < 0.1):
        month.clock_off_s = 0.0
    elif not month.clock_off_s and month.chance.random() < _CLOCK:
        counts["clock_steps"] += 1
        month.clock_off_s = month.chance.uniform(-_CLOCK_MOST_S, _CLOCK_MOST_S)


def _judged(program: Program, month: Month, given: Registry, days: int) -> dict[str, float]:
    reports = month.reports
    due = [START + timedelta(days=number) for number in range(days)]
    early = [day for day in due if day in reports and reports[day][0] < day + timedelta(days=1)]
    runs = Counter((run.job, run.period) for run in program.records.job_runs(count_max=1_000_000))
    undone = [run for run in program.records.job_runs("report", 10_000) if run.state is not JobState.DONE]
    kept = set(_daily(program.store, given, days))
    return {
        "periods": len(due),
        "periods_without_result": sum(day not in reports for day in due),
        "results_before_their_time": len(early),
        "periods_with_two_rows": sum(count > 1 for count in runs.values()),
        "reports_undone": len(undone),
        "done_again": sum(times > 1 for _, times in reports.values()),
        "kpi_days": len(kept),
        "kpi_days_wrong": len(kept ^ _undisturbed(given, days)),
    }


def _daily(store: DuckDbStore, given: Registry, days: int) -> list[DailyKpi]:
    first = START.date()
    plant_ids = [plant.plant_id for plant in given.plants]
    return store.daily(plant_ids, first, first + timedelta(days=days + 1))


def _undisturbed(given: Registry, days: int) -> set[DailyKpi]:
    with tempfile.TemporaryDirectory(prefix="pvmon-quiet-") as name:
        kinds = dict.fromkeys(given.devices_by_id, DeviceKind.INVERTER)
        clock = ManualClock(START + timedelta(days=400))
        store = DuckDbStore(Path(name) / "samples.duckdb", clock, kinds)
        store.write([row for _, row in arrivals(given, days, Random(0))])
        compute(store, given, ManualClock(START + timedelta(days=days, seconds=_HEALED_S)))
        found = set(_daily(store, given, days))
        store.close()
        return found


def month(days: int, seed: int = 1) -> dict[str, float]:
    """Return what was found in a month of its own."""
    with tempfile.TemporaryDirectory(prefix="pvmon-month-") as name:
        return play(Path(name), days, seed)


def main(words: Sequence[str] | None = None) -> int:
    """Run what the command line asks for; 1 when a period is missing, double, early or wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench.job_month", description=__doc__.partition("\n")[0])
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(words)
    found = month(args.days, args.seed)
    for name, figure in found.items():
        print(f"{name:28} {figure:,.0f}")
    wrong = ("periods_without_result", "results_before_their_time", "periods_with_two_rows", "reports_undone")
    return int(any(found[name] for name in (*wrong, "kpi_days_wrong")))


if __name__ == "__main__":
    sys.exit(main())
