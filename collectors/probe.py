"""Asking an unknown device who it is: at most twelve reads within a time of its own, and the connection is closed behind it."""

import asyncio
from collections import deque
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

from collectors.source import MeterLine, Source
from domain.clock import Clock, SystemClock
from domain.errors import (
    CollectError,
    MalformedAnswerError,
    NoConnectionError,
    RefusedError,
    UnreachableError,
)
from domain.measurement import BlockRead
from inverters.dlt645 import meter_blocks
from inverters.recognise import CLUES, SURE, Clue, Recognised, because

T = TypeVar("T")
LONGEST_S = (
    16.0  # twelve answers at the pace of the most particular make; four of twenty seconds are for the start
)
SHORTEST_S = 5.0
READS_MAX = 12
SILENT_AFTER = 3  # reads without any answer: nobody is there
_NO_SUCH_FUNCTION = 1
_BUSY_CODES = frozenset({4, 5, 6})  # what devices say while another master talks to them


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of a probe, and what came: ``words``, or ``why`` nothing that could be taken."""

    block: BlockRead
    words: bytes = b""
    why: str = ""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What a probe found: the likeliest family first; ``answered`` tells whether anybody spoke at all.

    ``trouble`` is the first sign that somebody else is on the wire: a foreign frame, a lost connection, a busy device.
    ``out_of_time``: it ended because its time did, with clues left.
    """

    found: tuple[Recognised, ...]
    reads: int
    answered: bool
    trouble: str = ""
    asked: tuple[Asked, ...] = ()
    out_of_time: bool = False


class _Deadline:
    """The time a probe has, by the clock it is given."""

    def __init__(self, clock: Clock, longest_s: float) -> None:
        self._clock = clock
        self._until_s = clock.monotonic() + longest_s
        self.over = False

    def passed(self) -> bool:
        """Tell whether no time is left, and remember it."""
        self.over = self.over or self._clock.monotonic() >= self._until_s
        return self.over

    async def within(self, read: Awaitable[T]) -> T:
        """Return what ``read`` brings; TimeoutError when the time ends before."""
        left_s = self._until_s - self._clock.monotonic()
        try:
            async with asyncio.timeout(self._clock.wait_s(max(0.0, left_s))):
                return await read
        except TimeoutError:
            self.over = True
            raise


class _Inquiry:
    """Clue after clue, until one is sure or there is no more to ask."""

    def __init__(self, source: Source, unit: int, deadline: _Deadline) -> None:
        self._source = source
        self._unit = unit
        self._deadline = deadline
        self._left = deque(CLUES)
        self._more = 0  # clues at the front that say more of what is already found
        self.found: list[Recognised] = []
        self.asked: list[Asked] = []
        self.answered = False
        self.trouble = ""

    def wants_more(self, silent_after: int) -> bool:
        """Tell whether there is a reason, and the time, to ask again."""
        sure = not self._more and any(one.confidence >= SURE for one in self.found)
        room = len(self.asked) < (READS_MAX if self.answered else min(silent_after, READS_MAX))
        return bool(self._left) and room and not sure and not self._deadline.passed()

    async def ask_next(self) -> None:
        """Read the next clue's registers and judge them."""
        clue, self._more = self._left.popleft(), max(0, self._more - 1)
        try:
            words = (await self._deadline.within(self._source.read(self._unit, clue.block))).words
        except TimeoutError:
            self.asked.append(Asked(clue.block, why="no time was left for an answer"))
        except CollectError as error:
            where = f"{clue.block.address}+{clue.block.count}: "  # said once is enough
            self.asked.append(Asked(clue.block, why=str(error).rpartition(where)[2]))
            self._take_refusal(clue, error)
        else:
            self.asked.append(Asked(clue.block, words))
            self._take_words(clue, words)

    def _take_refusal(self, clue: Clue, error: CollectError) -> None:
        lost = isinstance(error, NoConnectionError)
        if lost and not self.answered:
            raise error
        self.trouble = self.trouble or (str(error) if lost or _is_trouble(error) else "")
        self.answered = self.answered or not isinstance(error, UnreachableError)
        if isinstance(error, RefusedError) and error.code == _NO_SUCH_FUNCTION:
            self._left = deque(one for one in self._left if one.block.function != clue.block.function)

    def _take_words(self, clue: Clue, words: bytes) -> None:
        self.answered = True
        one = clue.tell(words, self._unit)
        if one is not None:
            self.found.append(one)
            further = clue.further(words)
            self._left.extendleft(reversed(further))
            self._more += len(further)

    def result(self) -> ProbeResult:
        """Return what came of it."""
        likely = tuple(sorted(self.found, key=lambda one: -one.confidence))
        return ProbeResult(
            likely, len(self.asked), self.answered, self.trouble, tuple(self.asked), self._deadline.over
        )


async def probe(
    source: Source,
    unit: int,
    *,
    silent_after: int = SILENT_AFTER,
    wary: bool = False,
    clock: Clock | None = None,
    longest_s: float = LONGEST_S,
) -> ProbeResult:
    """Return which family answers as ``unit``; nobody does after ``silent_after`` questions without an answer.

    Parameters
    ----------
    wary : ask nothing more after the first sign that somebody else is on the wire.
    longest_s : what was found until then stands, however slowly the device answers. [s of ``clock``]

    Raises
    ------
    NoConnectionError
        The gateway cannot be reached.
    """
    inquiry = _Inquiry(source, unit, _Deadline(clock or SystemClock(), longest_s))
    try:
        while inquiry.wants_more(silent_after) and not (wary and inquiry.trouble):
            await inquiry.ask_next()
    finally:
        await source.close()
    return inquiry.result()


async def probe_meter(
    source: MeterLine, *, clock: Clock | None = None, longest_s: float = LONGEST_S
) -> ProbeResult:
    """Return whether one DL/T 645-2007 meter answers on a line: its address, then one energy to be sure of the edition.

    Raises
    ------
    NoConnectionError
        The gateway cannot be reached.
    """
    reads, answered, trouble = 1, False, ""
    found: tuple[Recognised, ...] = ()
    deadline = _Deadline(clock or SystemClock(), longest_s)
    try:
        meter = await deadline.within(source.address())
        answered, reads = True, 2
        found = (Recognised("meter_dlt645", 0.6, because("meter_other", meter=meter), meter),)
        await deadline.within(source.read(int(meter), meter_blocks(("00010000",))[0]))
        found = (Recognised("meter_dlt645", 0.95, because("meter", meter=meter), meter),)
    except TimeoutError:
        pass  # what was found until now stands
    except NoConnectionError:
        if not answered:
            raise
    except CollectError as error:
        trouble = str(error) if _is_trouble(error) else ""
    finally:
        await source.close()
    return ProbeResult(found, reads, answered, trouble, out_of_time=deadline.over)


def _is_trouble(error: CollectError) -> bool:
    busy = isinstance(error, RefusedError) and error.code in _BUSY_CODES
    return busy or isinstance(error, MalformedAnswerError)
