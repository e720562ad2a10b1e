"""Alerts of industries: what the reports, prices and funds say now is carried on into alerts, by the hour.

The alerts are those of the one store: people acknowledge, silence and shelve them and are told of them on the
same paths. What is not known keeps an alert as it is.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from alerts.industry import lived_on
from alerts.rule import AlertRule
from domain.alert import Alert
from domain.clock import Clock
from domain.industry import Finding, IndustryRule
from stores.alert_protocol import AlertStore

STEP_S = 3600.0
NO_PLANT = ("",)  # alerts that name no plant
Findings = Callable[[Sequence[str]], Sequence[Finding]]


class IndustryWatch:
    """The job of every hour.

    Parameters
    ----------
    findings : callable
        Gives what is so now, also of the months named: those somebody still owes.
    """

    def __init__(
        self, alerts: AlertStore, clock: Clock, rules: Sequence[AlertRule], findings: Findings
    ) -> None:
        self._alerts = alerts
        self._clock = clock
        self._rules = {one.rule_id: one for one in rules if one.rule_id.startswith("I")}
        self._findings = findings
        self._reopen = timedelta(
            seconds=max((one.timing.reopen_s for one in self._rules.values()), default=0)
        )

    def step(self, period: datetime | None = None) -> str:  # noqa: ARG002 (what is so now is judged, not a period)
        """Carry on every alert; return a line for the job table."""
        now = self._clock.now()
        opened = [one for one in self._alerts.open_alerts(NO_PLANT) if one.is_of_industries]
        ended = [one for one in self._alerts.resolved_since(now - self._reopen) if one.is_of_industries]
        owed = sorted({one.part for one in opened if one.rule == IndustryRule.NO_REPORT.value})
        findings = self._findings(owed)
        since = now - timedelta(seconds=STEP_S)
        changed: list[Alert] = lived_on([*ended, *opened], findings, self._rules, since, now)
        self._alerts.put_alerts(changed, now)
        return f"{len(findings)} judged, {len(changed)} changed"
