"""What makes a hand-read meter believable: the meter, its ratios, its neighbours in time, its photo."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.errors import CommandError
from domain.plant import Device, DeviceKind, Plant, SettlementAccount
from domain.records import MeterReading
from domain.timespan import day_of, start_of_day
from texts.loader import Texts

PHOTO_BYTES_MAX = 5 * 1024 * 1024
NOTE_CHARS_MAX = 200
AHEAD_MAX = timedelta(minutes=10)
RATED_MARGIN = 1.1  # irradiance above 1000 W/m2 at the edge of clouds
_DISPLAY_STEP_KWH = 1.0
_FORWARD_WH_MAX = 1e13  # the range of meter_energy_forward_wh in domain/quantity.py
_MAGIC = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}


class ReadingRefusedError(CommandError):
    """A reading cannot be taken. ``key`` and ``values`` are its words in texts/ (area access)."""

    def __init__(self, key: str, **values: object) -> None:
        self.key = f"access.reading.problem.{key}"
        self.values: Mapping[str, object] = values
        super().__init__(Texts("en")(self.key, **values))

    def words(self, texts: Texts) -> str:
        """Return why, in the reader's language."""
        return texts(self.key, **self.values)


@dataclass(frozen=True, slots=True)
class NewReading:
    """What a keeper typed: the number on the meter's display [kWh], before current and voltage ratios.

    ``replaces`` is the id of a wrong reading this one corrects.
    """

    plant_id: str
    read_at: datetime
    display_kwh: float
    note: str = ""
    photo: bytes = b""
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class Meter:
    """The revenue meter in force at an instant. ``since`` is when its counter began to be ours."""

    device: Device
    ratio: float
    since: datetime


def meter_of(plant: Plant, at: datetime) -> Meter:
    """Return the revenue meter of ``plant`` at an instant, by the settlement account in force."""
    account = _account_on(plant, at)
    meters = plant.devices_of(DeviceKind.REVENUE_METER)
    wanted = account.device_id if account is not None else None
    device = next((meter for meter in meters if meter.device_id == wanted), meters[0] if meters else None)
    if device is None:
        raise ReadingRefusedError("no_meter", plant=plant.name)
    if account is None:
        return Meter(
            device, device.ct_ratio * device.pt_ratio, start_of_day(plant.grid_date, plant.time_zone)
        )
    since = start_of_day(account.valid_from, plant.time_zone)
    return Meter(device, account.ct_ratio * account.pt_ratio, since)


def _account_on(plant: Plant, at: datetime) -> SettlementAccount | None:
    day = day_of(at, plant.time_zone)
    return next((account for account in reversed(plant.accounts) if account.valid_from <= day), None)


def check_typed(new: NewReading, plant: Plant, now: datetime) -> None:
    """Refuse what cannot be: an instant in the future or before the plant, a number that is none."""
    if new.read_at.tzinfo is None:
        raise ReadingRefusedError("no_zone")
    if new.read_at > now + AHEAD_MAX:
        raise ReadingRefusedError("future", at=_local(new.read_at, plant))
    if new.read_at < start_of_day(plant.grid_date, plant.time_zone):
        raise ReadingRefusedError("before_grid", day=plant.grid_date.isoformat())
    if not math.isfinite(new.display_kwh) or new.display_kwh < 0:
        raise ReadingRefusedError("number")
    if len(new.note) > NOTE_CHARS_MAX or not new.note.isprintable():
        raise ReadingRefusedError("note", count=NOTE_CHARS_MAX)


def check_neighbours(
    forward_wh: float, at: datetime, others: Sequence[MeterReading], plant: Plant, meter: Meter
) -> None:
    """Refuse a reading lower than the one before, or higher than the plant can have produced since.

    The most it can have produced is rated power x time x 1.1, and one step of the display. Readings of an
    earlier meter (before ``meter.since``) do not count. The same holds towards a later reading.
    """
    if forward_wh > _FORWARD_WH_MAX:
        raise ReadingRefusedError("number")
    same = [other for other in others if other.read_at >= meter.since]
    if any(other.read_at == at for other in same):
        raise ReadingRefusedError("twice", at=_local(at, plant))
    before = max((o for o in same if o.read_at < at), key=lambda o: o.read_at, default=None)
    after = min((o for o in same if o.read_at > at), key=lambda o: o.read_at, default=None)
    if before is not None:
        _check_rise(before.forward_wh, before.read_at, forward_wh, at, plant, meter, before)
    if after is not None:
        _check_rise(forward_wh, at, after.forward_wh, after.read_at, plant, meter, after)


def _check_rise(
    first_wh: float,
    first_at: datetime,
    second_wh: float,
    second_at: datetime,
    plant: Plant,
    meter: Meter,
    other: MeterReading,
) -> None:
    told = {
        "other": f"{other.forward_wh / 1000.0 / meter.ratio:,.2f}",
        "at": _local(other.read_at, plant),
    }
    if second_wh < first_wh:
        raise ReadingRefusedError("lower" if other.read_at == first_at else "higher_than_later", **told)
    hours = (second_at - first_at) / timedelta(hours=1)
    most_wh = rated_kw(plant, second_at) * 1000.0 * hours * RATED_MARGIN
    if second_wh - first_wh > most_wh + _DISPLAY_STEP_KWH * 1000.0 * meter.ratio:
        rise = (second_wh - first_wh) / 1000.0
        raise ReadingRefusedError("impossible", rise=f"{rise:,.1f}", most=f"{most_wh / 1000.0:,.1f}", **told)


def rated_kw(plant: Plant, at: datetime) -> float:
    """Return the most a plant can feed in: its AC capacity or the sum of its inverters, the larger. [kW]"""
    inverters_kw = sum(device.rated_power_kw for device in plant.devices_of(DeviceKind.INVERTER))
    return max(plant.capacity_on(day_of(at, plant.time_zone)).ac_capacity_kw, inverters_kw)


def photo_of(content: bytes) -> tuple[str, str]:
    """Return SHA-256 and content type of a picture; only JPEG and PNG up to 5 MB are taken."""
    if len(content) > PHOTO_BYTES_MAX:
        raise ReadingRefusedError("photo_large", count=PHOTO_BYTES_MAX // (1024 * 1024))
    for magic, content_type in _MAGIC.items():
        if content.startswith(magic):
            return hashlib.sha256(content).hexdigest(), content_type
    raise ReadingRefusedError("photo_kind")


def _local(at: datetime, plant: Plant) -> str:
    return f"{at.astimezone(UTC).astimezone(ZoneInfo(plant.time_zone)):%Y-%m-%d %H:%M}"
