"""The job that tells what money's calendar holds, each morning."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from access.principal import Principal
from domain.account import Role, Scope
from jobs.print_calls import morning_s
from jobs.remind_money import MoneyReminder
from jobs.schedule import Job
from main.care.telling import may_send, notifying_of
from revenue.money_calendar import Due

if TYPE_CHECKING:
    from main.instance import Instance

_DAY_S = 86_400.0
_WATCH = Principal("calendar", "calendar", frozenset({Role.COUNTY}), Scope(everything=True), address="job")


def money_jobs(instance: "Instance") -> list[Job]:
    """Return the jobs about money."""
    options = instance.options
    notifying = notifying_of(options)

    def dues() -> Sequence[Due]:
        return instance.money_queries().calendar(_WATCH)

    sends = may_send(options, notifying)
    reminder = MoneyReminder(instance.records, options.registry, notifying, options.clock, dues, sends)
    return [Job("remind_money", _DAY_S, reminder.step, offset_s=morning_s(notifying.timing))]
