"""The life of an alert as pure functions: the same verdicts always give the same alerts.

    (none) --true--> PENDING --true for `on`--> FIRING --clear for `off`--> RESOLVED
                        |                         ^                            |
                        +--not true--> (none)     +---- back within `reopen` --+

UNKNOWN (no fresh data, night, an instant that does not count) changes nothing: it neither counts nor resets,
so a silent plant does not heal its own alerts and an alert open at sunset is judged again next morning.
NEAR, between the two limits of a rule, starts nothing and ends nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

from alerts.rule import Timing
from domain.alert import Alert, AlertState, Verdict

Begin = Callable[[datetime], Alert]
LAST_TRUE = "last_true_at"  # in the evidence: until when its condition was seen to hold
_ROUNDING = 1e-9  # of sums of seconds


@dataclass(frozen=True, slots=True)
class Seen:
    """What a condition said about [start, end), of which ``counts_s`` count. [s]

    Several instants with one verdict may be told as one, as long as no limit of the timing lies inside.
    """

    verdict: Verdict
    start: datetime
    end: datetime
    counts_s: float


def advance(alert: Alert | None, seen: Seen, timing: Timing, begin: Begin) -> Alert | None:
    """Return the alert after one more instant, None when there is nothing to remember.

    ``begin`` makes the pending alert of a first sign.
    """
    if seen.verdict is Verdict.UNKNOWN:
        return alert
    if alert is None or alert.state is AlertState.RESOLVED:
        if seen.verdict is not Verdict.TRUE:
            return alert
        alert = _again(alert, seen, timing) or begin(seen.start)
    if seen.verdict is Verdict.TRUE:
        alert = replace(alert, evidence={**alert.evidence, LAST_TRUE: seen.end.isoformat(timespec="minutes")})
    if alert.state is AlertState.PENDING:
        return _advance_pending(alert, seen, timing)
    return _advance_firing(alert, seen, timing)


def _again(alert: Alert | None, seen: Seen, timing: Timing) -> Alert | None:
    """Return an ended alert as pending once more, when its trouble is back soon enough."""
    if alert is None or alert.resolved_at is None:
        return None
    if seen.start - alert.resolved_at > timedelta(seconds=timing.reopen_s) or timing.reopen_s <= 0:
        return None
    return replace(alert, state=AlertState.PENDING, held_s=0.0, clear_s=0.0)


def _advance_pending(alert: Alert, seen: Seen, timing: Timing) -> Alert | None:
    if seen.verdict is not Verdict.TRUE:
        ended_before = alert.resolved_at is not None
        return replace(alert, state=AlertState.RESOLVED, held_s=0.0) if ended_before else None
    held_s = alert.held_s + seen.counts_s
    if held_s < timing.on_s - _ROUNDING:
        return replace(alert, held_s=held_s)
    return replace(
        alert,
        state=AlertState.FIRING,
        fired_at=alert.fired_at or seen.end,
        resolved_at=None,
        reopened=alert.reopened + (alert.fired_at is not None),
        held_s=held_s,
        clear_s=0.0,
    )


def _advance_firing(alert: Alert, seen: Seen, timing: Timing) -> Alert:
    if seen.verdict is not Verdict.FALSE:
        return replace(alert, held_s=alert.held_s + seen.counts_s, clear_s=0.0)
    clear_s = alert.clear_s + seen.counts_s
    if clear_s < timing.off_s - _ROUNDING:
        return replace(alert, clear_s=clear_s)
    return replace(alert, state=AlertState.RESOLVED, resolved_at=seen.end, clear_s=clear_s)


def samples_until_change(alert: Alert | None, verdict: Verdict, step_s: float, timing: Timing) -> int:
    """Return after how many instants of this verdict the state changes; 0: not at all."""
    firing = alert is not None and alert.state is AlertState.FIRING
    if verdict is Verdict.TRUE and not firing:
        held_s = alert.held_s if alert is not None and alert.state is AlertState.PENDING else 0.0
        return max(1, ceil((timing.on_s - held_s) / step_s - _ROUNDING))
    if verdict is Verdict.FALSE and alert is not None and firing:
        return max(1, ceil((timing.off_s - alert.clear_s) / step_s - _ROUNDING))
    return 0
