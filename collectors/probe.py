"""Asking an unknown device who it is: at most twelve reads and twenty seconds, and the connection is closed behind it."""

import asyncio
from collections import deque
from dataclasses import dataclass

from collectors.dlt645 import Dlt645Source
from collectors.source import Source
from domain.errors import (
    CollectError,
    MalformedAnswerError,
    NoConnectionError,
    RefusedError,
    UnreachableError,
)
from inverters.dlt645 import meter_blocks
from inverters.recognise import CLUES, SURE, Recognised

LONGEST_S = 19.0
READS_MAX = 12
SILENT_AFTER = 3  # reads without any answer: nobody is there
_NO_SUCH_FUNCTION = 1
_BUSY_CODES = frozenset({4, 5, 6})  # what devices say while another master talks to them


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What a probe found: the likeliest family first; ``answered`` tells whether anybody spoke at all.

    ``trouble`` is the first sign that somebody else is on the wire: a foreign frame, a lost connection, a busy device.
    """

    found: tuple[Recognised, ...]
    reads: int
    answered: bool
    trouble: str = ""


async def probe(
    source: Source, unit: int, *, silent_after: int = SILENT_AFTER, wary: bool = False
) -> ProbeResult:
    """Return which family answers as ``unit``; nobody does after ``silent_after`` questions without an answer.

    ``wary``: ask nothing more after the first sign that somebody else is on the wire.

    Raises
    ------
    NoConnectionError
        The gateway cannot be reached.
    """
    found: list[Recognised] = []
    reads, answered, trouble = 0, False, ""
    try:
        async with asyncio.timeout(LONGEST_S):
            asked, more = deque(CLUES), 0
            while (
                asked and reads < READS_MAX and (answered or reads < silent_after) and not (wary and trouble)
            ):
                if not more and any(one.confidence >= SURE for one in found):
                    break
                clue, more = asked.popleft(), max(0, more - 1)
                reads += 1
                try:
                    words = (await source.read(unit, clue.block)).words
                except NoConnectionError as error:
                    if not answered:
                        raise
                    trouble = trouble or str(error)
                    continue
                except CollectError as error:
                    trouble = trouble or (str(error) if _is_trouble(error) else "")
                    answered = answered or not isinstance(error, UnreachableError)
                    if isinstance(error, RefusedError) and error.code == _NO_SUCH_FUNCTION:
                        asked = deque(one for one in asked if one.block.function != clue.block.function)
                    continue
                answered = True
                one = clue.tell(words, unit)
                if one is not None:
                    found.append(one)
                    further = clue.further(words)
                    asked.extendleft(reversed(further))
                    more += len(further)
    except TimeoutError:
        pass  # what was found until now stands
    finally:
        await source.close()
    return ProbeResult(tuple(sorted(found, key=lambda one: -one.confidence)), reads, answered, trouble)


async def probe_meter(source: Dlt645Source) -> ProbeResult:
    """Return whether one DL/T 645-2007 meter answers on a line: its address, then one energy to be sure of the edition.

    Raises
    ------
    NoConnectionError
        The gateway cannot be reached.
    """
    reads, answered, trouble = 1, False, ""
    found: tuple[Recognised, ...] = ()
    try:
        meter = await source.address()
        answered, reads = True, 2
        why = f"asked for its address, a meter tells {meter}"
        found = (Recognised("meter_dlt645", 0.6, f"{why}, but answers no identifier of 2007", meter),)
        await source.read(int(meter), meter_blocks(("00010000",))[0])
        found = (Recognised("meter_dlt645", 0.95, f"{why} and answers identifier 00010000", meter),)
    except NoConnectionError:
        if not answered:
            raise
    except CollectError as error:
        trouble = str(error) if _is_trouble(error) else ""
    finally:
        await source.close()
    return ProbeResult(found, reads, answered, trouble)


def _is_trouble(error: CollectError) -> bool:
    busy = isinstance(error, RefusedError) and error.code in _BUSY_CODES
    return busy or isinstance(error, MalformedAnswerError)
