"""What a collector is told about its place, and what it counts."""

from dataclasses import dataclass

from collectors.time_guard import ClockSource


@dataclass(frozen=True, slots=True)
class CollectorCounts:
    """What the collector did since it started."""

    cycles: int
    late_cycles: int
    reads: int
    probes: int
    batches: int
    committed: int
    lost: int
    messages: int
    bad_messages: int
    undecoded: int


@dataclass(frozen=True, slots=True)
class Manner:
    """What is done otherwise in another place.

    ``judges_identity``: whether a changed serial number is judged here (a village leaves that to the centre);
    ``clock_source``: what says that the clock is right.
    """

    judges_identity: bool = True
    clock_source: ClockSource = ClockSource.NTP


USUAL = Manner()
