"""Clocks: the only place that asks the time.

``SystemClock`` is for sessions and audit. Field time (samples, KPIs, job periods) comes from a
``FieldClock``, which simulator and collector share, also across processes: it is anchored to the
machine's monotonic clock, so a wall-clock step moves nothing and ``speed`` makes both run faster together.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol, Self
from zoneinfo import ZoneInfo

from domain.errors import ConfigurationError

EARLIEST = datetime(2024, 1, 1, tzinfo=UTC)  # before this program was
LATEST = datetime(2100, 1, 1, tzinfo=UTC)


def is_plausible(now: datetime, clock: "Clock | None" = None) -> bool:
    """Tell whether a clock can be right: a machine without a battery starts in 1970, a broken one in 2200.

    A field clock was set on purpose, also to the years of a recording.
    """
    return isinstance(clock, FieldClock) or EARLIEST <= now < LATEST


class Clock(Protocol):
    """Tells the time and waits."""

    def now(self) -> datetime:
        """Return the instant, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds of this clock since a fixed moment; never goes back. [s]"""
        ...

    def wait_s(self, seconds: float) -> float:
        """Return how long ``seconds`` of this clock last in real time. [s]"""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the instant, aware, UTC."""
        return datetime.now(UTC)  # noqa: TID251 (the one place)

    def monotonic(self) -> float:
        """Return seconds since a fixed moment. [s]"""
        return time.monotonic()

    def wait_s(self, seconds: float) -> float:
        """Return ``seconds``: this clock runs at real speed. [s]"""
        return seconds


@dataclass(frozen=True, slots=True)
class FieldClock:
    """Field time: ``anchor`` plus what the monotonic clock ran since ``anchor_monotonic_s``, times ``speed``.

    Processes of one machine share it by its text form (`str(clock)`, `FieldClock.parse`).
    """

    anchor: datetime
    anchor_monotonic_s: float
    speed: float = 1.0

    @classmethod
    def starting(cls, at: datetime | None = None, speed: float = 1.0) -> Self:
        """Return a clock that shows ``at`` (default: now) at this moment."""
        return cls(at or SystemClock().now(), time.monotonic(), speed)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form ``2026-07-01T02:30:00+00:00@12345.678x60``."""
        try:
            instant, _, rest = text.partition("@")
            monotonic_s, _, speed = rest.partition("x")
            clock = cls(datetime.fromisoformat(instant), float(monotonic_s), float(speed))
        except ValueError as error:
            message = f"clock {text!r}: expected INSTANT@MONOTONICxSPEED, {error}"
            raise ConfigurationError(message) from error
        if clock.anchor.tzinfo is None or clock.speed <= 0:
            raise ConfigurationError(f"clock {text!r}: needs a time zone and a positive speed")
        return clock

    def __str__(self) -> str:
        return f"{self.anchor.isoformat()}@{self.anchor_monotonic_s!r}x{self.speed!r}"

    def now(self) -> datetime:
        """Return the field instant, aware, UTC."""
        elapsed_s = (time.monotonic() - self.anchor_monotonic_s) * self.speed
        return (self.anchor + timedelta(seconds=elapsed_s)).astimezone(UTC)

    def monotonic(self) -> float:
        """Return field seconds since the anchor. [s]"""
        return (time.monotonic() - self.anchor_monotonic_s) * self.speed

    def wait_s(self, seconds: float) -> float:
        """Return how long ``seconds`` of field time last in real time. [s]"""
        return seconds / self.speed


class ManualClock:
    """A clock for tests: it stands still until told."""

    def __init__(self, at: datetime) -> None:
        self._at = at
        self._start = at

    def now(self) -> datetime:
        """Return the instant it was set to."""
        return self._at

    def monotonic(self) -> float:
        """Return seconds since it was made. [s]"""
        return (self._at - self._start).total_seconds()

    def wait_s(self, seconds: float) -> float:
        """Waiting costs no real time: the clock is moved on instead. [s]"""
        self.advance(seconds)
        return 0.0

    def advance(self, seconds: float) -> None:
        """Move on by ``seconds``. [s]"""
        self._at += timedelta(seconds=seconds)


def daylight_start(real_now: datetime, zone: str = "Asia/Shanghai") -> datetime:
    """Return where a demonstration starts: now by day, 10:30 of the same local day by night.

    Day is 08:30 to 15:30 local, so that a demonstration has hours of sun before it.
    """
    local = real_now.astimezone(ZoneInfo(zone))
    minutes = local.hour * 60 + local.minute
    if 8 * 60 + 30 <= minutes <= 15 * 60 + 30:
        return real_now
    return local.replace(hour=10, minute=30, second=0, microsecond=0).astimezone(UTC)
