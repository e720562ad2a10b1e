"""`pvmon restore`: look into an archive, or bring it back as a data folder of its own."""

import argparse
import json
from pathlib import Path

from main.cli import Context, Exit
from main.verbs.backup import say_contents
from texts.loader import Texts


class RestoreVerb:
    """The verb."""

    name = "restore"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare the archive and what to do with it."""
        parser.add_argument("archive", type=Path, help=texts("restore.archive"))
        way = parser.add_mutually_exclusive_group(required=True)
        way.add_argument("--dry-run", action="store_true", help=texts("restore.dry_run"))
        way.add_argument("--to", type=Path, metavar="DIR", help=texts("restore.to"))
        parser.add_argument("--key", type=Path, metavar="FILE", help=texts("restore.key"))

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Look, or bring back; nothing that is there is ever written over."""
        from main.backup.work import look_into, restore

        if args.dry_run:
            done = look_into(args.archive, context.data, args.key)
        else:
            done = restore(args.archive, args.to, context.data, args.key)
        if context.json:
            print(json.dumps(done, ensure_ascii=False))
        else:
            say_contents("restore.looked" if args.dry_run else "restore.done", done, context)
        return Exit.OK


VERB = RestoreVerb()
