"""Links paid for by the byte: what went over them in the month of their plan, and whether it will do. Pure.

Bytes are those handed to and taken from the wire plus what TCP/IP adds, which is an estimate
(`collectors.traffic`). A forecast holds for the usual pace, not for the pace it leads to, so that slowing
down does not talk itself out of it again.
"""

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.timespan import DEFAULT_ZONE, day_of, start_of_day

MEGABYTE = 1_000_000  # as operators count
NIGHT_PERIOD_S = 600.0  # one look in ten minutes while the sun is down
SLOWEST_DAY_S = 900.0  # slower would look like a plant that lost its link
SLOWEST_NIGHT_S = 3600.0
RESERVE = 0.05  # of the plan, for visits and what the estimate misses
WARN_DAYS = 30  # before a plan ends
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class LinkUse:
    """What went over a link since ``begins``, the first day of its plan's month.

    ``day_cost`` and ``night_cost`` are what one cycle moves, smoothed; None before the first. [bytes]
    """

    begins: date
    sent_bytes: int = 0
    received_bytes: int = 0
    overhead_bytes: int = 0
    day_cost: float | None = None
    night_cost: float | None = None

    @property
    def used_bytes(self) -> int:
        """Both directions, the estimate of TCP/IP included."""
        return self.sent_bytes + self.received_bytes + self.overhead_bytes


@dataclass(frozen=True, slots=True)
class LinkState:
    """A link as it stands now.

    Attributes
    ----------
    plan_bytes : int
        What its plan holds a month; 0: nobody counts.
    forecast_bytes : float or None
        Where the month would end at the usual pace; None before a cycle was measured.
    exhausted_at : datetime or None
        When the plan would be used up at the usual pace; None: it will do.
    stretch : int
        Every how many cycles one is made; 1: the usual pace.
    """

    gateway_id: str
    use: LinkUse
    plan_bytes: int = 0
    forecast_bytes: float | None = None
    exhausted_at: datetime | None = None
    stretch: int = 1


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a link is used on one day: its period, and how long sun and night last there. [s]"""

    period_s: float
    day_s: float

    @property
    def night_period_s(self) -> float:
        """One cycle per so long while the sun is down. [s]"""
        return max(self.period_s, NIGHT_PERIOD_S)

    def bytes_a_day(self, use: LinkUse) -> float | None:
        """Return what the usual pace moves in a day, None while nothing is known."""
        known = [cost for cost in (use.day_cost, use.night_cost) if cost is not None]
        if not known:
            return None
        by_day = use.day_cost if use.day_cost is not None else known[0]
        by_night = use.night_cost if use.night_cost is not None else known[0]
        night_s = _DAY_S - self.day_s
        return by_day * self.day_s / self.period_s + by_night * night_s / self.night_period_s


def month_begin(day: date, plan_day: int) -> date:
    """Return the first day of the plan's month ``day`` lies in."""
    if day.day >= plan_day:
        return day.replace(day=plan_day)
    return (day.replace(day=1) - timedelta(days=1)).replace(day=plan_day)


def month_end(begin: date) -> date:
    """Return the first day of the plan's next month. Plans begin on day 1 to 28, which every month has."""
    return date(begin.year + begin.month // 12, begin.month % 12 + 1, begin.day)


def outlook(
    gateway_id: str, use: LinkUse, plan_bytes: int, pace: Pace, now: datetime, *, zone: str = DEFAULT_ZONE
) -> LinkState:
    """Return how a link stands at ``now``, and how far it must slow down for its plan to last."""
    rate = pace.bytes_a_day(use)
    if plan_bytes <= 0 or rate is None:
        spent = now if 0 < plan_bytes <= use.used_bytes else None
        return LinkState(gateway_id, use, plan_bytes, None, spent)
    left = start_of_day(month_end(use.begins), zone) - now
    rest = rate * max(0.0, left / timedelta(days=1))
    room = plan_bytes - use.used_bytes
    runs_out = now + timedelta(days=max(0.0, room) / rate) if rate and rest > room else None
    spare = room - RESERVE * plan_bytes
    slowest = max(1, math.floor(SLOWEST_DAY_S / pace.period_s))
    stretch = 1 if rest <= spare else slowest if spare <= 0 else min(slowest, math.ceil(rest / spare))
    return LinkState(gateway_id, use, plan_bytes, use.used_bytes + rest, runs_out, stretch)


def slots_left_out(pace: Pace, stretch: int, *, night: bool) -> int:
    """Return how many slots are left out after a cycle."""
    if not night:
        return stretch - 1
    every_s = min(pace.night_period_s * stretch, max(SLOWEST_NIGHT_S, pace.night_period_s))
    return max(1, math.floor(every_s / pace.period_s + 1e-9)) - 1


def days_left(plan_until: date | None, now: datetime, zone: str = DEFAULT_ZONE) -> int | None:
    """Return how many days a plan is still paid for after today, negative when it has ended."""
    return None if plan_until is None else (plan_until - day_of(now, zone)).days
