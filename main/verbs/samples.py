"""`pvmon samples`: measurements out to a file, and in from one.

A running instance owns the store, so the order goes through its control socket (actions
``samples_export`` and ``samples_import``); when none runs, this process opens the store itself.
"""

import argparse
import json
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml

from domain.clock import SystemClock
from domain.errors import CommandError
from domain.plant import Registry
from domain.timespan import DEFAULT_ZONE, Interval, local_day
from jobs.transfer_samples import CSV, PARQUET, chosen_devices, perform_export, perform_import
from main import control, sample_account
from main.cli import Context, Exit
from main.configuration import load_registry
from stores.duckdb import DuckDbStore
from texts.loader import Texts

EXPORT, IMPORT = "samples_export", "samples_import"


def sample_file(data: Path) -> Path:
    """Return where the samples of a data folder are."""
    return data / "samples" / "samples.duckdb"


def instant(text: str, *, end: bool) -> datetime:
    """Read ``2026-07-01`` (a local day; as an end, that day included) or an ISO instant with a zone.

    Raises
    ------
    CommandError
        It is neither.
    """
    try:
        if len(text) == len("2026-07-01"):
            day = local_day(date.fromisoformat(text), DEFAULT_ZONE)
            return day.end if end else day.start
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(
            f"{text!r}: give a day (2026-07-01) or an instant (2026-07-01T08:00+08:00)"
        ) from error
    if at.tzinfo is None:
        raise CommandError(f"{text!r}: an instant needs its zone (2026-07-01T08:00+08:00)")
    return at.astimezone(UTC)


class SamplesVerb:
    """See `pvmon samples --help`."""

    name = "samples"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare ``export``, ``import`` and ``account``."""
        ways = parser.add_subparsers(dest="way", required=True, metavar=texts("samples.way"))
        out = ways.add_parser(
            "export", help=texts("samples.export.help"), description=texts("samples.export.about")
        )
        out.add_argument("--plant", action="append", default=[], help=texts("samples.export.plant"))
        out.add_argument("--device", action="append", default=[], help=texts("samples.export.device"))
        out.add_argument("--quantity", action="append", default=[], help=texts("samples.export.quantity"))
        out.add_argument("--from", dest="start", required=True, help=texts("samples.export.start"))
        out.add_argument("--to", dest="end", required=True, help=texts("samples.export.end"))
        out.add_argument(
            "--format", choices=(CSV, PARQUET), default=None, help=texts("samples.export.format")
        )
        out.add_argument("--out", type=Path, required=True, help=texts("samples.export.out"))
        back = ways.add_parser(
            "import", help=texts("samples.import.help"), description=texts("samples.import.about")
        )
        back.add_argument("file", type=Path, help=texts("samples.import.file"))
        back.add_argument("--mapping", type=Path, default=None, help=texts("samples.import.mapping"))
        back.add_argument("--dry-run", action="store_true", help=texts("samples.import.dry_run"))

        account = ways.add_parser("account", help=texts("slots.help"), description=texts("slots.about"))
        sample_account.arguments(account, texts)

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Export, import, or account for what was expected."""
        if args.way == "account":
            return sample_account.run(args, context)
        if args.way == "export":
            return self._export(args, context)
        return self._import(args, context)

    def _export(self, args: argparse.Namespace, context: Context) -> int:
        span = Interval(
            instant(args.start, end=False), max(instant(args.end, end=True), instant(args.start, end=False))
        )
        form = args.format or (PARQUET if args.out.suffix.lower() == ".parquet" else CSV)
        payload = {
            "plants": args.plant,
            "devices": args.device,
            "quantities": args.quantity,
            "start": span.start.isoformat(),
            "end": span.end.isoformat(),
            "format": form,
            "out": str(args.out.absolute()),
        }

        def here(store: DuckDbStore, registry: Registry) -> dict[str, Any]:
            return perform_export(store, registry, payload)

        done = _perform(context, EXPORT, payload, here)
        if context.json:
            print(json.dumps(done, ensure_ascii=False))
        else:
            context.say("samples.export.done", rows=done["rows"], devices=done["devices"], file=done["file"])
        return Exit.OK

    def _import(self, args: argparse.Namespace, context: Context) -> int:
        payload = {
            "file": str(args.file.absolute()),
            "mapping": None if args.mapping is None else _mapping(args.mapping),
            "dry_run": args.dry_run,
        }

        def here(store: DuckDbStore, registry: Registry) -> dict[str, Any]:
            return perform_import(store, registry, SystemClock(), payload)

        done = _perform(context, IMPORT, payload, here)
        if context.json:
            print(json.dumps(done, ensure_ascii=False))
        else:
            _say_import(done, context)
        return Exit.PROBLEM if done["problem_count"] else Exit.OK


def _mapping(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CommandError(f"{path}: the mapping cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise CommandError(f"{path}: a mapping has device, time and columns")
    return document


def _perform(
    context: Context,
    action: str,
    payload: dict[str, Any],
    here: Callable[[DuckDbStore, Registry], dict[str, Any]],
) -> dict[str, Any]:
    answer = control.call(context.data, action, payload)
    if answer is not None:
        return answer
    overlay = context.data / "config"
    registry = load_registry(context.config, overlay if overlay.is_dir() else None)
    chosen_devices(registry, payload.get("plants", ()), payload.get("devices", ()))  # a typo before a store
    kinds = {device.device_id: device.kind for device in registry.devices()}
    with closing(DuckDbStore(sample_file(context.data), SystemClock(), kinds)) as store:
        return here(store, registry)


def _say_import(done: dict[str, Any], context: Context) -> None:
    for problem in done["problems"]:
        context.say("samples.import.problem", **problem)
    if done["problem_count"]:
        context.say("samples.import.refused", count=done["problem_count"], file=done["file"])
        return
    span = {"first": done["first"], "last": done["last"]}
    counts = {name: done[name] for name in ("rows", "accepted", "duplicates", "devices", "out_of_range")}
    context.say("samples.import.preview" if done["dry_run"] else "samples.import.done", **span, **counts)


VERB = SamplesVerb()
