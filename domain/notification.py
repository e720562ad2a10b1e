"""Notifications: who is told what, through which target, and why or why not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import Enum
from typing import Protocol

from domain.alert import Severity
from domain.timespan import DEFAULT_ZONE


class Event(Enum):
    """What a message is about."""

    FIRING = "firing"
    WORSE = "worse"  # its severity rose
    REMINDER = "reminder"
    RESOLVED = "resolved"
    ESCALATION = "escalation"  # nobody acknowledged it
    OVERDUE = "overdue"  # a case, to the responsible person
    REPORT = "report"  # one that is made by schedule
    DUE = "due"  # of money's calendar
    TEST = "test"


class Reason(Enum):
    """Why somebody is told, or is not. Every decision has one."""

    FIRST = "first"
    WORSE = "worse"
    REMINDER = "reminder"
    RESOLVED = "resolved"
    UNACKNOWLEDGED = "unacknowledged"
    # not told
    CHILD = "child"  # its parent explains it
    MAINTENANCE = "maintenance"
    OUTAGE = "outage"
    SHELVED = "shelved"
    SILENCED = "silenced"
    ACKNOWLEDGED = "acknowledged"
    ALREADY_TOLD = "already_told"
    RESOLVED_BEFORE = "resolved_before"  # it ended before anybody was to be told
    DELAYED = "delayed"
    GROUPING = "grouping"
    QUIET_HOURS = "quiet_hours"
    DAILY_LIST = "daily_list"
    WEEKLY_REPORT = "weekly_report"
    CAPPED = "capped"
    WAITING = "waiting"  # for somebody to acknowledge
    NO_ROUTE = "no_route"
    NO_RECEIVER = "no_receiver"
    NO_CHANNEL = "no_channel"
    SAMPLE = "sample"  # the registry or the people are invented


TELLING = frozenset({Reason.FIRST, Reason.WORSE, Reason.REMINDER, Reason.RESOLVED, Reason.UNACKNOWLEDGED})


class When(Enum):
    """At what time a route tells."""

    AT_ONCE = "at_once"
    DAYTIME = "daytime"
    DAILY_LIST = "daily_list"
    WEEKLY = "weekly"
    UNACKNOWLEDGED = "unacknowledged"  # escalation


class TargetKind(Enum):
    """How a message leaves the program."""

    DESK = "desk"  # the open pages
    LOG = "log"
    APPRISE = "apprise"  # DingTalk, WeCom, Feishu, Lark, e-mail
    WEBHOOK = "webhook"
    MQTT = "mqtt"
    SMS = "sms"  # a 4G modem; danger only


@dataclass(frozen=True, slots=True)
class Target:
    """One way out. Its address holds a secret and stays in a file; here is only the file's name."""

    target_id: str
    kind: TargetKind
    secret: str = ""
    topic: str = ""
    daily_max: int = 0  # of an SMS target; 0: as many as come

    def takes(self, severity: Severity) -> bool:
        """Tell whether messages of a severity leave here: text messages are for danger alone."""
        return self.kind is not TargetKind.SMS or severity is Severity.S1


@dataclass(frozen=True, slots=True)
class Receiver:
    """Somebody who is told. Without towns and plants: of everything."""

    receiver_id: str
    name: str
    role: str
    target_ids: tuple[str, ...] = ()
    town_ids: frozenset[str] = frozenset()
    plant_ids: frozenset[str] = frozenset()
    phone: str = ""
    daily_max: int = 0
    language: str = "zh"


@dataclass(frozen=True, slots=True)
class Route:
    """Which roles hear of which alerts, and when. The first route that fits a receiver and an alert counts."""

    route_id: str
    roles: frozenset[str]
    severities: frozenset[Severity]
    when: When
    rules: frozenset[str] = frozenset()
    after: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Timing:
    """When people may be disturbed, and how often. Times are local."""

    day_start: time = time(7, 30)
    day_end: time = time(20, 0)
    list_at: time = time(8, 0)
    group: timedelta = timedelta(seconds=5)
    remind_after: timedelta = timedelta(hours=24)
    reminders_max: int = 2
    expire_after: timedelta = timedelta(hours=24)
    delays: Mapping[str, timedelta] = field(default_factory=dict)
    zone: str = DEFAULT_ZONE


@dataclass(frozen=True)
class Notifying:
    """Everything of ``config/notifying.yaml``. ``sample`` marks invented people: nothing is sent to them.

    ``private_hosts`` are host:port pairs inside the own network that a webhook or mail server may have;
    every other private address is refused.
    """

    sample: bool = True
    targets: tuple[Target, ...] = ()
    receivers: tuple[Receiver, ...] = ()
    routes: tuple[Route, ...] = ()
    timing: Timing = field(default_factory=Timing)
    private_hosts: frozenset[str] = frozenset()

    def target(self, target_id: str) -> Target | None:
        """Return a target by its id."""
        return next((one for one in self.targets if one.target_id == target_id), None)

    def ways_to(self, receiver: Receiver, severity: Severity) -> tuple[str, ...]:
        """Return the targets by which a receiver is told of a severity."""
        found = ((name, self.target(name)) for name in receiver.target_ids)
        return tuple(name for name, target in found if target is None or target.takes(severity))


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether somebody is told of an alert at an instant, and why. ``until``: when it is looked at again."""

    at: datetime
    alert_id: str
    receiver_id: str
    reason: Reason
    until: datetime | None = None

    @property
    def tell(self) -> bool:
        """Whether a message goes out."""
        return self.reason in TELLING


@dataclass(frozen=True, slots=True)
class Told:
    """That a receiver was told of an alert. ``key`` names the occasion: the same one is never told twice."""

    receiver_id: str
    alert_id: str
    key: str
    event: Event
    at: datetime
    severity: Severity
    notification_id: str = ""


class DeliveryState(Enum):
    """How far a message got."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    EXPIRED = "expired"
    REFUSED = "refused"  # the target will never take it


@dataclass(frozen=True, slots=True)
class Notification:
    """One message to one target. Kept until delivered, expired or refused; ``failure`` is the last reason."""

    notification_id: str
    target_id: str
    receiver_id: str
    event: Event
    severity: Severity
    title: str
    body: str
    created_at: datetime
    expires_at: datetime
    alert_ids: tuple[str, ...] = ()
    state: DeliveryState = DeliveryState.QUEUED
    attempts: int = 0
    next_try_at: datetime | None = None
    sent_at: datetime | None = None
    failure: str = ""


class Channel(Protocol):
    """A way out of the program."""

    def send(self, notification: Notification) -> None:
        """Hand a message over.

        Raises
        ------
        NotifyError
            It was not taken; ``retry`` says whether to try again.
        """
        ...
