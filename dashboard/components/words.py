"""Numbers, instants and ages as people read them: one format per kind, an em dash for what is missing."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from domain.timespan import DEFAULT_ZONE
from texts.loader import Texts

MISSING = "—"
_ZONE = ZoneInfo(DEFAULT_ZONE)
_NUMBERED = re.compile(r"_(\d{2})(?=_|$)")


def job_name(job: str, texts: Texts) -> str:
    """Return what a job is called; one a district named itself (a report) by that name."""
    name = f"pages.data.job.{job}"
    return texts(name) if name in texts else job


def quantity_name(name: str, texts: Texts) -> str:
    """Return what a measured quantity or a curve is called, a numbered one by its number; never its identifier.

    One no vocabulary knows (a store of an older version) is told as such.
    """
    if (curve := f"compare.name.{name}") in texts:
        return texts(curve)
    if (plain := f"quantity.name.{name}") in texts:
        return texts(plain)
    found = _NUMBERED.search(name)
    family = f"quantity.name.{_NUMBERED.sub('_NN', name, count=1)}"
    if found is None or family not in texts:
        return texts("quantity.unknown")
    return texts(family, number=int(found[1]))


def number(value: float | None, decimals: int = 0) -> str:
    """Return ``value`` with thousands commas and fixed decimals."""
    if value is None or not np.isfinite(value):
        return MISSING
    text = f"{value:,.{decimals}f}"
    return text.lstrip("-") if float(text.replace(",", "")) == 0 else text


def percent(share: float | None, decimals: int = 0, *, signed: bool = False) -> str:
    """Return a share as a percentage; with ``signed`` always with its sign."""
    if share is None or not np.isfinite(share):
        return MISSING
    text = f"{share * 100:{'+' if signed else ''}.{decimals}f}"
    return f"{text} %"


def power_mw(kilowatts: float | None) -> str:
    """Return programme power in MW with two decimals."""
    return number(None if kilowatts is None else kilowatts / 1e3, 2)


def programme_energy(kilowatt_hours: float | None, texts: Texts) -> tuple[str, str]:
    """Return number and unit of a programme's energy: 万千瓦时 in Chinese, MWh in English."""
    if texts.language == "zh":
        value = number(None if kilowatt_hours is None else kilowatt_hours / 1e4, 2)
    else:
        value = number(None if kilowatt_hours is None else kilowatt_hours / 1e3, 1)
    return value, texts("units.programme_energy")


def local(instant: datetime) -> datetime:
    """Return ``instant`` in the plants' zone."""
    return instant.astimezone(_ZONE)


def clock_time(instant: datetime | None) -> str:
    """Return hours and minutes."""
    return MISSING if instant is None else local(instant).strftime("%H:%M")


def date_time(instant: datetime | None) -> str:
    """Return day, hours and minutes."""
    return MISSING if instant is None else local(instant).strftime("%Y-%m-%d %H:%M")


def exact_time(instant: datetime | None) -> str:
    """Return day and time to the second."""
    return MISSING if instant is None else local(instant).strftime("%Y-%m-%d %H:%M:%S")


def day_text(day: date | None) -> str:
    """Return a day."""
    return MISSING if day is None else day.isoformat()


def age(instant: datetime | None, now: datetime, texts: Texts) -> str:
    """Return how long ago ``instant`` was, in the largest unit that says enough."""
    if instant is None:
        return MISSING
    elapsed = max(now - instant, timedelta(0))
    if elapsed < timedelta(seconds=90):
        return texts("units.seconds_ago", count=int(elapsed.total_seconds()))
    if elapsed < timedelta(minutes=90):
        return texts("units.minutes_ago", count=int(elapsed.total_seconds() // 60))
    if elapsed < timedelta(hours=36):
        return texts("units.hours_ago", count=int(elapsed.total_seconds() // 3600))
    return texts("units.days_ago", count=elapsed.days)


def axis_start(instant: datetime) -> str:
    """Return ``instant`` as Plotly's axis wants it: local, without a zone."""
    return local(instant).strftime("%Y-%m-%dT%H:%M:%S")


def size(count: float) -> str:
    """Return bytes in MB or GB."""
    return f"{count / 1e9:,.2f} GB" if count >= 1e9 else f"{count / 1e6:,.1f} MB"


EARLIEST = datetime.min.replace(tzinfo=UTC)
