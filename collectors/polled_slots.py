"""What a poller says of slots without a sample: to the microsecond of the account, or a word falls into another slot."""

import zlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from collectors.contact import DeviceContact, Light
from domain.slots import SlotRange, SlotState, instant_of, missing_for

Say = Callable[[SlotRange], None]


class Asked(Protocol):
    """A device on the wire."""

    @property
    def device_id(self) -> str:
        """Its id."""
        ...

    @property
    def contact(self) -> DeviceContact:
        """How contact with it stands."""
        ...


class Economy(Protocol):
    """Decides how many slots a metered wire leaves out after a cycle."""

    @property
    def probes_at_night(self) -> int | None:
        """How many sleepers a cycle may ask by night; None: as many as usual."""
        ...

    def skip(self, light: Light) -> int:
        """Return how many slots to leave out now."""
        ...


def phase_of(wire_id: str, period_s: float) -> float:
    """Return how far behind whole multiples of the period the slots of a wire begin, wherever it is polled. [s]"""
    return zlib.crc32(wire_id.encode()) / 2**32 * period_s


class PolledSlots:
    """The slots of one wire.

    Parameters
    ----------
    period_s, phase_s : float
        A slot begins at ``phase_s + n * period_s``. [field seconds]
    say : callable or None
        Told what became of slots.
    economy : Economy or None
        For a metered link: which slots to leave out.
    """

    def __init__(self, period_s: float, phase_s: float, say: Say | None, economy: Economy | None) -> None:
        self.phase_s = phase_s
        self._period_us, self._phase_us = round(period_s * 1e6), round(phase_s * 1e6)
        self._say = say
        self._economy = economy

    def instant_of(self, slot: int) -> datetime:
        """Return when a slot begins."""
        return instant_of(slot * self._period_us + self._phase_us)

    def begin(self, slot: int, devices: Sequence[Asked]) -> None:
        """Say of the slot in whose end the program began that nobody was here: of who is asked from ``slot`` on only."""
        if self._say is None:
            return
        end = self.instant_of(slot)
        for device in devices:
            if device.contact.asked_at is None or device.contact.asked_at >= end:
                self._say(SlotRange(device.device_id, SlotState.COLLECTOR_DOWN, end))

    def close(self, slot: int, devices: Sequence[Asked]) -> None:
        """Say why slots up to this one have no sample; those that have one keep it."""
        if self._say is None:
            return
        end = self.instant_of(slot + 1)
        for device in devices:
            contact = device.contact
            state = missing_for(contact.reason, contact.code)
            if contact.suspended and not contact.asked and state != SlotState.ASLEEP:
                state = SlotState.QUARANTINED
            self._say(SlotRange(device.device_id, state, end))

    def left_out(self, slot: int, devices: Sequence[Asked], light: Light) -> int:
        """Leave slots out to spare a metered link, and say so; return how many."""
        if self._economy is None:
            return 0
        count = self._economy.skip(light)
        if count and self._say is not None:
            start, end = (self.instant_of(each) for each in (slot + 1, slot + 1 + count))
            for device in devices:
                self._say(SlotRange(device.device_id, SlotState.SAVED, end, start))
        return count
