"""Which blocks one device is asked for, and what it taught us about addresses it refuses. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.measurement import BlockRead


@dataclass(frozen=True, slots=True)
class Span:
    """Where one point lies; it is never split over two requests."""

    function: int
    address: int
    words: int


class ReadPlan:
    """The blocks of one device.

    A block refused as illegal is halved between points until only the points the device does not have are
    left out; those are remembered, and tried again when `restore` is called.

    Parameters
    ----------
    live, identity : sequence of BlockRead
        What is read each cycle, and what is read rarely.
    spans : sequence of Span
        Every point of the device, so that a block can be divided between two of them.
    """

    def __init__(
        self, live: Sequence[BlockRead], identity: Sequence[BlockRead] = (), spans: Sequence[Span] = ()
    ) -> None:
        self.blocks = tuple(live)
        self.identity = tuple(identity)
        self.left_out: tuple[BlockRead, ...] = ()
        self._first = self.blocks[0] if self.blocks else None
        self._spans = sorted(set(spans), key=lambda span: (span.function, span.address, span.words))

    @property
    def probe(self) -> BlockRead | None:
        """The smallest question that shows whether the device is there."""
        first = self.blocks[0] if self.blocks else self._first
        return None if first is None else BlockRead(first.function, first.address, 1)

    def narrow(self, refused: BlockRead) -> tuple[BlockRead, ...]:
        """Divide or leave out ``refused``; return the parts still worth asking for."""
        parts = self._halves(refused)
        position = self.blocks.index(refused) if refused in self.blocks else len(self.blocks)
        before, after = self.blocks[:position], self.blocks[position + 1 :]
        self.blocks = (*before, *parts, *after)
        if not parts:
            self.left_out = (*self.left_out, refused)
        return parts

    def restore(self) -> None:
        """Put back what was left out: a firmware may have learned it."""
        self.blocks = (*self.blocks, *self.left_out)
        self.left_out = ()

    def _halves(self, block: BlockRead) -> tuple[BlockRead, ...]:
        end = block.address + block.count
        inside = [
            span
            for span in self._spans
            if span.function == block.function
            and span.address >= block.address
            and span.address + span.words <= end
        ]
        middle = len(inside) // 2
        # points that share registers stay together
        while 0 < middle < len(inside) and inside[middle].address < _end(inside[:middle]):
            middle += 1
        if middle in {0, len(inside)}:
            return ()
        return _around(inside[:middle]), _around(inside[middle:])


def _end(spans: Sequence[Span]) -> int:
    return max(span.address + span.words for span in spans)


def _around(spans: Sequence[Span]) -> BlockRead:
    return BlockRead(spans[0].function, spans[0].address, _end(spans) - spans[0].address)
