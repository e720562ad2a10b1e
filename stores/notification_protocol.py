"""What stores of people's acts on alerts, of planned stops, and of messages promise."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.handling import AlertAct, PlannedStop
from domain.notification import Decision, Notification, Told


class HandlingStore(Protocol):
    """People's acts on alerts (only added) and planned stops."""

    def add_alert_act(self, act: AlertAct) -> None:
        """Keep an act; RecordRejectedError when somebody else's act took this number."""
        ...

    def alert_acts(self, alert_ids: Sequence[str]) -> dict[str, list[AlertAct]]:
        """Return the acts on each alert that has any, in their order."""
        ...

    def add_stop(self, stop: PlannedStop) -> None:
        """Keep a planned stop."""
        ...

    def end_stop(self, stop_id: str, at: datetime, by: str) -> bool:
        """Take a stop off early; False when there is none or it was ended before."""
        ...

    def stops(self, start: datetime, end: datetime) -> list[PlannedStop]:
        """Return stops that touch ``[start, end)``, oldest first."""
        ...


class NotificationStore(Protocol):
    """Messages on their way, who was told of what, and why or why not."""

    def queue(self, told: Sequence[Told], notifications: Sequence[Notification]) -> None:
        """Keep messages and what they tell, all or nothing.

        Raises
        ------
        RecordRejectedError
            One of the occasions was told before; nothing was kept.
        """
        ...

    def told(self, alert_ids: Sequence[str]) -> dict[str, list[Told]]:
        """Return who was told of each alert, oldest first."""
        ...

    def sent_since(self, since: datetime) -> Mapping[str, int]:
        """Return how many messages each receiver was given since an instant (one per occasion, not per target)."""
        ...

    def due(self, now: datetime, count_max: int = 500) -> list[Notification]:
        """Return messages to be tried now, oldest first."""
        ...

    def claim(self, notification_id: str) -> bool:
        """Take a queued message for sending; False when somebody has it or it is done."""
        ...

    def settle(self, notification: Notification) -> None:
        """Keep how a try ended."""
        ...

    def release_claims(self) -> int:
        """Queue again what was being sent when the program died; return how many."""
        ...

    def notifications(
        self, since: datetime, *, alert_id: str | None = None, count_max: int = 500
    ) -> list[Notification]:
        """Return messages, newest first."""
        ...

    def add_decisions(self, decisions: Sequence[Decision]) -> None:
        """Keep decisions; only added."""
        ...

    def decisions(
        self, *, alert_id: str | None = None, since: datetime | None = None, count_max: int = 500
    ) -> list[Decision]:
        """Return decisions, newest first."""
        ...
