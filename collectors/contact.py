"""Contact with one device: what it answered last, when to ask it again, and the one line a change is worth."""

import logging
import random
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from domain.errors import CollectError, MalformedAnswerError, NoConnectionError, RefusedError
from domain.health import Contact, Health, Reason

log = logging.getLogger(__name__)

STRIKES = 3  # failed cycles until a device counts as dead
BACK_OFF_MOST_S = 200.0
ASLEEP_PROBE_S = 600.0
NIGHT_ELEVATION_DEG = -2.0
DAY_ELEVATION_DEG = 5.0
GATEWAY_CODES = frozenset({10, 11})  # the gateway answers for a unit it cannot reach
ILLEGAL_CODES = frozenset({1, 2, 3})


class Light(Enum):
    """How high the sun stands over the plant, as far as a sleeping inverter cares."""

    NIGHT = "night"  # silence is sleep
    TWILIGHT = "twilight"  # waking or falling asleep: silence is asked about again, not announced
    DAY = "day"

    @classmethod
    def at(cls, elevation_deg: float) -> "Light":
        """Return the light at a sun elevation. [degrees]"""
        if elevation_deg < NIGHT_ELEVATION_DEG:
            return cls.NIGHT
        return cls.TWILIGHT if elevation_deg < DAY_ELEVATION_DEG else cls.DAY


@dataclass(slots=True)
class DeviceContact:
    """Mutable state of one device on a wire; `health` gives the frozen view.

    Attributes
    ----------
    sleeps : bool
        Silent by night is expected (an inverter), not a fault.
    strikes : int
        Cycles in a row without one good answer.
    suspended : bool
        On the known-dead (or asleep) list: only probed, when ``due_s`` has come. [field seconds]
    """

    device_id: str
    sleeps: bool
    contact: Contact = Contact.UNKNOWN
    reason: Reason = Reason.NOT_ASKED
    code: int = 0
    since: datetime | None = None
    last_answer_at: datetime | None = None
    good: int = 0
    malformed: int = 0
    timeouts: int = 0
    refused: int = 0
    strikes: int = 0
    probes: int = 0
    suspended: bool = False
    due_s: float = 0.0
    said: bool = False
    asked: bool = False  # in the cycle under way
    asked_at: datetime | None = None

    def count(self, error: CollectError) -> None:
        """Count one failed request."""
        if isinstance(error, MalformedAnswerError):
            self.malformed += 1
        elif isinstance(error, RefusedError):
            self.refused += 1
        else:
            self.timeouts += 1

    def answered(self, now: datetime) -> None:
        """Note a cycle with at least one good answer."""
        self.last_answer_at = now
        self.strikes = self.probes = 0
        self.suspended = False
        if self.said:
            log.info("device %s answers again", self.device_id)
            self.said = False
        self._become(Contact.ANSWERING, Reason.NONE, 0, now)

    def failed(self, now: datetime, error: CollectError, light: Light) -> None:
        """Note a cycle without any good answer; ``error`` is the last one."""
        self.strikes += not isinstance(error, NoConnectionError)  # the gateway's fault is not the device's
        contact, reason, code = _judge(error)
        if self.sleeps and contact is not Contact.MALFORMED and not self.said:
            if light is Light.NIGHT:
                self._become(Contact.ASLEEP, Reason.ASLEEP, 0, now)
                self.suspended = self.suspended or contact is Contact.SILENT
                return
            if light is Light.TWILIGHT and self.contact is Contact.ASLEEP:
                return  # the sun is up, but not enough to wake this one
        self._become(contact, reason, code, now)
        if self.strikes < STRIKES or isinstance(error, NoConnectionError):
            return
        self.suspended = contact is Contact.SILENT and code not in GATEWAY_CODES
        if not self.said and not (self.sleeps and light is Light.TWILIGHT):
            self.said = True
            what = "does not answer" if contact is Contact.SILENT else "answers without data"
            log.warning("device %s %s: %s", self.device_id, what, error)

    def woken(self) -> None:
        """Note that the night is over: a sleeper is due, and its silence is counted from now."""
        if self.contact is Contact.ASLEEP:
            self.strikes = self.probes = 0
            self.due_s = 0.0

    def schedule(self, now_s: float, period_s: float, light: Light) -> None:
        """Set when a suspended device is probed next, with jitter. [field seconds]"""
        jitter = random.uniform(0.9, 1.1)  # noqa: S311 (spread, not secrecy)
        if self.contact is Contact.ASLEEP and light is Light.NIGHT:
            self.due_s = now_s + ASLEEP_PROBE_S * (jitter + 0.1)
            return
        self.probes += 1
        wait_s = min(BACK_OFF_MOST_S, period_s * 2.0 ** min(self.probes - 1, 10))
        self.due_s = now_s + min(BACK_OFF_MOST_S, wait_s * jitter)

    def health(self) -> Health:
        """Return the frozen view."""
        return Health(
            self.device_id,
            self.contact,
            self.reason,
            self.code,
            self.since,
            self.last_answer_at,
            self.good,
            self.malformed,
            self.timeouts,
            self.refused,
        )

    def _become(self, contact: Contact, reason: Reason, code: int, now: datetime) -> None:
        if contact is not self.contact:
            self.since = now
        self.contact, self.reason, self.code = contact, reason, code


def _judge(error: CollectError) -> tuple[Contact, Reason, int]:
    if isinstance(error, RefusedError):
        contact = Contact.SILENT if error.code in GATEWAY_CODES else Contact.REFUSED
        return contact, Reason.EXCEPTION, error.code
    if isinstance(error, MalformedAnswerError):
        return Contact.MALFORMED, Reason.MALFORMED, 0
    if isinstance(error, NoConnectionError):
        return Contact.SILENT, Reason.WIRE_DOWN, 0
    return Contact.SILENT, Reason.NO_ANSWER, 0
