"""`pvmon test`: a first look at a device or a whole plant; every value with a verdict, and the acceptance sheet."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from domain.clock import SystemClock
from domain.errors import CommandError
from domain.plant import Device, Registry, WireProtocol
from inverters.profile import load_profiles
from inverters.verdicts import Verdict
from main.cli import Context, Exit
from main.configuration import load_registry
from main.field.desk import FieldDesk
from main.field.report import Report, is_sound
from main.field.sheet import acceptance_sheet
from texts.loader import Texts

_NAME_WIDTH = 34


class _Test:
    """The verb."""

    name = "test"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare arguments and options."""
        parser.add_argument("target", metavar="DEVICE|PLANT", help=texts("finding.test.option.target"))
        parser.add_argument(
            "--sheet", type=Path, metavar="FILE.html", help=texts("finding.test.option.sheet")
        )
        parser.add_argument("--overwrite", action="store_true", help=texts("finding.option.overwrite"))
        parser.add_argument("--profiles", type=Path, metavar="DIR", help=texts("finding.option.profiles"))

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Look, tell, and say by the exit code whether everything agrees."""
        if args.sheet is not None and args.sheet.exists() and not args.overwrite:
            raise CommandError(context.texts("finding.exists", path=args.sheet))
        profiles = load_profiles(args.profiles)
        overlay = context.data / "config"
        registry = load_registry(context.config, overlay, profiles=profiles, texts=context.texts)
        desk = FieldDesk(context, registry, profiles)
        context.warn("finding.warning")
        reports = [desk.look(device) for device in _targets(args.target, registry, context)]
        if args.sheet is not None:
            page = acceptance_sheet(args.target, reports, registry, SystemClock().now(), context.texts)
            args.sheet.write_text(page, "utf-8")
        _tell(reports, context)
        if args.sheet is not None and not context.json:
            context.say("finding.test.sheet_written", path=args.sheet)
        return Exit.OK if all(is_sound(one) for one in reports) else Exit.PROBLEM


def _targets(name: str, registry: Registry, context: Context) -> Sequence[Device]:
    """Return the devices meant: one, or those of a plant that can be asked."""
    one = registry.devices_by_id.get(name)
    if one is not None:
        return (one,)
    plant = registry.plants_by_id.get(name)
    if plant is None:
        raise CommandError(context.texts("finding.test.unknown", name=name))
    asked = {g.gateway_id for g in plant.gateways if g.protocol is not WireProtocol.MQTT}
    found = [device for device in plant.devices if device.gateway_id in asked]
    if not found:
        raise CommandError(context.texts("finding.test.nothing_to_ask", plant=name))
    return found


def _tell(reports: Sequence[Report], context: Context) -> None:
    if context.json:
        print(json.dumps(list(reports), ensure_ascii=False, indent=1))
        return
    for report in reports:
        if "error" in report:
            context.say("finding.test.failed", device=report["device"], why=report["error"])
            continue
        context.say(
            "finding.test.head",
            device=report["device"],
            name=report["name"],
            profile=report["profile"],
            gateway=report["gateway"],
            unit=report["unit"],
            serial=report["serial_number"] or "—",
        )
        for value in report["values"]:
            print(_line(value, context.texts))
        _tell_end(report, context)


def _tell_end(report: Report, context: Context) -> None:
    for one in report["refused"]:
        context.say("finding.test.refused", **one)
    offset_s = report["clock_offset_s"]
    if offset_s is not None:
        context.say("finding.test.clock", seconds=offset_s)
    counts = {verdict.value: report["counts"][verdict.value] for verdict in Verdict}
    context.say("finding.test.counts", reads=report["reads"], **counts)


def _line(value: dict[str, Any], texts: Texts) -> str:
    """Return one value on one line: verdict, name, value, raw words, and why it is denied."""
    shown = value["text"] if "text" in value else value["value"]
    said = "—" if shown is None or shown == "" else f"{shown} {value.get('unit', '')}".strip()
    meaning = "、".join(one[texts.language] for one in value.get("meaning", ()))
    mark = texts(f"finding.verdict.{value['verdict']}")
    line = f"  [{mark}] {value['name']:<{_NAME_WIDTH}} {said}"
    line += f"  {meaning}" if meaning else ""
    line += f"   @{value['place']} {value['raw']}"
    if value.get("unverified"):
        line += f"  ({texts('finding.unverified')})"
    return line + (f"\n      {why_words(value['why'], texts)}" if "why" in value else "")


def why_words(why: dict[str, Any], texts: Texts) -> str:
    """Return why a value is denied, in words."""
    said = texts(f"finding.rule.{why['rule']}", expected=why["expected"])
    return said + (texts("finding.ten", factor=f"{10.0 ** why['ten']:g}") if why["ten"] else "")


VERB = _Test()
