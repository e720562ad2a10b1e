"""What the command line asks about notifications, over a line of JSON, whether here or of a running instance."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from access.guard import guarded
from access.permissions import Permission
from access.principal import Principal, console_principal
from alerts.calls import call_list
from alerts.message import line
from commands.audit import Audited, command
from domain.alert import Severity
from domain.clock import Clock
from domain.errors import CommandError
from domain.notification import Channel, Event, Notification, Notifying
from domain.plant import Registry
from stores.work_protocol import WorkStore
from texts.loader import Texts

Order = Callable[[Mapping[str, Any]], Mapping[str, Any]]
_TEST_EXPIRES = timedelta(minutes=5)


@guarded
class Notifications(Audited):
    """Targets, a test message, the log of what was told and why not, and alert rates.

    ``channels`` are the ways out of this process; ``faults`` says why a target has none. ``may_send`` is
    False while the registry or the people are a sample outside the demonstration.
    """

    def __init__(
        self,
        records: WorkStore,
        registry: Registry,
        notifying: Notifying,
        channels: Mapping[str, Channel],
        faults: list[str],
        clock: Clock,
        field_clock: Clock,
        *,
        may_send: bool,
    ) -> None:
        super().__init__(records, clock, field_clock)
        self._work = records
        self._registry = registry
        self._notifying = notifying
        self._channels = channels
        self._faults = faults
        self._may_send = may_send

    @command(Permission.CHANGE_NOTIFYING, "notify.targets")
    def targets(self, principal: Principal) -> dict[str, Any]:  # noqa: ARG002 (the guard's)
        """Return every target and whether it can be used."""
        rows = [
            {"target": one.target_id, "kind": one.kind.value, "usable": one.target_id in self._channels}
            for one in self._notifying.targets
        ]
        return {"targets": rows, "faults": self._faults, "may_send": self._may_send}

    @command(Permission.CHANGE_NOTIFYING, "notify.test")
    def test(self, principal: Principal, target_id: str) -> None:
        """Send a test message now.

        Raises
        ------
        CommandError
            The people are invented, or there is no such target.
        NotifyError
            The target did not take it.
        """
        texts = Texts(principal.language)
        if not self._may_send:
            raise CommandError(texts("notify.verb.sample"))
        channel = self._channels.get(target_id)
        if channel is None:
            known = ", ".join(one.target_id for one in self._notifying.targets)
            faults = " ".join(self._faults)
            raise CommandError(
                f"{texts('notify.verb.no_target', target=target_id, known=known)} {faults}".strip()
            )
        now = self._field_clock.now()
        body = texts("notify.test_body", target=target_id)
        title = texts("notify.test_title")
        message = Notification(
            uuid4().hex,
            target_id,
            principal.user_id,
            Event.TEST,
            Severity.S4,
            title,
            body,
            now,
            now + _TEST_EXPIRES,
        )
        with self._carry_out(principal, "notify.test", target_id):
            channel.send(message)

    @command(Permission.CHANGE_NOTIFYING, "notify.log")
    def log(self, principal: Principal, alert_id: str | None, days: float) -> list[dict[str, str]]:
        """Return decisions and deliveries, newest first, each with its reason in words."""
        texts = Texts(principal.language)
        since = self._field_clock.now() - timedelta(days=days)
        rows = [
            {
                "at": one.at.isoformat(),
                "alert": one.alert_id,
                "receiver": one.receiver_id,
                "reason": texts(f"notify.reason.{one.reason.value}"),
                "code": one.reason.value,
            }
            for one in self._work.decisions(alert_id=alert_id, since=since)
        ]
        for sent in self._work.notifications(since, alert_id=alert_id):
            state = texts(f"notify.state.{sent.state.value}")
            rows.append(
                {
                    "at": (sent.sent_at or sent.created_at).isoformat(),
                    "alert": ",".join(sent.alert_ids[:3]),
                    "receiver": f"{sent.receiver_id}→{sent.target_id}",
                    "reason": f"{state} {sent.failure}".strip(),
                    "code": sent.state.value,
                }
            )
        return sorted(rows, key=lambda row: row["at"], reverse=True)

    @command(Permission.CHANGE_NOTIFYING, "notify.calls")
    def calls(self, principal: Principal) -> list[dict[str, str]]:
        """Return today's call list: who has no target that can be used, and which open alerts are theirs."""
        texts, now = Texts(principal.language), self._field_clock.now()
        alerts = self._work.open_alerts()
        acts = self._work.alert_acts([alert.alert_id for alert in alerts])
        stops = self._work.stops(now - timedelta(days=60), now + timedelta(seconds=1))
        found = call_list(alerts, acts, stops, self._registry, self._reachable(), now)
        return [
            {"name": who.name, "phone": who.phone, "text": line(alert, self._registry, texts)}
            for who, alert in found
        ]

    def _reachable(self) -> Notifying:
        """Return who is told, with those targets only that have a channel here."""
        receivers = tuple(
            replace(one, target_ids=tuple(name for name in one.target_ids if name in self._channels))
            for one in self._notifying.receivers
        )
        return replace(self._notifying, receivers=receivers)


def notify_orders(notifications: Notifications) -> Mapping[str, Order]:
    """Return the orders by name; they act as the console."""

    def who(payload: Mapping[str, Any]) -> Principal:
        return console_principal(str(payload.get("language") or "zh"))

    def tested(payload: Mapping[str, Any]) -> Mapping[str, Any]:
        target_id = str(payload.get("target", ""))
        notifications.test(who(payload), target_id)
        return {"target": target_id, "sent": True}

    def logged(payload: Mapping[str, Any]) -> Mapping[str, Any]:
        alert_id = payload.get("alert")
        days = float(payload.get("days") or 1)
        return {"log": notifications.log(who(payload), str(alert_id) if alert_id else None, days)}

    return {
        "notify.targets": lambda payload: notifications.targets(who(payload)),
        "notify.test": tested,
        "notify.log": logged,
        "notify.calls": lambda payload: {"calls": notifications.calls(who(payload))},
    }
