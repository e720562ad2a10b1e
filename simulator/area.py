"""The area in which a logger shows the devices behind it: their registers, each address at its own place.

A device the logger has lost keeps what it said last, and a state that says so: the word its profile excepts all
other values by.
"""

from collections.abc import Mapping

from domain.plant import Device
from inverters.point import Condition
from inverters.profile import DeviceProfile
from inverters.remap import ADDRESS_MAX, BASE, STRIDE
from simulator.field import VirtualField

_FUNCTION = 3
_NOTHING = b"\xff\xff"  # of registers nobody has


class Area:
    """Devices by their address behind the logger."""

    def __init__(self, devices: Mapping[int, Device], profiles: Mapping[str, DeviceProfile]) -> None:
        self._devices = devices
        self.profiles = tuple(profiles[device.profile] for device in devices.values())
        self._lost = {
            number: _lost_words(profiles[device.profile]) for number, device in self._devices.items()
        }

    @staticmethod
    def holds(address: int) -> bool:
        """Whether a register lies in the area."""
        return BASE <= address < BASE + STRIDE * ADDRESS_MAX

    def read(self, field: VirtualField, function: int, address: int, count: int) -> bytes | None:
        """Return registers of the area; None where no device has its place."""
        found = []
        for at in range(address, address + count):
            number, place = (at - BASE) // STRIDE + 1, (at - BASE) % STRIDE
            device = self._devices.get(number)
            if device is None or function != _FUNCTION:
                return None
            lost = self._lost[number] if not field.answers(device.device_id) else {}
            word = lost.get(BASE + place) or field.read(device.device_id, function, BASE + place, 1)
            found.append(word or _NOTHING)
        return b"".join(found)


def _lost_words(profile: DeviceProfile) -> dict[int, bytes]:
    """Return the state registers of a lost device, by their address at device address 1."""
    words: dict[int, bytes] = {}
    for point in profile.points:
        condition: Condition | None = point.condition
        state = profile.find(condition.name) if condition is not None and condition.negate else None
        if condition is not None and state is not None:
            words[state.address] = min(condition.values).to_bytes(2)
    return words
