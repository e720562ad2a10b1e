"""Who answers: a device whose serial number changed is not believed until a person confirms it."""

import logging
from collections.abc import Mapping
from dataclasses import replace

from domain.measurement import Batch, Quality

log = logging.getLogger(__name__)

_SERIAL = "serial_number"
_PREFIX = "serial:"


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
        self._other: dict[str, str] = {}
        self._texts: dict[str, Mapping[str, str]] = {}
        self._unsaved: dict[str, str] = {}

    def seen(self, batch: Batch) -> None:
        """Take note of the serial number in ``batch``, if it has one."""
        if batch.texts:
            self._texts[batch.device_id] = batch.texts
        serial = batch.texts.get(_SERIAL, "").strip()
        if not serial:
            return
        known = self._known.get(batch.device_id)
        if known is None:
            self._accept(batch.device_id, serial)
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
