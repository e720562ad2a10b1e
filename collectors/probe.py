"""Asking an unknown device who it is: at most twelve reads and twenty seconds, and the connection is closed behind it."""

import asyncio
from collections import deque
from dataclasses import dataclass

from collectors.source import Source
from domain.errors import (
    CollectError,
    MalformedAnswerError,
    NoConnectionError,
    RefusedError,
    UnreachableError,
)
from inverters.recognise import CLUES, SURE, Recognised

LONGEST_S = 19.0
READS_MAX = 12
SILENT_AFTER = 3  # reads without any answer: nobody is there
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
            asked = deque(CLUES)
            while (
                asked and reads < READS_MAX and (answered or reads < silent_after) and not (wary and trouble)
            ):
                clue = asked.popleft()
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
                    continue
                answered = True
                one = clue.tell(words, unit)
                if one is not None:
                    found.append(one)
                    asked.extendleft(reversed(clue.then))
                    if one.confidence >= SURE:
                        break
    except TimeoutError:
        pass  # what was found until now stands
    finally:
        await source.close()
    return ProbeResult(tuple(sorted(found, key=lambda one: -one.confidence)), reads, answered, trouble)


def _is_trouble(error: CollectError) -> bool:
    busy = isinstance(error, RefusedError) and error.code in _BUSY_CODES
    return busy or isinstance(error, MalformedAnswerError)
