"""Who answers: a device whose serial number changed, or is that of another, is not believed until a person confirms it."""

import logging
from collections.abc import Mapping
from dataclasses import replace

from domain.measurement import Batch, Quality

log = logging.getLogger(__name__)

_SERIAL = "serial_number"
_PREFIX = "serial:"
_LENGTH_LEAST = 4


class IdentityWatch:
    """Compares serial numbers with the one seen first (or confirmed last).

    Parameters
    ----------
    notes : mapping
        What was noted by an earlier run.
    """

    def __init__(self, notes: Mapping[str, str]) -> None:
        self._known = {
            name.removeprefix(_PREFIX): value for name, value in notes.items() if name.startswith(_PREFIX)
        }
        self._registered: dict[str, str] = {}
        self._other: dict[str, str] = {}
        self._texts: dict[str, Mapping[str, str]] = {}
        self._unsaved: dict[str, str] = {}

    def register(self, serials: Mapping[str, str]) -> None:
        """Take the serial numbers the registry has, by device; those it does not know are left out."""
        self._registered = {serial: device_id for device_id, serial in serials.items() if serial}

    def seen(self, batch: Batch) -> None:
        """Take note of the serial number in ``batch``, if it has one."""
        if batch.texts:
            self._texts[batch.device_id] = batch.texts
        serial = batch.texts.get(_SERIAL, "").strip()
        if not serial:
            return
        known = self._known.get(batch.device_id)
        if known is None:
            owner = self._owner(batch.device_id, serial)
            if owner is None:
                self._accept(batch.device_id, serial)
            elif self._other.get(batch.device_id) != serial:
                self._other[batch.device_id] = serial
                log.warning(
                    "device %s: it answers with the serial number %s of %s; its values are marked until somebody confirms it",
                    batch.device_id,
                    serial,
                    owner,
                )
        elif serial == known:
            self._other.pop(batch.device_id, None)
        elif self._other.get(batch.device_id) != serial:
            self._other[batch.device_id] = serial
            log.warning(
                "device %s: serial number was %s and is %s; its values are marked until somebody confirms it",
                batch.device_id,
                known,
                serial,
            )

    def _owner(self, device_id: str, serial: str) -> str | None:
        """Return the other device a serial number belongs to, by the registry or by what was read before."""
        listed = self._registered.get(serial)
        if listed is not None:
            return None if listed == device_id else listed
        if not _is_telling(serial):
            return None
        return next(
            (name for name, known in self._known.items() if known == serial and name != device_id), None
        )

    def judged(self, batch: Batch) -> Batch:
        """Return ``batch`` with what the device said it is; every value marked when that is in doubt."""
        texts = batch.texts or self._texts.get(batch.device_id)
        if texts is not None and texts is not batch.texts:
            batch = replace(batch, texts=texts)
        if batch.device_id not in self._other:
            return batch
        return replace(batch, qualities=(Quality.INCONSISTENT,) * len(batch.values))

    def is_doubtful(self, device_id: str) -> bool:
        """Tell whether a changed serial number waits for a person."""
        return device_id in self._other

    def confirm(self, device_id: str) -> bool:
        """A person says the new device is right; False when there is nothing to confirm."""
        serial = self._other.pop(device_id, None)
        if serial is not None:
            self._accept(device_id, serial)
        return serial is not None

    def take_unsaved(self) -> dict[str, str]:
        """Return notes to be kept, each once."""
        unsaved, self._unsaved = self._unsaved, {}
        return unsaved

    def put_back(self, notes: Mapping[str, str]) -> None:
        """Keep notes for another try: the disk refused."""
        self._unsaved = {**notes, **self._unsaved}

    def _accept(self, device_id: str, serial: str) -> None:
        self._known[device_id] = serial
        self._unsaved[_PREFIX + device_id] = serial


def _is_telling(serial: str) -> bool:
    """Tell a serial number from what makers leave where they write none (zeros, one letter over and over)."""
    return len(serial) >= _LENGTH_LEAST and len(set(serial)) > 1
