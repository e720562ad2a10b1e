"""Fuzz campaign led by coverage, where atheris is installed (it is not among the locked dependencies).

``pip install atheris``, then ``python -m bench.fuzz_coverage -runs=1000000 [-max_len=512]``: atheris watches which
lines its bytes reach and looks for new ones. The bytes seed the same targets as `bench.fuzz_decode`, and go as they
are into every frame parser and expression; anything but a refusal of our own ends the run and keeps the bytes.
"""

import sys
from contextlib import suppress
from importlib import import_module
from random import Random

from bench.fuzz_decode import TARGETS
from domain.errors import PvmonError
from inverters.document_path import PathError, parse_path
from inverters.frame_reading import read_frame
from inverters.frames import dlt645_answer, gdw3761_frame, rtu_registers

_NAMES = tuple(TARGETS)


def one(data: bytes) -> None:
    """Run the targets once on some bytes.

    Raises
    ------
    AssertionError
        Registers came out of a frame that does not hold, or a value is wrongly good.
    """
    reading = read_frame(data)
    if reading.registers and not reading.holds:
        raise AssertionError(f"registers out of {data.hex()}, which does not hold")
    for parse in (rtu_registers, dlt645_answer, gdw3761_frame):
        try:
            parse(data)
        except PvmonError:
            continue
    with suppress(PathError):
        parse_path(data.decode("utf-8", "replace"))
    if data:
        TARGETS[_NAMES[data[0] % len(_NAMES)]](Random(data))


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
    atheris.instrument_all()
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
