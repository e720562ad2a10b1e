"""Small makers of alerts, receivers and routes for tests of telling."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from domain.alert import Alert, AlertState, Severity
from domain.notification import Notifying, Receiver, Route, Target, TargetKind, Timing, When

NOON = datetime(2026, 7, 6, 4, 0, tzinfo=UTC)  # Monday 12:00 in Shangzhou
S = Severity


def at(minute: float) -> datetime:
    return NOON + timedelta(minutes=minute)


def alert(alert_id: str = "x1", severity: Severity = S.S2, minute: float = 0, **changes: object) -> Alert:
    made = Alert(
        alert_id,
        "F08",
        "a",
        "a-i1",
        "",
        severity,
        AlertState.FIRING,
        at(minute - 10),
        at(minute),
        at_risk_fen=12_300,
        subject="a-i1",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def resolved(one: Alert, minute: float) -> Alert:
    return replace(one, state=AlertState.RESOLVED, resolved_at=at(minute))


def receiver(receiver_id: str = "zhao", role: str = "field", **changes: object) -> Receiver:
    made = Receiver(receiver_id, "赵某（虚构）", role, ("wecom",), daily_max=3)
    return replace(made, **changes)  # type: ignore[arg-type]


def route(*severities: Severity, when: When = When.AT_ONCE, role: str = "field", **changes: object) -> Route:
    made = Route(f"{role}-{when.value}", frozenset({role}), frozenset(severities), when)
    return replace(made, **changes)  # type: ignore[arg-type]


ROUTES = (
    route(S.S1),
    route(S.S2, when=When.DAYTIME),
    route(S.S3, when=When.DAILY_LIST),
    route(S.S4, when=When.WEEKLY),
    route(S.S1, S.S2, when=When.UNACKNOWLEDGED, role="lead", after=timedelta(minutes=30)),
    route(S.S1, S.S2, S.S3, role="desk"),
)
TIMING = Timing()


def notifying(*receivers: Receiver, **changes: object) -> Notifying:
    targets = tuple(Target(name, TargetKind.LOG) for name in ("wecom", "mail", "desk"))
    made = Notifying(False, targets, receivers or (receiver(),), ROUTES)
    return replace(made, **changes)  # type: ignore[arg-type]
