"""Starts the native responder of the wire benchmarks; compiled at bench time, never installed."""

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

NATIVE = Path(__file__).parent / "native"


class NoCompilerError(RuntimeError):
    """The bench needs a C compiler or a library that is not there."""


def build(name: str, folder: Path, *libraries: str) -> Path:
    """Compile ``native/<name>.c`` into ``folder``."""
    if shutil.which("cc") is None:
        raise NoCompilerError("no C compiler; sudo apt-get install gcc libc6-dev libmodbus-dev")
    target = folder / name
    flags = ["-I/usr/include/modbus", *(f"-l{library}" for library in libraries)] if libraries else []
    command = ["cc", "-O2", "-pthread", "-o", str(target), str(NATIVE / f"{name}.c"), *flags]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoCompilerError(
            f"{name}.c does not compile: {done.stderr[-300:]}; sudo apt-get install libmodbus-dev"
        )
    return target


def free_ports(count: int) -> int:
    """Return the first of ``count`` neighbouring free ports."""
    for first in range(21_000, 60_000, count + 7):
        sockets: list[socket.socket] = []
        try:
            for number in range(count):
                probe = socket.socket()
                sockets.append(probe)
                probe.bind(("127.0.0.1", first + number))
        except OSError:
            continue
        else:
            return first
        finally:
            for probe in sockets:
                probe.close()
    raise OSError("no free ports")


@contextmanager
def responder(
    gateways: int, hold_s: float, dead: Sequence[tuple[int, int]] = (), image: bytes = b""
) -> Iterator[int]:
    """Serve ``gateways`` gateways, each holding its bus ``hold_s`` per request; yields the first port.

    ``image``: 65,536 big-endian registers every unit answers from.
    """
    with tempfile.TemporaryDirectory() as folder:
        program = build("responder", Path(folder))
        first = free_ports(gateways)
        names = ",".join(f"{gateway}:{unit}" for gateway, unit in dead)
        words = [str(program), str(first), str(gateways), str(round(hold_s * 1e6)), names]
        if image:
            (Path(folder) / "image").write_bytes(image)
            words.append(str(Path(folder) / "image"))
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            if process.stdout.readline().strip() != "ready":
                raise OSError("the responder did not start")
            yield first
        finally:
            process.kill()
            process.wait()
