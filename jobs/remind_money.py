"""Money's calendar is told, not only shown: what is due in three days, what is overdue, what is overdue for long.

Every morning, each thing once a stage to whoever keeps money (role ``money``), within their towns; what is overdue for
long goes to who answers for it (``money_lead``) as well.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from domain.alert import Severity
from domain.clock import Clock
from domain.errors import RecordRejectedError
from domain.notification import Event, Notification, Notifying, Receiver, Told
from domain.plant import Registry
from domain.timespan import day_of
from revenue.money_calendar import Due
from stores.notification_protocol import NotificationStore
from texts.loader import Texts

AHEAD = timedelta(days=3)
KEEPER, LEAD = "money", "money_lead"
_LINES_MAX = 20
_EXPIRE = timedelta(hours=48)


class Stage(StrEnum):
    """How pressing something is; each stage is told once."""

    SOON = "soon"
    OVER = "over"
    ESCALATED = "escalated"


_SEVERITIES = {Stage.SOON: Severity.S4, Stage.OVER: Severity.S3, Stage.ESCALATED: Severity.S2}


def stage_of(due: Due, today: date) -> Stage | None:
    """Return how pressing something is today, None while there is time."""
    if due.escalates:
        return Stage.ESCALATED
    if due.is_over:
        return Stage.OVER
    return Stage.SOON if due.on - today <= AHEAD else None


def identity_of(due: Due) -> str:
    """Return what stays the same about a thing due, whatever the day."""
    return f"due|{due.kind_name}|{due.subject}|{due.period}"


@dataclass(frozen=True)
class MoneyReminder:
    """Tells what is due.

    Parameters
    ----------
    dues : callable
        Gives everything of the calendar, of the whole district.
    real_people : bool
        False while registry or people are invented outside the demonstration: nobody is told.
    """

    store: NotificationStore
    registry: Registry
    notifying: Notifying
    clock: Clock
    dues: Callable[[], Sequence[Due]]
    real_people: bool = True

    def step(self, period: datetime) -> str:  # noqa: ARG002 (what is due is judged against today)
        """Tell what is news; return how many messages were queued."""
        if not self.real_people:
            return "sample: nobody is told"
        now = self.clock.now()
        staged: dict[Stage, list[Due]] = {}
        for due in self.dues():
            stage = stage_of(due, day_of(now))
            if stage is not None:
                staged.setdefault(stage, []).append(due)
        told = self.store.told([identity_of(due) for every in staged.values() for due in every])
        known = {(one.receiver_id, one.alert_id, one.key) for every in told.values() for one in every}
        count = 0
        for receiver in self.notifying.receivers:
            for stage, every in staged.items():
                if receiver.role == KEEPER or (receiver.role == LEAD and stage is Stage.ESCALATED):
                    news = [
                        due
                        for due in every
                        if self._is_theirs(receiver, due)
                        and (receiver.receiver_id, identity_of(due), stage.value) not in known
                    ]
                    count += self._tell(receiver, stage, sorted(news), now)
        return f"{count} messages"

    def _is_theirs(self, receiver: Receiver, due: Due) -> bool:
        if not receiver.town_ids and not receiver.plant_ids:
            return True
        plant = self.registry.plants_by_id.get(due.subject)
        village = self.registry.villages_by_id.get(due.subject)
        towns = {one.town_id for one in (plant, village) if one is not None}
        return due.subject in receiver.plant_ids or bool(towns & receiver.town_ids)

    def _tell(self, receiver: Receiver, stage: Stage, dues: Sequence[Due], now: datetime) -> int:
        if not dues or not receiver.target_ids:
            return 0
        texts = Texts(receiver.language)
        title = texts("reminding.title", stage=texts(f"reminding.stage.{stage.value}"), count=len(dues))
        body = "\n".join(self._lines(dues, texts))
        said = ",".join(f"{identity_of(due)}:{stage.value}" for due in dues)
        found = [
            Notification(
                hashlib.sha256(f"{receiver.receiver_id}|{target}|{said}".encode()).hexdigest()[:32],
                target,
                receiver.receiver_id,
                Event.DUE,
                _SEVERITIES[stage],
                title,
                body,
                now,
                now + _EXPIRE,
            )
            for target in receiver.target_ids
        ]
        first = found[0].notification_id
        told = [
            Told(
                receiver.receiver_id, identity_of(due), stage.value, Event.DUE, now, _SEVERITIES[stage], first
            )
            for due in dues
        ]
        try:
            self.store.queue(told, found)
        except RecordRejectedError:  # another process told it a moment ago
            return 0
        return len(found)

    def _lines(self, dues: Sequence[Due], texts: Texts) -> Iterable[str]:
        for due in dues[:_LINES_MAX]:
            yield texts(
                "reminding.line",
                on=due.on.isoformat(),
                what=texts(f"revenue.due.{due.kind.value}"),
                whose=self._named(due.subject, texts.language),
                period=due.period,
            )
        if len(dues) > _LINES_MAX:
            yield texts("reminding.more", count=len(dues) - _LINES_MAX)

    def _named(self, subject: str, language: str) -> str:
        plant = self.registry.plants_by_id.get(subject)
        if plant is not None:
            return plant.label(language)
        known = subject in self.registry.villages_by_id
        return self.registry.village_label(subject, language) if known else subject
