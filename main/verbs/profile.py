"""`pvmon profile`: which devices can be read, every point of one of them, and whether a file of one's own is sound."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from domain.errors import CommandError
from domain.quantity import is_known, quantity
from inverters.dlt645 import IDENTIFIERS
from inverters.mapping import MappedValue
from inverters.point import Point
from inverters.profile import FOLDER, DeviceProfile, lint, load_profiles
from inverters.reader import Problem
from main.cli import Context, Exit
from main.columns import table
from texts.loader import Texts


class _Profile:
    """Lists, shows and checks device profiles."""

    name = "profile"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare the three actions."""
        actions = parser.add_subparsers(dest="action", metavar=texts("profile.options.action"), required=True)
        parsers = {
            action: actions.add_parser(action, help=texts(f"profile.options.{action}"))
            for action in ("list", "show", "lint")
        }
        parsers["show"].add_argument("name", metavar="NAME", help=texts("profile.options.name"))
        parsers["lint"].add_argument(
            "files", nargs="*", type=Path, metavar="FILE", help=texts("profile.options.files")
        )
        for one in parsers.values():
            one.add_argument("--profiles", type=Path, metavar="DIR", help=texts("profile.options.profiles"))

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Do the action; exit 1 when a file is unsound."""
        if args.action == "lint":
            return _lint(args.files, args.profiles, context)
        profiles = load_profiles(args.profiles)
        if args.action == "list":
            return _list(profiles, context)
        profile = profiles.get(args.name)
        if profile is None:
            known = ", ".join(sorted(profiles))
            raise CommandError(context.texts("profile.no_profile", name=args.name, known=known))
        return _show(profile, context)


def _list(profiles: Mapping[str, DeviceProfile], context: Context) -> int:
    rows = [_summary(profiles[name]) for name in sorted(profiles)]
    if context.json:
        _print({"profiles": rows})
        return Exit.OK
    say = context.texts
    head = [say(f"profile.columns.{key}") for key in ("name", "kind", "make", "points", *_MARKS, "models")]
    body = [
        [
            row["name"],
            say(f"profile.kinds.{row['kind']}"),
            row["make"],
            str(row["points"]),
            *(_mark(row["quality"][key], say) for key in _MARKS),
            "; ".join(row["models"]),
        ]
        for row in rows
    ]
    print("\n".join(table([head, *body])), flush=True)
    context.say("profile.count", count=len(rows), checked=sum(r["quality"]["checked_on_site"] for r in rows))
    return Exit.OK


_MARKS = ("recorded_case", "fault_codes", "checked_on_site")


def _mark(told: object, say: Texts) -> str:
    return say("profile.yes") if told else say("profile.no")


def _summary(profile: DeviceProfile) -> dict[str, Any]:
    return {
        "name": profile.name,
        "kind": profile.kind.value,
        "make": profile.make,
        "models": list(profile.models),
        "points": len(profile.points if profile.mapping is None else profile.mapping.values),
        "unverified": sum(point["unverified"] for point in _point_list(profile)),
        "quality": {key: getattr(profile.quality, key) for key in _MARKS},
        "source": "" if Path(profile.source).parent == FOLDER else profile.source,
    }


def _show(profile: DeviceProfile, context: Context) -> int:
    if context.json:
        notes = {"notes": list(profile.quality.notes), "limits": _limits(profile)}
        _print(_summary(profile) | notes | {"point_list": _point_list(profile)})
        return Exit.OK
    say = context.texts
    context.say(
        "profile.title",
        name=profile.name,
        kind=say(f"profile.kinds.{profile.kind.value}"),
        make=profile.make,
        models="; ".join(profile.models),
    )
    context.say("profile.quality", **{key: _mark(getattr(profile.quality, key), say) for key in _MARKS})
    if profile.models_table is not None:
        context.say("profile.resolved", models=", ".join(map(str, profile.models_table.models)))
    if profile.dlt645:
        context.say("profile.identifiers", identifiers=" ".join(IDENTIFIERS))
    elif profile.mapping is not None:
        head = [say(f"profile.columns.{key}") for key in ("quantity", "place", "scale", "unit", "remark")]
        print("\n".join(table([head, *(_value(value, say) for value in profile.mapping.values)])), flush=True)
        context.say("profile.mapped", count=len(profile.mapping.values))
    elif profile.json_document:
        context.say("profile.document", count=len(profile.json_points))
    else:
        context.say("profile.limits", **_limits(profile))
        keys = ("quantity", "function", "address", "type", "scale", "unit", "class", "remark")
        head = [say(f"profile.columns.{key}") for key in keys]
        print("\n".join(table([head, *(_row(point, say) for point in profile.points)])), flush=True)
        unverified = sum(point.unverified for point in profile.points)
        context.say("profile.points", count=len(profile.points), unverified=unverified)
    for note in profile.quality.notes:
        context.say("profile.note", note=note)
    return Exit.OK


def _limits(profile: DeviceProfile) -> dict[str, float]:
    limits = profile.limits
    return {
        "max_registers": limits.max_registers,
        "connect_delay_s": limits.connect_delay_s,
        "request_pause_s": limits.request_pause_s,
        "timeout_s": limits.timeout_s,
    }


def _point_list(profile: DeviceProfile) -> list[dict[str, Any]]:
    if profile.mapping is None:
        return [_point(point) for point in profile.points]
    return [
        {"name": value.name, "from": value.path.text, "scale": value.scale, "offset": value.offset}
        | {"unverified": value.unverified}
        for value in profile.mapping.values
    ]


def _point(point: Point) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": point.name,
        "function": point.function,
        "address": point.address,
        "type": point.type.value,
        "words": point.words,
        "word_order": point.word_order,
        "scale": point.scale,
        "unit": point.unit,
        "class": point.class_,
        "absent": list(point.absent),
        "unverified": point.unverified,
    }
    more = {"offset": point.offset, "mask": point.mask, "ratio": point.ratio, "scale_at": point.scale_at}
    entry |= {key: value for key, value in more.items() if value}
    if point.condition is not None:
        key = "unless" if point.condition.negate else "when"
        entry[key] = {"state": point.condition.name, "is": sorted(point.condition.values)}
    return entry | {key: True for key in ("fallback", "optional") if getattr(point, key)}


def _row(point: Point, say: Texts) -> list[str]:
    scale = f"{point.scale:g}" + (f" x 10^[{point.scale_at}]" if point.scale_at is not None else "")
    scale += f" {point.offset:+g}" if point.offset else ""
    size = f" x{point.words}" if point.type.value == "string" else ""
    remarks = [say("profile.unverified")] if point.unverified else []
    remarks += [say(f"profile.remarks.{key}") for key in ("fallback", "optional") if getattr(point, key)]
    remarks += [point.ratio.upper().replace("_", " x ")] if point.ratio else []
    if point.condition is not None:
        key = "profile.remarks.unless" if point.condition.negate else "profile.remarks.when"
        remarks.append(say(key, state=point.condition.name, values=_values(point.condition.values)))
    return [
        point.name,
        str(point.function),
        str(point.address),
        point.type.value + size,
        "" if point.is_text else scale,
        point.unit if point.unit != "1" else "",
        say(f"profile.classes.{point.class_}"),
        "; ".join(remarks),
    ]


def _value(value: MappedValue, say: Texts) -> list[str]:
    known = is_known(value.name)
    scale = f"{value.scale:g}" + (f" {value.offset:+g}" if value.offset else "")
    unit = quantity(value.name).unit if known else ""
    return [
        value.name,
        value.path.text,
        scale if known else "",
        unit if unit != "1" else "",
        say("profile.unverified") if value.unverified else "",
    ]


def _values(values: frozenset[int]) -> str:
    ordered = sorted(values)
    if len(ordered) > 2 and ordered[-1] - ordered[0] == len(ordered) - 1:
        return f"{ordered[0]}-{ordered[-1]}"
    return ", ".join(map(str, ordered))


def _lint(files: Sequence[Path], folder: Path | None, context: Context) -> int:
    """Check the files named, else those of the folder, else the shipped ones: all problems at once."""
    if folder is not None and not folder.is_dir():
        raise CommandError(context.texts("profile.no_folder", path=folder))
    paths = list(files) or sorted((folder or FOLDER).glob("*.yaml"))
    problems = lint(paths)
    if context.json:
        _print({"files": len(paths), "problems": [_problem(problem) for problem in problems]})
    else:
        for problem in problems:
            print(problem, file=sys.stderr, flush=True)
        context.say("profile.linted" if paths else "profile.no_files", files=len(paths), count=len(problems))
    return Exit.PROBLEM if problems or not paths else Exit.OK


def _problem(problem: Problem) -> dict[str, Any]:
    return {"file": problem.file, "line": problem.line, "key": problem.key, "message": problem.message}


def _print(answer: dict[str, Any]) -> None:
    print(json.dumps(answer, ensure_ascii=False, indent=2), flush=True)


VERB = _Profile()
