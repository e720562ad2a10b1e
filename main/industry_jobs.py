"""The jobs of the other industries: alerts by the hour, questions about households by the week, and their end."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from access.principal import Principal
from domain.account import Role, Scope
from domain.industry import Finding
from domain.timespan import day_of
from jobs.schedule import Job
from jobs.watch_industries import STEP_S, IndustryWatch
from main.configuration import load_alert_rules

if TYPE_CHECKING:
    from main.instance import Instance

_DAY_S = 86_400.0
_WEEK_S = 7 * _DAY_S
_FORGET_AT_S = 18 * 3600.0  # 02:00 in Shangzhou, in UTC seconds of the day
_ASK_AT_S = (
    4 * _DAY_S + 0.5 * 3600.0
)  # Monday 08:30 in Shangzhou, in seconds from Thursday 1970-01-01 00:00 UTC
WATCH = Principal("watch", "watch", frozenset({Role.COUNTY}), Scope(everything=True), address="job")


def industry_jobs(instance: "Instance") -> list[Job]:
    """Return the jobs; without `industries.yaml` they find nothing, and what was asked before is still deleted."""
    options, records = instance.options, instance.records
    services = instance.industries_on(options.clock)
    overlay = options.settings.overlay_dir
    book = load_alert_rules(options.settings.config_dir, overlay if overlay.is_dir() else None)

    def findings(owed: Sequence[str]) -> list[Finding]:
        return services.alert_views.findings(WATCH, owed)

    def ask(period: datetime) -> str:  # noqa: ARG001 (what fell is judged against today)
        return f"{services.stability.ask(WATCH)} questions to towns"

    def forget(period: datetime) -> str:  # noqa: ARG001
        return f"{records.delete_questions(day_of(options.clock.now()))} questions about households"

    watch = IndustryWatch(records, options.clock, book.rules, findings)
    return [
        Job("watch_industries", STEP_S, watch.step),
        Job("ask_households", _WEEK_S, ask, offset_s=_ASK_AT_S),
        Job("forget_questions", _DAY_S, forget, offset_s=_FORGET_AT_S),
    ]
