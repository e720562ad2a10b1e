"""What a store of alerts promises; spelled out in tests/stores/records/alert_contract.py."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from domain.alert import Alert, Transition
from domain.timespan import Interval


class AlertStore(Protocol):
    """Alerts and the log of their transitions. Thread safe.

    ``plant_ids`` None means every plant; an alert of several plants is found by any of them.
    """

    def put_alerts(self, alerts: Sequence[Alert], at: datetime) -> int:
        """Keep new and changed alerts together or not at all; return how many transitions that made.

        A transition is written where state, severity or parent differ from what was kept; the same alert
        twice makes none. A pending alert is kept without one: nobody has been told of it.
        """
        ...

    def put_history(self, steps: Sequence[tuple[datetime, Alert]]) -> int:
        """Keep a past: each alert as it became at its instant, in order, in few commits; return as `put_alerts`."""
        ...

    def forget_alerts(self, alert_ids: Collection[str]) -> int:
        """Drop pending alerts that came to nothing; others stay. Return how many were dropped."""
        ...

    def alert(self, alert_id: str) -> Alert | None:
        """Return an alert."""
        ...

    def open_alerts(self, plant_ids: Collection[str] | None = None) -> list[Alert]:
        """Return firing alerts, the most severe first, then the oldest."""
        ...

    def pending_alerts(self) -> list[Alert]:
        """Return alerts whose condition has not held long enough yet."""
        ...

    def resolved_since(self, instant: datetime) -> list[Alert]:
        """Return alerts that ended at or after ``instant``, oldest end first."""
        ...

    def alert_history(
        self,
        interval: Interval,
        plant_ids: Collection[str] | None = None,
        *,
        device_id: str | None = None,
        count_max: int = 500,
    ) -> list[Alert]:
        """Return alerts that fired and overlap ``interval``, newest first."""
        ...

    def children(self, alert_id: str) -> list[Alert]:
        """Return alerts that another one explains, oldest first."""
        ...

    def transitions(self, alert_id: str) -> list[Transition]:
        """Return the life of an alert, oldest first."""
        ...

    def transitions_after(self, number: int, count_max: int = 1000) -> list[Transition]:
        """Return transitions with a greater number, oldest first: what has happened since one looked."""
        ...

    def judged_until(self, plant_id: str) -> datetime | None:
        """Return the end of what was judged of a plant, None before the first time."""
        ...

    def put_judged_until(self, ends: Sequence[tuple[str, datetime]]) -> None:
        """Note how far plants were judged."""
        ...
