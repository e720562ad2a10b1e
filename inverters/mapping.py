"""Mapping files: JSON of any gateway turned into our quantities. Pure.

A profile with ``document:`` says where in the gateway's own JSON things lie: which device it is about, when it was
measured, whether it is history, how good it is, and where each quantity stands (`inverters.document_path`). A
technician writes one as he writes a register table; ``pvmon profile lint`` tells every problem with its line.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from domain.measurement import Batch, Origin, Quality
from domain.plant import Device
from domain.quantity import is_known
from domain.timespan import DEFAULT_ZONE
from inverters.document_path import NOTHING, Path
from inverters.point import IDENTITY_TEXTS
from inverters.told import as_number, document_time, quality_of

_COMPACT = (("%Y%m%d%H%M%S%f", 17), ("%Y%m%d%H%M%S", 14))
_WRITTEN = ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")


@dataclass(frozen=True, slots=True)
class MappedValue:
    """One quantity (or identity text) of a document and how its number becomes our unit.

    ``unit``: where the document itself says in which unit it tells this number; ``units`` are the ones it may say,
    each with its scale, and under any other the number means nothing.
    """

    name: str
    path: Path
    scale: float = 1.0
    offset: float = 0.0
    words: Mapping[str, float] = field(default_factory=dict, hash=False)
    absent: tuple[str, ...] = ()
    unverified: bool = False
    unit: Path | None = None
    units: Mapping[str, float] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Flag:
    """A place in a document and the words that mean yes."""

    path: Path
    words: tuple[str, ...]

    def holds(self, found: Any) -> bool:
        """Tell whether ``found`` is one of the words."""
        return found is not NOTHING and str(found).strip().lower() in self.words


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside each value under ``key`` says whether the gateway believes in it; nothing there: it does."""

    key: str
    words: tuple[str, ...]

    def holds(self, path: Path, document: Any, record: Any) -> bool:
        """Tell whether the gateway stands for the value at ``path``."""
        found = replace(path, steps=(*path.steps[:-1], self.key)).find(document, record)
        return found is NOTHING or str(found).strip().lower() in self.words


@dataclass(frozen=True, slots=True)
class DocumentMapping:
    """What a gateway's documents mean.

    ``device`` with ``device_is`` says whose they are (None: every device of the gateway reads each of them),
    ``records`` where one document holds several, ``history`` what was measured long ago and is delivered late,
    ``good`` what the gateway says of a record it believes in, ``good_each`` what it says beside every value.
    """

    values: tuple[MappedValue, ...]
    device: Path | None = None
    device_is: str = "serial_number"
    records: Path | None = None
    time: Path | None = None
    zone: str = DEFAULT_ZONE
    history: Flag | None = None
    good: Flag | None = None
    good_each: Beside | None = None

    @property
    def of_device(self) -> bool:
        """Whether it tells the devices of one gateway apart."""
        return self.device is not None or any(value.path.of_device for value in self.values)

    def names(self) -> tuple[str, ...]:
        """Return the quantities it can give."""
        return tuple(value.name for value in self.values if is_known(value.name))


@dataclass(frozen=True, slots=True)
class Reading:
    """One record for one device. ``timed`` tells whether its instant is the document's own."""

    batch: Batch
    history: bool
    timed: bool


@dataclass(frozen=True, slots=True)
class Message:
    """A document as it arrived."""

    topic: str
    document: Any
    received_at: datetime


class MappedDevice:
    """Reads documents for one device; its expressions are filled once."""

    def __init__(self, mapping: DocumentMapping, device: Device) -> None:
        self.device = device
        self._mapping = mapping
        self._is = str(getattr(device, mapping.device_is))
        self._values = [
            (value, value.path.for_device(device.unit, device.serial_number)) for value in mapping.values
        ]
        self._zone: tzinfo = ZoneInfo(mapping.zone)

    def read(self, message: Message) -> Iterator[Reading]:
        """Yield what ``message`` says of this device, record by record."""
        where = self._mapping.records
        for record in [message.document] if where is None else where.records(message.document):
            if self._concerns(message, record):
                reading = self._read(message, record)
                if reading is not None:
                    yield reading

    def _at(self, path: Path, message: Message, record: Any) -> Any:
        return path.find(message.document, record, message.topic)

    def _scale(self, value: MappedValue, message: Message, record: Any) -> float | None:
        """Return what the number is multiplied by; None where the document names a unit nobody knows."""
        if value.unit is None:
            return value.scale
        return value.units.get(str(self._at(value.unit, message, record)).strip())

    def _concerns(self, message: Message, record: Any) -> bool:
        path = self._mapping.device
        return path is None or (bool(self._is) and str(self._at(path, message, record)).strip() == self._is)

    def _read(self, message: Message, record: Any) -> Reading | None:
        """Return what one record says; a quantity that is not in it is left out, one that is no number missing."""
        mapping = self._mapping
        numbers: dict[str, float | None] = {}
        doubted: set[str] = set()
        texts: dict[str, str] = {}
        for value, path in self._values:
            found = self._at(path, message, record)
            if found is NOTHING:
                continue
            if value.name in IDENTITY_TEXTS:
                texts[value.name] = str(found).strip()
            elif numbers.get(value.name) is None:
                each = mapping.good_each
                if each is not None and not each.holds(path, message.document, record):
                    doubted.add(value.name)
                numbers[value.name] = _number(value, found, self._scale(value, message, record))
        if not numbers:
            return None
        said = NOTHING if mapping.time is None else self._at(mapping.time, message, record)
        instant = told_time(said, message.received_at, self._zone)
        sound = mapping.good is None or mapping.good.holds(self._at(mapping.good.path, message, record))
        qualities = tuple(
            _quality(name, number, sound=sound and name not in doubted) for name, number in numbers.items()
        )
        batch = Batch(
            self.device.device_id,
            instant or message.received_at,
            tuple(numbers),
            tuple(numbers.values()),
            qualities if any(qualities) else None,
            message.received_at,
            Origin.MQTT,
            texts,
        )
        history = mapping.history is not None and mapping.history.holds(
            self._at(mapping.history.path, message, record)
        )
        return Reading(batch, history, instant is not None)


def _number(value: MappedValue, found: Any, scale: float | None) -> float | None:
    """Return a number as our unit; a word or unit the mapping does not know, null and an absent mark are no number."""
    text = ("true" if found else "false") if isinstance(found, bool) else str(found).strip()
    if text in value.absent:
        return None
    if text in value.words:
        return value.words[text]
    number = as_number(found)
    if number is None or scale is None:
        return None
    number = number * scale + value.offset
    if not math.isfinite(number):
        return None
    return number if scale.is_integer() else round(number, 9)


def _quality(name: str, number: float | None, *, sound: bool) -> Quality:
    quality = quality_of(name, number)
    if sound or number is None or quality is not Quality.GOOD:
        return quality
    return Quality.STALE  # the gateway itself does not stand for it


def told_time(said: Any, received_at: datetime, zone: tzinfo) -> datetime | None:
    """Return the instant a document tells: ISO, epoch s or ms, ``yyyyMMddHHmmss[SSS]`` or local time; else None.

    A clock that has lost its date (1970, 2000) or runs ahead is no time: the instant of arrival stands then.
    """
    text = str(said).strip()
    local = _local(text)
    if local is None:
        return document_time(said, received_at)
    told = local.replace(tzinfo=zone).astimezone(UTC)
    return document_time(told.timestamp(), received_at)


def _local(text: str) -> datetime | None:
    """Return a date and time of day without a zone, None when ``text`` is something else."""
    if text.isdigit():
        forms = [form for form, length in _COMPACT if len(text) == length and text[:2] == "20"]
    else:
        forms = list(_WRITTEN)
        text = text.partition(".")[0] if "+" not in text and not text.endswith("Z") else text
    for form in forms:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 (its zone is the mapping's, given by the caller)
        except ValueError:
            continue
    return None
