"""What a person must look after so that the program can go on: data plans, and backups that can be restored.

Such troubles become alerts as a plant's do: they fire, people are told by the routes in force, and they end
when the trouble is gone. Nothing is known of a subject that is not named: it stays as it is.
"""

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from alerts.upkeep import RESTORE_FAILED, UPKEEP
from domain.alert import Alert, AlertState, Severity
from domain.clock import Clock
from stores.alert_protocol import AlertStore


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that must be looked after. ``plant_id`` empty: it concerns the whole program."""

    rule: str
    subject: str
    severity: Severity
    plant_id: str = ""
    evidence: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        """Rule, subject and part, as an alert has them."""
        return self.rule, self.subject, ""


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found: troubles, and every (rule, subject) that could be judged at all."""

    troubles: tuple[Trouble, ...] = ()
    judged: frozenset[tuple[str, str]] = frozenset()


Look = Callable[[], Looked]


class UpkeepWatch:
    """The job that looks, settles what it found with the alerts that are open, and says how many changed."""

    def __init__(self, alerts: AlertStore, clock: Clock, looks: Sequence[Look]) -> None:
        self._alerts = alerts
        self._clock = clock
        self._looks = tuple(looks)

    def step(self, period: datetime | None = None) -> str:  # noqa: ARG002 (what is open says what is due)
        """Look once."""
        found = [look() for look in self._looks]
        now = self._clock.now()
        troubles = {one.key: one for each in found for one in each.troubles}
        judged = frozenset().union(*(each.judged for each in found)) if found else frozenset()
        changed = self._changed(troubles, judged, now)
        if changed:
            self._alerts.put_alerts(changed, now)
        return f"{len(troubles)} to look after, {len(changed)} changed"

    def _changed(
        self,
        troubles: dict[tuple[str, str, str], Trouble],
        judged: Collection[tuple[str, str]],
        now: datetime,
    ) -> list[Alert]:
        lives = {each.key: each for each in self._alerts.open_alerts() if each.rule in UPKEEP}
        changed = []
        for key, trouble in troubles.items():
            known = lives.get(key)
            if known is None:
                changed.append(_alert(trouble, now))
            elif (known.severity, dict(known.evidence)) != (trouble.severity, trouble.evidence):
                changed.append(replace(known, severity=trouble.severity, evidence=trouble.evidence))
        changed += [
            replace(each, state=AlertState.RESOLVED, resolved_at=now)
            for key, each in lives.items()
            if key not in troubles and key[:2] in judged
        ]
        return changed


def _alert(trouble: Trouble, now: datetime) -> Alert:
    mark = hashlib.sha256(f"{trouble.rule}|{trouble.subject}|{now.isoformat()}".encode()).hexdigest()[:24]
    return Alert(
        alert_id=mark,
        rule=trouble.rule,
        plant_id=trouble.plant_id,
        device_id="",
        part="",
        severity=trouble.severity,
        state=AlertState.FIRING,
        since=now,
        fired_at=now,
        subject=trouble.subject,
        cause="upkeep",
        evidence=trouble.evidence,
    )


def restore_look(newest: Callable[[], tuple[bool, str] | None]) -> Look:
    """Return the look at the newest restore test; ``newest`` gives whether it went well and why not."""

    def look() -> Looked:
        result = newest()
        if result is None:
            return Looked()
        judged = frozenset({(RESTORE_FAILED, "pvmon")})
        ok, reason = result
        if ok:
            return Looked((), judged)
        trouble = Trouble(RESTORE_FAILED, "pvmon", Severity.S2, evidence={"reason": reason[:200]})
        return Looked((trouble,), judged)

    return look
