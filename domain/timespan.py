"""Intervals, local days and months.

An interval is half open, [start, end), and named by its start; instants are aware UTC. A day is a day in
the plant's time zone, computed with the zone's history, never with a fixed offset.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DEFAULT_ZONE = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Interval:
    """A half-open stretch of time, [start, end); both aware."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError(f"interval {self.start} .. {self.end}: instants need a time zone")
        if self.end < self.start:
            raise ValueError(f"interval ends {self.end} before it starts {self.start}")

    def __contains__(self, instant: datetime) -> bool:
        return self.start <= instant < self.end

    @property
    def duration(self) -> timedelta:
        """How long it lasts."""
        return self.end - self.start


def floor_to(instant: datetime, step_s: float) -> datetime:
    """Return the last point of a grid at or before an instant, UTC."""
    return datetime.fromtimestamp(instant.timestamp() // step_s * step_s, UTC)


def cut_between(interval: Interval, every: timedelta, count: int) -> Iterator[Interval]:
    """Yield ``interval`` in pieces of at most ``count`` epoch-aligned buckets of ``every``; no bucket is cut."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    start = interval.start
    while True:
        end = epoch + every * ((start - epoch) // every + count)
        if end >= interval.end:
            yield Interval(start, interval.end)
            return
        yield Interval(start, end)
        start = end


def start_of_day(day: date, zone: str = DEFAULT_ZONE) -> datetime:
    """Return the UTC instant at which local ``day`` begins."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def day_of(instant: datetime, zone: str = DEFAULT_ZONE) -> date:
    """Return the local day ``instant`` falls on."""
    return instant.astimezone(ZoneInfo(zone)).date()


def local_day(day: date, zone: str = DEFAULT_ZONE) -> Interval:
    """Return local ``day`` as an interval of instants."""
    return Interval(start_of_day(day, zone), start_of_day(day + timedelta(days=1), zone))


def local_month(year: int, month: int, zone: str = DEFAULT_ZONE) -> Interval:
    """Return a local month as an interval of instants."""
    following = date(year + month // 12, month % 12 + 1, 1)
    return Interval(start_of_day(date(year, month, 1), zone), start_of_day(following, zone))


def days_between(first: date, last: date) -> Iterator[date]:
    """Yield every day from ``first`` to ``last``, both included."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def utc_month(month: str) -> Interval:
    """Return UTC month ``2026-11`` as an interval of instants."""
    year, _, number = month.partition("-")
    following = int(year) * 12 + int(number)
    return Interval(
        datetime(int(year), int(number), 1, tzinfo=UTC),
        datetime(following // 12, following % 12 + 1, 1, tzinfo=UTC),
    )
