"""The life of alerts of industries: findings → alerts, by the same life cycle as alerts of plants. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from alerts.catalog import KINDS
from alerts.lifecycle import Seen, advance
from alerts.rule import AlertRule
from domain.alert import Alert, AlertState, Verdict
from domain.industry import Finding

Key = tuple[str, str, str]


def lived_on(
    known: Iterable[Alert],
    findings: Iterable[Finding],
    rules: Mapping[str, AlertRule],
    since: datetime,
    now: datetime,
) -> list[Alert]:
    """Return the alerts that are new or changed after one more look, which covers ``[since, now)``.

    Parameters
    ----------
    known : iterable of Alert
        Those that are open, and those that ended a while ago: trouble that is back soon is the same alert.
    """
    lives: dict[Key, Alert] = {}
    for one in sorted(known, key=lambda each: each.since):
        lives[one.key] = one
    changed = []
    for finding in findings:
        rule = rules.get(finding.rule.value)
        if rule is None or not rule.enabled:
            continue
        before = lives.get((finding.rule.value, finding.subject, finding.part))
        alert = _advanced(before, finding, rule, since, now)
        if alert is not None and alert != before:
            changed.append(alert)
    return changed


def _advanced(
    before: Alert | None, finding: Finding, rule: AlertRule, since: datetime, now: datetime
) -> Alert | None:
    def begin(at: datetime) -> Alert:
        part = f"-{finding.part}" if finding.part else ""
        return Alert(
            f"{rule.rule_id}-{finding.subject}{part}-{at:%Y%m%dT%H%M%S}",
            rule.rule_id,
            "",
            "",
            finding.part,
            rule.severity,
            AlertState.PENDING,
            since=at,
            subject=finding.subject,
            cause=KINDS[rule.rule_id].cause,
        )

    seen = Seen(finding.verdict, since, now, (now - since).total_seconds())
    alert = advance(before, seen, rule.timing, begin)
    if alert is None or finding.verdict is not Verdict.TRUE:
        same = before is not None and alert is not None and alert.state is before.state
        return before if same else alert
    if before is not None and before.is_open and dict(before.evidence) == dict(finding.evidence):
        return before  # nothing is news: what it has held needs no new row every time
    return replace(alert, evidence=dict(finding.evidence), severity=rule.severity)
