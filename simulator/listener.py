"""A gateway's socket or serial line: open, hung up, and closed while the gateway is dead; what it says is of its kind."""

import asyncio
from abc import ABC, abstractmethod

from domain.errors import ConfigurationError
from domain.plant import Gateway
from simulator.field import VirtualField
from simulator.serial_line import SerialLine, is_virtual


class Listener(ABC):
    """The socket of one gateway of a virtual field."""

    def __init__(self, field: VirtualField, gateway: Gateway) -> None:
        self.gateway = gateway
        self._field = field
        self._server: asyncio.Server | None = None
        self._line: SerialLine | None = None

    @property
    def port(self) -> int:
        """The port it listens on (the one given by the system when the gateway's is 0)."""
        if self._server is None or not self._server.sockets:
            return self.gateway.port
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def listening(self) -> bool:
        """Whether its socket or line is open."""
        return self._server is not None or self._line is not None

    async def open(self) -> None:
        """Listen.

        Raises
        ------
        ConfigurationError
            The port or path is taken or may not be used.
        """
        gateway, loop = self.gateway, asyncio.get_running_loop()
        if is_virtual(gateway):
            self._line = SerialLine(gateway, self._client())
            return
        try:
            self._server = await loop.create_server(self._client, gateway.host, gateway.port)
        except OSError as error:
            raise ConfigurationError(
                f"gateway {gateway.gateway_id}: cannot listen on {gateway.host}:{gateway.port} ({error.strerror}); "
                "stop the program that uses this port, or give the gateway another one"
            ) from error

    async def close(self) -> None:
        """Stop listening and hang up."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        self._hang_up()
        line, self._line = self._line, None
        if line is not None:
            line.close()
        if server is not None:
            await server.wait_closed()

    async def follow_faults(self) -> None:
        """Close the socket while the gateway is dead; open it again afterwards."""
        dead = self._field.bus(self.gateway.gateway_id).dead
        if dead and self.listening:
            await self.close()
        elif not dead and not self.listening:
            await self.open()

    @abstractmethod
    def _client(self) -> asyncio.Protocol:
        """Return what speaks to a new client."""

    @abstractmethod
    def _hang_up(self) -> None:
        """Close every connection."""
