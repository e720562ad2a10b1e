"""The remap area of a SmartLogger: one read of the logger, one batch for each device behind it.

Each device has 25 registers of its own, those of device address n from 51000 + 25 x (n - 1) on (maker's interface
definitions, issue 35). Profiles of this area give the addresses of device address 1. Five devices fit one read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from domain.errors import ProfileError
from domain.measurement import Batch, BlockRead, Sample, WordBlock
from inverters.decode import Decoder
from inverters.profile import DeviceProfile

BASE = 51000
STRIDE = 25
ADDRESS_MAX = 247
LOGGER_UNIT = 0  # the logger itself, which answers for the area
_FUNCTION = 3
_REGISTERS_MAX = 125


@dataclass(frozen=True, slots=True)
class RemappedDevice:
    """One device behind a logger, by its id and the profile of its place in the area."""

    device_id: str
    profile: DeviceProfile


class RemapDecoder:
    """Reads and decodes the area of one logger.

    Parameters
    ----------
    devices : mapping of int to RemappedDevice
        What is behind the logger, by device address (1 to 247).

    Attributes
    ----------
    reads : tuple of BlockRead
        What to ask the logger for: consecutive addresses together, five in a read, none that nobody has.

    Raises
    ------
    ProfileError
        An address or a profile is none of this area.
    """

    def __init__(self, devices: Mapping[int, RemappedDevice]) -> None:
        self._devices = dict(sorted(devices.items()))
        self._spans = {number: _span(number, one) for number, one in self._devices.items()}
        self._decoders = {
            one.profile: Decoder(one.profile, (BlockRead(_FUNCTION, BASE, _width(one.profile)),))
            for one in self._devices.values()
        }
        self.reads = self._plan()

    def _plan(self) -> tuple[BlockRead, ...]:
        reads: list[BlockRead] = []
        last = 0
        for number, span in self._spans.items():
            end = span.address + span.count
            if reads and number == last + 1 and end - reads[-1].address <= _REGISTERS_MAX:
                reads[-1] = BlockRead(_FUNCTION, reads[-1].address, end - reads[-1].address)
            else:
                reads.append(span)
            last = number
        return tuple(reads)

    def decode(self, sample: Sample) -> tuple[Batch, ...]:
        """Return a batch for each device whose registers ``sample`` of the logger holds whole.

        Devices of a read that did not come have no batch: nothing is known of them.
        """
        batches = []
        for number, one in self._devices.items():
            words = _cut(sample, self._spans[number])
            if words is not None:
                own = replace(
                    sample,
                    device_id=one.device_id,
                    blocks=(WordBlock(_FUNCTION, BASE, words),),
                    document=None,
                )
                batches.append(self._decoders[one.profile].decode(own))
        return tuple(batches)


def remap_batches(devices: Mapping[int, RemappedDevice], sample: Sample) -> tuple[Batch, ...]:
    """Return the batches one sample of a logger means; see `RemapDecoder`, which is made once for many."""
    return RemapDecoder(devices).decode(sample)


def is_remapped(profile: DeviceProfile) -> bool:
    """Tell whether ``profile`` describes a place of this area, written for device address 1."""
    points = profile.points
    return bool(points) and all(point.address >= BASE and point.end <= BASE + STRIDE for point in points)


def is_area(profile: DeviceProfile) -> bool:
    """Tell whether the registers of ``profile`` lie in this area, at whichever device address."""
    points, end = profile.points, BASE + STRIDE * ADDRESS_MAX
    return bool(points) and all(point.address >= BASE and point.end <= end for point in points)


def at_device_address(profile: DeviceProfile, number: int) -> DeviceProfile:
    """Return ``profile`` of the area with the registers of device address ``number``."""
    shift = _span(number, RemappedDevice("", profile)).address - BASE
    return replace(
        profile, points=tuple(replace(point, address=point.address + shift) for point in profile.points)
    )


def _width(profile: DeviceProfile) -> int:
    return max(point.end for point in profile.points) - BASE


def _span(number: int, one: RemappedDevice) -> BlockRead:
    if not is_remapped(one.profile):
        raise ProfileError(
            f"{one.profile.name} is no profile of the remap area ({BASE} to {BASE + STRIDE - 1})"
        )
    if not 1 <= number <= ADDRESS_MAX:
        raise ProfileError(f"device address {number} of {one.device_id}: expected 1 to {ADDRESS_MAX}")
    return BlockRead(_FUNCTION, BASE + STRIDE * (number - 1), _width(one.profile))


def _cut(sample: Sample, span: BlockRead) -> bytes | None:
    for block in sample.blocks:
        start = (span.address - block.address) * 2
        if block.function == span.function and start >= 0 and start + span.count * 2 <= len(block.words):
            return block.words[start : start + span.count * 2]
    return None
