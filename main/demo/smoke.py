"""`make smoke`: the main job without a browser, held against the virtual fleet's own truth.

Field time runs fast; every plant must be accounted for, every page must answer, and the energy of each live
plant, computed from rows that came through a socket in this run, must be within 1 % of what the fleet made.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from domain.account import Role
from domain.measurement import Origin
from domain.plant import Connection, DeviceKind, Plant
from domain.timespan import Interval
from kpis.energy import energy_from_counter
from main.cli import Context, Exit
from main.demo.progress import Progress
from main.demo.show import Show, running
from main.demo.stage import Running
from main.demo.visitor import Visited, Visitor
from main.ports import free_ports

# Some makes count whole kWh, so the check needs hours of sun in a minute, and the same sun every day: a
# bright June morning of the virtual sky.
SPEED = 120.0
PERIOD_S = 600.0
START = datetime(2026, 6, 6, 2, 30, tzinfo=UTC)
HISTORY_DAYS = 2
COLLECT_S = 40.0
COLLECT_MAX_S = (
    240.0  # a busy machine stamps late; over a longer span that weighs less, a wrong value does not
)
AGAIN_S = 15.0
OFF_MAX = 0.01
HISTORY_MAX_S = 240.0
_COUNTER = "ac_energy_total_wh"
_WIRES = (Origin.POLL, Origin.MQTT)
_PLANTS = 60


@dataclass
class Findings:
    """What the check found."""

    rows: int = 0
    worst_off: float = 0.0
    worst_plant: str = "-"
    pages: list[Visited] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def check(context: Context, seed: int, store: str = "duckdb") -> int:
    """Run the demonstration for about a minute, check it, print one line; return the exit code."""
    texts = context.texts
    progress = Progress(texts, _quiet if context.json else None)
    show = Show(
        context.config,
        context.data / "smoke",
        texts,
        port=free_ports(1)[0],
        seed=seed,
        speed=SPEED,
        history_days=HISTORY_DAYS,
        period_s=PERIOD_S,
        start=START,
        store=store,
    )
    with running(show, progress) as up:
        pages = _visit(up)
        up.done.wait(HISTORY_MAX_S)
        # At this speed a second of a machine that is still starting up is minutes of field time.
        since = up.clock.now()
        progress("smoke.waiting", seconds=COLLECT_S)
        findings = _collected(up, since)
        findings.pages = pages + _visit(up)
        _judge(up, findings, context)
    return _report(up, findings, context, progress.seconds)


def _collected(up: Running, since: datetime) -> Findings:
    """Return what was found after `COLLECT_S`, or later where the machine was too busy by then."""
    begun = time.monotonic()
    time.sleep(COLLECT_S)
    findings = examine(up, since)
    while findings.problems and time.monotonic() - begun < COLLECT_MAX_S:
        time.sleep(AGAIN_S)
        findings = examine(up, since)
    return findings


def _quiet(_line: str) -> None:
    """Say nothing: a machine reads the one line at the end."""


def _visit(up: Running) -> list[Visited]:
    """Open every page as an O&M person."""
    account = next(each for each in up.accounts if each.role is Role.OM)
    visitor = Visitor(up.url)
    if not visitor.log_in(account.user_id, account.password):
        return [Visited("/login", 0, 0.0, "the login was refused")]
    live = next(plant for plant in up.registry.plants if plant.connection is Connection.LIVE)
    by_hand = next(plant for plant in up.registry.plants if plant.connection is Connection.MANUAL)
    paths = ["/app/", "/app/?lang=en", "/app/plants", "/app/data"]
    paths += [
        f"/app/plants/{live.plant_id}?tab={tab}"
        for tab in ("summary", "curves", "devices", "strings", "papers")
    ]
    paths += [f"/app/plants/{by_hand.plant_id}"]
    return [visitor.visit(path) for path in paths]


def examine(up: Running, since: datetime) -> Findings:
    """Hold the energy of every live plant against the truth."""
    findings = Findings()
    truth = TruthLog.read(up)
    for plant in up.registry.plants:
        if plant.connection is not Connection.LIVE:
            if not _brought_in(up, plant):
                findings.problems.append(f"no_plant|{plant.plant_id}")
            continue
        ours_wh, true_wh, rows = 0.0, 0.0, 0
        for device_id, times_s, values_wh, limit in _readings(up, plant, since, truth.until):
            rows += len(times_s)
            made = energy_from_counter(times_s, values_wh, limit)
            if made.energy_wh is None:
                continue
            ours_wh += made.energy_wh
            true_wh += truth.between(device_id, times_s[0], times_s[-1])
        findings.rows += rows
        _compare(findings, plant, ours_wh, true_wh, rows)
    return findings


def _brought_in(up: Running, plant: Plant) -> bool:
    """Tell whether a plant without a link has what its keeper or its maker's portal gave."""
    span = Interval(up.clock.anchor - timedelta(days=HISTORY_DAYS + 1), up.clock.now())
    if plant.connection is Connection.MANUAL:
        return bool(up.instance.records.readings(plant.plant_id, span))
    meters = [device.device_id for device in plant.devices_of(DeviceKind.REVENUE_METER)]
    rows = up.instance.store.read(meters, ["meter_energy_forward_wh"], span, origins=[Origin.FILE])
    return len(rows) > 0


def _readings(
    up: Running, plant: Plant, since: datetime, until: datetime
) -> Iterator[tuple[str, np.ndarray, np.ndarray, float]]:
    devices = plant.devices_of(DeviceKind.INVERTER)
    span = Interval(since, max(since, until))
    ids = [device.device_id for device in devices]
    frame = up.instance.store.read(ids, [_COUNTER], span, origins=_WIRES).good()
    for device in devices:
        rows = frame[(frame["device_id"] == device.device_id) & frame[_COUNTER].notna()]
        times_s = rows["measured_at"].astype("int64").to_numpy() / 1e9
        yield (
            device.device_id,
            times_s,
            rows[_COUNTER].to_numpy(float),
            device.rated_power_kw * 1e3,
        )


def _compare(findings: Findings, plant: Plant, ours_wh: float, true_wh: float, rows: int) -> None:
    if rows == 0:
        findings.problems.append(f"no_plant|{plant.plant_id}")
    elif true_wh <= 0:
        findings.problems.append(f"no_energy|{plant.plant_id}")
    else:
        off = abs(ours_wh / true_wh - 1)
        if off > findings.worst_off:
            findings.worst_off, findings.worst_plant = off, plant.plant_id
        if off > OFF_MAX:
            findings.problems.append(f"energy|{plant.plant_id}|{ours_wh / 1e3}|{true_wh / 1e3}|{off}")


@dataclass(frozen=True)
class TruthLog:
    """Exact cumulative energy of every device, as the fleet wrote it while it ran."""

    instants_s: np.ndarray
    energy_wh: pd.DataFrame

    @classmethod
    def read(cls, up: Running) -> "TruthLog":
        """Read what is complete of the log."""
        rows = pd.read_csv(up.fleet.energy_truth, on_bad_lines="skip").dropna()
        table = rows.pivot_table(index="instant", columns="device_id", values="energy_wh").dropna()
        instants = [datetime.fromisoformat(str(each)).timestamp() for each in table.index]
        return cls(np.array(instants), table)

    @property
    def until(self) -> datetime:
        """Last instant the log knows; a busy machine may have read devices after it."""
        return datetime.fromtimestamp(float(self.instants_s[-1]), UTC)

    def between(self, device_id: str, start_s: float, end_s: float) -> float:
        """Return what a device really made between two instants. [Wh]"""
        at = np.interp([start_s, end_s], self.instants_s, self.energy_wh[device_id].to_numpy())
        return float(at[1] - at[0])


def _judge(up: Running, findings: Findings, context: Context) -> None:
    """Turn what was found into words."""
    texts, words = context.texts, []
    for problem in findings.problems:
        kind, plant, *numbers = problem.split("|")
        if kind == "energy":
            ours, truth, off = (float(each) for each in numbers)
            words.append(texts("demo.smoke.energy", plant=plant, ours=ours, truth=truth, off=off))
        else:
            words.append(texts(f"demo.smoke.{kind}", plant=plant))
    words += [
        texts("demo.smoke.page", path=page.path, status=page.status, reason=page.problem)
        for page in findings.pages
        if page.problem
    ]
    if len(up.registry.plants) != _PLANTS:
        words.append(texts("demo.smoke.registry", count=len(up.registry.plants)))
    if up.history_problem:
        words.append(texts("demo.history_failed", reason=up.history_problem))
    findings.problems = words


def _report(up: Running, findings: Findings, context: Context, seconds: float) -> int:
    kinds = [plant.connection for plant in up.registry.plants]
    figures = {
        "plants": len(kinds),
        "live": kinds.count(Connection.LIVE),
        "manual": kinds.count(Connection.MANUAL),
        "file": kinds.count(Connection.FILE),
        "rows": findings.rows,
        "worst": findings.worst_off,
        "worst_plant": findings.worst_plant,
        "pages": len({page.path for page in findings.pages}),
        "slowest_ms": max((page.ms for page in findings.pages), default=0.0),
        "first_page": up.first_page_s,
        "history": up.history_s,
        "seconds": seconds,
    }
    if context.json:
        print(json.dumps({**figures, "problems": findings.problems}, ensure_ascii=False))
    else:
        for problem in findings.problems:
            context.say("demo.smoke.problem", what=problem)
        verdict = context.texts("demo.smoke.failed" if findings.problems else "demo.smoke.ok")
        context.say("demo.smoke.line", verdict=verdict, **figures)
    return Exit.PROBLEM if findings.problems else Exit.OK
