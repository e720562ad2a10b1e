"""Free ports on loopback, and a registry whose gateways listen on them."""

import secrets
import socket
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace

from domain.errors import ConfigurationError
from domain.plant import Registry

_PORTS = range(20_000, 32_000)
_given: set[int] = set()  # by this process: whoever got one may not listen yet


def free_ports(count: int, host: str = "127.0.0.1") -> list[int]:
    """Return ``count`` different ports nobody listens on.

    They lie below the range from which the system hands out ports of outgoing connections, so that none
    of those takes one before its listener is up; and no port is given twice by one process until all have been.

    Raises
    ------
    ConfigurationError
        There are not enough.
    """
    if len(_given) > len(_PORTS) - 2 * count:
        _given.clear()
    first = secrets.randbelow(_PORTS.stop - _PORTS.start)
    found: list[int] = []
    with ExitStack() as stack:
        for step in range(len(_PORTS)):
            port = _PORTS[(first + step) % len(_PORTS)]
            if port in _given:
                continue
            one = stack.enter_context(socket.socket())
            try:
                one.bind((host, port))
            except OSError:
                continue
            found.append(port)
            if len(found) == count:
                _given.update(found)
                return found
    raise ConfigurationError(f"{host} has no {count} free ports from {_PORTS.start} to {_PORTS.stop - 1}")


def refuse_used_port(host: str, port: int) -> None:
    """Say plainly that a port is taken, before anything is started.

    Raises
    ------
    ConfigurationError
        Somebody listens there, or the address is not ours.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigurationError(
                f"port {port} on {host} cannot be used ({error.strerror}): stop the program that has it, "
                f"or choose another one with --port"
            ) from error


def with_ports(registry: Registry, ports: Mapping[str, int]) -> Registry:
    """Return the registry with the gateways in ``ports`` moved to loopback ports."""
    plants = []
    for plant in registry.plants:
        gateways = tuple(
            replace(gateway, host="127.0.0.1", port=ports[gateway.gateway_id])
            if gateway.gateway_id in ports
            else gateway
            for gateway in plant.gateways
        )
        plants.append(replace(plant, gateways=gateways))
    return replace(registry, plants=tuple(plants))


def modbus_gateway_ids(registry: Registry) -> list[str]:
    """Return the ids of every gateway with a socket of its own."""
    return [g.gateway_id for g in registry.gateways() if g.protocol.has_socket]
