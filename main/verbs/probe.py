"""`pvmon probe`: which make, model and map answers at an address, with the evidence. Reads only."""

import argparse
import json
from typing import Any

from domain.errors import CommandError
from domain.plant import Gateway
from main.cli import Context, Exit
from main.control import is_running
from main.field.asking import UNIT_MAX, ask, registered_at, time_left_s, wire_at, wire_options
from texts.loader import Texts


class _Probe:
    """The verb."""

    name = "probe"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare arguments and options."""
        parser.add_argument("address", metavar="HOST:PORT|/dev/…", help=texts("probe.options.address"))
        wire_options(parser, texts)

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Warn, ask, and tell; exit 1 when nothing was recognised."""
        place = wire_at(str(args.address), args)
        if place is None or not 0 <= args.unit <= UNIT_MAX:
            raise CommandError(context.texts("probe.bad_address", address=args.address, unit=args.unit))
        gateway = _owned(place, context) or place
        context.warn("probe.warning")
        report = ask(gateway, args.unit, context, longest_s=time_left_s(context))
        _tell({**report, "address": args.address}, context)
        return Exit.OK if report["found"] else Exit.PROBLEM


def _owned(place: Gateway, context: Context) -> Gateway | None:
    """Return the gateway of a running collector at this address: it asks for us, a second master would disturb it."""
    if not is_running(context.data):
        return None
    from main.configuration import (  # a second that the device does not get
        RegistryProblemsError,
        load_registry,
    )

    try:
        registry = load_registry(context.config, context.data / "config", texts=context.texts)
    except RegistryProblemsError:
        return None
    return registered_at(registry, place)


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
    if not report["found"]:
        key = "probe.unknown" if report["answered"] else "probe.silent"
        context.say(key, unit=report["unit"], reads=report["reads"])
        for one in report["asked"] if report["answered"] else ():
            context.say("probe.asked", **one, told=one["words"] or one["why"])
    if report["out_of_time"]:
        context.say("probe.out_of_time")
    context.say("probe.closed", reads=report["reads"])


VERB = _Probe()
