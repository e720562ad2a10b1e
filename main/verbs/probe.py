"""`pvmon probe`: which make, model and map answers at an address, with the evidence. Reads only."""

import argparse
import json
from typing import Any

from domain.errors import CommandError
from domain.plant import Gateway
from main.cli import Context, Exit
from main.configuration import RegistryProblemsError, load_registry
from main.control import is_running
from main.field.asking import UNIT_MAX, ask, gateway_at, registered_at
from texts.loader import Texts


class _Probe:
    """The verb."""

    name = "probe"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare arguments and options."""
        parser.add_argument("address", metavar="HOST:PORT", help=texts("probe.options.address"))
        parser.add_argument("--unit", type=int, default=1, metavar="N", help=texts("probe.options.unit"))
        parser.add_argument("--rtu", action="store_true", help=texts("probe.options.rtu"))
        parser.add_argument("--dlt645", action="store_true", help=texts("probe.options.dlt645"))

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Warn, ask, and tell; exit 1 when nothing was recognised."""
        host, _, port = str(args.address).rpartition(":")
        if not host or not port.isdecimal() or not 0 <= args.unit <= UNIT_MAX:
            raise CommandError(context.texts("probe.bad_address", address=args.address, unit=args.unit))
        gateway = _owned(host, int(port), context) or gateway_at(
            host, int(port), rtu=args.rtu, dlt645=args.dlt645
        )
        if not context.json:
            context.say("probe.warning")
        report = ask(gateway, args.unit, context)
        _tell({**report, "address": args.address}, context)
        return Exit.OK if report["found"] else Exit.PROBLEM


def _owned(host: str, port: int, context: Context) -> Gateway | None:
    """Return the gateway of a running collector at this address: it asks for us, a second master would disturb it."""
    if not is_running(context.data):
        return None
    try:
        registry = load_registry(context.config, context.data / "config", texts=context.texts)
    except RegistryProblemsError:
        return None
    return registered_at(registry, host, port)


def _tell(report: dict[str, Any], context: Context) -> None:
    if context.json:
        print(json.dumps(report, ensure_ascii=False, indent=2), flush=True)
        return
    for one in report["found"]:
        context.say(
            "probe.found",
            profile=one["profile"],
            percent=round(100 * one["confidence"]),
            model=one["model_name"] or "—",
            serial=one["serial_number"] or "—",
            evidence=one["evidence"],
        )
    if report["found"]:
        context.say("probe.closed", reads=report["reads"])
    else:
        key = "probe.unknown" if report["answered"] else "probe.silent"
        context.say(key, unit=report["unit"], reads=report["reads"])


VERB = _Probe()
