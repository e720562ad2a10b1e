"""`pvmon probe`: which make, model and map answers at an address, with the evidence. Reads only."""

import argparse
import asyncio
import getpass
import json
import logging
from dataclasses import asdict

from collectors.probe import ProbeResult, probe
from domain.errors import CommandError
from domain.plant import Gateway, WireProtocol
from main.build import make_source
from main.cli import Context, Exit
from main.configuration import RegistryProblemsError, load_registry
from main.control import is_running
from texts.loader import Texts

log = logging.getLogger(__name__)
_UNIT_MAX = 247
_TIMEOUT_S = 1.5
_CONNECT_DELAY_S = 1.0
_PAUSE_S = 0.1


class _Probe:
    """The verb."""

    name = "probe"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare arguments and options."""
        parser.add_argument("address", metavar="HOST:PORT", help=texts("probe.options.address"))
        parser.add_argument("--unit", type=int, default=1, metavar="N", help=texts("probe.options.unit"))
        parser.add_argument("--rtu", action="store_true", help=texts("probe.options.rtu"))

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Warn, ask, and tell; exit 1 when nothing was recognised."""
        host, _, port = str(args.address).rpartition(":")
        if not host or not port.isdecimal() or not 0 <= args.unit <= _UNIT_MAX:
            raise CommandError(context.texts("probe.bad_address", address=args.address, unit=args.unit))
        _refuse_owned_wire(host, int(port), context)
        protocol = WireProtocol.RTU_OVER_TCP if args.rtu else WireProtocol.MODBUS_TCP
        gateway = Gateway(
            "probe",
            "",
            protocol,
            host,
            int(port),
            timeout_s=_TIMEOUT_S,
            connect_delay_s=_CONNECT_DELAY_S,
            request_pause_s=_PAUSE_S,
        )
        if not context.json:
            context.say("probe.warning")
        log.warning("probe of %s unit %s by %s", args.address, args.unit, getpass.getuser())
        result = asyncio.run(_ask(gateway, args.unit))
        _tell(result, args, context)
        return Exit.OK if result.found else Exit.PROBLEM


async def _ask(gateway: Gateway, unit: int) -> ProbeResult:
    return await probe(make_source(gateway), unit)


def _refuse_owned_wire(host: str, port: int, context: Context) -> None:
    """Refuse a wire a running collector owns: a second master would disturb it."""
    if not is_running(context.data):
        return
    try:
        registry = load_registry(context.config, context.data / "config", texts=context.texts)
    except RegistryProblemsError:
        return
    for gateway in registry.gateways():
        if gateway.protocol.has_socket and (gateway.host, gateway.port) == (host, port):
            raise CommandError(context.texts("probe.owned", gateway=gateway.gateway_id))


def _tell(result: ProbeResult, args: argparse.Namespace, context: Context) -> None:
    if context.json:
        answer = {
            "address": args.address,
            "unit": args.unit,
            "answered": result.answered,
            "reads": result.reads,
            "found": [asdict(one) for one in result.found],
        }
        print(json.dumps(answer, ensure_ascii=False, indent=2), flush=True)
        return
    for one in result.found:
        context.say(
            "probe.found",
            profile=one.profile,
            percent=round(100 * one.confidence),
            model=one.model_name or "—",
            serial=one.serial_number or "—",
            evidence=one.evidence,
        )
    if not result.found:
        context.say(
            "probe.unknown" if result.answered else "probe.silent", unit=args.unit, reads=result.reads
        )
    else:
        context.say("probe.closed", reads=result.reads)


VERB = _Probe()
