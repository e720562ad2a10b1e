"""The two independent axes of a plant's state, and of a device's: does it report, and does it work.

Data says how old what we know is; operation says what the device said it does. A plant that does not report
has an unknown operation: its last power is never shown as if it were now.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from domain.plant import Connection

INTERRUPTED_BY_DAY = timedelta(minutes=60)
INTERRUPTED_BY_NIGHT = timedelta(hours=24)
LATE_PERIODS = 2.0  # older than so many reporting periods is late
FILE_FRESH = timedelta(hours=48)  # a maker's export comes once a day


class DataState(Enum):
    """How current the data of a plant or device are."""

    FRESH = "fresh"
    LATE = "late"
    INTERRUPTED = "interrupted"
    NEVER = "never"
    MANUAL = "manual"
    FILE = "file"


class OperationState(Enum):
    """What a plant or device does, as far as it is known."""

    GENERATING = "generating"
    STANDBY = "standby"
    NIGHT = "night"
    DERATED = "derated"
    FAULT = "fault"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


class Reason(Enum):
    """Why a plant is among the worst, or why a number is missing. Words are at ``pages.reason.<value>``."""

    INTERRUPTED = "interrupted"
    LATE = "late"
    NEVER = "never"
    MANUAL = "manual"
    FILE = "file"
    FAULT = "fault"
    STOPPED = "stopped"
    DERATED = "derated"
    LOW_POWER = "low_power"
    PARTIAL = "partial"
    NO_COUNTER = "no_counter"
    NIGHT = "night"
    NONE = "none"


ABNORMAL = frozenset({OperationState.FAULT, OperationState.STOPPED, OperationState.DERATED})


@dataclass(frozen=True, slots=True)
class Name:
    """A name in both languages."""

    zh: str
    en: str

    def in_(self, language: str) -> str:
        """Return the name in ``language``; the Chinese one where there is no other."""
        return (self.en or self.zh) if language == "en" else self.zh


def data_state(
    connection: Connection,
    newest: datetime | None,
    now: datetime,
    period_s: float,
    *,
    daylight: bool,
) -> DataState:
    """Return how current data from ``newest`` are at ``now`` for a plant that reports every ``period_s``."""
    if connection is Connection.MANUAL:
        return DataState.MANUAL
    if connection is Connection.FILE:
        return DataState.FILE
    if newest is None:
        return DataState.NEVER
    age = now - newest
    if age <= timedelta(seconds=LATE_PERIODS * period_s):
        return DataState.FRESH
    return DataState.LATE if age <= interrupted_after(daylight=daylight) else DataState.INTERRUPTED


def interrupted_after(*, daylight: bool) -> timedelta:
    """Return the age from which data count as interrupted: inverters sleep at night, so that is no break."""
    return INTERRUPTED_BY_DAY if daylight else INTERRUPTED_BY_NIGHT


def known_operation(
    data: DataState, operation: OperationState, plant: OperationState
) -> OperationState | None:
    """Return what a device does now, None where its data do not tell: one that is silent by night sleeps."""
    if data is DataState.FRESH:
        return operation
    asleep = data is DataState.LATE and plant is OperationState.NIGHT
    return OperationState.NIGHT if asleep else None


def plant_operation(
    devices: Iterable[OperationState], power_kw: float | None, *, daylight: bool
) -> OperationState:
    """Return what a plant does, from its inverters that report now: the worst child wins.

    A single inverter that stands by beside running ones does not make the plant stand by.
    """
    states = set(devices)
    if not states or states == {OperationState.UNKNOWN}:
        if not daylight:
            return OperationState.NIGHT
        return OperationState.GENERATING if power_kw is not None and power_kw > 0 else OperationState.UNKNOWN
    if OperationState.FAULT in states:
        return OperationState.FAULT
    if not daylight and OperationState.GENERATING not in states:
        return OperationState.NIGHT
    for state in (OperationState.STOPPED, OperationState.DERATED, OperationState.GENERATING):
        if state in states:
            return state
    return OperationState.STANDBY if daylight else OperationState.NIGHT
