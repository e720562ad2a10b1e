"""A first look at one device: all its blocks once, what was refused, and nothing written anywhere."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from collectors.source import Source
from domain.clock import Clock
from domain.errors import CollectError, NoConnectionError, RefusedError, UnreachableError
from domain.measurement import BlockRead, Sample, WordBlock
from domain.plant import Device
from inverters.dlt645 import IDENTITY_IDENTIFIERS, LIVE_IDENTIFIERS, MORE_IDENTIFIERS, meter_blocks
from inverters.plan import plan
from inverters.profile import DeviceProfile, resolve
from inverters.remap import LOGGER_UNIT, at_device_address, is_area, is_remapped
from inverters.sunspec import sunspec_map, sunspec_next

_SILENT_AFTER = 2  # blocks in a row without any answer: the device is not there
_MODEL_READS_MAX = 80
Read = Callable[[BlockRead], Awaitable[WordBlock]]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A block that gave nothing, and why."""

    block: BlockRead
    why: str


@dataclass(frozen=True, slots=True)
class Examination:
    """What one look brought. ``profile`` has its registers where this device has them."""

    profile: DeviceProfile
    sample: Sample
    refused: tuple[Refusal, ...]
    reads: int


def unit_of(device: Device, profile: DeviceProfile) -> int:
    """Return which unit is asked for ``device``: its meter's address, the logger of a remap area, or its own."""
    if profile.dlt645:
        return int(device.meter_address)
    return LOGGER_UNIT if is_area(profile) else device.unit


async def profile_of(device: Device, profile: DeviceProfile, read: Read) -> DeviceProfile:
    """Return ``profile`` with its registers where ``device`` has them; asks a SunSpec device for its models.

    Raises
    ------
    CollectError
        The device does not answer.
    ProfileError
        It has none of the models.
    """
    if is_remapped(profile):
        return at_device_address(profile, device.unit)
    if profile.models_table is None:
        return profile
    return resolve(profile, sunspec_map(await _models(read)))


async def _models(read: Read) -> list[WordBlock]:
    blocks: list[WordBlock] = []
    refused: set[int] = set()
    while (wanted := sunspec_next(blocks, refused)) is not None:
        if len(blocks) + len(refused) >= _MODEL_READS_MAX:
            break
        try:
            blocks.append(await read(wanted))
        except RefusedError:
            refused.add(wanted.address)
    return blocks


def blocks_of(device: Device, profile: DeviceProfile) -> tuple[BlockRead, ...]:
    """Return every block of a device: what is measured, then who it is."""
    if profile.dlt645:
        return meter_blocks((*LIVE_IDENTIFIERS, *IDENTITY_IDENTIFIERS, *MORE_IDENTIFIERS))
    strings = device.string_count or None
    return (
        *plan(profile, string_count=strings),
        *plan(profile, string_count=strings, what="identity"),
    )


async def look(source: Source, device: Device, profile: DeviceProfile, clock: Clock) -> Examination:
    """Read everything ``device`` has once. The caller closes the source.

    Raises
    ------
    CollectError
        Nothing answered; the message says what to check.
    """
    unit = unit_of(device, profile)
    reads = 0

    async def read(block: BlockRead) -> WordBlock:
        nonlocal reads
        reads += 1
        return await source.read(unit, block)

    placed = await profile_of(device, profile, read)
    found: list[WordBlock] = []
    refused: list[Refusal] = []
    measured_at, silent = clock.now(), 0
    for block in blocks_of(device, placed):
        try:
            found.append(await read(block))
            silent = 0
        except CollectError as error:
            refused.append(Refusal(block, str(error)))
            silent += isinstance(error, UnreachableError)
            if isinstance(error, NoConnectionError) or silent >= _SILENT_AFTER:
                if not found:
                    raise
                break
    sample = Sample(device.device_id, measured_at, clock.now(), tuple(found))
    return Examination(placed, sample, tuple(refused), reads)
