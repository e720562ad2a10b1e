"""Messages on their way, who was told, and why or why not, in the records store."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Text as SqlText
from sqlalchemy import cast, func, insert, or_, select, update

from domain.alert import Severity
from domain.errors import RecordRejectedError
from domain.notification import Decision, DeliveryState, Event, Notification, Reason, Told
from stores.records.database import Database
from stores.records.handling import IDS_MAX
from stores.records.notification_schema import DECISIONS, NOTIFICATIONS, TOLD


class Notifications:
    """Implements stores.notification_protocol.NotificationStore."""

    _database: Database

    def queue(self, told: Sequence[Told], notifications: Sequence[Notification]) -> None:
        """Keep messages and what they tell, all or nothing."""
        try:
            with self._database.writing() as connection:
                if told:
                    connection.execute(insert(TOLD), [_told_row(one) for one in told])
                if notifications:
                    connection.execute(insert(NOTIFICATIONS), [_row(one) for one in notifications])
        except RecordRejectedError as error:
            raise RecordRejectedError("one of these occasions was told before; nothing was queued") from error

    def told(self, alert_ids: Sequence[str]) -> dict[str, list[Told]]:
        """Return who was told of each alert, oldest first."""
        found: dict[str, list[Told]] = {}
        with self._database.reading() as connection:
            for first in range(0, len(alert_ids), IDS_MAX):
                wanted = select(TOLD).where(TOLD.c.alert_id.in_(alert_ids[first : first + IDS_MAX]))
                for row in connection.execute(wanted.order_by(TOLD.c.at)).mappings():
                    found.setdefault(row["alert_id"], []).append(_told(row))
        return found

    def sent_since(self, since: datetime) -> Mapping[str, int]:
        """Return how many messages each receiver was given since an instant."""
        counted = func.count(func.distinct(TOLD.c.notification_id))
        wanted = select(TOLD.c.receiver_id, counted).where(TOLD.c.at >= since).group_by(TOLD.c.receiver_id)
        with self._database.reading() as connection:
            return {row[0]: int(row[1]) for row in connection.execute(wanted)}

    def due(self, now: datetime, count_max: int = 500) -> list[Notification]:
        """Return messages to be tried now, oldest first."""
        table = NOTIFICATIONS.c
        wanted = select(NOTIFICATIONS).where(
            table.state == DeliveryState.QUEUED.value,
            or_(table.next_try_at.is_(None), table.next_try_at <= now),
        )
        ordered = wanted.order_by(table.created_at, table.notification_id).limit(count_max)
        with self._database.reading() as connection:
            return [_notification(row) for row in connection.execute(ordered).mappings()]

    def claim(self, notification_id: str) -> bool:
        """Take a queued message for sending; False when somebody has it or it is done."""
        table = NOTIFICATIONS.c
        queued = (table.notification_id == notification_id, table.state == DeliveryState.QUEUED.value)
        return (
            self._database.write(
                update(NOTIFICATIONS).where(*queued).values(state=DeliveryState.SENDING.value)
            )
            == 1
        )

    def settle(self, notification: Notification) -> None:
        """Keep how a try ended."""
        changed = {
            "state": notification.state.value,
            "attempts": notification.attempts,
            "next_try_at": notification.next_try_at,
            "sent_at": notification.sent_at,
            "failure": notification.failure,
        }
        self._database.write(
            update(NOTIFICATIONS)
            .where(NOTIFICATIONS.c.notification_id == notification.notification_id)
            .values(**changed)
        )

    def release_claims(self) -> int:
        """Queue again what was being sent when the program died; return how many."""
        sending = NOTIFICATIONS.c.state == DeliveryState.SENDING.value
        return self._database.write(
            update(NOTIFICATIONS).where(sending).values(state=DeliveryState.QUEUED.value)
        )

    def notifications(
        self, since: datetime, *, alert_id: str | None = None, count_max: int = 500
    ) -> list[Notification]:
        """Return messages, newest first."""
        table = NOTIFICATIONS.c
        wanted = select(NOTIFICATIONS).where(table.created_at >= since)
        if alert_id is not None:
            wanted = wanted.where(cast(table.alert_ids, SqlText).contains(f'"{alert_id}"', autoescape=True))
        ordered = wanted.order_by(table.created_at.desc(), table.notification_id).limit(count_max)
        with self._database.reading() as connection:
            return [_notification(row) for row in connection.execute(ordered).mappings()]

    def add_decisions(self, decisions: Sequence[Decision]) -> None:
        """Keep decisions; only added."""
        if decisions:
            self._database.write(insert(DECISIONS), [_decision_row(one) for one in decisions])

    def decisions(
        self, *, alert_id: str | None = None, since: datetime | None = None, count_max: int = 500
    ) -> list[Decision]:
        """Return decisions, newest first."""
        wanted = select(DECISIONS)
        if alert_id is not None:
            wanted = wanted.where(DECISIONS.c.alert_id == alert_id)
        if since is not None:
            wanted = wanted.where(DECISIONS.c.at >= since)
        ordered = wanted.order_by(DECISIONS.c.at.desc(), DECISIONS.c.number.desc()).limit(count_max)
        with self._database.reading() as connection:
            return [_decision(row) for row in connection.execute(ordered).mappings()]


def _told_row(told: Told) -> dict[str, Any]:
    return {
        "receiver_id": told.receiver_id,
        "alert_id": told.alert_id,
        "occasion": told.key,
        "event": told.event.value,
        "at": told.at,
        "severity": int(told.severity),
        "notification_id": told.notification_id,
    }


def _told(row: Any) -> Told:
    return Told(
        row["receiver_id"],
        row["alert_id"],
        row["occasion"],
        Event(row["event"]),
        row["at"],
        Severity(row["severity"]),
        row["notification_id"],
    )


def _row(notification: Notification) -> dict[str, Any]:
    return {
        "notification_id": notification.notification_id,
        "target_id": notification.target_id,
        "receiver_id": notification.receiver_id,
        "event": notification.event.value,
        "severity": int(notification.severity),
        "title": notification.title,
        "body": notification.body,
        "created_at": notification.created_at,
        "expires_at": notification.expires_at,
        "alert_ids": list(notification.alert_ids),
        "state": notification.state.value,
        "attempts": notification.attempts,
        "next_try_at": notification.next_try_at,
        "sent_at": notification.sent_at,
        "failure": notification.failure,
    }


def _notification(row: Any) -> Notification:
    found = dict(row)
    found["event"] = Event(found["event"])
    found["severity"] = Severity(found["severity"])
    found["state"] = DeliveryState(found["state"])
    found["alert_ids"] = tuple(found["alert_ids"])
    return Notification(**found)


def _decision_row(decision: Decision) -> dict[str, Any]:
    return {
        "at": decision.at,
        "alert_id": decision.alert_id,
        "receiver_id": decision.receiver_id,
        "reason": decision.reason.value,
        "until": decision.until,
    }


def _decision(row: Any) -> Decision:
    return Decision(row["at"], row["alert_id"], row["receiver_id"], Reason(row["reason"]), row["until"])
