"""When people may be disturbed: daytime, the daily list, the weekly report, all in local time. Pure."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.notification import Timing

_DAY = timedelta(days=1)


def in_daytime(at: datetime, timing: Timing) -> bool:
    """Tell whether an instant lies between the start and the end of the local day's work."""
    local = at.astimezone(ZoneInfo(timing.zone)).time()
    return timing.day_start <= local < timing.day_end


def next_daytime(at: datetime, timing: Timing) -> datetime:
    """Return ``at`` when it is day, else when the next day's work begins."""
    return at if in_daytime(at, timing) else _next_at(at, timing.day_start, timing.zone)


def next_list(at: datetime, timing: Timing) -> datetime:
    """Return the first daily list at or after an instant."""
    return _next_at(at, timing.list_at, timing.zone)


def next_week(at: datetime, timing: Timing) -> datetime:
    """Return the first Monday's list at or after an instant."""
    found = next_list(at, timing)
    while found.astimezone(ZoneInfo(timing.zone)).weekday() != 0:
        found = _next_at(found + timedelta(seconds=1), timing.list_at, timing.zone)
    return found


def _next_at(at: datetime, wanted: time, zone: str) -> datetime:
    local = at.astimezone(ZoneInfo(zone))
    found = datetime.combine(local.date(), wanted, ZoneInfo(zone))
    if found < local:
        found = datetime.combine(local.date() + _DAY, wanted, ZoneInfo(zone))
    return found.astimezone(UTC)
