"""`pvmon doctor`, the judging half: facts about this machine in, one finding with a cure out; touches nothing.

What asks the machine is main/probes.py. Words are at ``doctor.<check>.<outcome>``; a finding that is not ok
has its cure at ``doctor.<check>.<outcome>_cure``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.errors import StoreVersionError
from texts.loader import Texts

PYTHON_MIN = (3, 11)
SQLITE_MIN = (3, 35, 0)  # RETURNING and upserts
SQLITE_WAL_RESET_FIXED = (3, 51, 3)  # before: a checkpoint racing a second connection may corrupt
DUCKDB_MIN, DUCKDB_BELOW = (1, 5), (2, 0)
DISK_FAIL_BYTES, DISK_WARN_BYTES = 1 << 30, 5 << 30
CLOCK_STEP_MAX_S = 0.05  # wall against monotonic clock over a fraction of a second
SAMPLE_AGE_MAX = timedelta(hours=1)
ANSWER_AGE_MAX_S = 600.0
SAMPLE_AHEAD_MAX = timedelta(minutes=10)


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the examination."""

    check: str
    verdict: Verdict
    outcome: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """What became of opening a store. ``owned``: a running instance has it; ``rows`` None when not looked."""

    path: str
    exists: bool
    owned: bool = False
    too_new: bool = False
    error: str = ""
    rows: int | None = None
    size_bytes: int = 0
    newest: datetime | None = None


def judge_python(version: Sequence[int]) -> Finding:
    """Judge the interpreter."""
    values = {"version": _dotted(version), "least": _dotted(PYTHON_MIN)}
    if tuple(version[:2]) < PYTHON_MIN:
        return Finding("python", Verdict.FAIL, "old", values)
    return Finding("python", Verdict.OK, "good", values)


def judge_sqlite(version: Sequence[int]) -> Finding:
    """Judge the SQLite library; an old one is fine as long as one connection writes and checkpoints."""
    values = {"version": _dotted(version), "least": _dotted(SQLITE_MIN)}
    if tuple(version) < SQLITE_MIN:
        return Finding("sqlite", Verdict.FAIL, "old", values)
    outcome = "one_writer" if tuple(version) < SQLITE_WAL_RESET_FIXED else "good"
    return Finding("sqlite", Verdict.OK, outcome, values | {"fixed": _dotted(SQLITE_WAL_RESET_FIXED)})


def judge_duckdb(version: str) -> Finding:
    """Judge the DuckDB library; an empty version means it cannot be imported."""
    values = {"version": version, "least": _dotted(DUCKDB_MIN), "below": _dotted(DUCKDB_BELOW)}
    if not version:
        return Finding("duckdb", Verdict.FAIL, "missing", values)
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if not DUCKDB_MIN <= numbers < DUCKDB_BELOW:
        return Finding("duckdb", Verdict.FAIL, "unfit", values)
    return Finding("duckdb", Verdict.OK, "good", values)


def judge_disk(path: str, free_bytes: int) -> Finding:
    """Judge the free space of the file system ``path`` lies on."""
    values = {"path": path, "free": readable_bytes(free_bytes), "least": readable_bytes(DISK_WARN_BYTES)}
    if free_bytes < DISK_FAIL_BYTES:
        return Finding("disk", Verdict.FAIL, "full", values)
    if free_bytes < DISK_WARN_BYTES:
        return Finding("disk", Verdict.WARN, "low", values)
    return Finding("disk", Verdict.OK, "good", values)


def judge_folder(path: str, error: str) -> Finding:
    """Judge whether the data folder can be written; ``error`` is empty when it can."""
    values = {"path": path, "reason": error}
    return Finding("folder", Verdict.FAIL if error else Verdict.OK, "unwritable" if error else "good", values)


def judge_port(host: str, port: int, error: str, *, running: bool) -> Finding:
    """Judge one port; in use is fine while an instance runs on this data folder."""
    values = {"host": host, "port": str(port), "reason": error}
    if not error:
        return Finding("port", Verdict.OK, "free", values)
    if running:
        return Finding("port", Verdict.OK, "ours", values)
    return Finding("port", Verdict.FAIL, "taken", values)


def judge_clock(now: datetime, built: datetime, step_s: float, *, synchronised: bool | None) -> Finding:
    """Judge the wall clock.

    Parameters
    ----------
    now, built : datetime
        The machine's time, and an instant that is certainly past (the program's own files).
    step_s : float
        How much the wall clock ran away from the monotonic one while both were watched. [s]
    synchronised : bool or None
        What the machine says about time synchronisation, None when it does not say.
    """
    values = {"now": now.strftime("%Y-%m-%d %H:%M:%S UTC"), "step": f"{step_s * 1000:.0f}"}
    if now < built - timedelta(days=2):
        return Finding("clock", Verdict.FAIL, "past", values)
    if abs(step_s) > CLOCK_STEP_MAX_S:
        return Finding("clock", Verdict.WARN, "jumping", values)
    if synchronised is False:
        return Finding("clock", Verdict.WARN, "adrift", values)
    return Finding("clock", Verdict.OK, "unknown" if synchronised is None else "good", values)


def judge_fonts(families: int | None) -> Finding:
    """Judge Chinese fonts by how many families cover Chinese; None when fontconfig is not there to ask."""
    values = {"count": str(families or 0)}
    if families is None:
        return Finding("fonts", Verdict.WARN, "unknown", values)
    return Finding(
        "fonts", Verdict.OK if families else Verdict.WARN, "good" if families else "missing", values
    )


def judge_broker(gateways: int, address: str, error: str) -> Finding:
    """Judge the message broker by how many gateways need it; an empty address means none is set."""
    values = {"gateways": str(gateways), "address": address, "reason": error}
    if not gateways:
        return Finding("broker", Verdict.OK, "none", values)
    if not address:
        return Finding("broker", Verdict.WARN, "unset", values)
    return Finding("broker", Verdict.FAIL if error else Verdict.OK, "away" if error else "good", values)


def judge_edge(status: Mapping[str, Any] | None) -> Finding:
    """Judge the village's collector on this machine by what it says of itself; None when none runs."""
    if status is None:
        return Finding("edge", Verdict.WARN, "stopped")
    answered_s = status["answered_s"]
    values = {name: str(status[name]) for name in ("plant", "waiting", "acknowledged")}
    values |= {"faults": ", ".join(status["faults"]), "minutes": f"{(answered_s or 0) / 60:.0f}"}
    if status["faults"]:
        return Finding("edge", Verdict.FAIL, "stuck", values)
    if answered_s is None:
        return Finding("edge", Verdict.WARN if status["waiting"] else Verdict.OK, "unheard", values)
    if answered_s > ANSWER_AGE_MAX_S and status["waiting"]:
        return Finding("edge", Verdict.WARN, "waiting", values)
    return Finding("edge", Verdict.OK, "good", values)


def judge_villages(plants: Sequence[str], ages_s: Mapping[str, float | None] | None) -> Finding:
    """Judge the collectors in villages by when each was last heard of; None when no instance runs here to say."""
    if not plants:
        return Finding("villages", Verdict.OK, "none")
    if ages_s is None:
        return Finding("villages", Verdict.OK, "unknown", {"count": str(len(plants))})
    silent = [name for name in plants if (age_s := ages_s.get(name)) is None or age_s > ANSWER_AGE_MAX_S]
    values = {"count": str(len(plants)), "silent": str(len(silent)), "plants": ", ".join(silent[:5])}
    return Finding("villages", Verdict.WARN if silent else Verdict.OK, "silent" if silent else "good", values)


def judge_settings(error: str) -> Finding:
    """Judge the settings of the environment; an empty error means they are sound."""
    values = {"reason": error.replace("\n", "; ")}
    return Finding("settings", Verdict.FAIL if error else Verdict.OK, "unsound" if error else "good", values)


def judge_configuration(plants: int, devices: int, error: str) -> Finding:
    """Judge whether the registry loads; of many problems the first line is enough here."""
    values = {"plants": str(plants), "devices": str(devices), "reason": error.partition("\n")[0]}
    return Finding(
        "configuration", Verdict.FAIL if error else Verdict.OK, "unsound" if error else "good", values
    )


def store_facts(path: str, *, exists: bool, opens: Callable[[], StoreFacts]) -> StoreFacts:
    """Return what ``opens`` found, or what kind of error kept it from opening."""
    if not exists:
        return StoreFacts(path, exists=False)
    try:
        return opens()
    except StoreVersionError as error:
        return StoreFacts(path, exists=True, too_new=True, error=str(error))
    except Exception as error:
        return StoreFacts(path, exists=True, error=str(error) or type(error).__name__)


def judge_store(check: str, facts: StoreFacts) -> Finding:
    """Judge whether a store opens; ``check`` is ``samples`` or ``records``."""
    values = {
        "path": facts.path,
        "reason": facts.error,
        "size": readable_bytes(facts.size_bytes),
        "rows": "—" if facts.rows is None else f"{facts.rows:,}",
    }
    if facts.owned:
        return Finding(check, Verdict.OK, "owned", values)
    if facts.too_new:
        return Finding(check, Verdict.FAIL, "too_new", values)
    if facts.error:
        return Finding(check, Verdict.FAIL, "broken", values)
    return Finding(check, Verdict.OK, "good" if facts.exists else "none", values)


def judge_age(facts: StoreFacts, now: datetime) -> Finding:
    """Judge how fresh the newest sample is."""
    if facts.newest is None:
        return Finding("age", Verdict.OK, "empty")
    age = now - facts.newest
    values = {
        "newest": facts.newest.strftime("%Y-%m-%d %H:%M UTC"),
        "minutes": f"{abs(age) / timedelta(minutes=1):.0f}",
    }
    if age > SAMPLE_AGE_MAX:
        return Finding("age", Verdict.WARN, "old", values)
    if age < -SAMPLE_AHEAD_MAX:
        return Finding("age", Verdict.WARN, "ahead", values)
    return Finding("age", Verdict.OK, "fresh", values)


def worst(findings: Sequence[Finding]) -> Verdict:
    """Return the worst verdict of an examination."""
    present = {finding.verdict for finding in findings}
    return next((v for v in (Verdict.FAIL, Verdict.WARN) if v in present), Verdict.OK)


def crashed(check: str, error: Exception) -> Finding:
    """Return the finding of a check that could not be made."""
    return Finding(check, Verdict.FAIL, "crashed", {"reason": f"{type(error).__name__}: {error}"})


def examine(probes: Sequence[tuple[str, Callable[[], Sequence[Finding]]]]) -> list[Finding]:
    """Make every check; one that breaks spoils its own line only."""
    findings: list[Finding] = []
    for check, probe in probes:
        try:
            findings.extend(probe())
        except Exception as error:
            findings.append(crashed(check, error))
    return findings


def words_of(finding: Finding, texts: Texts) -> tuple[str, str]:
    """Return what was found and its cure; the cure is empty when all is well."""
    key = "doctor.crashed" if finding.outcome == "crashed" else f"doctor.{finding.check}.{finding.outcome}"
    found = texts(key, **finding.values)
    return found, "" if finding.verdict is Verdict.OK else texts(f"{key}_cure", **finding.values)


def lines_of(finding: Finding, texts: Texts) -> list[str]:
    """Return the one or two lines a person reads."""
    found, cure = words_of(finding, texts)
    title = texts(f"doctor.{finding.check}.title")
    verdict = texts(f"doctor.verdict.{finding.verdict}")
    lines = [texts("doctor.line", verdict=verdict, title=title, words=found)]
    return [*lines, texts("doctor.cure", words=cure)] if cure else lines


def summary_of(findings: Sequence[Finding], texts: Texts) -> str:
    """Return the closing line: how many of each verdict."""
    counts = {str(v): sum(f.verdict is v for f in findings) for v in Verdict}
    return texts("doctor.summary", total=len(findings), **counts)


def as_document(findings: Sequence[Finding], texts: Texts) -> dict[str, Any]:
    """Return the examination for a machine."""
    checks: list[dict[str, Any]] = []
    for finding in findings:
        found, cure = words_of(finding, texts)
        line = {"check": finding.check, "verdict": str(finding.verdict), "outcome": finding.outcome}
        checks.append(
            line | {"found": found, "values": dict(finding.values)} | ({"cure": cure} if cure else {})
        )
    return {"verdict": str(worst(findings)), "checks": checks}


def readable_bytes(size: int) -> str:
    """Return a size for people: KiB, MiB or GiB with one decimal."""
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size / 1024:.1f} KiB"


def _dotted(version: Sequence[int]) -> str:
    return ".".join(str(part) for part in version[:3])
