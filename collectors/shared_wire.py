"""One wire, several who ask: the poller, and now and then a person who looks at a device or probes a unit.

Requests take turns one by one, so a visit costs the poller no more than the request under way. A visitor never
closes the connection the poller uses.
"""

import asyncio
from collections.abc import Callable
from typing import cast

from collectors.source import MeterLine, Source
from collectors.traffic import Traffic
from domain.measurement import BlockRead, WordBlock


class SharedWire:
    """Implements `collectors.source.Source` over another one, which is made when it is first read."""

    def __init__(self, make: Callable[[], Source]) -> None:
        self._make = make
        self._made: Source | None = None
        self._turn = asyncio.Lock()

    @property
    def source(self) -> Source:
        """What is read. Inside the event loop only."""
        if self._made is None:
            self._made = self._make()
        return self._made

    @property
    def close_after_cycle(self) -> bool:
        """Whether the connection is let go of at the end of each cycle."""
        return bool(getattr(self._made, "close_after_cycle", False))

    def counts(self) -> tuple[int, int, int]:
        """Return bytes sent, received and estimated on top, of poller and visitors, since the wire was made."""
        traffic: Traffic | None = getattr(self._made, "traffic", None)
        return traffic.counts if traffic is not None else (0, 0, 0)

    async def read(self, unit: int, block: BlockRead) -> WordBlock:
        """Return the registers of one block, when the turn has come."""
        async with self._turn:
            return await self.source.read(unit, block)

    async def close(self) -> None:
        """Close the connection at once; a request under way fails."""
        if self._made is not None:
            await self._made.close()

    async def address(self) -> str:
        """Return the address of the one meter on a DL/T 645 line, when the turn has come."""
        async with self._turn:
            return await cast("MeterLine", self.source).address()

    def visitor(self) -> "Visitor":
        """Return the wire for somebody who comes and goes."""
        return Visitor(self)


class Visitor:
    """The wire for one visit."""

    def __init__(self, wire: SharedWire) -> None:
        self._wire = wire

    async def read(self, unit: int, block: BlockRead) -> WordBlock:
        """Return the registers of one block, when the turn has come."""
        return await self._wire.read(unit, block)

    async def address(self) -> str:
        """Return the address of the one meter on a DL/T 645 line, when the turn has come."""
        return await self._wire.address()

    async def close(self) -> None:
        """Let go of the connection only where nobody keeps it."""
        if self._wire.close_after_cycle:
            await self._wire.close()
