"""Judgement: what a condition says about many subjects at many instants, and how it becomes alerts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from alerts.lifecycle import Begin, Seen, advance, samples_until_change
from alerts.rule import Timing
from domain.alert import Alert, AlertState, Verdict
from domain.series import Floats, Instants

Verdicts = npt.NDArray[np.int8]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
UNKNOWN, FALSE, TRUE, NEAR = (
    np.int8(each) for each in (Verdict.UNKNOWN, Verdict.FALSE, Verdict.TRUE, Verdict.NEAR)
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a row of a judgement is about; ``device_id`` empty: the whole plant."""

    plant_id: str
    device_id: str = ""
    part: str = ""

    @property
    def name(self) -> str:
        """The device, or else the plant."""
        return self.device_id or self.plant_id


@dataclass(frozen=True)
class Judgement:
    """Verdicts [subjects, instants] of one condition.

    Attributes
    ----------
    measures : mapping
        Named arrays of the same shape: the values a person needs to check a verdict.
    grade : int array or None
        Severity where it is not the rule's own (0: the rule's own).
    lost_w : callable or None
        Power lost by a row at every instant of the scene while its alert lasts, NaN unknown; asked only
        for rows with an alert. [W]
    drop : float array or None
        Share of healthy power that is missing: what the alert is worth where nothing else tells.
    began : int array or None
        Where a verdict rests on a stretch of the past (a day, a week): the instant at which that begins.
    """

    subjects: Sequence[Subject]
    verdicts: Verdicts
    measures: Mapping[str, Floats] = field(default_factory=dict)
    grade: Verdicts | None = None
    lost_w: Callable[[int], Floats | None] | None = None
    drop: Floats | None = None
    began: Ints | None = None


def verdicts(known: Bools, true: Bools, clear: Bools | None = None) -> Verdicts:
    """Return verdicts: TRUE where ``true``, FALSE where ``clear`` (default: not true), NEAR between."""
    clear = ~true if clear is None else clear & ~true
    found = np.where(true, TRUE, np.where(clear, FALSE, NEAR))
    return np.where(known, found, UNKNOWN).astype(np.int8)


def floats(values: Any) -> Floats:
    """Return an array as one of floats: numpy's own functions often promise nothing about it."""
    return np.asarray(values, dtype=np.float64)


def bools(values: Any) -> Bools:
    """Return an array as one of truths."""
    return np.asarray(values, dtype=np.bool_)


def shortfall(expected_w: Floats, power_w: Floats) -> Callable[[int], Floats | None]:
    """Return what tells the power a row lacks against what was expected of it. [W]"""

    def lost_w(row: int) -> Floats | None:
        return floats(expected_w[row] - power_w[row])

    return lost_w


def instant(value: np.datetime64) -> datetime:
    """Return a numpy instant (UTC) as an aware one."""
    return datetime.fromtimestamp(int(value.astype("datetime64[us]").astype(np.int64)) / 1e6, UTC)


def live(
    row: Verdicts, instants: Instants, step_s: float, timing: Timing, begin: Begin, alert: Alert | None = None
) -> list[Alert]:
    """Return every alert a row of verdicts leads to, the one that is left (pending too) last.

    The same as `advance` instant by instant, told in runs of one verdict.
    """
    counted = np.flatnonzero(row != UNKNOWN)
    if counted.size == 0:
        return [] if alert is None else [alert]
    codes = row[counted]
    edges = np.flatnonzero(np.diff(codes)) + 1
    first = np.concatenate([[0], edges])
    last = np.concatenate([edges, [codes.size]])
    step = np.timedelta64(round(step_s * 1e9), "ns")
    ended: list[Alert] = []
    for start, stop in zip(first, last, strict=True):
        verdict = Verdict(int(codes[start]))
        position = int(start)
        while position < stop:
            if alert is None and verdict is not Verdict.TRUE:
                break
            count = samples_until_change(alert, verdict, step_s, timing) or int(stop)
            until = min(position + count, int(stop))
            seen = Seen(
                verdict,
                instant(instants[counted[position]]),
                instant(instants[counted[until - 1]] + step),
                (until - position) * step_s,
            )
            following = advance(alert, seen, timing, begin)
            if alert is not None and alert.state is AlertState.RESOLVED and _other(alert, following):
                ended.append(alert)
            alert = following
            position = until
    return ended if alert is None else [*ended, alert]


def _other(alert: Alert, following: Alert | None) -> bool:
    return following is None or following.alert_id != alert.alert_id
