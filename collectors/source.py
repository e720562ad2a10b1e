"""The narrow doors between collectors and the field: a wire that can be read, a broker that delivers, a line home."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from collectors.edge_codec import Answer, EdgeMessage
from domain.measurement import BlockRead, Sample, WordBlock
from domain.timespan import Interval


class Source(Protocol):
    """One wire. One request is under way at a time; the caller serialises.

    The only methods that exist read; none can write.
    """

    async def read(self, unit: int, block: BlockRead) -> WordBlock:
        """Return the registers of one block.

        Raises
        ------
        NoConnectionError
            The gateway itself cannot be reached.
        UnreachableError
            No answer within the wire's time-out.
        MalformedAnswerError
            An answer that does not fit: function, unit, byte count, transaction.
        RefusedError
            A Modbus exception, with its code.
        """
        ...

    async def close(self) -> None:
        """Close the connection; the next read opens it again."""
        ...


class MeterLine(Source, Protocol):
    """A line of DL/T 645 meters."""

    async def address(self) -> str:
        """Return the address of the one meter on the line; where several answer at once, nothing is understood."""
        ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message that arrived: a sample, a gateway's own ``document``, what a collector in a village says, or
    what nobody could understand and why.

    ``received_at`` is set for a gateway's own document only. ``receipt`` is handed back to `MessageSource.acknowledge` once the content is safe on disk.
    """

    receipt: tuple[int, int]
    sample: Sample | None
    topic: str = ""
    payload: bytes = b""
    reason: str = ""
    edge: EdgeMessage | None = None
    document: Any = None
    received_at: datetime | None = None


class MessageSource(Protocol):
    """A broker that delivers messages and forgets them only when told."""

    def start(self, deliver: Callable[[Delivery], None]) -> None:
        """Connect in the background; ``deliver`` is called in a thread of its own."""
        ...

    def listen(self, topics: Sequence[str]) -> None:
        """Hear these topics too, whose documents are not of our format; also while connected."""
        ...

    def acknowledge(self, receipts: list[tuple[int, int]]) -> None:
        """Tell the broker that these are safe on disk."""
        ...

    def answer(self, topic: str, payload: bytes) -> None:
        """Tell a collector in a village what is safe here; where nobody is connected it asks again by itself."""
        ...

    def greet(self, words: Sequence[tuple[str, bytes]]) -> None:
        """Say this, by topic, whenever the broker accepts us."""
        ...

    def gaps(self) -> dict[str, int]:
        """Return how many numbered messages of each device never came."""
        ...

    def is_connected(self) -> bool:
        """Tell whether the broker accepted us."""
        ...

    def take_lost(self) -> list[Interval]:
        """Return the times, since last asked, of which the broker has forgotten what was published."""
        ...

    def stop(self) -> None:
        """Disconnect; the broker keeps what was not acknowledged."""
        ...


class Line(Protocol):
    """What the village's forwarder needs of a line."""

    def start(self, on_answer: Callable[[Answer], None], on_up: Callable[[], None]) -> None:
        """Connect in the background; both are called in a thread of the line."""
        ...

    def listen(self, plant_id: str, source: str) -> None:
        """Listen for answers to this source, and to everyone of its plant."""
        ...

    def publish(self, topic: str, payload: bytes) -> bool:
        """Send a message; False when it did not even leave."""
        ...

    def is_connected(self) -> bool:
        """Tell whether the broker accepted us."""
        ...

    def stop(self) -> None:
        """Hang up."""
        ...
