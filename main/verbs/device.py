"""`pvmon device`: `add` asks a device who it is and writes it into its plant (`pvmon registry undo` takes it back),
`confirm` believes a device again whose serial number changed.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from domain.clock import SystemClock
from domain.errors import CommandError
from domain.plant import Gateway, Registry, WireProtocol
from inverters.profile import DeviceProfile, load_profiles
from inverters.recognise import SURE
from main import control
from main.cli import Context, Exit
from main.configuration import RegistryProblemsError, load_registry, read_facts
from main.field.adding import NewDevice, with_device
from main.field.asking import UNIT_MAX, ask, registered_at, wire_at, wire_options
from main.field.desk import CONFIRM_ORDER, FOLLOW_ORDER
from main.registry import revisions
from main.registry.changes import changes_between
from main.registry.checks import check_facts
from main.registry.facts import Facts
from main.registry.problem import Problems
from main.registry.profiles import known_profiles
from main.registry.revisions import Revision
from main.verbs.registry import agreed, say_changes, user_of, write_facts
from texts.loader import Texts


class _Device:
    """The verb."""

    name = "device"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare arguments and options."""
        acts = parser.add_subparsers(dest="act", metavar="add|confirm", required=True)
        confirm = acts.add_parser("confirm", help=texts("finding.confirm.option.confirm"))
        confirm.add_argument("device", metavar="DEVICE", help=texts("finding.confirm.option.device"))
        confirm.add_argument("--user", default="", metavar="NAME", help=texts("registry.option.user"))
        add = acts.add_parser("add", help=texts("finding.add.option.add"))

        def word(name: str) -> str:
            return texts(f"finding.add.option.{name}")

        add.add_argument("plant", metavar="PLANT", help=word("plant"))
        add.add_argument("at", metavar="GATEWAY|HOST:PORT|/dev/…", help=word("at"))
        wire_options(add, texts)
        add.add_argument("--profile", default="", metavar="NAME", help=word("profile"))
        add.add_argument("--profiles", type=Path, metavar="DIR", help=texts("finding.option.profiles"))
        add.add_argument("--id", metavar="ID", help=word("id"))
        add.add_argument("--name", metavar="NAME", help=word("name"))
        add.add_argument("--rated-kw", type=float, metavar="KW", help=word("rated"))
        add.add_argument("--dc-kw", type=float, metavar="KW", help=word("dc"))
        add.add_argument("--strings", type=int, metavar="N", help=word("strings"))
        add.add_argument("--ct", type=float, metavar="X", help=word("ct"))
        add.add_argument("--pt", type=float, metavar="X", help=word("pt"))
        add.add_argument("--yes", action="store_true", help=texts("registry.option.assume_yes"))
        add.add_argument("--user", default="", metavar="NAME", help=texts("registry.option.user"))

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Do the act."""
        return _confirm(args, context) if args.act == "confirm" else _add(args, context)


def _confirm(args: argparse.Namespace, context: Context) -> int:
    """Ask the running instance to believe a device again."""
    order = {"device": args.device, "user": user_of(args.user, context)}
    told = control.call(context.data, CONFIRM_ORDER, order)
    if told is None:
        raise CommandError(context.texts("finding.confirm.not_running"))
    if context.json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        context.say(
            "finding.confirm.done" if told["confirmed"] else "finding.confirm.nothing", device=args.device
        )
    return Exit.OK if told["confirmed"] else Exit.PROBLEM


def _add(args: argparse.Namespace, context: Context) -> int:
    """Probe, preview, ask, write, and tell the running instance."""
    profiles = load_profiles(args.profiles)
    overlay = context.data / "config"
    registry = load_registry(context.config, overlay, profiles=profiles, texts=context.texts)
    gateway = _gateway(args, registry, context)
    context.warn("finding.warning")
    profile, serial = _recognised(args, gateway, profiles, context)
    current = read_facts(context.config, overlay, context.texts, profiles)
    wanted, device_id = with_device(current, _new(args, gateway, profile, serial))
    _refuse_unsound(wanted, profiles, context)
    changes = changes_between(current, wanted)
    if not context.json:
        say_changes(changes, context)
    if not args.yes and not agreed(context):
        return Exit.PROBLEM
    summary = context.texts("finding.add.summary", device=device_id, profile=profile.name)
    user, parent = user_of(args.user, context), revisions.current_number(overlay)
    asked = Revision(0, parent, SystemClock().now(), user, "add", summary, "")
    written = write_facts(context.config, overlay, wanted, asked)
    _follow(device_id, written, context, [asdict(change) for change in changes])
    return Exit.OK


def _gateway(args: argparse.Namespace, registry: Registry, context: Context) -> Gateway:
    """Return the gateway meant: one of the plant, or a new one at an address."""
    if args.plant not in registry.plants_by_id:
        raise CommandError(context.texts("finding.discover.unknown", plant=args.plant))
    if not 0 <= args.unit <= UNIT_MAX:
        raise CommandError(context.texts("probe.bad_address", address=args.at, unit=args.unit))
    listed = next((g for g in registry.gateways() if g.gateway_id == args.at), None)
    place = None if listed is not None else wire_at(str(args.at), args)
    if place is not None:
        listed = registered_at(registry, place)
        if listed is None:
            return place
    if listed is None:
        raise CommandError(context.texts("finding.add.no_gateway", gateway=args.at, plant=args.plant))
    if listed.plant_id != args.plant:
        raise CommandError(context.texts("finding.add.other_plant", gateway=args.at, plant=listed.plant_id))
    if listed.protocol is WireProtocol.MQTT:
        raise CommandError(context.texts("finding.add.publishes", gateway=listed.gateway_id))
    if listed.protocol.is_dlt645:
        return listed  # a meter goes by its own address, which the probe tells
    on_it = (d for d in registry.devices() if d.gateway_id == listed.gateway_id)
    taken = next((d for d in on_it if d.unit == args.unit), None)
    if taken is not None:
        raise CommandError(context.texts("finding.add.taken", unit=args.unit, device=taken.device_id))
    return listed


def _recognised(
    args: argparse.Namespace, gateway: Gateway, profiles: Any, context: Context
) -> tuple[DeviceProfile, str]:
    """Ask the device who it is; return its profile and serial number."""
    report = ask(gateway, args.unit, context)
    if not report["answered"]:
        raise CommandError(context.texts("probe.silent", unit=args.unit))
    best = report["found"][0] if report["found"] else None
    if best is not None and not context.json:
        context.say(
            "probe.found",
            profile=best["profile"],
            percent=round(100 * best["confidence"]),
            model=best["model_name"] or "—",
            serial=best["serial_number"] or "—",
            evidence=best["evidence"],
        )
    name = args.profile or (best["profile"] if best is not None and best["confidence"] >= SURE else "")
    if not name:
        raise CommandError(context.texts("finding.add.unsure"))
    if name not in profiles:
        raise CommandError(context.texts("finding.add.no_profile", profile=name))
    if best is not None and best["confidence"] >= SURE and best["profile"] != name:
        raise CommandError(context.texts("finding.add.contradicts", profile=name, found=best["profile"]))
    return profiles[name], best["serial_number"] if best is not None else ""


def _new(args: argparse.Namespace, gateway: Gateway, profile: DeviceProfile, serial: str) -> NewDevice:
    facts = {
        "id": args.id,
        "name": args.name,
        **({"meter_address": serial} if profile.dlt645 else {"unit": args.unit}),
        "rated_power_kw": args.rated_kw,
        "dc_capacity_kw": args.dc_kw,
        "string_count": args.strings,
        "ct_ratio": args.ct,
        "pt_ratio": args.pt,
        "serial_number": serial or None,
    }
    return NewDevice(args.plant, profile.kind, profile.name, gateway, facts)


def _refuse_unsound(wanted: Facts, profiles: Any, context: Context) -> None:
    problems = Problems(context.texts)
    check_facts(wanted, known_profiles(profiles), problems, "config")
    if problems.found:
        raise RegistryProblemsError(problems.sorted())


def _follow(device_id: str, written: Revision, context: Context, changes: list[dict[str, Any]]) -> None:
    """Tell the running instance, and say how it stands."""
    told = control.call(context.data, FOLLOW_ORDER)
    if context.json:
        answer = {
            "device": device_id,
            "revision": written.number,
            "live": told is not None,
            "changes": changes,
        }
        print(json.dumps(answer, ensure_ascii=False))
        return
    context.say("finding.add.done", device=device_id, number=written.number)
    context.say("finding.add.live" if told is not None else "finding.add.not_running", device=device_id)


VERB = _Device()
