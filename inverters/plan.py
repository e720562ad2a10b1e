"""From a profile to few block reads: pure arithmetic over addresses."""

from collections.abc import Iterable
from typing import Literal

from domain.measurement import BlockRead
from inverters.point import Point, scale_point
from inverters.profile import DeviceProfile, Limits


def plan(
    profile: DeviceProfile,
    *,
    string_count: int | None = None,
    what: Literal["live", "identity"] = "live",
) -> tuple[BlockRead, ...]:
    """Return the reads that fetch every ``what`` point of a device with ``string_count`` strings.

    Scale factors are read with what they scale: they are live registers.
    Every point lies inside exactly one block and is never split; no block is longer than the profile
    allows, reaches across a boundary or over a hole; a gap is read over when it is no longer than
    ``max_gap``. Sorted by function and address.
    """
    wanted = [point for point in profile.points_for(string_count) if point.class_ == what]
    factors = [factor for point in wanted if (factor := scale_point(point)) is not None]
    return plan_points([*wanted, *factors], profile.limits)


def plan_points(points: Iterable[Point], limits: Limits) -> tuple[BlockRead, ...]:
    """Return the reads that fetch ``points``."""
    blocks: list[BlockRead] = []
    for point in sorted(points, key=lambda point: (point.function, point.address, point.end)):
        last = blocks[-1] if blocks else None
        if last is not None and _joins(last, point, limits):
            count = max(last.address + last.count, point.end) - last.address
            blocks[-1] = BlockRead(last.function, last.address, count)
        else:
            blocks.append(BlockRead(point.function, point.address, point.words))
    return tuple(blocks)


def _joins(block: BlockRead, point: Point, limits: Limits) -> bool:
    end = block.address + block.count
    if block.function != point.function:
        return False
    if point.end <= end:
        return True  # already inside: two meanings of one register
    if point.address - end > limits.max_gap or point.end - block.address > limits.max_registers:
        return False
    if any(block.address < boundary < point.end for boundary in limits.boundaries):
        return False
    return not any(first < point.end and last >= end for first, last in limits.holes)
