"""Free ports on loopback, and a registry whose gateways listen on them."""

import socket
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace

from domain.errors import ConfigurationError
from domain.plant import Registry, WireProtocol


def free_ports(count: int, host: str = "127.0.0.1") -> list[int]:
    """Return ``count`` different ports nobody listens on at this moment."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((host, 0))
        return [int(one.getsockname()[1]) for one in sockets]


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
    return [g.gateway_id for g in registry.gateways() if g.protocol is not WireProtocol.MQTT]
