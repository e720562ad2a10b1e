"""Fuzz campaign led by coverage, where atheris is installed (it is not among the locked dependencies).

``pip install atheris``, then ``python -m bench.fuzz_coverage -runs=1000000 [-max_len=512] [FOLDER]``: atheris watches
which lines its bytes reach, looks for new ones and keeps what found them in FOLDER. The bytes go as they are into
every frame parser and expression, and are the dice of the targets of `bench.fuzz_decode`: a byte changed changes one
choice. Anything but a refusal of our own ends the run and keeps the bytes. ``--targets=frames,meters`` leaves the
costly ones out, ``--targets=`` all of them, for many runs of the parsers alone.
"""

import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from random import Random

from domain.errors import PvmonError

_WATCHED = ["inverters", "domain", "bench.fuzz_decode"]
_TARGETS = "--targets="


class Steered(Random):
    """Dice that fall as some bytes say, and by chance (always the same) when these are used up."""

    def __init__(self, data: bytes) -> None:
        super().__init__(0)
        self._data, self._at = data, 0

    def getrandbits(self, k: int, /) -> int:
        """Return ``k`` bits: the next bytes, the first of them the lowest."""
        size = -(-k // 8)
        piece = self._data[self._at : self._at + size]
        if len(piece) < size:
            return super().getrandbits(k)
        self._at += size
        return int.from_bytes(piece, "little") & ((1 << k) - 1)

    def random(self) -> float:
        """Return a number from 0 to 1, 0 included."""
        return self.getrandbits(16) / 0x10000


def one(data: bytes, targets: Sequence[str] | None = None) -> str:
    """Run every parser, and of ``targets`` (None: all) the one the first byte names, once; return that one, if any.

    Raises
    ------
    AssertionError
        Registers came out of a frame that does not hold, or a value is wrongly good.
    """
    from bench.fuzz_decode import TARGETS
    from inverters.document_path import PathError, parse_path
    from inverters.frame_reading import read_frame
    from inverters.frames import dlt645_answer, gdw3761_frame, rtu_registers

    reading = read_frame(data)
    if reading.registers and not reading.holds:
        raise AssertionError(f"registers out of {data.hex()}, which does not hold")
    for parse in (rtu_registers, dlt645_answer, gdw3761_frame):
        with suppress(PvmonError):
            parse(data)
    with suppress(PathError):
        parse_path(data.decode("utf-8", "replace"))
    known = list(TARGETS if targets is None else targets)
    if not data or not known:
        return ""
    target = known[data[0] % len(known)]
    with suppress(PvmonError):
        TARGETS[target](Steered(data[1:]))
    return target


def main() -> int:
    """Hand over to atheris; 2 when it is not installed."""
    try:
        atheris = import_module("atheris")
    except ImportError:
        print(
            "atheris is not installed: pip install atheris, or use python -m bench.fuzz_decode",
            file=sys.stderr,
        )
        return 2
    with atheris.instrument_imports(include=_WATCHED):
        import_module("bench.fuzz_decode")
    chosen = [word.removeprefix(_TARGETS).split(",") for word in sys.argv if word.startswith(_TARGETS)]
    targets = [name for name in chosen[-1] if name] if chosen else None
    words = [word for word in sys.argv if not word.startswith(_TARGETS)]
    atheris.Setup(words, lambda data: one(data, targets))
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
