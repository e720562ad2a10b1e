"""Finding the models of a SunSpec device: pure steps over what was read so far.

The marker "SunS" stands at one of three addresses; behind it models follow each other, each with its number and
its length, until a number 0xFFFF. Number and length are read by themselves, for makers differ in the length of
one and the same model.
"""

from collections.abc import Collection, Iterable

from domain.measurement import BlockRead, WordBlock
from inverters.models import END, MARKER, ModelAt
from inverters.profile import resolve

__all__ = ["BASES", "ModelAt", "resolve", "sunspec_map", "sunspec_next"]

BASES = (40000, 0, 50000)  # where the marker may stand, in the order to be tried
_FUNCTION = 3
_ADDRESS_MAX = 0xFFFF
_MODELS_MAX = 64  # a device with more is not telling models


def sunspec_map(blocks: Iterable[WordBlock]) -> list[tuple[int, int, int]]:
    """Return the models of a device: number, address of the ID register, length, in the device's order.

    Parameters
    ----------
    blocks : iterable of WordBlock
        Everything read so far with function 3, in any pieces.

    Returns
    -------
    list of (model, address, length)
        As far as the blocks reach; empty without a marker.
    """
    found, _ = _walk(_memory(blocks))
    return [(model.model, model.address, model.length) for model in found]


def sunspec_next(blocks: Iterable[WordBlock], refused: Collection[int] = ()) -> BlockRead | None:
    """Return what to read next to know more models, None when the list is complete or there is none.

    Parameters
    ----------
    blocks : iterable of WordBlock
        Everything read so far.
    refused : collection of int
        Addresses whose read the device refused.
    """
    memory = _memory(blocks)
    found, address = _walk(memory)
    if address is None:
        return None
    if address >= 0:
        return None if address in refused else BlockRead(_FUNCTION, address, 2)
    bases = (base for base in BASES if base not in memory and base not in refused)
    base = next(bases, None)
    return None if base is None or found else BlockRead(_FUNCTION, base, 2)


def _memory(blocks: Iterable[WordBlock]) -> dict[int, int]:
    memory: dict[int, int] = {}
    for block in blocks:
        if block.function == _FUNCTION:
            for number in range(block.count):
                memory[block.address + number] = int.from_bytes(block.words[number * 2 : number * 2 + 2])
    return memory


def _walk(memory: dict[int, int]) -> tuple[list[ModelAt], int | None]:
    """Return the models known, and the address where the list goes on (-1: no marker, None: it is over)."""
    base = next((b for b in BASES if (memory.get(b), memory.get(b + 1)) == MARKER), None)
    found: list[ModelAt] = []
    if base is None:
        return found, -1
    address = base + 2
    while address < _ADDRESS_MAX and len(found) < _MODELS_MAX:
        model, length = memory.get(address), memory.get(address + 1)
        if model == END:
            return found, None
        if model is None or length is None:
            return found, address
        found.append(ModelAt(model, address, length))
        address += length + 2
    return found, None
