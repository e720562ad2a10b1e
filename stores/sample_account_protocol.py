"""What keeps the account of samples promises: strips of slots by device and start, absolute, so twice is once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from domain.slots import Strip


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A process said it lives.

    Attributes
    ----------
    process : str
        Which, such as ``collector`` or ``worker``; one row each.
    at : datetime
        Real time.
    figures : dict
        What it counts, by name of the metric.
    faults : tuple of str
        Its parts that do not tick, by name.
    """

    process: str
    at: datetime
    figures: dict[str, float]
    faults: tuple[str, ...] = ()


class SampleAccountStore(Protocol):
    """Strips of slots, and heartbeats."""

    def put_strips(self, strips: Sequence[Strip]) -> None:
        """Keep strips; one of the same device and start is replaced."""
        ...

    def strips(self, device_ids: Sequence[str], first: date, last: date) -> list[Strip]:
        """Return strips of local days, both included, by device and start."""
        ...

    def beat(self, heartbeat: Heartbeat) -> None:
        """Keep the newest heartbeat of a process."""
        ...

    def heartbeats(self) -> list[Heartbeat]:
        """Return the newest heartbeat of each process, by name."""
        ...

    def forget_heartbeat(self, process: str) -> None:
        """A process ended as it should: nobody need miss it."""
        ...

    def forget_strips(self, before: datetime) -> int:
        """Delete strips that began before an instant; return how many."""
        ...
