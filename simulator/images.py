"""Register images: what every device behind a wire would answer, as rows of bytes ready to be sliced."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from domain.plant import Device
from inverters.encode import RegisterImage
from simulator.groups import Group
from simulator.noise import Floats, text_key

_SPEED_CODE = 2  # 9600 baud: sensors that keep their own address in a register keep this behind it


class GroupImage:
    """The registers of one group of devices."""

    def __init__(self, group: Group) -> None:
        self.group = group
        current, voltage = group.ratios
        self.image = RegisterImage(
            group.profile, string_count=group.string_count or None, ct_ratio=current, pt_ratio=voltage
        )
        self.image.encode_texts(_texts(group))
        nothing = np.full(len(group.devices), np.nan)
        self.rows = self.image.encode({self.image.quantities[0]: nothing})
        self._slices: dict[tuple[int, int, int], slice | None] = {}

    def update(self, values: Mapping[str, Floats], held: Sequence[int] = ()) -> None:
        """Write new values; the rows ``held`` stay as they are (frozen devices)."""
        kept = self.rows[list(held)].copy() if held else None
        self.rows = self.image.encode(values, out=self.rows)
        if kept is not None:
            self.rows[list(held)] = kept

    def read(self, row: int, function: int, address: int, count: int) -> bytes | None:
        """Return the bytes of some registers of one device; None when it has not all of them in one answer.

        A question that reaches across an address at which the make's questions must end is refused as well.
        """
        profile = self.group.profile
        if (function, address) == (3, profile.habits.own_address) and count <= 2:
            return b"".join(word.to_bytes(2) for word in (self.group.devices[row].unit, _SPEED_CODE)[:count])
        key = (function, address, count)
        if key not in self._slices:
            if len(self._slices) > 4096:
                self._slices.clear()
            across = any(address < end < address + count for end in profile.limits.boundaries)
            self._slices[key] = None if across else self.image.slice(function, address, count)
        place = self._slices[key]
        return None if place is None else self.rows[row, place].tobytes()


def _texts(group: Group) -> dict[str, list[str]]:
    points = {point.name: point for point in group.profile.points if point.is_text}
    makers: Mapping[str, Callable[[Device], str]] = {
        "serial_number": _serial,
        "serial_number_new": _serial,
        "model_name": lambda _: group.profile.models[0] if group.profile.models else group.profile.name,
        "firmware_version": lambda _: "V1.00",
        "device_name": lambda device: device.device_id,
    }
    found: dict[str, list[str]] = {}
    for name, maker in makers.items():
        if name in points and points[name].type.value == "string":
            found[name] = [maker(device) for device in group.devices]
    return found


def _serial(device: Device) -> str:
    """Return the registered serial number, or one that belongs to the device id alone."""
    return device.serial_number or f"{text_key(device.device_id) % 10**10:010d}"
