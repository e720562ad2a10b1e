"""`pvmon store`: make the bucket on an InfluxDB server; copy all measurements from one store into another."""

import argparse
import hashlib
import json
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from domain.errors import CommandError
from main.cli import Context, Exit
from texts.loader import Texts

if TYPE_CHECKING:
    from main.settings import Settings

RETENTION_DAYS_MIN = 400  # a year of energy and what comes late must outlive it


class StoreVerb:
    """The verb."""

    name = "store"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare ``init`` and ``copy``."""
        acts = parser.add_subparsers(dest="act", required=True, metavar=texts("store.act"))
        init = acts.add_parser("init", help=texts("store.init.help"))
        init.add_argument("--retention-days", type=int, default=0, metavar="N", help=texts("store.retention"))
        copy = acts.add_parser("copy", help=texts("store.copy.help"))
        copy.add_argument("--from", dest="source", required=True, metavar="STORE", help=texts("store.source"))
        copy.add_argument("--to", dest="target", required=True, metavar="STORE", help=texts("store.target"))
        copy.add_argument("--from-token-file", type=Path, metavar="FILE", help=texts("store.token"))
        copy.add_argument("--to-token-file", type=Path, metavar="FILE", help=texts("store.token"))
        copy.add_argument("--notes", type=Path, metavar="FILE", help=texts("store.notes"))

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Make, or copy."""
        from main.settings import load_settings

        settings = load_settings(config_dir=context.config, data_dir=context.data)
        return _init(args, context, settings) if args.act == "init" else _copy(args, context, settings)


def _init(args: argparse.Namespace, context: Context, settings: "Settings") -> int:
    from stores.influx_client import InfluxClient

    if settings.store != "influx":
        raise CommandError(
            "the settings name DuckDB, which needs no preparing; set PVMON_STORE=influx and its address"
        )
    if args.retention_days and args.retention_days < RETENTION_DAYS_MIN:
        raise CommandError(
            f"--retention-days {args.retention_days}: rows that come late would be lost; "
            f"{RETENTION_DAYS_MIN} at least, or 0 for ever"
        )
    token = settings.influx_token()
    client = InfluxClient(
        settings.influx_url,
        settings.influx_bucket,
        org=settings.influx_org,
        token=token.get_secret_value() if token else "",
    )
    with closing(client):
        client.create(retention_days=args.retention_days)
        days = client.retention_days()
        done = {"bucket": settings.influx_bucket, "version": client.version(), "retention_days": days}
    if context.json:
        print(json.dumps(done))
    else:
        context.say("store.init.done" if days else "store.init.forever", **done)
    return Exit.OK


def _copy(args: argparse.Namespace, context: Context, settings: "Settings") -> int:
    from domain.clock import SystemClock
    from jobs.copy_samples import Notes, Progress, copy_samples
    from main.build import device_kinds
    from main.configuration import load_registry
    from main.places import named_store

    overlay = context.data / "config"
    registry = load_registry(context.config, overlay if overlay.is_dir() else None)
    devices, clock = device_kinds(registry), SystemClock()
    digest = hashlib.sha256(f"{args.source}|{args.target}".encode()).hexdigest()[:12]
    notes = Notes(args.notes or context.data / "run" / f"copy-{digest}.json")

    def told(progress: Progress) -> None:
        if not context.json and (progress.done % 20 == 0 or progress.done == progress.pieces):
            context.say("store.copy.progress", done=progress.done, pieces=progress.pieces, rows=progress.rows)

    with (
        closing(named_store(args.source, settings, devices, clock, args.from_token_file)) as source,
        closing(named_store(args.target, settings, devices, clock, args.to_token_file)) as target,
    ):
        plants = [plant.plant_id for plant in registry.plants]
        made = copy_samples(source, target, devices, plants, notes, told)
        counted = source.status().rows, target.status().rows
    notes.forget()
    if context.json:
        print(json.dumps({"rows": made.rows, "source_rows": counted[0], "target_rows": counted[1]}))
    else:
        said = "done" if counted[0] == counted[1] else "differs"
        context.say(f"store.copy.{said}", rows=made.rows, source=counted[0], target=counted[1])
    return Exit.OK if counted[0] == counted[1] else Exit.PROBLEM


VERB = StoreVerb()
