"""The inverse of a mapping file: quantities of devices in, the document their gateway would publish out. Pure.

For the virtual field. Where scales are below one the gateway sends whole numbers, as registers hold them.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from domain.plant import Device
from inverters.document_path import Path
from inverters.mapping import DocumentMapping, MappedValue
from inverters.point import IDENTITY_TEXTS

_DECIMALS = 3
_WRITTEN = "%Y-%m-%d %H:%M:%S"

Said = tuple[Device, Mapping[str, float]]


def encode_documents(
    mapping: DocumentMapping, said: Sequence[Said], at: datetime, *, as_text: bool = False
) -> list[dict[str, Any]]:
    """Return the documents in which a gateway tells what its devices say at an instant.

    One for all where the mapping tells them apart inside a document, one each where a document names its device.
    ``as_text``: numbers are written as text.
    """
    together = mapping.device is None or mapping.records is not None
    groups = [said] if together else [[one] for one in said]
    return [_document(mapping, group, at, as_text=as_text) for group in groups]


def _document(
    mapping: DocumentMapping, said: Sequence[Said], at: datetime, *, as_text: bool
) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for device, values in said:
        record = document if mapping.records is None else {}
        for value in mapping.values:
            told = _told(value, device, values)
            if told is not None:
                path = value.path.for_device(device.unit, device.serial_number)
                _put(document, record, path, str(told) if as_text else told)
                if value.unit is not None:
                    _put(document, record, value.unit, next(iter(value.units)))
        _put_frame(mapping, device, at, document, record)
        if mapping.records is not None:
            _append(document, mapping.records, record)
    return document


def _put_frame(
    mapping: DocumentMapping, device: Device, at: datetime, document: dict[str, Any], record: dict[str, Any]
) -> None:
    """Write whose and when, that it is no history, and that the gateway stands for it."""
    if mapping.device is not None:
        _put(document, record, mapping.device, str(getattr(device, mapping.device_is)))
    if mapping.time is not None:
        _put(document, record, mapping.time, at.astimezone(ZoneInfo(mapping.zone)).strftime(_WRITTEN))
    if mapping.history is not None:
        _put(document, record, mapping.history.path, "no")
    if mapping.good is not None:
        _put(document, record, mapping.good.path, mapping.good.words[0])


def _told(value: MappedValue, device: Device, values: Mapping[str, float]) -> object:
    """Return what stands for a value in a document; None where the gateway has nothing to say."""
    if value.name in IDENTITY_TEXTS:
        return device.serial_number if value.name == "serial_number" else None
    number = values.get(value.name)
    if number is None:
        return None
    if math.isnan(number):
        return value.absent[0] if value.absent else None
    for word, meaning in value.words.items():
        if meaning == number:
            return word
    raw = (number - value.offset) / next(iter(value.units.values()), value.scale)
    return round(raw) if value.scale < 1 or value.name == "device_status" else round(raw, _DECIMALS)


def _put(document: dict[str, Any], record: dict[str, Any], path: Path, told: object) -> None:
    """Put ``told`` where ``path`` looks for it; what is on the topic stands there already."""
    if path.root == "topic":
        return
    at: Any = document if path.root == "$" else record
    for step, further in zip(path.steps, (*path.steps[1:], None), strict=True):
        at = _entry(at, step, told if further is None else [] if _in_list(further) else {})


def _in_list(step: object) -> bool:
    return isinstance(step, int | tuple)


def _entry(at: Any, step: str | int | tuple[str, str], otherwise: object) -> Any:
    """Return what lies at ``step`` of ``at``, putting ``otherwise`` there first where nothing does."""
    if isinstance(step, str):
        return at.setdefault(step, otherwise)
    if isinstance(step, int):
        at.extend({} for _ in range(step + 1 - len(at)))
        at[step] = at[step] or otherwise
        return at[step]
    key, wanted = step
    found = next((entry for entry in at if entry.get(key) == wanted), None)
    if found is None:
        found = {key: wanted}
        at.append(found)
    return found


def _append(document: dict[str, Any], records: Path, record: dict[str, Any]) -> None:
    at: Any = document
    for step, further in zip(records.steps, (*records.steps[1:], None), strict=True):
        at = _entry(at, step, [] if further is None or _in_list(further) else {})
    at.append(record)
