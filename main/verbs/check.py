"""`pvmon check`: every fault of every file of the configuration, or what it counts when all is sound."""

import argparse
import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from domain.errors import CommandError
from domain.plant import Connection, DeviceKind, Registry
from inverters.profile import load_profiles
from main.care.check import check_care
from main.cli import Context, Exit
from main.configuration import Problem, RegistryProblemsError, load_registry
from main.distribution_rules import load_rules
from main.industries import load_industries
from main.registry.problem import nearest
from main.registry.schema import SCHEMA_FOLDER, write_schemas
from main.tariffs import load_tariffs
from texts.loader import Texts


def counts(registry: Registry) -> dict[str, Any]:
    """Return what a sound registry holds, as plain numbers; powers in kW."""
    kinds = Counter(device.kind for device in registry.devices())
    ways = Counter(plant.connection for plant in registry.plants)
    return {
        "sample": registry.sample,
        "plants": len(registry.plants),
        "towns": len(registry.towns),
        "villages": sum(village.valid_to is None for village in registry.villages),
        "former_villages": sum(village.valid_to is not None for village in registry.villages),
        "gateways": sum(1 for _ in registry.gateways()),
        "devices": {kind.value: kinds[kind] for kind in DeviceKind},
        "connections": {way.value: ways[way] for way in Connection},
        "ac_capacity_kw": round(sum(plant.ac_capacity_kw for plant in registry.plants), 3),
        "dc_capacity_kw": round(sum(plant.dc_capacity_kw for plant in registry.plants), 3),
        "plants_without_ownership": sorted(p.plant_id for p in registry.plants if not p.ownership),
    }


def _say_counts(registry: Registry, context: Context) -> None:
    found = counts(registry)
    context.say("registry.check.sound", district=registry.district)
    if registry.sample:
        context.say("registry.check.sample")
    context.say("registry.check.counts", **{k: v for k, v in found.items() if isinstance(v, int)})
    context.say("registry.check.devices", **found["devices"])
    context.say(
        "registry.check.capacity",
        ac_kw=f"{found['ac_capacity_kw']:,.10g}",
        dc_kw=f"{found['dc_capacity_kw']:,.10g}",
    )
    context.say("registry.check.connections", **found["connections"])
    if found["plants_without_ownership"]:
        context.say("registry.check.no_ownership", plants=", ".join(found["plants_without_ownership"]))


def _say_problems(problems: list[Problem], context: Context) -> None:
    if context.json:
        print(json.dumps({"sound": False, "problems": [asdict(p) for p in problems]}, ensure_ascii=False))
        return
    for problem in problems:
        print(problem)
    files = len({problem.file for problem in problems})
    context.say("registry.check.problems", count=len(problems), files=files)


def source_lines(registry: Registry, plant_id: str) -> list[tuple[str, str, str]]:
    """Return (what, value, file:line) of everything said of one plant.

    Raises
    ------
    CommandError
        There is no such plant.
    """
    plant = registry.plants_by_id.get(plant_id)
    if plant is None:
        meant = nearest(plant_id, registry.plants_by_id) or ", ".join(registry.plants_by_id)
        raise CommandError(f"there is no plant {plant_id!r}; did you mean {meant}?")
    home = registry.sources[plant_id]
    lines = [
        ("plant", f"{plant.plant_id} {plant.name}", home),
        ("town", registry.towns_by_id[plant.town_id].name, registry.sources[plant.town_id]),
    ]
    lines += [("capacity", f"{c.valid_from} AC {c.ac_capacity_kw:g} kW", home) for c in plant.capacities]
    lines += [
        (
            "gateway",
            f"{g.gateway_id} {g.protocol.value} {g.topic or f'{g.host}:{g.port}'}",
            _at(registry, g.gateway_id),
        )
        for g in plant.gateways
    ]
    lines += [
        ("device", f"{d.device_id} {d.profile}".strip(), _at(registry, d.device_id)) for d in plant.devices
    ]
    lines += [
        (
            "account",
            f"{a.account_number} {a.meter_number} {a.valid_from}",
            _at(registry, f"account {plant_id} {n}"),
        )
        for n, a in enumerate(plant.accounts, 1)
    ]
    for act in plant.ownership:
        lines += [
            (
                "share",
                f"{act.valid_from} {registry.village_label(village)} {kw:g} kW",
                _at(registry, f"ownership {plant_id}"),
            )
            for village, kw in act.shares_kw.items()
        ]
    return lines


def _at(registry: Registry, key: str) -> str:
    return registry.sources[key]


class CheckVerb:
    """See `pvmon check --help`."""

    name = "check"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare arguments and options."""
        parser.add_argument("--quiet", action="store_true", help=texts("registry.option.quiet"))
        parser.add_argument("--profiles", type=Path, metavar="DIR", help=texts("finding.option.profiles"))
        parser.add_argument("--sources", metavar="PLANT", help=texts("registry.option.sources"))
        parser.add_argument(
            "--write-schema",
            nargs="?",
            type=Path,
            const=Path(),
            metavar="DIR",
            help=texts("registry.option.write_schema"),
        )

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Check, and say what was found."""
        if args.write_schema is not None:
            folder = context.config / SCHEMA_FOLDER if args.write_schema == Path() else args.write_schema
            context.say("registry.check.schema", count=len(write_schemas(folder)), folder=folder)
            return Exit.OK
        try:
            profiles = load_profiles(args.profiles) if args.profiles is not None else None
            overlay = context.data / "config"
            registry = load_registry(context.config, overlay, profiles=profiles, texts=context.texts)
            check_care(context.config, registry, context.texts)
            load_tariffs(context.config, context.data / "config", registry, context.texts)
            load_industries(context.config, context.data / "config", context.texts)
            load_rules(context.config, context.data / "config")  # every fault of theirs is raised and said
        except RegistryProblemsError as error:
            _say_problems(error.problems, context)
            return Exit.PROBLEM
        if args.sources:
            self._say_sources(registry, args.sources, context)
        elif context.json:
            print(json.dumps({"sound": True, **counts(registry)}, ensure_ascii=False))
        elif not args.quiet:
            _say_counts(registry, context)
        return Exit.OK

    @staticmethod
    def _say_sources(registry: Registry, plant_id: str, context: Context) -> None:
        lines = source_lines(registry, plant_id)
        if context.json:
            rows = [{"what": what, "value": value, "source": source} for what, value, source in lines]
            print(json.dumps({"plant": plant_id, "sources": rows}, ensure_ascii=False))
            return
        for what, value, source in lines:
            print(f"{source}: {context.texts(f'registry.word.{what}')} {value}")


VERB = CheckVerb()
