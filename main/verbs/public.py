"""`pvmon public`: writes the masked notices as files for any web host."""

import argparse
import json
from pathlib import Path

from domain.clock import SystemClock
from main.cli import Context, Exit
from texts.loader import Texts


class PublicVerb:
    """Public notices as static files."""

    name = "public"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare arguments and options."""
        acts = parser.add_subparsers(dest="act", metavar=texts("cli.public.act"), required=True)
        export = acts.add_parser("export", help=texts("cli.public.export"))
        export.add_argument("folder", type=Path, help=texts("cli.public.folder"))

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Write every page; files of notices that are no longer there stay, and are named by no page."""
        from main.build import open_records, options_from
        from main.payout import open_desk
        from main.settings import load_settings

        settings = load_settings(config_dir=context.config, data_dir=context.data)
        options = options_from(settings)
        records = open_records(settings)
        count = 0
        try:
            desk = open_desk(settings, records, None, options.registry, SystemClock())
            for name, page in desk.public.files(context.texts):
                target = args.folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(page, "utf-8")
                count += 1
        finally:
            records.close()
        if context.json:
            print(json.dumps({"files": count, "folder": str(args.folder), "qr": bool(settings.public_url)}))
            return Exit.OK
        context.say("public.exported", count=count, folder=args.folder)
        if not settings.public_url:
            context.say("public.no_base")
        return Exit.OK


VERB = PublicVerb()
