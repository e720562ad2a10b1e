"""Source: anything that can answer a read plan. The one narrow door between the poller and a wire."""

from typing import Protocol

from domain.measurement import BlockRead, WordBlock


class Source(Protocol):
    """One wire. One request is under way at a time; the caller serialises.

    The only methods that exist read; none can write.
    """

    async def read(self, unit: int, block: BlockRead) -> WordBlock:
        """Return the registers of one block.

        Raises
        ------
        UnreachableError
            No connection, or no answer within the wire's time-out.
        MalformedAnswerError
            An answer that does not fit: function, unit, byte count, transaction.
        RefusedError
            A Modbus exception, with its code.
        """
        ...

    async def close(self) -> None:
        """Close the connection; the next read opens it again."""
        ...
