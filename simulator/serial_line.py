"""A virtual serial line: a pair of pseudo terminals, reached by a path that is no device of this machine.

What stands at one end is an `asyncio.Protocol`, as behind a socket; at the other end anybody opens the path as a port.
"""

import asyncio
import os
import tty
from contextlib import suppress
from pathlib import Path

from domain.errors import ConfigurationError
from domain.plant import Gateway

_CHUNK_BYTES = 4096


def is_virtual(gateway: Gateway) -> bool:
    """Tell whether a gateway is a serial line that can be made here: what lies in /dev is a real port and left alone."""
    return gateway.protocol.is_serial and gateway.host[:1] == "/" and not gateway.host.startswith("/dev/")


class SerialLine(asyncio.Transport):
    """One end of the line. Make it inside a running event loop.

    Raises
    ------
    ConfigurationError
        The path is taken or may not be made.
    """

    def __init__(self, gateway: Gateway, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self._protocol = protocol
        self._path = Path(gateway.host)
        self._ours, self._theirs = os.openpty()
        for end in (self._ours, self._theirs):
            tty.setraw(end)
        try:
            if self._path.is_symlink() and not self._path.exists():
                self._path.unlink()  # left by a line that ended without a word
            self._path.symlink_to(os.ttyname(self._theirs))
        except OSError as error:
            self._let_go()
            raise ConfigurationError(
                f"gateway {gateway.gateway_id}: cannot make a virtual serial line at {gateway.host} ({error.strerror}); "
                "give a path in a folder that can be written, where nothing lies yet"
            ) from error
        asyncio.get_running_loop().add_reader(self._ours, self._readable)
        protocol.connection_made(self)

    def _readable(self) -> None:
        with suppress(OSError):
            self._protocol.data_received(os.read(self._ours, _CHUNK_BYTES))

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Say something; what nobody reads in time is lost, as on a real line."""
        with suppress(OSError):
            os.write(self._ours, data)

    def is_closing(self) -> bool:
        """Tell whether the line has ended."""
        return self._ours < 0

    def close(self) -> None:
        """End the line: its path goes away."""
        if self.is_closing():
            return
        asyncio.get_running_loop().remove_reader(self._ours)
        self._path.unlink(missing_ok=True)
        self._let_go()
        self._protocol.connection_lost(None)

    def abort(self) -> None:
        """End the line."""
        self.close()

    def _let_go(self) -> None:
        for end in (self._ours, self._theirs):
            os.close(end)
        self._ours = self._theirs = -1
