"""Health: how contact with a device stands, and why it is silent. What collectors know and pages show."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Contact(Enum):
    """How a device answered when it was last asked."""

    UNKNOWN = "unknown"  # not asked yet
    ANSWERING = "answering"
    SILENT = "silent"
    ASLEEP = "asleep"  # silent with the sun down: expected of an inverter, not a fault
    REFUSED = "refused"  # it answers, with Modbus exceptions only
    MALFORMED = "malformed"  # what comes does not fit the question


class Reason(Enum):
    """Why there is no data; a closed list. The Modbus code of ``EXCEPTION`` stands in ``Health.code``."""

    NONE = "none"
    NOT_ASKED = "not_asked"
    ASLEEP = "asleep"
    NO_ANSWER = "no_answer"
    WIRE_DOWN = "wire_down"  # no connection to the gateway
    EXCEPTION = "exception"
    MALFORMED = "malformed"
    NOT_CONFIGURED = "not_configured"  # the device has no profile or the wire cannot be read


@dataclass(frozen=True, slots=True)
class Health:
    """Contact with one device, as of the moment it was asked for.

    Attributes
    ----------
    since : datetime or None
        When ``contact`` became what it is; None before the first attempt.
    last_answer_at : datetime or None
        Newest good answer since the collector started.
    good, malformed, timeouts, refused : int
        Answers and failures counted since the collector started, one per request.
    gaps : int
        Messages a gateway numbered but never delivered (MQTT).
    inconsistent : bool
        The device's serial number changed and nobody has confirmed it yet, or a value has a wrong unit.
    """

    device_id: str
    contact: Contact = Contact.UNKNOWN
    reason: Reason = Reason.NOT_ASKED
    code: int = 0
    since: datetime | None = None
    last_answer_at: datetime | None = None
    good: int = 0
    malformed: int = 0
    timeouts: int = 0
    refused: int = 0
    gaps: int = 0
    inconsistent: bool = False
