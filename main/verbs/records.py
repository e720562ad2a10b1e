"""`pvmon records`: the records from one database into another, verified; and what they add up to."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from domain.errors import CommandError, ConfigurationError
from main.cli import Context, Exit
from stores.records.copy import TableSum, copy_records, reading_only, snapshot, sums
from texts.loader import Texts


class RecordsVerb:
    """The verb."""

    name = "records"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare ``copy`` and ``sums``."""
        acts = parser.add_subparsers(dest="act", required=True, metavar=texts("records.act"))
        copy = acts.add_parser("copy", help=texts("records.copy.help"))
        copy.add_argument("--from", dest="source", default="", metavar="URL", help=texts("records.source"))
        copy.add_argument(
            "--from-password-file", type=Path, metavar="FILE", help=texts("records.password_file")
        )
        copy.add_argument("--to", dest="target", required=True, metavar="URL", help=texts("records.target"))
        copy.add_argument(
            "--to-password-file", type=Path, metavar="FILE", help=texts("records.password_file")
        )
        acts.add_parser("sums", help=texts("records.sums.help"))

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Copy, or add up."""
        source = _source(args, context)
        if args.act == "sums":
            with reading_only(source) as database, snapshot(database) as connection:
                return _say(sums(connection), context)
        _refuse_running(context)
        target = _address(args.target, args.to_password_file)

        def told(table: str, rows: int) -> None:
            if not context.json:
                context.say("records.copy.table", table=table, rows=rows)

        with reading_only(source) as database:
            made: list[TableSum] = copy_records(database, target, told)
        if context.json:
            return _say(made, context)
        context.say("records.copy.done", tables=len(made), rows=sum(one.rows for one in made))
        return Exit.OK


def _source(args: argparse.Namespace, context: Context) -> str:
    from main.build import records_address
    from main.settings import load_settings

    given = getattr(args, "source", "")
    if given:
        return _address(given, args.from_password_file)
    url = records_address(load_settings(config_dir=context.config, data_dir=context.data))
    _refuse_missing(url)
    return url


def _address(url: str, password_file: Path | None) -> str:
    """Return a database's address; a plain path names a SQLite file."""
    from stores.records.database import sqlite_url, with_password

    if "://" not in url:
        return sqlite_url(Path(url))
    if password_file is None:
        return url
    try:
        return with_password(url, password_file.read_text("utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{password_file}: cannot be read ({error})") from error


def _refuse_missing(url: str) -> None:
    path = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite:///") and not path.exists():
        raise CommandError(f"{path}: there are no records yet; name the data folder with --data")


def _refuse_running(context: Context) -> None:
    from main.control import is_running

    if is_running(context.data):
        raise CommandError(
            f"a pvmon runs on {context.data}: what it writes meanwhile would be missing in the copy; stop it first"
        )


def _say(made: Sequence[TableSum], context: Context) -> int:
    if context.json:
        print(json.dumps([{"table": t.table, "rows": t.rows, "sum": t.sum} for t in made]))
    else:
        for one in made:
            context.say("records.sums.line", table=one.table, rows=one.rows, sum=one.sum[:16])
    return Exit.OK


VERB = RecordsVerb()
