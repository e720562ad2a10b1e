"""Who answers at an address: asked by the running collector where it owns the wire, by ourselves elsewhere."""

import argparse
import asyncio
import ipaddress
import logging
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from collectors.dlt645 import Dlt645Source
from collectors.framing import line_settings
from collectors.probe import LONGEST_S, SHORTEST_S, SILENT_AFTER, probe, probe_meter
from domain.clock import SystemClock
from domain.errors import CommandError, NoConnectionError
from domain.plant import Gateway, Registry, WireProtocol
from main import control
from main.cli import Context
from main.field.desk import PROBE_ORDER, who
from main.field.report import in_words, probe_report
from main.sources import make_source
from texts.loader import Texts

log = logging.getLogger(__name__)
UNIT_MAX = 247
_METER_LINE = "2400 8E1"
_MODBUS_LINE = "9600 8N1"
SMALLEST_PREFIX = 24  # a subnet no larger than this may be looked through
TIMEOUT_S = 1.5
_COMMAND_S = 18.0  # of twenty: Python itself has to start, and the answer to be told
_CONNECT_DELAY_S = 1.0
_PAUSE_S = 0.9  # the longest any make wants between two questions
_KNOCK_S = 0.5
_BETWEEN_HOSTS_S = 0.1


def wire_options(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declare how an address that is not registered is asked."""
    parser.add_argument("--unit", type=int, default=1, metavar="N", help=texts("probe.options.unit"))
    parser.add_argument("--rtu", action="store_true", help=texts("probe.options.rtu"))
    parser.add_argument("--dlt645", action="store_true", help=texts("probe.options.dlt645"))
    parser.add_argument("--line", default="", metavar="'9600 8N1'", help=texts("probe.options.line"))


def wire_at(address: str, args: argparse.Namespace) -> Gateway | None:
    """Return what `wire_options` and an address mean: a serial port by its path, or HOST:PORT; None when neither."""
    host, _, port = address.rpartition(":")
    if address.startswith("/"):
        return serial_gateway(address, args.line, dlt645=args.dlt645)
    return (
        gateway_at(host, int(port), rtu=args.rtu, dlt645=args.dlt645) if host and port.isdecimal() else None
    )


def serial_gateway(path: str, line: str, *, dlt645: bool = False) -> Gateway:
    """Return a serial port nobody has registered; ``line`` is empty for what is usual there.

    Raises
    ------
    CommandError
        ``line`` is not speed, data bits, parity and stop bits.
    """
    protocol = WireProtocol.DLT645_SERIAL if dlt645 else WireProtocol.RTU_SERIAL
    line = line or (_METER_LINE if dlt645 else _MODBUS_LINE)
    try:
        line_settings(line)
    except ValueError as error:
        raise CommandError(str(error)) from error
    return _patient(Gateway("probe", "", protocol, path, timeout_s=TIMEOUT_S, line=line))


def gateway_at(host: str, port: int, *, rtu: bool, dlt645: bool = False) -> Gateway:
    """Return a gateway nobody has registered, asked slowly."""
    protocol = WireProtocol.RTU_OVER_TCP if rtu else WireProtocol.MODBUS_TCP
    protocol = WireProtocol.DLT645_OVER_TCP if dlt645 else protocol
    return _patient(Gateway("probe", "", protocol, host, port, timeout_s=TIMEOUT_S))


def _patient(gateway: Gateway) -> Gateway:
    """Return a gateway asked with the pauses of the most particular make: nobody knows yet who is behind it."""
    return replace(
        gateway,
        connect_delay_s=max(gateway.connect_delay_s, _CONNECT_DELAY_S),
        request_pause_s=max(gateway.request_pause_s, _PAUSE_S),
    )


def registered_at(registry: Registry, place: Gateway) -> Gateway | None:
    """Return the registered gateway at the same address or serial port."""
    if place.protocol.is_serial:
        return next((g for g in registry.gateways() if g.protocol.is_serial and g.host == place.host), None)
    where = (place.host, place.port)
    return next((g for g in registry.gateways() if g.protocol.has_socket and (g.host, g.port) == where), None)


def time_left_s(context: Context) -> float:
    """Return how long a probe may take so that its command ends in time, however slowly the program started. [s]"""
    if context.began_s is None:
        return LONGEST_S
    spent_s = SystemClock().monotonic() - context.began_s
    return min(LONGEST_S, max(SHORTEST_S, _COMMAND_S - spent_s))


def ask(
    gateway: Gateway, unit: int, context: Context, *, quick: bool = False, longest_s: float = LONGEST_S
) -> dict[str, Any]:
    """Return who answers as ``unit``; ``quick`` gives up after one question without an answer or any sign of trouble.

    Raises
    ------
    CommandError
        The running collector refuses.
    NoConnectionError
        The gateway cannot be reached.
    """
    where = gateway.host if gateway.protocol.is_serial else f"{gateway.host}:{gateway.port}"
    log.warning("probe of %s unit %s by %s", where, unit, who())
    if gateway.plant_id:
        words: dict[str, Any] = {"gateway": gateway.gateway_id, "unit": unit, "user": who(), "quick": quick}
        words["longest_s"] = longest_s
        told = control.call(context.data, PROBE_ORDER, words)
        if told is not None:
            return in_words({**told, "address": where}, context.texts)
    source = make_source(_patient(gateway))
    if isinstance(source, Dlt645Source):
        report = probe_report(asyncio.run(probe_meter(source, longest_s=longest_s)), where, unit)
        return in_words(report, context.texts)
    silent_after = 1 if quick else SILENT_AFTER
    result = asyncio.run(probe(source, unit, silent_after=silent_after, wary=quick, longest_s=longest_s))
    return in_words(probe_report(result, where, unit), context.texts)


def units_of(text: str, context: Context) -> list[int]:
    """Return the units of words like ``1-10,100``.

    Raises
    ------
    CommandError
        They are none.
    """
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        ends = (first, last or first)
        if not all(one.isdecimal() and int(one) <= UNIT_MAX for one in ends):
            raise CommandError(context.texts("finding.discover.bad_units", units=text))
        found += range(int(ends[0]), int(ends[1]) + 1)
    return list(dict.fromkeys(found))


def hosts_of(text: str, context: Context) -> list[str]:
    """Return the addresses of a private subnet of at most 256.

    Raises
    ------
    CommandError
        It is larger, public, or no subnet.
    """
    try:
        subnet = ipaddress.IPv4Network(text, strict=False)
    except ValueError as error:
        raise CommandError(context.texts("finding.discover.bad_subnet", subnet=text)) from error
    if subnet.prefixlen < SMALLEST_PREFIX:
        raise CommandError(context.texts("finding.discover.large_subnet", subnet=text))
    if not subnet.is_private:
        raise CommandError(context.texts("finding.discover.public_subnet", subnet=text))
    return [str(one) for one in (subnet.hosts() if subnet.prefixlen < 31 else subnet)]


def open_hosts(hosts: list[str], port: int) -> Iterator[str]:
    """Yield the hosts somebody listens on, one knock at a time with a pause between."""
    for host in hosts:
        try:
            with socket.create_connection((host, port), timeout=_KNOCK_S):
                pass
        except OSError:
            time.sleep(_BETWEEN_HOSTS_S)
            continue
        time.sleep(_CONNECT_DELAY_S)  # a device of one master must notice that we left
        yield host


def sweep(gateway: Gateway, units: list[int], known: set[int], context: Context) -> Iterator[dict[str, Any]]:
    """Yield what answers on a wire, unit by unit; stops at the first sign that it disturbs somebody."""
    for unit in units:
        if unit in known:
            continue
        try:
            found = ask(gateway, unit, context, quick=True)
        except NoConnectionError as error:
            yield {
                "address": gateway.host,
                "unit": unit,
                "answered": False,
                "reads": 1,
                "found": [],
                "trouble": str(error),
            }
            return
        if found["answered"] or found["trouble"]:
            yield found
        if found["trouble"]:
            return
