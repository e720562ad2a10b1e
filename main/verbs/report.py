"""`pvmon report`: list what was made, make one report, or everything a day wants."""

import argparse
import json
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from main.cli import Context, Exit
from texts.loader import Texts

if TYPE_CHECKING:
    from main.build import Options
    from stores.records.store import SqlRecordStore


class ReportVerb:
    """Reports beside a running instance: they read the records alone."""

    name = "report"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare arguments and options."""
        option = "reports.option"
        acts = parser.add_subparsers(dest="act", metavar=texts(f"{option}.act"), required=True)
        acts.add_parser("list", help=texts(f"{option}.list"))
        run = acts.add_parser("run", help=texts(f"{option}.run"))
        run.add_argument("kind", help=texts(f"{option}.kind"))
        run.add_argument("--subject", default="all", help=texts(f"{option}.subject"))
        run.add_argument("--form", default="pdf", help=texts(f"{option}.form"))
        run.add_argument("--out", type=Path, metavar="FILE", help=texts(f"{option}.out"))
        due = acts.add_parser("due", help=texts(f"{option}.due"))
        for each in (run, due):
            each.add_argument(
                "--on", type=date.fromisoformat, metavar="YYYY-MM-DD", help=texts(f"{option}.on")
            )

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Do it."""
        from main.build import open_records, options_from
        from main.settings import load_settings

        options = options_from(load_settings(config_dir=context.config, data_dir=context.data))
        if args.act == "list":
            return _listed(options.data, context)
        records = open_records(options.settings)
        try:
            return (
                _one(options, records, args, context)
                if args.act == "run"
                else _due(options, records, args, context)
            )
        finally:
            records.close()


def _listed(data: Path, context: Context) -> int:
    from main.reports import FOLDER

    folder = data / FOLDER
    files = sorted(one for one in folder.rglob("*") if one.is_file()) if folder.is_dir() else []
    if context.json:
        rows = [{"file": str(one.relative_to(folder)), "bytes": one.stat().st_size} for one in files]
        print(json.dumps({"folder": str(folder), "files": rows}, ensure_ascii=False))
        return Exit.OK
    for one in files:
        context.say("reports.list.line", file=one, size=f"{one.stat().st_size:,}")
    if not files:
        context.say("reports.list.none")
    return Exit.OK


def _one(options: "Options", records: "SqlRecordStore", args: argparse.Namespace, context: Context) -> int:
    from commands.papers.document import FORMS
    from domain.errors import CommandError
    from domain.timespan import day_of
    from main.reports import READER, reports_over

    if args.form not in FORMS:
        raise CommandError(f"there is no format {args.form!r}; there are {', '.join(FORMS)}")
    day = args.on or day_of(options.clock.now()) - timedelta(days=1)
    document = reports_over(options, records).document(READER, args.kind, args.subject, day, context.texts)
    target = args.out or Path(f"{args.kind}-{args.subject}-{day}.{args.form}")
    target.write_bytes(FORMS[args.form][1](document))
    if context.json:
        print(json.dumps({"file": str(target), "title": document.title}, ensure_ascii=False))
    else:
        context.say("reports.made", count=1, files=1, folder=target)
    return Exit.OK


def _due(options: "Options", records: "SqlRecordStore", args: argparse.Namespace, context: Context) -> int:
    from domain.timespan import day_of
    from main.reports import maker_of, plans_of

    maker, today = maker_of(options, records), args.on or day_of(options.clock.now())
    told = {plan.report_id: maker.make(plan, today) for plan in plans_of(options)}
    if context.json:
        print(json.dumps({"folder": str(maker.folder), "made": told}, ensure_ascii=False))
        return Exit.OK
    for name, line in told.items():
        context.say("reports.due", id=name, told=line)
    return Exit.OK


VERB = ReportVerb()
