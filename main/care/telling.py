"""Builds what tells people: channels from secret files, the notifier thread, and its jobs."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from access.principal import console_principal
from commands.notifications import Notifications
from domain.clock import SystemClock
from domain.maintenance import Maintenance
from domain.notification import DeliveryState, Notifying
from domain.timespan import day_of, start_of_day
from jobs.care_for_cases import escalate, register_inspections
from jobs.measure_recovery import measure
from jobs.print_calls import CALLS, morning_s, write_calls
from jobs.schedule import Job
from jobs.send_notifications import Delivery, Notifier, Teller
from main.build import Options
from main.care.maintenance import load_maintenance
from main.care.notifying import load_notifying
from notifiers.channels import channels
from stores.records.store import SqlRecordStore

if TYPE_CHECKING:
    from main.instance import Instance

_CARE_PERIOD_S = 300.0
_DAY_S = 86_400.0
_SENT_LOOKED_AT = 10_000
_MORNING_S = 22 * 3600.0  # 06:00 in Shangzhou, in UTC seconds of the day


def notifying_of(options: Options) -> Notifying:
    """Return who is told what."""
    return load_notifying(options.settings.config_dir, options.registry)


def maintenance_of(options: Options) -> Maintenance:
    """Return who cares for the plants."""
    return load_maintenance(options.settings.config_dir, options.registry)


def secrets_folder(options: Options) -> Path:
    """Return where the addresses of targets are kept."""
    return options.data / "secrets" / "notify"


def may_send(options: Options, notifying: Notifying) -> bool:
    """Tell whether messages go out: never to invented people or about invented plants, but in the demonstration."""
    return options.demonstration or not (options.registry.sample or notifying.sample)


def sent_today_of(options: Options, notifying: Notifying, records: SqlRecordStore) -> Callable[[str], int]:
    """Return what tells how many messages a target took on this local day."""

    def count(target_id: str) -> int:
        since = start_of_day(day_of(options.clock.now()))
        known = records.notifications(since - notifying.timing.expire_after, count_max=_SENT_LOOKED_AT)
        theirs = [one for one in known if one.target_id == target_id and one.state is DeliveryState.SENT]
        return sum(one.sent_at is not None and one.sent_at >= since for one in theirs)

    return count


def notifications_of(options: Options, records: SqlRecordStore) -> Notifications:
    """Return the commands on notifications."""
    notifying = notifying_of(options)
    found, faults = channels(
        notifying, secrets_folder(options), SystemClock(), sent_today_of(options, notifying, records)
    )
    return Notifications(
        records,
        options.registry,
        notifying,
        found,
        faults,
        SystemClock(),
        options.clock,
        may_send=may_send(options, notifying),
    )


def notifier_of(options: Options, records: SqlRecordStore) -> Notifier:
    """Return the thread that tells people."""
    notifying = notifying_of(options)
    found, _ = channels(
        notifying, secrets_folder(options), SystemClock(), sent_today_of(options, notifying, records)
    )
    public = options.settings.public_url.rstrip("/")

    def link(alert_id: str) -> str:
        page = "industry-alerts" if alert_id.startswith("I") else "queue"
        return f"{public}/app/{page}/{alert_id}".rstrip("/") if public else ""

    teller = Teller(
        records,
        options.registry,
        notifying,
        options.clock,
        may_send(options, notifying),
        link,
    )
    return Notifier(teller, Delivery(records, found, options.clock))


def care_jobs(instance: "Instance") -> list[Job]:
    """Return the jobs that look after cases."""
    options, records = instance.options, instance.records
    notifying, maintenance = notifying_of(options), maintenance_of(options)
    registry = options.registry

    def care(period: datetime) -> str:  # noqa: ARG001 (what is open says what is due)
        now = options.clock.now()
        measured = measure(records, instance.store, registry, now)
        late = escalate(records, maintenance, notifying, now, real_people=may_send(options, notifying))
        return f"{measured} measured, {late} escalated"

    def inspections(period: datetime) -> str:  # noqa: ARG001
        return f"{register_inspections(records, registry, maintenance, options.clock.now())} registered"

    told = notifications_of(options, records)

    def calls(period: datetime) -> str:  # noqa: ARG001 (who is to be called today, not then)
        found = told.calls(console_principal())
        return f"{write_calls(found, options.data / CALLS, options.clock.now())} lines"

    return [
        Job("call_list", _DAY_S, calls, offset_s=morning_s(notifying.timing)),
        Job("care_for_cases", _CARE_PERIOD_S, care),
        Job("register_inspections", _DAY_S, inspections, offset_s=_MORNING_S),
    ]
