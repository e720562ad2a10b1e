"""`pvmon handover`: one person's open work, roles and scope go to another; prints the sheet both sign."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from main.cli import Context, Exit
from texts.loader import Texts


class _Verb:
    """The verb."""

    name = "handover"

    def arguments(self, parser: argparse.ArgumentParser, texts: Texts) -> None:
        """Declare the options."""
        options = "handing_over.options"
        parser.add_argument(
            "--from", dest="giver", required=True, metavar="USER", help=texts(f"{options}.from")
        )
        parser.add_argument("--to", dest="taker", required=True, metavar="USER", help=texts(f"{options}.to"))
        parser.add_argument("--stays", action="store_true", help=texts(f"{options}.stays"))
        parser.add_argument("--sheet", type=Path, metavar="FILE", help=texts(f"{options}.sheet"))

    def run(self, args: argparse.Namespace, context: Context) -> int:
        """Hand over, write the sheet."""
        from main.build import open_records, options_from
        from main.control import call
        from main.hand_over import NAME, handover_orders, sheet
        from main.settings import load_settings

        payload = {"from": args.giver, "to": args.taker, "stays": args.stays}
        told: Mapping[str, Any] | None = call(context.data, NAME, payload)
        if told is None:
            options = options_from(load_settings(config_dir=context.config, data_dir=context.data))
            records = open_records(options.settings)
            try:
                told = handover_orders(options, records)[NAME](payload)
            finally:
                records.close()
        target = args.sheet or Path(f"handover-{args.giver}-{args.taker}.html")
        target.write_text(sheet(told, context.texts), "utf-8")
        if context.json:
            print(json.dumps({**told, "sheet": str(target)}, ensure_ascii=False))
        else:
            counts = {"cases": len(told["cases"]), "plans": len(told["plans"]), "file": target}
            context.say("handing_over.done", giver=args.giver, taker=args.taker, **counts)
        return Exit.OK


VERB = _Verb()
