"""Asking an unknown device who it is: at most twelve reads and twenty seconds, and the connection is closed behind it."""

import asyncio
from dataclasses import dataclass

from collectors.source import Source
from domain.errors import CollectError, NoConnectionError, UnreachableError
from inverters.recognise import CLUES, SURE, Recognised

LONGEST_S = 19.0
_SILENT_AFTER = 3  # reads without any answer: nobody is there


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What a probe found: the likeliest family first; ``answered`` tells whether anybody spoke at all."""

    found: tuple[Recognised, ...]
    reads: int
    answered: bool


async def probe(source: Source, unit: int) -> ProbeResult:
    """Return which family answers as ``unit``.

    Raises
    ------
    NoConnectionError
        The gateway cannot be reached.
    """
    found: list[Recognised] = []
    reads, answered = 0, False
    try:
        async with asyncio.timeout(LONGEST_S):
            for clue in CLUES:
                if not answered and reads >= _SILENT_AFTER:
                    break
                reads += 1
                try:
                    words = (await source.read(unit, clue.block)).words
                except NoConnectionError:
                    if not answered:
                        raise
                    continue
                except CollectError as error:
                    answered = answered or not isinstance(error, UnreachableError)
                    continue
                answered = True
                one = clue.judge(words)
                if one is not None:
                    found.append(one)
                    if one.confidence >= SURE:
                        break
    except TimeoutError:
        pass  # what was found until now stands
    finally:
        await source.close()
    return ProbeResult(tuple(sorted(found, key=lambda one: -one.confidence)), reads, answered)
