"""`pvmon replay`: the whole engine over recorded samples, without a store, a device or a clock."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import yaml

from alerts.context import Context as Beside
from domain.errors import CommandError
from domain.plant import Plant, Registry
from jobs.replay import Replayed, Rules, plants_of, replay
from jobs.replay_samples import FileProblem, read_samples
from main.alert_rules import rule_book
from main.cli import Context, Exit
from main.configuration import RegistryProblemsError, read_record
from main.energy_prices import prices_of
from main.registry.problem import Problems
from main.replay_plants import load_plants, unknown_plant
from main.tariffs import load_tariffs
from texts.loader import Texts


class ReplayVerb:
    """See `pvmon replay --help`."""

    name = "replay"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare files in and out."""
        parser.add_argument(
            "--config", type=Path, default=argparse.SUPPRESS, metavar="DIR", help=texts("replay.config")
        )
        parser.add_argument(
            "--samples", type=Path, nargs="+", action="extend", required=True, metavar="FILE",
            help=texts("replay.samples"),
        )  # fmt: skip
        parser.add_argument("--mapping", type=Path, metavar="FILE", help=texts("replay.mapping"))
        parser.add_argument("--out", type=Path, required=True, metavar="DIR", help=texts("replay.out"))
        parser.add_argument("--step", type=float, metavar="SECONDS", help=texts("replay.step"))

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Replay; the answer is what was read and written."""
        plants = load_plants(context.config, context.texts)
        zones = {name: plant.time_zone for name, plant in plants.items()}
        samples = read_samples(args.samples, zones, _mapping(args.mapping))
        if samples.table.empty:
            raise CommandError(context.texts("replay.nothing"))
        strangers = plants_of(samples, plants)
        unknown = [
            FileProblem(str(context.config), "unknown_plant", count, name)
            for name, count in strangers.items()
        ]
        plants |= {name: unknown_plant(name) for name in strangers}
        done = replay(samples, plants, args.out, _rules(context, plants), args.step)
        _say(done, tuple(unknown), context)
        return Exit.OK


def _rules(context: Context, plants: Mapping[str, Plant]) -> Rules:
    problems = Problems(context.texts)
    book = rule_book([context.config], read_record, problems)
    if problems.found:
        raise RegistryProblemsError(problems.sorted())
    registry = Registry("", (), (), tuple(plants.values()))
    prices = prices_of(load_tariffs(context.config, None, registry, context.texts), plants)
    return Rules(book.rules, Beside(plants=plants, prices=prices, stakes=book.stakes))


def _mapping(path: Path | None) -> dict[str, object] | None:
    if path is None:
        return None
    try:
        document = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CommandError(f"{path}: the mapping cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise CommandError(f"{path}: a mapping has device, time and columns")
    return document


def _say(done: Replayed, unknown: tuple[FileProblem, ...], context: Context) -> None:
    problems = unknown + done.problems
    if context.json:
        print(json.dumps(asdict(done) | {"problems": [asdict(one) for one in problems]}, ensure_ascii=False))
        return
    for one in problems:
        context.say(f"replay.problem.{one.code}", file=one.file, count=one.count, detail=one.detail)
    for device, quantity, flag, words in done.findings:
        context.say(
            "replay.finding",
            device=device,
            quantity=quantity,
            detail=words,
            flag=context.texts(f"replay.flag.{flag}"),
        )
    context.say(
        "replay.done",
        rows=done.rows, plants=done.plants, devices=done.devices, first=done.first, last=done.last,
    )  # fmt: skip
    for name, count in done.files.items():
        context.say("replay.file", name=name, count=count)


VERB = ReplayVerb()
